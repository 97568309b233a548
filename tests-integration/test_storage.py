"""Storage beside its neighbours: compressors of ours, retries, and what the program is asked about."""

from __future__ import annotations

import asyncio

import pytest

from pepperpy.infra.compression import DataCompressor
from pepperpy.infra.storage import (
    Compressed,
    ConflictError,
    CorruptValueError,
    MemoryStorageProvider,
    StorageProvider,
)
from pepperpy.infra.storage.testing import StorageProviderContract
from pepperpy.infra.utils import inspectables, retry

ROWS = [{"id": number, "name": f"item {number}"} for number in range(500)]


class TestACompressorOfOursKeepsTheContract(StorageProviderContract):
    def make_provider(self) -> StorageProvider:
        below = MemoryStorageProvider("below", clock=self.clock)
        return Compressed(below, DataCompressor("gzip", "raw"))


@pytest.mark.asyncio
@pytest.mark.parametrize("algorithm", ["gzip", "zlib", "lzma", "zstd", "lz4", "none"])
async def test_every_algorithm_fits_as_a_codec(algorithm: str) -> None:
    async with MemoryStorageProvider("below") as below:
        store = Compressed(below, DataCompressor(algorithm, "raw"))
        await store.set("rows", ROWS)

        assert await store.get("rows") == ROWS
        await below.set("rows", (await below.get("rows"))[:-3])
        with pytest.raises(CorruptValueError):
            await store.get("rows")


@pytest.mark.asyncio
async def test_a_transaction_is_tried_again_by_retry() -> None:
    async with MemoryStorageProvider("app") as store:
        await store.set("n", 0)

        @retry(max_attempts=100, delay=0, exceptions=ConflictError)
        async def add() -> None:
            async with store.transaction() as tx:
                held = await tx.get("n")
                await asyncio.sleep(0)
                await tx.set("n", held + 1)

        await asyncio.gather(*(add() for _ in range(10)))

        assert await store.get("n") == 10


@pytest.mark.asyncio
async def test_telemetry_finds_stores_as_it_finds_caches_and_pools() -> None:
    async with MemoryStorageProvider("seen") as store:
        await store.set("a", "secret")

        said = [found.inspect() for found in inspectables()]

    (one,) = [each for each in said if each["name"] == "seen"]
    assert one["kind"] == "storage"
    assert "secret" not in repr(one)
