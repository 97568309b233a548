"""Stores of py-key-value-aio as providers, by their shape: the library is not imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, SupportsFloat

from pepperpy.infra.serialization import SerializationError, from_base64, to_base64
from pepperpy.infra.utils import Clock

from ._capabilities import Capability
from ._codec import decode, encode
from ._entry import MISSING, Entry, Missing
from ._errors import (
    CorruptValueError,
    StorageError,
    UnsupportedError,
    not_connected,
    not_found,
)
from ._keys import check_key, key_matcher
from ._options import check_condition, check_ttl
from ._provider import StorageProvider
from ._type import StorageType

if TYPE_CHECKING:
    from ._options import TTL

_LISTED: Final = 10_000
_CAP: Final = 1000


class KeyValueStore(Protocol):
    """What a store of py-key-value-aio has."""

    async def get(self, key: str, *, collection: str | None = None) -> dict[str, Any] | None:
        """The value, or `None`."""
        ...

    async def put(
        self,
        key: str,
        value: Mapping[str, Any],
        *,
        collection: str | None = None,
        ttl: SupportsFloat | None = None,
    ) -> None:
        """Keep a value."""
        ...

    async def delete(self, key: str, *, collection: str | None = None) -> bool:
        """Remove a value."""
        ...


def from_key_value(
    store: KeyValueStore,
    name: str,
    *,
    collection: str | None = None,
    clock: Clock | None = None,
) -> StorageProvider:
    """A store of py-key-value-aio as a provider.

    It has ``ttl=`` and none of the other capabilities, since those stores have no versions.  Values
    are kept as the member ``value`` of an object, since those stores keep nothing else.  Listing keys
    needs a store that has `keys`.

    Args:
        store: Any of them; it is opened with the provider, and closed with it.
        name: What the provider is called.
        collection: Which of the store's collections.
        clock: What moments are told by; the store has its own.
    """
    return KeyValueProvider(store, name, collection, Clock() if clock is None else clock)


class KeyValueProvider(StorageProvider):
    """A provider that keeps its values in a store of py-key-value-aio."""

    capabilities: Capability = Capability.TTL

    def __init__(
        self, store: KeyValueStore, name: str, collection: str | None, clock: Clock
    ) -> None:
        self._clock = clock
        self._store: Any = store
        self._name = name
        self._collection = collection
        self._connected = False

    @property
    def name(self) -> str:
        return self._name

    @property
    def storage_type(self) -> StorageType:
        return StorageType.DATABASE

    async def connect(self) -> None:
        if not self._connected and hasattr(self._store, "__aenter__"):
            await self._store.__aenter__()
        self._connected = True

    async def disconnect(self) -> None:
        connected, self._connected = self._connected, False
        if connected and hasattr(self._store, "__aexit__"):
            await self._store.__aexit__(None, None, None)

    async def is_connected(self) -> bool:
        return self._connected

    async def get(self, key: str, default: Any = MISSING) -> Any:
        found = await self._used().get(check_key(key), collection=self._collection)
        if found is not None:
            return self._value(key, found)
        if isinstance(default, Missing):
            raise not_found(key, self._name)
        return default

    async def get_entry(self, key: str) -> Entry:
        from datetime import UTC, datetime

        found, left = await self._used().ttl(check_key(key), collection=self._collection)
        if found is None:
            raise not_found(key, self._name)
        ends = None if left is None else self._clock.time() + left
        expires = None if ends is None else datetime.fromtimestamp(ends, UTC)
        return Entry(self._value(key, found), 0, expires)

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
        check_condition(if_version, if_absent)
        if if_version is not None or if_absent:
            raise self._unsupported(Capability.VERSIONS, "if_version= or if_absent=")
        seconds = check_ttl(ttl, self._clock)
        encoded = encode(value)
        held = {"bytes": to_base64(value)} if isinstance(value, bytes) else {"value": value}
        store = self._used()
        if seconds is not None and seconds <= 0:
            await store.delete(key, collection=self._collection)
            return 0
        # A copy: some stores keep the object that they are given.
        if "value" in held:
            held = {"value": decode(encoded, key, self._name)}
        await store.put(key, held, collection=self._collection, ttl=seconds)
        return 0

    async def delete(self, key: str, *, if_version: int | None = None) -> bool:
        check_condition(if_version)
        if if_version is not None:
            raise self._unsupported(Capability.VERSIONS, "if_version=")
        return bool(await self._used().delete(check_key(key), collection=self._collection))

    async def exists(self, key: str) -> bool:
        found = await self._used().get(check_key(key), collection=self._collection)
        return found is not None

    async def keys(self, pattern: str | None = None) -> list[str]:
        matches = key_matcher(pattern)
        known = await self._listed()
        if known and len(known) % _CAP == 0:
            raise UnsupportedError(
                f"the store of {self._name!r} listed {len(known)} keys, and may have more: "
                "those stores end lists at such numbers without telling",
                capability="keys",
                storage=self._name,
            )
        # Some stores list what expired as well.
        found = sorted(key for key in known if matches(key))
        return [key for key in found if await self.exists(key)]

    async def clear(self) -> None:
        while known := await self._listed():
            for key in known:
                await self._store.delete(key, collection=self._collection)

    async def _listed(self) -> list[str]:
        store = self._used()
        if not hasattr(store, "keys"):
            raise UnsupportedError(
                f"the store of {self._name!r} cannot list its keys",
                capability="keys",
                storage=self._name,
            )
        known: list[str] = await store.keys(self._collection, limit=_LISTED)
        return known

    def _used(self) -> Any:
        if not self._connected:
            raise not_connected(self._name)
        return self._store

    def _value(self, key: str, held: Mapping[str, Any]) -> Any:
        try:
            if set(held) == {"value"}:
                return decode(encode(held["value"]), key, self._name)
            if set(held) == {"bytes"}:
                return from_base64(held["bytes"])
        except (SerializationError, StorageError, TypeError, ValueError) as error:
            raise self._foreign(key) from error
        raise self._foreign(key)

    def _foreign(self, key: str) -> CorruptValueError:
        return CorruptValueError(
            f"what {self._name!r} has under {key!r:.80} was not written by this provider",
            key=key,
            storage=self._name,
        )
