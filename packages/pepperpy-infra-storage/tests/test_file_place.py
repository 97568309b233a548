"""The file: made for its owner, and nothing else is ever written over."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import sqlite3
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from pepperpy.infra.storage import (
    CorruptStoreError,
    CorruptValueError,
    FileStorageProvider,
    InvalidOptionError,
    LockedError,
    StorageConnectionError,
    StorageFullError,
)
from pepperpy.infra.storage._sqlite import _schema
from pepperpy.infra.storage._sqlite._driver import driver

pytestmark = pytest.mark.asyncio


def store(path: str | Path, durability: Any = "process", **options: Any) -> FileStorageProvider:
    return FileStorageProvider("store", path, durability, **options)


def raw(path: Path, *statements: str) -> None:
    """Do something to a closed store, behind its back."""
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


class Touching:
    """Its pickle makes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


class TestMaking:
    async def test_missing_folders_are_made(self, tmp_path: Path) -> None:
        async with store(tmp_path / "a" / "b" / "store.db") as made:
            await made.set("key", 1)

        assert (tmp_path / "a" / "b" / "store.db").is_file()

    async def test_its_owner_alone_may_read_it_whatever_the_umask(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            async with store(tmp_path / "store.db") as made:
                await made.set("key", "secret")
                modes = {
                    name: stat.S_IMODE(os.stat(tmp_path / name).st_mode)
                    for name in os.listdir(tmp_path)
                }
        finally:
            os.umask(before)

        assert modes == dict.fromkeys(("store.db", "store.db-wal", "store.db-shm"), 0o600)

    async def test_a_relative_path_means_the_folder_in_which_the_provider_was_made(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        made = store("store.db")
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")

        async with made:
            await made.set("key", 1)

        assert (tmp_path / "store.db").is_file()

    @pytest.mark.parametrize("name", [":memory:", "file:x?mode=memory", "a b#c%20?.db", "é☃.db"])
    async def test_every_name_is_the_name_of_a_file(self, tmp_path: Path, name: str) -> None:
        async with store(tmp_path / name) as made:
            await made.set("key", 1)
        async with store(tmp_path / name) as again:
            assert await again.get("key") == 1

        assert os.listdir(tmp_path) == [name]

    @pytest.mark.parametrize("path", ["", "a\0b", "\udcff.db", b"bytes", 7, None])
    async def test_what_is_no_path_is_refused_at_once(self, path: Any) -> None:
        with pytest.raises(InvalidOptionError, match="file_path must be the path of a file"):
            store(path)

    @pytest.mark.parametrize(
        ("option", "value"), [("durability", "fast"), ("timeout", -1), ("timeout", "soon")]
    )
    async def test_a_setting_that_cannot_be_is_refused_at_once(
        self, option: str, value: Any
    ) -> None:
        with pytest.raises(InvalidOptionError, match=f"{option} must be"):
            FileStorageProvider("store", "x.db", **{option: value})

    async def test_a_folder_is_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(StorageConnectionError, match="cannot open"):
            await store(tmp_path).connect()

    async def test_a_file_as_a_folder_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")

        with pytest.raises(StorageConnectionError, match="cannot open"):
            await store(tmp_path / "file" / "store.db").connect()


class TestForeignFiles:
    @pytest.mark.parametrize(
        "content",
        [
            b"x",
            bytes(100),
            b"SQLite format 3\0",
            b"hello, world\n" * 40,
            b"hello, world\n" * 300,
            bytes(8192),
            b"SQLite format 3\0" + b"\xff" * 5000,
        ],
        ids=len,
    )
    async def test_garbage_is_an_error_and_stays_as_it_is(
        self, tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / "store.db").write_bytes(content)

        with pytest.raises(CorruptStoreError, match=r"store\.db"):
            await store(tmp_path / "store.db").connect()

        assert (tmp_path / "store.db").read_bytes() == content

    @pytest.mark.parametrize("mode", ["delete", "wal"])
    async def test_the_database_of_another_program_stays_as_it_is(
        self, tmp_path: Path, mode: str
    ) -> None:
        path = tmp_path / "store.db"
        raw(path, f"PRAGMA journal_mode = {mode}", "CREATE TABLE theirs(a)")
        before = path.read_bytes()

        with pytest.raises(CorruptStoreError, match="of some other program"):
            await store(path).connect()

        assert path.read_bytes() == before

    async def test_a_store_of_a_newer_release_stays_as_it_is(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        async with store(path) as made:
            await made.set("key", 1)
        raw(path, "PRAGMA user_version = 2")
        before = path.read_bytes()

        with pytest.raises(CorruptStoreError, match="has format 2, and this release reads"):
            await store(path).connect()

        assert path.read_bytes() == before

    async def test_an_empty_file_becomes_a_store(self, tmp_path: Path) -> None:
        (tmp_path / "store.db").touch()

        async with store(tmp_path / "store.db") as made:
            await made.set("key", 1)
            assert await made.get("key") == 1

    async def test_a_refused_file_can_be_moved_away_and_connected_again(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "store.db"
        path.write_text("garbage")
        made = store(path)
        with pytest.raises(CorruptStoreError):
            await made.connect()
        assert not await made.is_connected()

        path.rename(tmp_path / "garbage")

        async with made:
            await made.set("key", 1)


class TestMadeMeanwhile:
    async def test_a_file_that_another_process_makes_in_the_midst_of_looking_is_ours(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "store.db"
        others: list[FileStorageProvider] = []
        pragma = _schema.pragma

        def look(connection: Any, text: str) -> Any:
            found = pragma(connection, text)
            if text == "application_id" and not others:
                others.append(store(path, timeout=0))
                with contextlib.suppress(LockedError):
                    others[0].sync.connect()
            return found

        monkeypatch.setattr(_schema, "pragma", look)
        async with store(path) as made:
            await made.set("key", 1)
        await others[0].disconnect()

        async with store(path) as again:
            assert await again.get("key") == 1


class TestDamage:
    async def test_a_value_that_was_tampered_with_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        async with store(path) as made:
            await made.set_many({"a": 1, "b": 2, "c": 3})
        raw(
            path,
            "UPDATE entries SET value = x'7b' WHERE key = 'a'",
            "UPDATE entries SET value = 'text' WHERE key = 'b'",
        )

        async with store(path) as made:
            for key in ("a", "b"):
                with pytest.raises(CorruptValueError) as caught:
                    await made.get(key)
                assert caught.value.key == key
            assert await made.get("c") == 3

    async def test_a_pickle_that_somebody_put_there_does_not_run(self, tmp_path: Path) -> None:
        path, trace = tmp_path / "store.db", tmp_path / "trace"
        async with store(path) as made:
            await made.set_many({"json": 1, "bytes": b"1"})
        with sqlite3.connect(path) as connection:
            pickled = pickle.dumps(Touching(trace))
            connection.execute("UPDATE entries SET value = ?", [pickled])
        connection.close()

        async with store(path) as made:
            for key in ("json", "bytes"):
                with pytest.raises(CorruptValueError):
                    await made.get(key)

        assert not trace.exists()

    async def test_a_row_of_ours_that_is_gone_is_damage(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        async with store(path) as made:
            await made.set("a", 1)
        raw(path, "DELETE FROM floor")

        async with store(path) as made:
            with pytest.raises(CorruptStoreError, match="is damaged"):
                await made.set("b", 2)
            assert await made.get("a") == 1

    async def test_a_damaged_page_is_an_error_that_names_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        async with store(path) as made:
            await made.set_many({f"key{n}": "x" * 500 for n in range(200)})
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (path.stat().st_size - 4096))

        with pytest.raises(CorruptStoreError, match=r"store\.db.* is damaged"):
            async with store(path) as made:
                await made.get("key7")

    @pytest.mark.parametrize("durability", ["full", "process"])
    async def test_a_file_that_was_removed_is_an_error_and_nothing_is_acknowledged(
        self, tmp_path: Path, durability: str
    ) -> None:
        path = tmp_path / "store.db"
        async with store(path, durability) as made:
            await made.set("key", 1)
            path.unlink()

            with pytest.raises(StorageConnectionError, match="was removed or replaced"):
                await made.set("key", 2)

            await made.disconnect()
            await made.connect()
            assert await made.get("key", default=None) is None
            await made.set("key", 3)
            assert await made.get("key") == 3

    @pytest.mark.parametrize("durability", ["full", "process"])
    async def test_a_log_that_was_removed_is_an_error_and_what_was_acknowledged_stays(
        self, tmp_path: Path, durability: str
    ) -> None:
        path = tmp_path / "store.db"
        async with store(path, durability) as made:
            await made.set("key", 1)
            (tmp_path / "store.db-wal").unlink()

            for _ in range(2):
                with pytest.raises(StorageConnectionError, match="its log was removed"):
                    await made.set("key", 2)

            await made.disconnect()
            await made.connect()
            assert await made.get("key") == 1
            await made.set("key", 3)
            assert await made.get("key") == 3

    async def test_a_log_that_was_removed_before_the_first_write_is_an_error(
        self, tmp_path: Path
    ) -> None:
        async with store(tmp_path / "store.db") as made:
            (tmp_path / "store.db-wal").unlink()

            with pytest.raises(StorageConnectionError, match="its log was removed"):
                await made.set("key", 1)

    async def test_a_file_that_was_emptied_is_an_error(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        async with store(path) as made:
            await made.set("key", 1)
            os.truncate(path, 0)

            with pytest.raises(StorageConnectionError, match="was removed or replaced"):
                await made.set("key", 2)

    async def test_a_symbolic_link_stands_for_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "there").mkdir()
        (tmp_path / "link.db").symlink_to(tmp_path / "there" / "store.db")
        async with store(tmp_path / "there" / "store.db") as made:
            await made.set("key", 1)
            async with store(tmp_path / "link.db") as linked:
                await linked.set("key", 2)
                assert (await linked.info())["log_bytes"] > 0
                (tmp_path / "there" / "store.db-wal").unlink()
                with pytest.raises(StorageConnectionError, match="its log was removed"):
                    await linked.set("key", 3)

    async def test_a_file_with_a_second_name_is_refused(self, tmp_path: Path) -> None:
        async with store(tmp_path / "store.db") as made:
            await made.set("key", 1)
        os.link(tmp_path / "store.db", tmp_path / "second.db")

        for name in ("store.db", "second.db"):
            with pytest.raises(StorageConnectionError, match="hard link"):
                await store(tmp_path / name).connect()

    async def test_a_file_that_was_replaced_is_an_error(self, tmp_path: Path) -> None:
        async with store(tmp_path / "other.db") as other:
            await other.set("key", "other")
        async with store(tmp_path / "store.db") as made:
            await made.set("key", "mine")
            os.replace(tmp_path / "other.db", tmp_path / "store.db")

            with pytest.raises(StorageConnectionError, match="was removed or replaced"):
                await made.set("key", "lost?")


class TestFullDisk:
    @pytest.mark.parametrize("durability", ["full", "process"])
    async def test_it_is_a_clear_error_and_the_old_value_stays(
        self, tmp_path: Path, durability: str
    ) -> None:
        import resource

        path = tmp_path / "store.db"
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        async with store(path, durability) as made:
            await made.set("key", "old")
            resource.setrlimit(resource.RLIMIT_FSIZE, (256 << 10, hard))
            try:
                with pytest.raises(StorageFullError, match="no room for the write") as caught:
                    await made.set("key", "n" * (1 << 20))
                assert isinstance(caught.value, OSError)
                assert await made.get("key") == "old"
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            await made.set("key", "new")

        async with store(path) as again:
            assert await again.get("key") == "new"

    async def test_one_write_too_many_fails_alone(self, tmp_path: Path) -> None:
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        async with store(tmp_path / "store.db", "full") as made:
            resource.setrlimit(resource.RLIMIT_FSIZE, (512 << 10, hard))
            try:
                results = await asyncio.gather(
                    made.set("a", 1),
                    made.set("b", "n" * (1 << 20)),
                    made.set("c", 3),
                    return_exceptions=True,
                )
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

            assert [type(result) for result in results] == [int, StorageFullError, int]
            assert await made.keys() == ["a", "c"]


class TestLocked:
    @pytest.mark.parametrize("durability", ["full", "process"])
    async def test_a_lock_that_stays_is_an_error_after_the_timeout(
        self, tmp_path: Path, durability: str
    ) -> None:
        path = tmp_path / "store.db"
        async with store(path, durability, timeout=0.05) as made:
            await made.set("key", "old")
            other = driver().connect(str(path))
            other.execute("BEGIN IMMEDIATE").fetchall()

            with pytest.raises(LockedError, match=r"locked for 0\.05 seconds") as caught:
                await made.set("key", "new")
            assert isinstance(caught.value, TimeoutError)
            assert await made.get("key") == "old"

            other.execute("ROLLBACK").fetchall()
            other.close()
            await made.set("key", "new")
            assert await made.get("key") == "new"

    async def test_those_who_wait_behind_others_wait_no_longer(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        async with store(path, timeout=0.5) as made:
            await made.set("key", "old")
            other = driver().connect(str(path))
            other.execute("BEGIN IMMEDIATE").fetchall()

            async def waits(number: int) -> float:
                await asyncio.sleep(number / 20)  # each a little later than the one before
                begin = time.monotonic()
                with pytest.raises(LockedError, match=r"locked for 0\.5 seconds"):
                    await made.set("key", number)
                return time.monotonic() - begin

            waited = await asyncio.gather(*(waits(number) for number in range(8)))
            other.execute("ROLLBACK").fetchall()
            other.close()

            assert min(waited) >= 0.5
            assert max(waited) < 0.8  # and not twice the timeout
            await made.set("key", "new")
            assert await made.get("key") == "new"

    async def test_a_write_waits_for_a_lock_that_goes(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        async with store(path) as made:
            await made.set("key", "old")
            other = driver().connect(str(path))
            other.execute("BEGIN IMMEDIATE").fetchall()

            waiting = asyncio.create_task(made.set("key", "new"))
            for _ in range(20):
                await asyncio.sleep(0)
            assert not waiting.done()
            other.execute("ROLLBACK").fetchall()
            other.close()

            await waiting
            assert await made.get("key") == "new"

    async def test_a_file_that_is_locked_as_a_whole_is_an_error_at_connect(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "store.db"
        async with store(path) as made:
            await made.set("key", 1)
        other = driver().connect(str(path))
        other.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        other.execute("BEGIN EXCLUSIVE").fetchall()
        try:
            with pytest.raises(LockedError):
                await store(path, timeout=0.05).connect()
        finally:
            other.close()
