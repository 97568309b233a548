"""Several keys at once: read, decide, and write all or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from ._codec import encode
from ._entry import MISSING, Entry, Missing, Put
from ._errors import StorageError, not_found
from ._keys import check_key, check_keys
from ._options import check_ttl

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from types import TracebackType

    from ._options import TTL
    from ._provider import StorageProvider


class Transaction:
    """Reads see the store and what the block itself wrote; writes wait for the end of the block.

    At the end everything is written in one step, if what was read is still as it was.  No lock is held
    meanwhile, so the block may wait for whatever it likes.
    """

    def __init__(self, provider: StorageProvider) -> None:
        self._provider = provider
        self._expect: dict[str, int | None] = {}
        self._seen: dict[str, Entry | None] = {}
        self._writes: dict[str, Put | None] = {}
        self._open = False
        self.versions: dict[str, int] = {}
        """Those of what was written, once the block has ended."""

    async def get(self, key: str, default: Any = MISSING) -> Any:
        """The value under *key*, as a copy.

        Raises:
            KeyNotFoundError: If there is none and no *default* is given.
        """
        found = await self._look(key)
        if not isinstance(found, Missing):
            return found
        if isinstance(default, Missing):
            raise not_found(key, self._provider.name)
        return default

    async def exists(self, key: str) -> bool:
        """Whether there is a value under *key*."""
        return not isinstance(await self._look(key), Missing)

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """The values of those keys that are there."""
        found = {key: await self._look(key) for key in check_keys(keys)}
        return {key: value for key, value in found.items() if not isinstance(value, Missing)}

    async def set(self, key: str, value: Any, *, ttl: TTL = None) -> None:
        """Write at the end of the block.  The value is checked and copied now."""
        self._use()
        check_ttl(ttl)
        self._writes[check_key(key)] = Put(_copied(value), ttl)

    async def delete(self, key: str) -> None:
        """Delete at the end of the block."""
        self._use()
        self._writes[check_key(key)] = None

    async def update(
        self, key: str, fn: Callable[[Any], Any | Awaitable[Any]], *, default: Any = MISSING
    ) -> Any:
        """Put *fn* of the value in its place at the end of the block, and return it.

        The key expires when it would have.

        Args:
            key: Whose value.
            fn: A plain or ``async`` function of a copy of the value.
            default: What it is called with if there is no value, as a copy.
        """
        from copy import deepcopy
        from inspect import isawaitable

        made = fn(
            await self.get(key, default if isinstance(default, Missing) else deepcopy(default))
        )
        if isawaitable(made):
            made = await made
        await self.set(key, made, ttl=self._end(key))
        return made

    async def __aenter__(self) -> Self:
        self._open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open = False
        if error is None and (self._writes or self._expect):
            self.versions = await self._provider.apply(self._writes, expect=self._expect)

    async def _look(self, key: str) -> Any:
        self._use()
        key = check_key(key)
        if key in self._writes:
            written = self._writes[key]
            return MISSING if written is None else _copied(written.value)
        if key not in self._seen:
            try:
                entry = await self._provider.get_entry(key)
            except KeyError:
                self._expect[key] = self._seen[key] = None
            else:
                self._expect[key], self._seen[key] = entry.version, entry
        seen = self._seen[key]
        return MISSING if seen is None else _copied(seen.value)

    def _end(self, key: str) -> TTL:
        if key in self._writes:
            written = self._writes[key]
            return None if written is None else written.ttl
        seen = self._seen.get(key)
        return None if seen is None else seen.expires_at

    def _use(self) -> None:
        if not self._open:
            raise StorageError(
                f"a transaction of storage {self._provider.name!r} is used outside of its block",
                storage=self._provider.name,
            )


def _copied(value: Any) -> Any:
    from ._codec import decode

    return decode(encode(value), "", "")
