"""Races of `pepperpy-infra-storage`: memory, a file at each durability, many tasks, and opening.

Values are JSON objects of about 1,000 bytes.  py-key-value's disk store is diskcache below, which a
power cut may cost the last writes; aiosqlite is plain SQLite with one statement a write, at the same
durability as ours.  redis-py is its asyncio client with orjson and one command for each await, without
versions; both speak to a private server that writes nothing to disk.
"""

from __future__ import annotations

import asyncio  # noqa: TID253 - all of this runs in event loops
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from json import dumps
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any, Protocol

import aiosqlite
import orjson
from harness import OURS, Goal, Loop, Race, Unit
from key_value.aio.stores.disk import DiskStore
from key_value.aio.stores.memory import MemoryStore
from redis_server import running_redis

from pepperpy.infra.storage import (
    FileStorageProvider,
    MemoryStorageProvider,
    RedisStorageProvider,
    StorageProvider,
)

PYKV_MEMORY, PYKV_DISK = "py-key-value memory", "py-key-value disk"
AIOSQLITE = "aiosqlite"
REDIS_PY = "redis-py"
MICROSECONDS = Unit(name="µs", factor=1e6, digits=1)
MILLISECONDS = Unit(name="ms", factor=1e3, digits=1)
MEBIBYTES = Unit(name="MiB", digits=1)
KEYS = 1000
MANY = 1_000_000
STATM = Path("/proc/self/statm")


class Store(Protocol):
    """What every contestant has."""

    async def set(self, key: str, value: Any) -> object:
        """Keep a value."""
        ...

    async def get(self, key: str) -> Any:
        """The value."""
        ...


class KeyValue:
    """A store of py-key-value-aio."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.set, self.get = store.put, store.get


class SQLite:
    """aiosqlite, with orjson as its documentation leaves to everybody."""

    @classmethod
    async def open(cls, path: Path, synchronous: str) -> SQLite:
        """A new file in WAL mode."""
        self = cls()
        self.db = await aiosqlite.connect(path, isolation_level=None)
        await self.db.execute("PRAGMA journal_mode=WAL")
        await self.db.execute(f"PRAGMA synchronous={synchronous}")
        await self.db.execute("CREATE TABLE kv (k TEXT PRIMARY KEY, v BLOB) WITHOUT ROWID")
        return self

    async def set(self, key: str, value: Any) -> None:
        """Keep a value."""
        await self.db.execute("INSERT OR REPLACE INTO kv VALUES (?, ?)", (key, orjson.dumps(value)))

    async def get(self, key: str) -> Any:
        """The value."""
        async with self.db.execute("SELECT v FROM kv WHERE k = ?", (key,)) as rows:
            (found,) = await rows.fetchone() or (b"null",)
        return orjson.loads(found)


class RedisPy:
    """redis-py's asyncio client as it comes, with orjson."""

    def __init__(self, url: str) -> None:
        from redis.asyncio import Redis

        self.client = Redis.from_url(url)

    async def set(self, key: str, value: Any) -> None:
        """Keep a value."""
        await self.client.set(key, orjson.dumps(value))

    async def get(self, key: str) -> Any:
        """The value."""
        return orjson.loads(await self.client.get(key))


def races(folder: Path) -> Iterator[Race]:
    """All of them."""
    yield from in_memory()
    yield from in_redis(folder / "redis")
    files = Files(folder / "storage")
    yield from files.reads()
    yield from files.writes()
    yield from files.by_tasks()
    yield from files.latencies()
    files.close()
    if STATM.exists():
        yield from opening(folder / "storage" / "many.db")


def in_memory() -> Iterator[Race]:
    """A store in memory, for one task: many change nothing."""
    loop = asyncio.new_event_loop()
    stores: dict[str, Store] = {
        OURS: loop.run_until_complete(connected(MemoryStorageProvider("bench memory"))),
        PYKV_MEMORY: KeyValue(MemoryStore()),
    }
    goal = Goal(at_most=0.25, against=PYKV_MEMORY)
    for store in stores.values():
        loop.run_until_complete(fill(store))
    for what in ("set", "get"):
        yield Race(
            title=f"storage in memory, {what}",
            contestants={
                name: working(loop, store, what, 1, 500) for name, store in stores.items()
            },
            goals=[goal],
            calibrate=False,
            unit=MICROSECONDS,
        )


