"""Providers as stores of py-key-value-aio, by their shape: the library is not imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, SupportsFloat

from ._errors import InvalidValueError
from ._kinds import class_of
from ._provider import StorageProvider
from ._wrappers import Prefixed

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLLECTION: Final = "default_collection"


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
    if value is None or class_of(value) is dict:
        mapping: dict[str, Any] | None = value
        return mapping
    raise InvalidValueError(
        f"a store of py-key-value gives mappings; the provider holds a {type(value).__name__} here",
        where="$",
        found=type(value).__name__,
    )
