"""The store in memory keeps the contract."""

from __future__ import annotations

from pepperpy.infra.storage import MemoryStorageProvider
from pepperpy.infra.storage.testing import StorageProviderContract


class TestMemory(StorageProviderContract):
    def make_provider(self) -> MemoryStorageProvider:
        return MemoryStorageProvider("memory", clock=self.clock)
