"""The store in memory keeps the contract, and what else it promises."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pepperpy.infra.storage import (
    Change,
    ConflictError,
    MemoryStorageProvider,
    StorageProvider,
)
from pepperpy.infra.storage.testing import StorageProviderContract
from pepperpy.infra.utils import FakeClock, inspectables


class TestMemory(StorageProviderContract):
    def make_provider(self) -> MemoryStorageProvider:
        return MemoryStorageProvider("memory", clock=self.clock)


@pytest.mark.asyncio
class TestExpiry:
    async def test_a_jump_of_the_wall_clock_changes_no_ttl(self) -> None:
        clock = FakeClock(wall=2_000_000_000.0)
        async with MemoryStorageProvider("m", clock=clock) as store:
            await store.set("a", 1, ttl=60)

            clock.jump(-10_000)
            clock.advance(59)
            assert await store.exists("a")
            clock.jump(10_000)
            assert await store.exists("a")
            clock.advance(1)
            assert not await store.exists("a")

    async def test_what_expired_and_is_never_asked_for_leaves_memory(self) -> None:
        clock = FakeClock()
        async with MemoryStorageProvider("m", clock=clock) as store:
            await store.set_many({f"old{number}": "x" for number in range(100)}, ttl=1)
            clock.advance(1)
            await store.set_many({f"new{number}": "x" for number in range(60)}, ttl=1)

            assert (await store.info())["keys"] == 60

    async def test_one_key_written_for_ever_keeps_memory_bounded(self) -> None:
        async with MemoryStorageProvider("m") as store:
            for number in range(5000):
                await store.set("a", number, ttl=3600)

            assert len(store._ends) < 100

    async def test_counting_does_not_put_the_end_off(self) -> None:
        clock = FakeClock()
        async with MemoryStorageProvider("m", clock=clock) as store:
            await store.increment("n", ttl=1)
            for _ in range(99):
                clock.advance(0.01)
                await store.increment("n", ttl=1)
                await store.update("n", lambda value: value)
            clock.advance(0.01)

            assert await store.increment("n", ttl=1) == 1


class TestThreads:
    def test_threads_count_without_losing_one(self) -> None:
        store = MemoryStorageProvider("m")
        sync = store.sync
        sync.connect()

        def work(_: int) -> None:
            for _ in range(500):
                sync.increment("n")
                sync.update("u", lambda value: value + 1, default=0)

        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(work, range(4)))
        finally:
            sys.setswitchinterval(before)

        assert sync.get_many(["n", "u"]) == {"n": 2000, "u": 2000}

    def test_the_sync_twin_of_a_store_that_never_waits_needs_no_thread(self) -> None:
        code = (
            "import threading\n"
            "from pepperpy.infra.storage import MemoryStorageProvider\n"
            "with MemoryStorageProvider('m').sync as store:\n"
            "    store.set('a', 1)\n"
            "    with store.transaction() as tx: tx.set('b', 2)\n"
            "    assert store.get('b') == 2\n"
            "assert threading.active_count() == 1\n"
            "import sys; assert 'asyncio' not in sys.modules\n"
        )
        subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)

    def test_a_sync_transaction_is_undone_by_an_error_in_its_block(self) -> None:
        with MemoryStorageProvider("m").sync as store:

            def fail() -> None:
                with store.transaction() as tx:
                    tx.set("a", 1)
                    raise RuntimeError

            with pytest.raises(RuntimeError):
                fail()

            assert store.keys() == []

    def test_a_sync_transaction_is_told_of_a_conflict(self) -> None:
        with MemoryStorageProvider("m").sync as store:
            store.set("a", 1)

            def change() -> None:
                with store.transaction() as tx:
                    tx.update("a", lambda value: value + 1)
                    tx.delete("b")
                    assert tx.exists("a")
                    assert tx.get_many(["a", "b"]) == {"a": 2}
                    store.set("a", 5)

            with pytest.raises(ConflictError):
                change()

            assert store.get("a") == 5

    def test_the_sync_twin_refuses_to_wait_for_itself(self) -> None:
        with MemoryStorageProvider("m").sync as store:

            def ask(value: int) -> int:
                from pepperpy.infra.storage._sync import _loop

                return value + _loop.run(store.provider.get("a"))

            store.set("a", 1)
            with pytest.raises(RuntimeError, match="await it there"):
                store.update("a", ask)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
    def test_the_sync_twin_works_in_a_forked_child(self) -> None:
        code = (
            "import os, warnings\n"
            "warnings.simplefilter('ignore', DeprecationWarning)\n"
            "from pepperpy.infra.storage import MemoryStorageProvider\n"
            "store = MemoryStorageProvider('m').sync\n"
            "store.connect(); store.set('a', 1)\n"
            "async def add(value): return value + 1\n"
            "store.update('a', add)\n"
            "pid = os.fork()\n"
            "store.update('a', add)\n"
            "assert store.get('a') == 3\n"
            "if pid: assert os.waitpid(pid, 0)[1] == 0\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, timeout=20)


@pytest.mark.asyncio
class TestWatch:
    async def test_a_watch_that_nobody_holds_is_told_no_more(self) -> None:
        async with MemoryStorageProvider("m") as store:
            store.watch()
            gc.collect()

            assert not store._watchers.any()

    async def test_changes_made_by_another_thread_are_told(self) -> None:
        async with MemoryStorageProvider("m") as store, store.watch() as watch:
            thread = threading.Thread(target=lambda: store.sync.set("a", 1))
            thread.start()

            assert await anext(watch) == Change("a", "set", 1)
            thread.join()

    async def test_a_key_that_changes_again_is_told_after_what_came_between(self) -> None:
        async with MemoryStorageProvider("m") as store, store.watch() as watch:
            for key in ("a", "b", "a", "c", "b"):
                await store.set(key, 1)

            assert [(await anext(watch)).key for _ in range(3)] == ["a", "c", "b"]

    async def test_what_waits_is_bounded_by_the_number_of_keys(self) -> None:
        async with MemoryStorageProvider("m") as store, store.watch() as watch:
            for number in range(1000):
                await store.set(f"k{number % 3}", number)
            await store.delete("k0")

            told = [await anext(watch) for _ in range(3)]

        assert {change.key: change.kind for change in told} == {
            "k0": "delete",
            "k1": "set",
            "k2": "set",
        }
        assert len(watch._waiting) == 0


class TestInspection:
    def test_a_store_is_found_by_whoever_watches_the_program(self) -> None:
        store = MemoryStorageProvider("inspected")
        store.sync.connect()
        store.sync.set("a", "secret")

        (found,) = [each for each in inspectables() if each is store]
        said = found.inspect()

        assert said["kind"] == "storage"
        assert said["name"] == "inspected"
        assert said["facts"] == {"keys": 1, "bytes": 8}
        assert "secret" not in repr(said)


def test_importing_is_light_and_does_nothing() -> None:
    code = (
        "import sys, threading\n"
        "import pepperpy.infra.storage\n"
        "slow = {'asyncio', 'apsw', 'sqlite3', 'key_value', 'numpy', 'pytest'} & set(sys.modules)\n"
        "assert not slow, slow\n"
        "assert threading.active_count() == 1\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_a_provider_lacks_no_method_of_the_older_api() -> None:
    assert StorageProvider.__abstractmethods__ == {
        "name", "storage_type", "connect", "disconnect", "is_connected", "get", "set", "delete", "exists", "keys",
        "clear",
    }  # fmt: skip
