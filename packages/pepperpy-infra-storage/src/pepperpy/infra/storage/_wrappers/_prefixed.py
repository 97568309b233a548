"""A part of a store, as if it were all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.storage._capabilities import Capability
from pepperpy.infra.storage._errors import InvalidKeyError
from pepperpy.infra.storage._keys import check_key, check_prefix, key_matcher

from ._wrapper import Wrapper

if TYPE_CHECKING:
    from pepperpy.infra.storage._options import TTL
    from pepperpy.infra.storage._provider import StorageProvider
    from pepperpy.infra.storage._watch import Watch

_WILD: Final = re.compile(r"[*?\[]")
_BATCH: Final = 1000


class Prefixed(Wrapper):
    """The keys of a store that begin with *prefix*, without it; `clear` clears those alone.

    Args:
        provider: The store.
        prefix: Plain text; its stars are stars.
        name: What it is called.
    """

    def __init__(self, provider: StorageProvider, prefix: str, *, name: str | None = None) -> None:
        super().__init__(provider, name)
        if not check_prefix(prefix):
            raise InvalidKeyError("a prefix needs at least one character; got ''", key=prefix)
        self.prefix: str = prefix
        """What its keys begin with below."""
        # A copy of the store would be one of all its parts.
        self.capabilities: Capability = provider.capabilities & ~Capability.BACKUP

    @property
    def name(self) -> str:
        return f"{self.provider.name}/{self.prefix}" if self._name is None else self._name

    def _down(self, key: str) -> str:
        return self.prefix + key

    def _up(self, key: str) -> str:
        return key[len(self.prefix) :]

    async def keys(self, pattern: str | None = None) -> list[str]:
        if pattern is None:
            pattern = "*"
        key_matcher(pattern)  # so that a mistake is told as the caller wrote it
        below = _WILD.sub(lambda star: f"[{star[0]}]", self.prefix) + pattern
        return [self._up(key) for key in await self.provider.keys(below)]

    async def clear(self) -> None:
        while True:
            page = await self.provider.scan(self.prefix, limit=_BATCH)
            await self.provider.delete_many(page.entries)
            if page.cursor is None:
                return

    async def increment(self, key: str, by: int = 1, *, ttl: TTL = None) -> int:
        return await self.provider.increment(self._down(check_key(key)), by, ttl=ttl)

    def watch(self, prefix: str = "") -> Watch:
        return super().watch(prefix).without(self.prefix)

    async def backup(self, path: Any) -> None:  # noqa: ARG002
        raise self._unsupported(Capability.BACKUP, "backup() of a part")