def in_redis(folder: Path) -> Iterator[Race]:
    """A store in a private Redis, where there is one to start."""
    with running_redis(folder) as url:
        if url is None:
            return
        loop = asyncio.new_event_loop()
        ours = RedisStorageProvider("bench redis", url)
        theirs = RedisPy(url)
        stores: dict[str, Store] = {OURS: ours, REDIS_PY: theirs}
        loop.run_until_complete(ours.connect())
        for store in stores.values():
            loop.run_until_complete(fill(store))
        for tasks, most in ((1, 1.1), (64, 1 / 3.5)):
            for what in ("set", "get"):
                yield Race(
                    title=f"storage in Redis, {what}, {named(tasks)}",
                    contestants={
                        name: working(loop, store, what, tasks, 200 if tasks == 1 else 2048)
                        for name, store in stores.items()
                    },
                    goals=[Goal(at_most=most, against=REDIS_PY)],
                    calibrate=False,
                    unit=MICROSECONDS,
                )
        loop.run_until_complete(ours.disconnect())
        loop.run_until_complete(theirs.client.aclose())
        loop.close()


class Files:
    """The stores in files, made once."""

    def __init__(self, folder: Path) -> None:
        self.loop = asyncio.new_event_loop()
        folder.mkdir()
        run = self.loop.run_until_complete
        self.full: dict[str, Store] = {
            OURS: run(connected(FileStorageProvider("bench full", folder / "full.db"))),
            AIOSQLITE: run(SQLite.open(folder / "aio-full.db", "FULL")),
        }
        self.process: dict[str, Store] = {
            OURS: run(connected(FileStorageProvider("bench", folder / "p.db", "process"))),
            PYKV_DISK: KeyValue(DiskStore(directory=folder / "pykv")),
            AIOSQLITE: run(SQLite.open(folder / "aio.db", "NORMAL")),
        }
        for store in (*self.full.values(), *self.process.values()):
            run(fill(store))

    def close(self) -> None:
        """Let go of the files, which are deleted in the end."""
        for store in (*self.full.values(), *self.process.values()):
            if isinstance(store, StorageProvider):
                self.loop.run_until_complete(store.disconnect())
            elif isinstance(store, SQLite):
                self.loop.run_until_complete(store.db.close())
            elif isinstance(store, KeyValue):
                self.loop.run_until_complete(store.store.close())
        self.loop.close()

    def reads(self) -> Iterator[Race]:
        """One task reads."""
        goal = Goal(at_most=1 / 3, against=PYKV_DISK)
        yield self.race("storage in a file, get", self.process, "get", goal, tasks=1, times=200)

    def writes(self) -> Iterator[Race]:
        """What an awaited write survives, for one task and for 64."""
        for tasks, most in ((1, 1 / 3), (64, 1 / 5)):
            yield self.race(
                f"storage in a file, set that outlives the process, {named(tasks)}",
                self.process,
                "set",
                Goal(at_most=most, against=PYKV_DISK),
                tasks=tasks,
                times=2048,  # long enough for each to tidy its log up
            )
        for tasks, most in ((1, 1.25), (64, 1 / 5)):
            yield self.race(
                f"storage in a file, set that outlives a power cut, {named(tasks)}",
                self.full,
                "set",
                Goal(at_most=most, against=AIOSQLITE),
                tasks=tasks,
                times=128 if tasks == 1 else 1024,
            )

    def by_tasks(self) -> Iterator[Race]:
        """How the time of one write changes with the number of tasks."""
        for tasks in (1, 4, 16, 64, 256):
            yield self.race(
                f"storage in a file, a set that outlives a power cut by tasks, {tasks}",
                self.full,
                "set",
                tasks=tasks,
                times=max(64, 2 * tasks),
                series="storage in a file, a set that outlives a power cut, by tasks",
                at=tasks,
            )

    def latencies(self) -> Iterator[Race]:
        """How long one write takes at most, of so many in a hundred."""
        for percent in (50, 90, 99, 99.9):
            yield Race(
                title=f"storage in a file, latency of a set, {percent} %",
                contestants={
                    name: slowest(self.loop, store, percent) for name, store in self.process.items()
                },
                goals=[Goal(at_most=0.5, against=PYKV_DISK)] if percent == 99 else [],
                calibrate=False,
                rounds=5,
                unit=MICROSECONDS,
                series="storage in a file, latency of a set by percentile",
                at=f"{percent} %",
            )

    def race(
        self,
        title: str,
        stores: dict[str, Store],
        what: str,
        *goals: Goal,
        tasks: int,
        times: int,
        **options: Any,
    ) -> Race:
        """All of these stores, with so many tasks."""
        return Race(
            title=title,
            contestants={
                name: working(self.loop, store, what, tasks, times)
                for name, store in stores.items()
            },
            goals=goals,
            calibrate=False,
            unit=MICROSECONDS,
            **options,
        )


