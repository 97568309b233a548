"""What "full" says: a write is on disk before it is acknowledged, seen from below SQLite."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from pepperpy.infra.storage import FileStorageProvider, Put


class Disk(apsw.VFS):
    """Knows which files of SQLite have been written since they were synced."""

    def __init__(self) -> None:
        self.dirty: set[str] = set()
        self.syncs = 0
        self.base = apsw.vfs_names()[0]
        super().__init__("disk", self.base, makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - apsw's name
        return File(self, name, flags)


class File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        super().__init__(disk.base, name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._disk, self._name = disk, os.path.basename(path or "")

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.dirty.add(self._name)
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._disk.syncs += 1
        self._disk.dirty.discard(self._name)


@pytest.fixture
def disk() -> Iterator[Disk]:
    made = Disk()
    yield made
    made.unregister()


async def transact(store: FileStorageProvider) -> None:
    async with store.transaction() as tx:
        await tx.set("key", 1)


WRITES: dict[str, Callable[[FileStorageProvider], Awaitable[object]]] = {
    "set": lambda store: store.set("key", 1),
    "if_absent": lambda store: store.set("new", 1, if_absent=True),
    "delete": lambda store: store.delete("old"),
    "delete_many": lambda store: store.delete_many(["old"]),
    "set_many": lambda store: store.set_many({"a": 1, "b": 2}),
    "increment": lambda store: store.increment("n"),
    "update": lambda store: store.update("old", lambda value: value + 1),
    "expire": lambda store: store.expire("old", 60),
    "clear": lambda store: store.clear(),
    "apply": lambda store: store.apply({"a": Put(1), "old": None}),
    "transaction": transact,
    "sync": lambda store: asyncio.to_thread(store.sync.set, "key", 1),
}


@pytest.mark.asyncio
class TestFull:
    @pytest.mark.parametrize("write", WRITES)
    async def test_an_acknowledged_write_is_on_disk(
        self, tmp_path: Path, disk: Disk, write: str
    ) -> None:
        async with FileStorageProvider("store", tmp_path / "store.db") as store:
            await store.set("old", 0)
            assert not disk.dirty
            synced = disk.syncs

            await WRITES[write](store)

            assert not disk.dirty
            assert disk.syncs > synced

    async def test_each_of_many_is_on_disk_when_it_is_acknowledged(
        self, tmp_path: Path, disk: Disk
    ) -> None:
        async with FileStorageProvider("store", tmp_path / "store.db") as store:

            async def write(number: int) -> None:
                before = disk.syncs
                await store.set(f"key{number}", number)
                assert disk.syncs > before

            before = disk.syncs
            await asyncio.gather(*(write(number) for number in range(300)))

            assert not disk.dirty
            assert disk.syncs - before >= (await store.info())["commits"]

    async def test_the_file_is_on_disk_when_it_is_made(self, tmp_path: Path, disk: Disk) -> None:
        async with FileStorageProvider("store", tmp_path / "store.db"):
            assert disk.syncs
            assert not disk.dirty


@pytest.mark.asyncio
@pytest.mark.parametrize("durability", ["process", "memory"])
async def test_what_promises_less_waits_for_no_disk(
    tmp_path: Path, disk: Disk, durability: Any
) -> None:
    async with FileStorageProvider("store", tmp_path / "store.db", durability) as store:
        await store.set("first", 0)  # begins the log
        synced = disk.syncs
        for number in range(20):
            await store.set("key", number)

        assert disk.syncs == synced


@pytest.mark.asyncio
async def test_a_backup_is_on_disk_when_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def spy(descriptor: int) -> None:
        fsync(descriptor)
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))

    async with FileStorageProvider("store", tmp_path / "store.db") as store:
        await store.set("key", 1)
        monkeypatch.setattr(os, "fsync", spy)
        await store.backup(tmp_path / "new" / "backup.db")

    # The folder of the new folder, the copy under its first name, and the folder with its last one.
    assert [Path(path).parent.name for path in synced[:2]] == [tmp_path.parent.name, "new"]
    assert Path(synced[1]).name.startswith(".backup.db.")
    assert synced[-1] == str(tmp_path / "new")
