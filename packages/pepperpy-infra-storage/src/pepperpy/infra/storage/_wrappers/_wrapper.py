"""What is the same for all providers that stand around another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pepperpy.infra.storage._capabilities import Capability
from pepperpy.infra.storage._entry import MISSING, Entry, Missing, Page, Put
from pepperpy.infra.storage._errors import not_found
from pepperpy.infra.storage._keys import check_cursor, check_key, check_keys, check_prefix
from pepperpy.infra.storage._options import check_expected, check_mapping, check_writes, given
from pepperpy.infra.storage._provider import StorageProvider

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike

    from pepperpy.infra.storage._options import TTL
    from pepperpy.infra.storage._type import StorageType
    from pepperpy.infra.storage._watch import Watch


class Wrapper(StorageProvider):
    """Hands everything on, with keys and values as the store below has them.

    It has what the provider below has, and connecting it connects that one.
    """

    def __init__(self, provider: StorageProvider, name: str | None = None) -> None:
        given: Any = provider
        if not isinstance(given, StorageProvider):
            raise TypeError(
                f"{type(self).__name__} stands around a StorageProvider; got {type(given).__name__}"
            )
        self.provider: StorageProvider = provider
        """The one below."""
        self.capabilities: Capability = provider.capabilities
        self._name = name

    # What a kind of wrapper changes.

    def _down(self, key: str) -> str:
        """The key below that stands for *key*, or the prefix below that stands for a prefix."""
        return key

    def _up(self, key: str) -> str:
        """The key that a key below stands for."""
        return key

    def _pack(self, key: str, value: Any) -> Any:  # noqa: ARG002
        """The value below that stands for *value*."""
        return value

    def _unpack(self, key: str, value: Any) -> Any:  # noqa: ARG002
        """The value that a value below stands for."""
        return value

    # The same for all.

    @property
    def waits(self) -> bool:
        return self.provider.waits

    @property
    def name(self) -> str:
        return self.provider.name if self._name is None else self._name

    @property
    def storage_type(self) -> StorageType:
        return self.provider.storage_type

    async def connect(self) -> None:
        await self.provider.connect()

    async def disconnect(self) -> None:
        await self.provider.disconnect()

    async def is_connected(self) -> bool:
        return await self.provider.is_connected()

    async def get(self, key: str, default: Any = MISSING) -> Any:
        try:
            found = await self.provider.get(self._down(check_key(key)))
        except KeyError:
            if isinstance(default, Missing):
                raise not_found(key, self.name) from None
            return default
        return self._unpack(key, found)

    async def get_entry(self, key: str) -> Entry:
        try:
            entry = await self.provider.get_entry(self._down(check_key(key)))
        except KeyError:
            raise not_found(key, self.name) from None
        return self._lift(key, entry)

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        found = await self.provider.get_many([self._down(key) for key in check_keys(keys)])
        raised = ((self._up(key), value) for key, value in found.items())
        return {key: self._unpack(key, value) for key, value in raised}

    async def set(
        self,
        key: str,
        value: Any,
        *,
        ttl: TTL = None,
        if_version: int | None = None,
        if_absent: bool = False,
    ) -> int:
        key = check_key(key)
        options = given(ttl, if_version, if_absent)
        return await self.provider.set(self._down(key), self._pack(key, value), **options)

    async def set_many(self, values: Mapping[str, Any], *, ttl: TTL = None) -> dict[str, int]:
        given = check_mapping(values, "values")
        packed = {self._down(check_key(key)): self._pack(key, each) for key, each in given.items()}
        versions = await self.provider.set_many(packed, ttl=ttl)
        return {self._up(key): version for key, version in versions.items()}

    async def delete(self, key: str, *, if_version: int | None = None) -> bool:
        return await self.provider.delete(
            self._down(check_key(key)), **given(if_version=if_version)
        )

    async def delete_many(self, keys: Iterable[str]) -> int:
        return await self.provider.delete_many([self._down(key) for key in check_keys(keys)])

    async def exists(self, key: str) -> bool:
        return await self.provider.exists(self._down(check_key(key)))

    async def keys(self, pattern: str | None = None) -> list[str]:
        return await self.provider.keys(pattern)

    async def clear(self) -> None:
        await self.provider.clear()

    async def scan(self, prefix: str = "", *, cursor: str | None = None, limit: int = 100) -> Page:
        after = check_cursor(cursor)
        below = None if after is None else self._down(after)
        page = await self.provider.scan(self._down(check_prefix(prefix)), cursor=below, limit=limit)
        raised = ((self._up(key), entry) for key, entry in page.entries.items())
        entries = {key: self._lift(key, entry) for key, entry in raised}
        return Page(entries, None if page.cursor is None else self._up(page.cursor))

    async def expire(self, key: str, ttl: TTL) -> bool:
        return await self.provider.expire(self._down(check_key(key)), ttl)

    async def apply(
        self,
        writes: Mapping[str, Put | None],
        *,
        expect: Mapping[str, int | None] | None = None,
    ) -> dict[str, int]:
        packed = {
            self._down(key): None if put is None else Put(self._pack(key, put.value), put.ttl)
            for key, put in check_writes(writes).items()
        }
        below = {self._down(key): version for key, version in check_expected(expect).items()}
        versions = await self.provider.apply(packed, expect=below)
        return {self._up(key): version for key, version in versions.items()}

    def watch(self, prefix: str = "") -> Watch:
        return self.provider.watch(self._down(check_prefix(prefix)))

    async def backup(self, path: str | PathLike[str]) -> None:
        await self.provider.backup(path)

    async def info(self) -> dict[str, Any]:
        return {**await self.provider.info(), "name": self.name, "around": self.provider.name}

    def _lift(self, key: str, entry: Entry) -> Entry:
        return Entry(self._unpack(key, entry.value), entry.version, entry.expires_at)
