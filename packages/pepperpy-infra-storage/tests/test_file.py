"""The store in a file keeps the contract, at every durability."""

from __future__ import annotations

from pathlib import Path

import pytest

from pepperpy.infra.storage import FileStorageProvider
from pepperpy.infra.storage.testing import StorageProviderContract


@pytest.fixture(autouse=True)
def _folder(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if request.instance is not None:
        request.instance.folder = tmp_path


class TestFull(StorageProviderContract):
    folder: Path

    def make_provider(self) -> FileStorageProvider:
        return FileStorageProvider("file", self.folder / "store.db", clock=self.clock)


class TestProcess(TestFull):
    def make_provider(self) -> FileStorageProvider:
        path = self.folder / "store.db"
        return FileStorageProvider("file", path, "process", clock=self.clock)
