"""How the public names are used; type-checked, never run."""

from __future__ import annotations

from typing import Any, assert_type

from pepperpy.infra.storage import (
    Entry,
    MemoryStorageProvider,
    connect,
    get,
    register_memory_provider,
    set,  # noqa: A004
)


async def by_name() -> None:
    assert_type(register_memory_provider("cache"), MemoryStorageProvider)
    await connect("cache")
    assert_type(await set("cache", "key1", {"value": 42}, ttl=60), int)
    assert_type(await get("cache", "key1"), Any)


async def by_provider(store: MemoryStorageProvider) -> None:
    assert_type(await store.get_entry("key1"), Entry)
    assert_type(await store.keys("user:*"), list[str])
