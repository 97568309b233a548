"""From and to the stores of py-key-value-aio, by their shape: the library is not imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, SupportsFloat

from pepperpy.infra.serialization import SerializationError, from_base64, to_base64

from ._capabilities import Capability
from ._codec import decode, encode
from ._entry import MISSING, Entry, Missing
from ._errors import (
    CorruptValueError,
    InvalidValueError,
    StorageError,
    UnsupportedError,
    not_connected,
    not_found,
)
from ._keys import check_key, key_matcher
from ._options import check_condition, check_ttl
from ._provider import StorageProvider
from ._type import StorageType
from ._wrappers import Prefixed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._options import TTL

_COLLECTION: Final = "default_collection"
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
    store: KeyValueStore, name: str, *, collection: str | None = None
) -> StorageProvider:
    """A store of py-key-value-aio as a provider.

    It has ``ttl=`` and none of the other capabilities, since those stores have no versions.  Values
    are kept as the member ``value`` of an object, since those stores keep nothing else.  Listing keys
    needs a store that has `keys`.

    Args:
        store: Any of them; it is opened with the provider, and closed with it.
        name: What the provider is called.
        collection: Which of the store's collections.
    """
    return KeyValueProvider(store, name, collection)


class KeyValueProvider(StorageProvider):
    """A provider that keeps its values in a store of py-key-value-aio."""

    capabilities = Capability.TTL

    def __init__(self, store: KeyValueStore, name: str, collection: str | None) -> None:
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
        from datetime import UTC, datetime, timedelta

        found, left = await self._used().ttl(check_key(key), collection=self._collection)
        if found is None:
            raise not_found(key, self._name)
        expires = None if left is None else datetime.now(UTC) + timedelta(seconds=left)
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
        check_key(key)
        check_condition(if_version, if_absent)
        if if_version is not None or if_absent:
            raise self._unsupported(Capability.VERSIONS, "if_version= or if_absent=")
        seconds = check_ttl(ttl)
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
            if held.keys() == {"value"}:
                return decode(encode(held["value"]), key, self._name)
            if held.keys() == {"bytes"}:
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


def as_key_value(provider: StorageProvider | str) -> KeyValueAdapter:
    """A provider, or the registered one of that name, as a store of py-key-value-aio.

    A collection is a part of the store: ``k`` in the collection ``c`` is the provider's key ``c:k``.
    """
    return KeyValueAdapter(provider)


class KeyValueAdapter:
    """Has the methods of ``AsyncKeyValue``; the provider below is to be connected by its owner."""

    def __init__(self, provider: StorageProvider | str) -> None:
        self._given = provider

    async def get(self, key: str, *, collection: str | None = None) -> dict[str, Any] | None:
        """The value, or `None`."""
        return _mapping(await self._part(collection).get(key, None))

    async def get_many(
        self, keys: Sequence[str], *, collection: str | None = None
    ) -> list[dict[str, Any] | None]:
        """The values, or `None` for those that are not there, as the keys stand."""
        found = await self._part(collection).get_many(keys)
        return [_mapping(found.get(key)) for key in keys]

    async def ttl(
        self, key: str, *, collection: str | None = None
    ) -> tuple[dict[str, Any] | None, float | None]:
        """The value and the seconds that it has left."""
        from time import time

        try:
            entry = await self._part(collection).get_entry(key)
        except KeyError:
            return None, None
        ends = entry.expires_at
        return _mapping(entry.value), None if ends is None else ends.timestamp() - time()

    async def ttl_many(
        self, keys: Sequence[str], *, collection: str | None = None
    ) -> list[tuple[dict[str, Any] | None, float | None]]:
        """The same for several keys."""
        return [await self.ttl(key, collection=collection) for key in keys]

    async def put(
        self,
        key: str,
        value: Mapping[str, Any],
        *,
        collection: str | None = None,
        ttl: SupportsFloat | None = None,
    ) -> None:
        """Keep a mapping."""
        seconds = None if ttl is None else float(ttl)
        await self._part(collection).set(key, _plain(value), ttl=seconds)

    async def put_many(
        self,
        keys: Sequence[str],
        values: Sequence[Mapping[str, Any]],
        *,
        collection: str | None = None,
        ttl: SupportsFloat | None = None,
    ) -> None:
        """Keep several mappings, in one step where the provider can."""
        seconds = None if ttl is None else float(ttl)
        pairs = {key: _plain(value) for key, value in zip(keys, values, strict=True)}
        await self._part(collection).set_many(pairs, ttl=seconds)

    async def delete(self, key: str, *, collection: str | None = None) -> bool:
        """Remove a value, and tell whether it was there."""
        return await self._part(collection).delete(key)

    async def delete_many(self, keys: Sequence[str], *, collection: str | None = None) -> int:
        """Remove several, and tell how many were there."""
        return await self._part(collection).delete_many(keys)

    async def keys(self, collection: str | None = None, *, limit: int | None = None) -> list[str]:
        """The keys of a collection, in order."""
        found = await self._part(collection).keys()
        return found if limit is None else found[:limit]

    async def destroy_collection(self, collection: str) -> bool:
        """Remove all of a collection."""
        await self._part(collection).clear()
        return True

    def _part(self, collection: str | None) -> Prefixed:
        # Quoted, so that no collection lies within another one.
        name = (collection or _COLLECTION).replace("%", "%25").replace(":", "%3A")
        return Prefixed(self._provider(), f"{name}:")

    def _provider(self) -> StorageProvider:
        if isinstance(self._given, StorageProvider):
            return self._given
        from ._default import get_provider

        return get_provider(self._given)


def _plain(value: Any) -> Any:
    """A mapping of any class as a dict."""
    if not isinstance(value, Mapping):
        raise InvalidValueError(
            f"a store of py-key-value keeps mappings; got {type(value).__name__}",
            where="$",
            found=type(value).__name__,
        )
    return dict(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] # of anything


def _mapping(value: Any) -> dict[str, Any] | None:
    if value is None or isinstance(value, dict):
        return value
    raise InvalidValueError(
        f"a store of py-key-value gives mappings; the provider holds a {type(value).__name__} here",
        where="$",
        found=type(value).__name__,
    )
