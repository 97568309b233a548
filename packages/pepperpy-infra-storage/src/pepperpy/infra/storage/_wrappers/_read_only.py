"""A store that may be read and not be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pepperpy.infra.storage._entry import MISSING
from pepperpy.infra.storage._errors import ReadOnlyError

from ._wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pepperpy.infra.storage._entry import Put
    from pepperpy.infra.storage._options import TTL


class ReadOnly(Wrapper):
    """The same store, but all that would write raises `ReadOnlyError`."""

    async def set(
        self,
        key: str,
        value: Any,  # noqa: ARG002
        *,
        ttl: TTL = None,  # noqa: ARG002
        if_version: int | None = None,  # noqa: ARG002
        if_absent: bool = False,  # noqa: ARG002
    ) -> int:
        raise self._refused(f"set {key!r:.80}")

    async def set_many(self, values: Mapping[str, Any], *, ttl: TTL = None) -> dict[str, int]:  # noqa: ARG002
        raise self._refused("set keys")

    async def delete(self, key: str, *, if_version: int | None = None) -> bool:  # noqa: ARG002
        raise self._refused(f"delete {key!r:.80}")

    async def delete_many(self, keys: Iterable[str]) -> int:  # noqa: ARG002
        raise self._refused("delete keys")

    async def clear(self) -> None:
        raise self._refused("clear it")

    async def update(self, key: str, fn: Any, *, default: Any = MISSING, ttl: TTL = None) -> Any:  # noqa: ARG002
        raise self._refused(f"update {key!r:.80}")

    async def increment(self, key: str, by: int = 1, *, ttl: TTL = None) -> int:  # noqa: ARG002
        raise self._refused(f"increment {key!r:.80}")

    async def expire(self, key: str, ttl: TTL) -> bool:  # noqa: ARG002
        raise self._refused(f"let {key!r:.80} expire")

    async def apply(
        self,
        writes: Mapping[str, Put | None],
        *,
        expect: Mapping[str, int | None] | None = None,
    ) -> dict[str, int]:
        if writes:
            raise self._refused("write in a transaction")
        return await super().apply(writes, expect=expect)

    def _refused(self, what: str) -> ReadOnlyError:
        return ReadOnlyError(
            f"cannot {what}: storage {self.name!r} is read-only here", storage=self.name
        )
