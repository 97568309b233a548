"""How the public names are used; type-checked, never run."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, assert_type

from pepperpy.infra.storage import (
    Capability,
    Change,
    Compressed,
    ConflictError,
    Encrypted,
    Entry,
    FileStorageProvider,
    KeyValueAdapter,
    MemoryStorageProvider,
    ObjectStorageProvider,
    Page,
    PostgresStorageProvider,
    Prefixed,
    Put,
    ReadOnly,
    RedisStorageProvider,
    StorageProvider,
    StorageProviderRegistry,
    StorageType,
    SyncStorage,
    Transaction,
    VersionMismatchError,
    as_key_value,
    connect,
    copy,
    export_json_lines,
    from_key_value,
    get,
    get_provider,
    get_registry,
    import_json_lines,
    increment,
    is_connected,
    keys,
    list_providers,
    register_file_provider,
    register_memory_provider,
    register_object_provider,
    register_postgres_provider,
    register_provider,
    register_redis_provider,
    register_s3_provider,
    set,  # noqa: A004
    set_registry,
)
from pepperpy.infra.storage.providers import check_key, encode_value, key_matcher
from pepperpy.infra.storage.testing import StorageProviderContract


async def by_name() -> None:
    assert_type(register_memory_provider("cache"), MemoryStorageProvider)
    assert_type(register_file_provider("files", "files.db"), FileStorageProvider)
    assert_type(register_redis_provider("r", "redis://host", timeout=1.0), RedisStorageProvider)
    assert_type(register_postgres_provider("p", "postgresql://host/db"), PostgresStorageProvider)
    assert_type(register_s3_provider("s", "bucket", region="x"), ObjectStorageProvider)
    assert_type(register_object_provider("g", "gs://bucket"), ObjectStorageProvider)
    await connect("cache")
    assert_type(await set("cache", "key1", {"value": 42}, ttl=60), int)
    assert_type(await get("cache", "key1"), Any)
    assert_type(await get("cache", "key1", default=None), Any)
    assert_type(await keys("cache", "user:*"), list[str])
    assert_type(await increment("cache", "n", by=2), int)
    assert_type(await is_connected("cache"), bool)
    assert_type(list_providers(), list[str])
    assert_type(get_provider("cache"), StorageProvider)
    register_provider(MemoryStorageProvider("other"))
    assert_type(get_registry(), StorageProviderRegistry)
    set_registry(StorageProviderRegistry())


async def by_provider(store: MemoryStorageProvider) -> None:
    assert_type(await store.get_entry("key1"), Entry)
    assert_type(await store.get_many(["a"]), dict[str, Any])
    assert_type(await store.set("a", 1, ttl=timedelta(minutes=1), if_absent=True), int)
    assert_type(await store.set("a", 1, ttl=datetime.now(UTC)), int)
    assert_type(await store.set_many({"a": 1}), dict[str, int])
    assert_type(await store.delete("a", if_version=1), bool)
    assert_type(await store.scan("a", cursor=None, limit=5), Page)
    assert_type(store.items("a"), AsyncIterator[tuple[str, Any]])
    await store.update("a", lambda value: value + 1, default=0)
    assert_type(await store.expire("a", None), bool)
    assert_type(await store.apply({"a": Put(1), "b": None}, expect={"a": 1}), dict[str, int])
    assert_type(store.capabilities, Capability)
    assert_type(store.storage_type, StorageType)
    async with store.transaction() as tx:
        assert_type(tx, Transaction)
        await tx.set("a", await tx.get("a", 0) + 1)
    async with store.watch("user:") as watch:
        async for change in watch:
            assert_type(change, Change)
    try:
        await store.set("a", 1, if_version=1)
    except VersionMismatchError as error:
        assert_type(error.found, int | None)
    except ConflictError as error:
        assert_type(error.key, str)


class Nothing:
    def encrypt(self, plaintext: bytes, associated_data: bytes) -> bytes:
        return plaintext + associated_data

    def decrypt(self, ciphertext: bytes, associated_data: bytes) -> bytes:
        return ciphertext.removesuffix(associated_data)


async def around(store: StorageProvider) -> None:
    assert_type(store.namespace("tenant"), Prefixed)
    Encrypted(Compressed(store, zlib), Nothing(), name="safe")
    ReadOnly(store)
    assert_type(await copy(store, MemoryStorageProvider("m")), int)
    assert_type(await export_json_lines(store, "lines.jsonl"), int)
    assert_type(await import_json_lines(store, "lines.jsonl"), int)
    theirs = as_key_value(store)
    assert_type(theirs, KeyValueAdapter)
    assert_type(from_key_value(theirs, "again"), StorageProvider)


def without_a_loop(store: StorageProvider) -> None:
    with store.sync as sync:
        assert_type(sync, SyncStorage)
        assert_type(sync.keys(), list[str])
        with sync.transaction() as tx:
            tx.set("a", tx.get("a", 0) + 1)


class TestMine(StorageProviderContract):
    def make_provider(self) -> StorageProvider:
        return MemoryStorageProvider("mine", clock=self.clock)


assert_type(check_key("a"), str)
assert_type(encode_value(1), bytes)
key_matcher("user:*")("user:1")
