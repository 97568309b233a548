"""Stores of py-key-value-aio are providers, and providers are such stores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from key_value.aio.protocols.key_value import AsyncEnumerateKeysProtocol, AsyncKeyValue
from key_value.aio.stores.memory import MemoryStore
from key_value.aio.wrappers.prefix_collections import PrefixCollectionsWrapper

from pepperpy.infra.storage import (
    Capability,
    CorruptValueError,
    InvalidOptionError,
    InvalidValueError,
    MemoryStorageProvider,
    StorageProvider,
    UnknownProviderError,
    UnsupportedError,
    as_key_value,
    connect,
    copy,
    from_key_value,
    get,
    register_memory_provider,
)
from pepperpy.infra.storage.testing import StorageProviderContract
from pepperpy.infra.utils import Clock, FakeClock


class ClockedStore:
    """A store of their shape that keeps what it is given, and goes by our clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.held: dict[str, tuple[Mapping[str, Any], float | None]] = {}

    async def get(self, key: str, *, collection: str | None = None) -> Any:
        return (await self.ttl(key))[0]

    async def ttl(self, key: str, *, collection: str | None = None) -> tuple[Any, float | None]:
        value, end = self.held.get(key, (None, None))
        left = None if end is None else end - self.clock.time()
        return (None, None) if left is not None and left <= 0 else (value, left)

    async def put(
        self, key: str, value: Mapping[str, Any], *, collection: str | None = None, ttl: Any = None
    ) -> None:
        self.held[key] = (value, None if ttl is None else self.clock.time() + ttl)

    async def delete(self, key: str, *, collection: str | None = None) -> bool:
        there = await self.get(key) is not None
        self.held.pop(key, None)
        return there

    async def keys(self, collection: str | None = None, *, limit: int | None = None) -> list[str]:
        return list(self.held)[:limit]


class TestFromKeyValueKeepsTheContract(StorageProviderContract):
    def make_provider(self) -> StorageProvider:
        return from_key_value(ClockedStore(self.clock), "theirs", clock=self.clock)


@pytest.mark.asyncio
class TestFromKeyValue:
    async def test_their_memory_store_keeps_any_json_value(self) -> None:
        async with from_key_value(MemoryStore(), "theirs", collection="c") as store:
            for value in (1, None, [1, {"a": 2**70}], "text", {"value": 1}, b"\x00\xff"):
                await store.set("a", value, ttl=60)
                assert await store.get("a") == value
            assert await store.keys("*") == ["a"]
            ends = (await store.get_entry("a")).expires_at
            assert ends is not None
            assert await store.delete("a") is True
            assert await store.get("a", default=0) == 0
            assert store.capabilities == Capability.TTL

    async def test_its_objects_are_not_shared(self) -> None:
        async with from_key_value(MemoryStore(), "theirs") as store:
            value = {"items": [1]}
            await store.set("a", value)
            value["items"].append(2)
            (await store.get("a"))["items"].append(3)

            assert await store.get("a") == {"items": [1]}

    async def test_what_others_put_there_is_an_error(self) -> None:
        theirs = MemoryStore()
        await theirs.put("a", {"other": 1})
        await theirs.put("b", {"bytes": "?"})
        async with from_key_value(theirs, "theirs") as store:
            for key in ("a", "b"):
                with pytest.raises(CorruptValueError):
                    await store.get(key)

    async def test_a_list_of_keys_that_may_be_cut_is_refused(self) -> None:
        theirs = ClockedStore(FakeClock())
        async with from_key_value(theirs, "theirs") as store:
            await store.set_many({f"k{number}": number for number in range(12_000)})

            with pytest.raises(UnsupportedError, match="may have more"):
                await store.keys()
            await store.clear()
            assert theirs.held == {}

    async def test_a_store_that_cannot_list_says_so(self) -> None:
        theirs: Any = PrefixCollectionsWrapper(MemoryStore(), prefix="p")
        async with from_key_value(theirs, "theirs") as store:
            await store.set("a", 1)
            assert await store.get("a") == 1
            with pytest.raises(UnsupportedError, match="list"):
                await store.keys()

    async def test_its_values_are_copied_to_a_provider_of_ours(self) -> None:
        target = MemoryStorageProvider("ours")
        async with from_key_value(MemoryStore(), "theirs") as source, target:
            await source.set_many({"a": 1, "b": [2]})

            assert await copy(source, target) == 2
            assert await target.get_many(["a", "b"]) == {"a": 1, "b": [2]}