def named(tasks: int) -> str:
    """How many, in words."""
    return "one task" if tasks == 1 else f"{tasks} tasks"


def values() -> list[dict[str, Any]]:
    """JSON objects of about a thousand bytes."""
    random = Random(1)  # noqa: S311
    made: list[dict[str, Any]] = []
    for number in range(64):
        value: dict[str, Any] = {"id": number, "name": f"item-{number}", "ok": True, "items": []}
        while len(dumps(value)) < 960:
            value["items"].append(
                {"k": random.randrange(10**9), "s": f"{random.getrandbits(64):016x}"}
            )
        made.append(value)
    return made


VALUES = values()


async def connected(provider: StorageProvider) -> StorageProvider:
    """The provider, ready."""
    await provider.connect()
    return provider


async def fill(store: Store) -> None:
    """Give each key a value."""
    for number in range(KEYS):
        await store.set(f"k{number:06}", VALUES[number % 64])


def working(
    loop: asyncio.AbstractEventLoop, store: Store, what: str, tasks: int, times: int
) -> Loop:
    """A contestant whose tasks do *times* operations together; it tells the seconds for one."""
    random = Random(2)  # noqa: S311

    async def timed() -> float:
        keys = iter([f"k{random.randrange(KEYS):06}" for _ in range(times)])
        work: Callable[[str], Awaitable[object]] = store.get
        if what == "set":
            value = count()

            def work(key: str) -> Awaitable[object]:
                return store.set(key, VALUES[next(value) % 64])

        async def worker() -> None:
            for key in keys:
                await work(key)

        start = perf_counter()
        await asyncio.gather(*(worker() for _ in range(tasks)))
        return (perf_counter() - start) / times

    return lambda _: loop.run_until_complete(timed())


def slowest(loop: asyncio.AbstractEventLoop, store: Store, percent: float) -> Loop:
    """A contestant that tells how long a write takes at most, of *percent* in a hundred."""

    async def timed() -> float:
        seconds: list[float] = []
        for number in range(2000):
            start = perf_counter()
            await store.set(f"k{number % KEYS:06}", VALUES[number % 64])
            seconds.append(perf_counter() - start)
        return sorted(seconds)[int(len(seconds) * percent / 100) - 1]

    return lambda _: loop.run_until_complete(timed())


OPENING = """
import asyncio, sys, time
from pathlib import Path
from pepperpy.infra.storage import FileStorageProvider

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

async def main():
    warm = FileStorageProvider("warm", sys.argv[1] + ".warm")
    async with warm:
        await warm.get("k", None)
    before, start = resident(), time.perf_counter()
    store = FileStorageProvider("many", sys.argv[1])
    await store.connect()
    assert await store.get("k000500000") == "x" * 90
    print(time.perf_counter() - start, (resident() - before) / 2**20)
    await store.disconnect()

asyncio.run(main())
"""


def opening(path: Path) -> Iterator[Race]:
    """Opening a million keys and reading one, in a process of its own."""

    async def fill_many() -> None:
        async with FileStorageProvider("many", path, "process") as store:
            for start in range(0, MANY, 20_000):
                keys = range(start, start + 20_000)
                await store.set_many({f"k{number:09}": "x" * 90 for number in keys})

    def opened(which: int) -> Loop:
        def loop(_: int) -> float:
            if not path.exists():
                asyncio.run(fill_many())
            command = [sys.executable, "-c", OPENING, str(path)]
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
            return float(printed.split()[which])

        return loop

    for which, what, unit, most in (
        (0, "time", MILLISECONDS, 0.05),
        (1, "memory", MEBIBYTES, 20.0),
    ):
        yield Race(
            title=f"storage in a file, opening a million keys, {what}",
            contestants={OURS: opened(which)},
            goals=[Goal(at_most=most)],
            calibrate=False,
            rounds=5,
            unit=unit,
        )
