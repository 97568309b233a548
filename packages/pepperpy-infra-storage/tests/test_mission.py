"""The calls of the mission's document and of the older API, as they stand there."""

from __future__ import annotations

import zlib

import pytest

from pepperpy.infra.storage import (
    Compressed,
    KeyNotFoundError,
    MemoryStorageProvider,
    ProviderNameError,
    StorageConnectionError,
    StorageError,
    StorageProvider,
    StorageProviderRegistry,
    StorageType,
    UnknownProviderError,
    clear,
    clear_providers,
    connect,
    delete,
    disconnect,
    exists,
    get,
    get_provider,
    get_registry,
    increment,
    is_connected,
    keys,
    list_providers,
    register_memory_provider,
    register_provider,
    set,  # noqa: A004
    set_registry,
    unregister_provider,
)
from pepperpy.infra.utils import arun_closers

pytestmark = pytest.mark.usefixtures("registry")


@pytest.mark.asyncio
async def test_the_example_of_the_mission() -> None:
    register_memory_provider("cache")
    await connect("cache")
    await set("cache", "key1", {"value": 42})
    data = await get("cache", "key1")

    assert data == {"value": 42}


@pytest.mark.asyncio
async def test_all_functions_find_the_provider_by_its_name() -> None:
    register_memory_provider("cache")
    assert await is_connected("cache") is False
    await connect("cache")

    version = await set("cache", "a", 1)
    assert await set("cache", "a", 2, if_version=version) > version
    assert await set("cache", "b", 1, if_absent=True, ttl=60) > version
    assert await exists("cache", "a") is True
    assert await keys("cache") == await keys("cache", "*") == ["a", "b"]
    assert await get("cache", "x", default=None) is None
    assert await get("cache", "x", 5) == 5
    assert await increment("cache", "n") == 1
    assert await increment("cache", "n", by=2) == 3
    assert await delete("cache", "a") is True
    await clear("cache")
    assert await keys("cache", pattern=None) == []
    with pytest.raises(KeyNotFoundError):
        await get("cache", "a")
    await disconnect("cache")
    assert await is_connected("cache") is False


@pytest.mark.asyncio
async def test_an_unknown_name_is_a_key_error_that_lists_the_known_ones() -> None:
    register_memory_provider("sessions")

    with pytest.raises(UnknownProviderError, match="sessions") as caught:
        await get("session", "a")

    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, StorageError)
    assert caught.value.known == ("sessions",)
    for unknown in (None, [], "nobody"):
        with pytest.raises(UnknownProviderError):
            get_provider(unknown)  # type: ignore[arg-type]


def test_providers_are_registered_listed_and_forgotten() -> None:
    one, two = MemoryStorageProvider("one"), MemoryStorageProvider("two")
    register_provider(one)
    register_provider(one)
    register_provider(two)

    assert list_providers() == ["one", "two"]
    assert get_provider("one") is one
    assert unregister_provider("one") is one
    assert list_providers() == get_registry().list() == ["two"]
    clear_providers()
    assert list_providers() == []


def test_a_name_is_taken_once() -> None:
    register_memory_provider("a")

    with pytest.raises(ProviderNameError, match="'a'"):
        register_memory_provider("a")
    with pytest.raises(ValueError, match="name"):
        register_memory_provider("")


def test_what_is_no_provider_is_refused() -> None:
    with pytest.raises(TypeError, match="StorageProvider"):
        register_provider("cache")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="StorageProviderRegistry"):
        set_registry({})  # type: ignore[arg-type]


@pytest.mark.asyncio
async def test_run_closers_disconnects_what_is_registered() -> None:
    provider = register_memory_provider("a")
    await connect("a")

    await arun_closers()

    assert await provider.is_connected() is False
    assert list_providers() == ["a"]


@pytest.mark.asyncio
async def test_what_is_connected_again_is_disconnected_again() -> None:
    first, second = register_memory_provider("first"), register_memory_provider("second")
    for again in (lambda: connect("first"), get_registry().connect_all):
        await again()
        assert await first.is_connected() is True

        await arun_closers()

        assert await first.is_connected() is False
    assert await second.is_connected() is False


@pytest.mark.asyncio
async def test_one_provider_that_cannot_connect_does_not_keep_the_others_closed() -> None:
    class Bad(MemoryStorageProvider):
        async def connect(self) -> None:
            raise StorageConnectionError("no", storage="bad")

    register_provider(Bad("bad"))
    good = register_memory_provider("good")

    with pytest.raises(StorageConnectionError, match="no"):
        await get_registry().connect_all()

    assert await good.is_connected() is True


@pytest.mark.asyncio
async def test_one_provider_that_fails_to_close_does_not_keep_the_others_open() -> None:
    class Bad(MemoryStorageProvider):
        async def disconnect(self) -> None:
            raise OSError("no")

    register_provider(Bad("bad"))
    good = register_memory_provider("good")
    await connect("good")

    with pytest.raises(ExceptionGroup):
        await arun_closers()

    assert await good.is_connected() is False


class OldStyle(StorageProvider):
    """Written for the older API: no options, no defaults, no return values."""

    def __init__(self) -> None:
        self.held: dict[str, object] = {}

    @property
    def name(self) -> str:
        return "old"

    @property
    def storage_type(self) -> StorageType:
        return StorageType.MEMORY

    async def connect(self) -> None:
        pass

    async def disconnect(self) -> None:
        pass

    async def is_connected(self) -> bool:
        return True

    async def get(self, key):  # type: ignore[no-untyped-def, override]
        return self.held[key]

    async def set(self, key, value):  # type: ignore[no-untyped-def, override]
        self.held[key] = value

    async def delete(self, key):  # type: ignore[no-untyped-def, override]
        del self.held[key]

    async def exists(self, key: str) -> bool:
        return key in self.held

    async def keys(self, pattern: str | None = None) -> list[str]:
        return list(self.held)

    async def clear(self) -> None:
        self.held.clear()


@pytest.mark.asyncio
async def test_a_provider_of_the_older_api_is_used_by_its_name() -> None:
    register_provider(OldStyle())
    await connect("old")

    await set("old", "b", 1)
    await set("old", "a", 2)

    assert await get("old", "a") == 2
    assert await get("old", "x", default=None) is None
    assert await get_provider("old").get_many(["a", "x"]) == {"a": 2}
    assert [pair async for pair in get_provider("old").items()] == [("a", 2), ("b", 1)]
    await delete("old", "a")
    assert await exists("old", "a") is False


@pytest.mark.asyncio
async def test_wrappers_and_the_sync_twin_stand_around_a_provider_of_the_older_api() -> None:
    old = OldStyle()
    store = Compressed(old, zlib)
    await store.set("a", [1])

    assert await store.get("a") == [1]
    assert await store.get("x", default=0) == 0
    await store.delete("a")
    old.sync.set("b", 2)
    assert old.sync.get("b") == 2
    assert old.sync.get("x", None) is None
    old.sync.delete("b")
    assert old.held == {}


def test_a_registry_is_made_for_a_test_in_one_line() -> None:
    set_registry(StorageProviderRegistry())

    assert list_providers() == []