@pytest.mark.asyncio
class TestAsKeyValue:
    async def opened(self) -> tuple[MemoryStorageProvider, Any]:
        provider = MemoryStorageProvider("ours")
        await provider.connect()
        return provider, as_key_value(provider)

    async def test_it_has_the_shape_of_their_stores(self) -> None:
        _, store = await self.opened()

        assert isinstance(store, AsyncKeyValue)
        assert isinstance(store, AsyncEnumerateKeysProtocol)

    async def test_it_answers_as_their_stores_do(self) -> None:
        for store in (MemoryStore(), (await self.opened())[1]):
            await store.put("a", {"n": 1}, collection="c", ttl=60)
            await store.put_many(["b", "d"], [{"n": 2}, {"n": 3}], collection="c")

            assert await store.get("a", collection="c") == {"n": 1}
            assert await store.get("a") is None
            assert await store.get_many(["a", "x", "b"], collection="c") == [
                {"n": 1},
                None,
                {"n": 2},
            ]
            value, left = await store.ttl("a", collection="c")
            assert value == {"n": 1}
            assert 59 < left <= 60
            assert await store.ttl_many(["b", "x"], collection="c") == [
                ({"n": 2}, None),
                (None, None),
            ]
            assert sorted(await store.keys("c")) == ["a", "b", "d"]
            assert await store.delete("a", collection="c") is True
            assert await store.delete("a", collection="c") is False
            assert await store.delete_many(["b", "x"], collection="c") == 1

    async def test_collections_are_parts_that_cannot_be_confused(self) -> None:
        provider, store = await self.opened()
        await store.put("b:k", {"n": 1}, collection="a")
        await store.put("k", {"n": 2}, collection="a:b")
        await store.put("k", {"n": 3}, collection="a%3Ab")
        await store.put("k", {"n": 4})

        assert await store.get("b:k", collection="a") == {"n": 1}
        assert await store.get("k", collection="a:b") == {"n": 2}
        assert await store.keys("a") == ["b:k"]
        assert len(await provider.keys()) == 4

    async def test_a_collection_that_is_destroyed_can_be_used_again(self) -> None:
        _, store = await self.opened()
        await store.put("k", {"n": 1}, collection="c")
        await store.put("k", {"n": 2}, collection="cc")

        assert await store.destroy_collection("c") is True

        assert await store.get("k", collection="c") is None
        assert await store.keys("c") == []
        assert await store.get("k", collection="cc") == {"n": 2}

    async def test_their_wrappers_work_around_it(self) -> None:
        provider, store = await self.opened()
        wrapped = PrefixCollectionsWrapper(store, prefix="app")
        await wrapped.put("k", {"n": 1}, collection="c")

        assert await wrapped.get("k", collection="c") == {"n": 1}
        assert await provider.keys() == ["app__c:k"]

    async def test_what_is_no_mapping_is_refused(self) -> None:
        provider, store = await self.opened()
        with pytest.raises(InvalidValueError, match="mapping"):
            await store.put("a", [1])
        with pytest.raises(InvalidOptionError):
            await store.put("a", {}, ttl=0)
        with pytest.raises(ValueError, match="zip"):
            await store.put_many(["a", "b"], [{}])
        await provider.set("default_collection:b", 1)
        with pytest.raises(InvalidValueError, match="int"):
            await store.get("b")

    @pytest.mark.usefixtures("registry")
    async def test_a_provider_is_found_by_its_name_when_it_is_used(self) -> None:
        store = as_key_value("later")
        with pytest.raises(UnknownProviderError):
            await store.get("a")
        register_memory_provider("later")
        await connect("later")

        await store.put("a", {"n": 1}, collection="c")

        assert await get("later", "c:a") == {"n": 1}
