"""Checkpoints, expiry, backups, and which SQLite library does it all."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from pepperpy.infra.storage import FileStorageProvider, StorageConnectionError
from pepperpy.infra.storage._sqlite import Busy, Engine, Put, Settings, _upkeep
from pepperpy.infra.storage._sqlite import _engine as engine_module
from pepperpy.infra.storage._sqlite._driver import Driver, driver
from pepperpy.infra.storage._sqlite._observer import Happened, _Watched
from pepperpy.infra.storage._sqlite._upkeep import Upkeep
from pepperpy.infra.utils import Clock, FakeClock, subscribe


@contextmanager
def opened(path: Path, clock: Clock | None = None, **options: Any) -> Iterator[Engine]:
    made = Engine(
        Settings(
            name="engine",
            path=str(path / "store.db"),
            durability="process",
            timeout=5,
            capacity=1 << 20,
            clock=clock or Clock(),
            **options,
        )
    )
    made.open()
    try:
        yield made
    finally:
        made.close()


def eventually(happened: Callable[[], bool]) -> None:
    """Wait for another thread."""
    end = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.005)


class TestCheckpoints:
    def test_the_log_is_copied_in_the_background_and_begun_anew(self, tmp_path: Path) -> None:
        with opened(tmp_path) as made:
            for n in range(400):
                made.writer.execute(Put(f"key{n % 50}", bytes(100_000)))

            eventually(lambda: made.upkeep.checkpoints > 1)
            log = made.figures()["log_bytes"]
        # 40 MB were written; what is in the log stays far below that.
        assert log < 24 << 20

    def test_a_log_that_outgrows_the_copying_is_begun_anew_as_well(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_upkeep, "LONG_LOG", 100)
        copy = Upkeep._copy
        with opened(tmp_path) as made:

            def copied(upkeep: Upkeep) -> int:
                """Copy what is there, and have something written before that is done."""
                reader = driver().connect(str(tmp_path / "store.db"))
                reader.execute("BEGIN").fetchall()
                reader.execute("SELECT count(*) FROM entries").fetchall()
                with suppress(Busy):  # nobody can when writers are stopped
                    made.writer.now(Put("meanwhile", bytes(4000)))
                try:
                    return copy(upkeep)
                finally:
                    reader.close()

            monkeypatch.setattr(Upkeep, "_copy", copied)
            for n in range(600):
                made.writer.execute(Put(f"key{n}", bytes(4000)))
                if n % 100 == 99:
                    made.upkeep.checkpoint()

            assert made.read("PRAGMA wal_checkpoint(PASSIVE)")[0][1] < 1000  # of some 2,400

    def test_a_checkpoint_that_fails_is_a_signal_and_harms_no_write(self, tmp_path: Path) -> None:
        import resource

        heard: list[Any] = []
        unsubscribe = subscribe(heard.append)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        try:
            with opened(tmp_path) as made:
                for n in range(100):
                    made.writer.execute(Put(f"key{n}", bytes(1000)))
                resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, hard))
                try:
                    made.upkeep._report(made.upkeep.checkpoint)
                finally:
                    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
                made.writer.execute(Put("key", b"1"))
                assert len(made.read("SELECT key FROM entries")) == 101
        finally:
            unsubscribe()

        assert [(signal.kind, signal.source) for signal in heard] == [
            ("storage.upkeep_failed", "engine")
        ]
        assert heard[0].facts["work"] == "checkpoint"


class TestWalReset:
    @pytest.mark.parametrize(
        ("version", "safe"),
        [
            ((3, 40, 1), False),
            ((3, 44, 5), False),
            ((3, 44, 6), True),
            ((3, 45, 0), False),
            ((3, 50, 6), False),
            ((3, 50, 7), True),
            ((3, 51, 2), False),
            ((3, 51, 3), True),
            ((3, 54, 1), True),
        ],
    )
    def test_the_versions_with_the_bug_are_known(
        self, version: tuple[int, int, int], safe: bool
    ) -> None:
        assert driver()._replace(version=version).resets_safely is safe

    def test_with_the_bug_nobody_can_write_while_the_log_is_copied(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = driver()._replace(version=(3, 40, 1))
        monkeypatch.setattr(engine_module, "driver", lambda: old)
        tried: list[str] = []
        copy = Upkeep._copy

        def copied(upkeep: Upkeep) -> int:
            other = old.connect(str(tmp_path / "store.db"))
            with pytest.raises(old.error, match="locked"):
                other.execute("BEGIN IMMEDIATE").fetchall()
            other.close()
            tried.append("in vain")
            return copy(upkeep)

        monkeypatch.setattr(Upkeep, "_copy", copied)
        with opened(tmp_path) as made:
            made.writer.execute(Put("key", b"1"))
            made.upkeep.checkpoint()

            assert made.figures()["checkpoints_stop_writers"] is True
            made.writer.execute(Put("key", b"2"))
        assert tried == ["in vain"]

    def test_without_the_bug_writers_go_on(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written: list[int] = []
        copy = Upkeep._copy

        with opened(tmp_path) as made:

            def copied(upkeep: Upkeep) -> int:
                written.append(made.writer.execute(Put("key", b"2")))
                return copy(upkeep)

            monkeypatch.setattr(Upkeep, "_copy", copied)
            made.writer.execute(Put("key", b"1"))
            made.upkeep.checkpoint()

        assert written == [2]


class TestExpiry:
    def test_what_expired_is_taken_away_and_the_rest_stays(self, tmp_path: Path) -> None:
        clock = FakeClock(wall=2_000_000_000.0)
        with opened(tmp_path, clock) as made:
            for n in range(1200):
                made.writer.execute(Put(f"key{n}", b"1", clock.time() + (1 if n % 2 else 100)))
            made.writer.execute(Put("for ever", b"1"))
            clock.advance(50)

            made.upkeep.sweep()

            assert made.upkeep.swept == 600
            assert made.read("SELECT count(*) FROM entries") == [(601,)]

    @pytest.mark.asyncio
    async def test_it_outlives_the_process_and_goes_by_the_time_of_day(
        self, tmp_path: Path
    ) -> None:
        clock = FakeClock(wall=2_000_000_000.0)
        path = tmp_path / "store.db"
        async with FileStorageProvider("store", path, clock=clock) as store:
            await store.set("key", 1, ttl=60)
        later = FakeClock(wall=2_000_000_059.0)
        async with FileStorageProvider("store", path, clock=later) as store:
            assert await store.get("key") == 1
            later.advance(1)
            assert await store.get("key", default="gone") == "gone"
            assert await store.keys() == []
            assert (await store.scan()).entries == {}
            assert (await store.info())["keys"] == 0

    def test_a_store_that_holds_what_expires_is_swept_without_a_write(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_upkeep, "_EVERY", 0.01)
        clock = FakeClock(wall=2_000_000_000.0)
        with opened(tmp_path, clock) as made:
            made.writer.execute(Put("key", b"1", clock.time() + 1))
        clock.advance(2)
        with opened(tmp_path, clock) as made:
            eventually(lambda: made.upkeep.swept == 1)


@pytest.mark.asyncio
class TestBackup:
    async def test_it_is_a_whole_store_made_while_others_write(self, tmp_path: Path) -> None:
        async with FileStorageProvider("store", tmp_path / "store.db", "process") as store:
            await store.set_many({f"key{n}": n for n in range(500)})
            versions = {key: entry.version for key, entry in (await store.scan()).entries.items()}
            going = True

            async def write() -> int:
                written = 0
                while going:
                    await store.set_many({"first": written, "second": written})
                    written += 1
                return written

            writing = asyncio.create_task(write())
            await store.backup(tmp_path / "copies" / "copy.db")
            going = False
            assert await writing > 0

        copy = tmp_path / "copies" / "copy.db"
        assert stat.S_IMODE(os.stat(copy).st_mode) == 0o600
        assert os.listdir(copy.parent) == ["copy.db"]
        async with FileStorageProvider("copy", copy) as restored:
            assert await restored.get_many(f"key{n}" for n in range(500)) == {
                f"key{n}": n for n in range(500)
            }
            assert await restored.get("first", default=None) == await restored.get(
                "second", default=None
            )
            for key, version in versions.items():
                assert (await restored.get_entry(key)).version == version

    async def test_it_replaces_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "there").write_text("precious")
        async with FileStorageProvider("store", tmp_path / "store.db") as store:
            with pytest.raises(StorageConnectionError, match=r"cannot make the backup .* exists"):
                await store.backup(tmp_path / "there")

        assert (tmp_path / "there").read_text() == "precious"
        assert sorted(os.listdir(tmp_path)) == ["store.db", "there"]

    async def test_a_backup_that_finds_no_room_leaves_nothing(self, tmp_path: Path) -> None:
        import resource

        from pepperpy.infra.storage import StorageFullError

        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        async with FileStorageProvider("store", tmp_path / "store.db") as store:
            await store.set("key", "x" * 200_000)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
            try:
                with pytest.raises(StorageFullError):
                    await store.backup(tmp_path / "copy.db")
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

        assert os.listdir(tmp_path) == ["store.db"]


class TestLibrary:
    @pytest.mark.timeout(180)  # some hundred tests
    def test_without_apsw_the_one_of_python_keeps_the_contract(self) -> None:
        here = Path(__file__).parent
        code = (
            "import sys, pytest\n"
            "sys.modules['apsw'] = None\n"
            "from pepperpy.infra.storage._sqlite._driver import driver\n"
            "assert driver().name == 'sqlite3'\n"
            "sys.exit(pytest.main(sys.argv[1:]))\n"
        )
        files = [str(here / name) for name in ("test_file.py", "test_file_place.py")]
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                code,
                "-q",
                "-p",
                "no:cacheprovider",
                "-k",
                "not TestFull",
                *files,
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=here.parents[2],
        )

        assert done.returncode == 0, done.stdout

    def test_apsw_is_taken_where_it_is_installed(self) -> None:
        found: Driver = driver()

        assert found.name == "apsw"
        assert found.resets_safely


@pytest.mark.asyncio
async def test_a_watch_misses_nothing_that_others_do_while_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.db"
    async with FileStorageProvider("one", path) as one, FileStorageProvider("two", path) as two:
        first = one.watch("first")
        engine = one._tasks.use()
        observer = engine.observer
        listed = observer._versions

        def write_between(prefix: str) -> Any:
            found = [*listed(prefix)]
            if prefix == "second" and not written.is_set():
                written.set()
                worker = threading.Thread(
                    target=lambda: two.sync.set_many({"first": 1, "second": 1})
                )
                worker.start()
                worker.join()
                assert told.wait(10)  # the observer has seen that something was committed
            return found

        told, written = threading.Event(), threading.Event()
        tell = first.tell

        def tell_first(changes: Any) -> None:
            news = [*changes]
            tell(news)
            if news:
                told.set()

        monkeypatch.setattr(observer, "_versions", write_between)
        monkeypatch.setattr(first, "tell", tell_first)

        second = one.watch("second")

        async with asyncio.timeout(10):
            assert (await anext(second)).key == "second"


def test_of_writes_that_are_noted_in_another_order_the_last_one_is_told() -> None:
    watched = _Watched("k", lambda _: True, {"k1": (3, None)})

    assert watched.noted([Happened("k1", 5), Happened("k1", 4), Happened("other", 6)]) == [
        Happened("k1", 5)
    ]
    assert watched.noted([Happened("k1", 5)]) == []
    assert watched.compared({"k1": (5, None)}, 0.0) == []
