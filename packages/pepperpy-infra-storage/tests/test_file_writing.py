"""Writes: many in one transaction, acknowledged when they are safe, none done twice or half."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from pepperpy.infra.storage import (
    FileStorageProvider,
    InvalidValueError,
    KeyExistsError,
    LockedError,
    StorageConnectionError,
)
from pepperpy.infra.storage._sqlite import Busy, Engine, Job, Modify, Put, Settings
from pepperpy.infra.storage._sqlite._driver import driver
from pepperpy.infra.utils import Clock, FakeClock


def store(path: Path, durability: Any = "full", **options: Any) -> FileStorageProvider:
    return FileStorageProvider("store", path / "store.db", durability, **options)


def engine(path: Path, durability: Any = "full", *, capacity: int = 1 << 20) -> Engine:
    made = Engine(
        Settings(
            name="engine",
            path=str(path / "store.db"),
            durability=durability,
            timeout=5,
            capacity=capacity,
            clock=Clock(),
        )
    )
    made.open()
    return made


@pytest.mark.asyncio
class TestGroupCommit:
    @pytest.mark.parametrize("durability", ["full", "process"])
    async def test_what_waits_for_one_transaction_shares_the_next(
        self, tmp_path: Path, durability: str
    ) -> None:
        async with store(tmp_path, durability) as made:
            await asyncio.gather(*(made.set(f"key{n}", n) for n in range(200)))

            info = await made.info()
            assert info["writes"] == 200
            assert info["commits"] < 100
            assert [await made.get(f"key{n}") for n in range(200)] == [*range(200)]

    async def test_a_write_that_is_refused_leaves_the_others_of_its_transaction_alone(
        self, tmp_path: Path
    ) -> None:
        async with store(tmp_path) as made:
            await made.set("taken", "text")

            results = await asyncio.gather(
                made.set("a", 1),
                made.set("taken", 2, if_absent=True),
                made.increment("taken"),
                made.set("b", 3),
                return_exceptions=True,
            )

            assert [type(result) for result in results[1:3]] == [
                KeyExistsError,
                InvalidValueError,
            ]
            assert await made.get_many(["a", "b", "taken"]) == {"a": 1, "b": 3, "taken": "text"}

    async def test_writes_of_one_key_are_done_in_the_order_in_which_they_were_begun(
        self, tmp_path: Path
    ) -> None:
        async with store(tmp_path) as made:
            versions = await asyncio.gather(*(made.set("key", number) for number in range(100)))

            assert versions == sorted(versions)
            assert await made.get("key") == 99

    async def test_a_write_that_breaks_takes_no_other_one_with_it(self, tmp_path: Path) -> None:
        made = engine(tmp_path)
        done = threading.Event()

        def broken(_: bytes | None) -> tuple[bytes, None]:
            raise ZeroDivisionError

        def wake(jobs: list[Job]) -> None:
            finished.extend(jobs)
            if len(finished) == 3:
                done.set()

        finished: list[Job] = []
        writes = [Put("a", b"1"), Modify("b", broken, None, 0.0), Put("c", b"3")]
        jobs = [Job(write, wake, None) for write in writes]
        with made.writer._lane.lock:  # so that all wait for one transaction
            made.writer.submit(Job(Put("first", b"0"), lambda _: None, None))
            for job in jobs:
                made.writer.submit(job)

        assert done.wait(10)
        made.close()
        assert [type(job.error) for job in jobs] == [type(None), ZeroDivisionError, type(None)]
        assert [job.answer for job in jobs] == [1, None, 1]

    async def test_each_of_many_increments_counts(self, tmp_path: Path) -> None:
        async with store(tmp_path) as made:
            sums = await asyncio.gather(*(made.increment("n") for _ in range(100)))

            assert sorted(sums) == [*range(1, 101)]
            assert await made.get("n") == 100

    async def test_each_of_many_updates_counts(self, tmp_path: Path) -> None:
        async with store(tmp_path, "process") as made:
            await made.set("n", 0)
            await asyncio.gather(*(made.update("n", lambda n: n + 1) for _ in range(20)))

            assert await made.get("n") == 20

    async def test_of_many_that_write_if_absent_one_wins(self, tmp_path: Path) -> None:
        async with store(tmp_path) as made:
            results = await asyncio.gather(
                *(made.set("key", n, if_absent=True) for n in range(50)), return_exceptions=True
            )

            assert sum(isinstance(result, int) for result in results) == 1


@pytest.mark.asyncio
class TestAlone:
    async def test_a_task_that_writes_alone_waits_for_no_other_thread(self, tmp_path: Path) -> None:
        async with store(tmp_path, "process") as made:
            writing = made.set("key", 1)
            with pytest.raises(StopIteration) as done:  # it ends without being suspended
                writing.send(None)

            assert done.value.value == 1

    async def test_a_task_that_only_writes_lets_others_run(self, tmp_path: Path) -> None:
        async with store(tmp_path, "process") as made:
            turns = 0

            async def other() -> None:
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0)

            running = asyncio.create_task(other())
            for n in range(300):
                await made.set("key", n)
            running.cancel()

            assert turns >= 4

    async def test_full_durability_never_waits_for_the_disk_in_the_loop(
        self, tmp_path: Path
    ) -> None:
        async with store(tmp_path, "full") as made:
            writing = asyncio.ensure_future(made.set("key", 1))
            await asyncio.sleep(0)

            assert not writing.done()
            assert await writing == 1


@pytest.mark.asyncio
class TestCancellation:
    async def test_a_write_that_nobody_waits_for_any_more_is_not_begun(
        self, tmp_path: Path
    ) -> None:
        async with store(tmp_path) as made:
            await made.set("key", "old")
            other = driver().connect(str(tmp_path / "store.db"))
            other.execute("BEGIN IMMEDIATE").fetchall()
            first = asyncio.create_task(made.set("first", 1))  # the writer waits with it
            writer = made._tasks.use().writer
            while not writer.waiting or writer.queued:  # noqa: ASYNC110 - it is another thread
                await asyncio.sleep(0)
            second = asyncio.create_task(made.set("key", "new"))
            await asyncio.sleep(0)
            second.cancel()
            await asyncio.sleep(0)
            other.execute("ROLLBACK").fetchall()
            other.close()

            await first
            await made.set("last", 1)

            assert second.cancelled()
            assert await made.get("key") == "old"

    async def test_cancelling_some_harms_none_of_the_others(self, tmp_path: Path) -> None:
        async with store(tmp_path) as made:
            tasks = [asyncio.create_task(made.set(f"key{n}", n)) for n in range(100)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()

            await asyncio.gather(*tasks, return_exceptions=True)

            assert [task.cancelled() for task in tasks] == [True, False] * 50
            assert [await made.get(f"key{n}") for n in range(1, 100, 2)] == [*range(1, 100, 2)]

    async def test_a_disconnect_that_is_cancelled_still_closes(self, tmp_path: Path) -> None:
        made = store(tmp_path)
        await made.connect()
        await made.set("key", 1)
        leaving = asyncio.create_task(made.disconnect())
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving

        assert not await made.is_connected()
        async with made:
            assert await made.get("key") == 1

    async def test_what_waits_at_disconnect_is_written(self, tmp_path: Path) -> None:
        made = store(tmp_path)
        await made.connect()
        writing = [asyncio.ensure_future(made.set(f"key{n}", n)) for n in range(50)]
        await asyncio.sleep(0)

        await made.disconnect()

        assert await asyncio.gather(*writing) == [1] * 50
        async with made:
            assert len(await made.keys()) == 50


class TestBackpressure:
    def test_no_more_waits_than_there_is_room_for(self, tmp_path: Path) -> None:
        made = engine(tmp_path, capacity=10_000)
        other = driver().connect(str(tmp_path / "store.db"))
        other.execute("BEGIN IMMEDIATE").fetchall()
        woken: list[Job] = []
        jobs = [Job(Put(f"key{n}", bytes(1000)), woken.extend, None) for n in range(30)]

        accepted = [made.writer.submit(job) for job in jobs]

        assert accepted.count(True) < 12
        assert accepted == sorted(accepted, reverse=True)
        other.execute("ROLLBACK").fetchall()
        other.close()
        made.close()
        assert len(woken) == 30  # done, or told that there is room

    @pytest.mark.asyncio
    async def test_writers_wait_for_room_and_all_is_written(self, tmp_path: Path) -> None:
        made = store(tmp_path)
        made._tasks._settings = Settings(
            name="store",
            path=str(tmp_path / "store.db"),
            durability="full",
            timeout=5,
            capacity=5_000,
            clock=Clock(),
        )
        async with made:
            await asyncio.gather(*(made.set(f"key{n}", "x" * 1000) for n in range(100)))

            assert len(await made.keys()) == 100


class TestLoops:
    def test_it_goes_on_in_a_second_event_loop(self, tmp_path: Path) -> None:
        made = store(tmp_path)

        async def first() -> None:
            await made.connect()
            await made.set("key", 1)

        async def second() -> int:
            value: int = await made.get("key")
            await asyncio.gather(*(made.set(f"key{n}", n) for n in range(20)))
            await made.disconnect()
            return value

        asyncio.run(first())
        assert asyncio.run(second()) == 1

    def test_a_loop_that_ends_in_the_middle_of_a_write_stops_nobody(self, tmp_path: Path) -> None:
        made = store(tmp_path)

        async def leave() -> None:
            await made.connect()
            asyncio.ensure_future(made.set("key", 1))  # noqa: RUF006 - nobody waits, that is it
            await asyncio.sleep(0)

        async def after() -> int:
            await made.set("other", 2)
            value: int = await made.get("other")
            await made.disconnect()
            return value

        loop = asyncio.new_event_loop()
        loop.run_until_complete(leave())
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        assert asyncio.run(after()) == 2

    def test_several_loops_share_a_provider(self, tmp_path: Path) -> None:
        made = store(tmp_path, "process")
        asyncio.run(made.connect())
        failures: list[BaseException] = []

        def work(name: str) -> None:
            async def write() -> None:
                await asyncio.gather(*(made.increment("n") for _ in range(50)))
                await made.set(name, name)
                assert await made.get(name) == name

            try:
                asyncio.run(write())
            except BaseException as error:  # noqa: BLE001 - told in the main thread
                failures.append(error)

        threads = [threading.Thread(target=work, args=(f"thread{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failures == []
        assert asyncio.run(made.get("n")) == 200
        asyncio.run(made.disconnect())

    def test_a_provider_that_is_forgotten_leaves_no_thread(self, tmp_path: Path) -> None:
        import gc

        before = set(threading.enumerate())

        async def forget() -> None:
            made = store(tmp_path)
            await made.connect()
            await made.set("key", 1)

        asyncio.run(forget())
        gc.collect()

        assert set(threading.enumerate()) <= before


@pytest.mark.asyncio
class TestDisconnected:
    async def test_everything_says_so(self, tmp_path: Path) -> None:
        made = store(tmp_path)
        for use in (
            made.get("key"),
            made.set("key", 1),
            made.keys(),
            made.clear(),
            made.backup(tmp_path / "copy.db"),
        ):
            with pytest.raises(StorageConnectionError, match="await connect"):
                await use
        with pytest.raises(StorageConnectionError):
            made.watch()

    async def test_connecting_from_many_tasks_opens_one(self, tmp_path: Path) -> None:
        made = store(tmp_path)

        await asyncio.gather(*(made.connect() for _ in range(10)))

        await made.set("key", 1)
        await made.disconnect()
        assert not await made.is_connected()


class TestVersions:
    def test_no_version_of_a_key_comes_twice(self, tmp_path: Path) -> None:
        clock = FakeClock(wall=2_000_000_000.0)
        seen: list[int] = []

        async def live() -> None:
            async with store(tmp_path, "process", clock=clock) as made:
                seen.append(await made.set("key", 1))
                seen.append(await made.set("key", 2))
                await made.delete("key")
                seen.append(await made.set("key", 1, if_absent=True))
                await made.clear()
                seen.append(await made.set("key", 1, ttl=1))
                await made.expire("key", 5)
                seen.append((await made.get_entry("key")).version)
                clock.advance(5)
                made._tasks.use().upkeep.sweep()
                seen.append(await made.set("key", 1, ttl=1))
                clock.advance(1)
                seen.append(await made.set("key", 1, if_absent=True))
                async with made.transaction() as tx:
                    await tx.delete("key")

        asyncio.run(live())
        asyncio.run(live())

        assert seen == sorted(set(seen))
        assert len(seen) == 14


class TestBusy:
    def test_a_write_at_once_gives_way_to_what_waits(self, tmp_path: Path) -> None:
        made = engine(tmp_path, "process")
        other = driver().connect(str(tmp_path / "store.db"))
        other.execute("BEGIN IMMEDIATE").fetchall()
        job = Job(Put("first", b"1"), lambda _: None, None)
        made.writer.submit(job)

        with pytest.raises(Busy):
            made.writer.now(Put("second", b"2"))

        other.execute("ROLLBACK").fetchall()
        other.close()
        made.close()
        assert job.answer == 1


class TestWithoutALoop:
    @pytest.mark.parametrize("durability", ["full", "process"])
    def test_the_sync_twin_works_in_the_thread_that_calls(
        self, tmp_path: Path, durability: str
    ) -> None:
        before = set(threading.enumerate())
        made = store(tmp_path, durability)
        with made.sync as twin:
            assert twin.set("key", 1) == 1
            assert twin.increment("key") == 2
            assert twin.keys() == ["key"]
            twin.backup(tmp_path / "copy.db")
            started = {thread.name for thread in set(threading.enumerate()) - before}
            assert twin.update("key", lambda n: n + 1) == 3
        assert started <= {"pepperpy-storage-upkeep", "pepperpy-storage-sync"}

    def test_threads_write_together(self, tmp_path: Path) -> None:
        with store(tmp_path).sync as twin:
            threads = [
                threading.Thread(target=lambda: [twin.increment("n") for _ in range(25)])
                for _ in range(8)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

            assert twin.get("n") == 200
            assert twin.info()["commits"] <= 200

    @pytest.mark.asyncio
    async def test_the_sync_twin_in_a_coroutine_works_in_another_thread(
        self, tmp_path: Path
    ) -> None:
        async with store(tmp_path) as made:
            assert made.sync.set("key", 1) == 1
            assert made.sync.get("key") == 1

    def test_a_lock_that_stays_is_an_error_there_too(self, tmp_path: Path) -> None:
        with store(tmp_path, timeout=0.05).sync as twin:
            twin.set("key", 1)
            other = driver().connect(str(tmp_path / "store.db"))
            other.execute("BEGIN IMMEDIATE").fetchall()
            with pytest.raises(LockedError):
                twin.set("key", 2)
            other.close()


class TestGarbage:
    def test_a_provider_that_is_found_to_be_garbage_in_the_writers_own_thread_is_closed(
        self, tmp_path: Path
    ) -> None:
        made = engine(tmp_path)
        closed = threading.Event()

        class Collects:
            size = 1
            single = False

            def run(self, connection: Any) -> None:
                made.close()  # as the finalizer of a provider does, wherever it is run
                closed.set()

        made.writer.submit(Job(Collects(), lambda _: None, None))

        assert closed.wait(20)
        for thread in threading.enumerate():
            if thread.name.startswith("pepperpy-storage-close"):
                thread.join(20)
        with pytest.raises(StorageConnectionError):
            made.read("SELECT 1")

    def test_a_thread_that_cannot_be_started_costs_no_write(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = engine(tmp_path, "process")

        def cannot(thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", cannot)
            assert made.writer.now(Put("key", b"1")) == 1
            with pytest.raises(RuntimeError):
                made.writer.submit(Job(Put("key", b"2"), lambda _: None, None))

        assert made.writer.execute(Put("key", b"3")) == 2
        made.close()
