"""How storage grows: with keys, with tasks at once, with the size of a batch."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import ClassVar, TypeAlias

from capacity_size import Curve, Size

from pepperpy.infra.storage import (
    FileStorageProvider,
    PostgresStorageProvider,
    RedisStorageProvider,
    StorageProvider,
)
from servers import Postgres, Redis

VALUE = "x" * 100
FILL = 1_000  # keys of one step in which a store is filled
MICRO = 1e6

Stores: TypeAlias = dict[str, StorageProvider]
Work: TypeAlias = Callable[[str], Awaitable[object]]


class Syncing(Postgres):
    """One that waits for its disk, as a server in earnest does."""

    options: ClassVar[tuple[str, ...]] = ()


def _key(number: int) -> str:
    return f"user:{number}"


def _sample(count: int, calls: int) -> list[str]:
    chance = random.Random(7)  # noqa: S311 - no secret
    return [_key(chance.randrange(count)) for _ in range(calls)]


async def _fill(store: StorageProvider, begin: int, end: int) -> None:
    for start in range(begin, end, FILL):
        await store.set_many({_key(n): VALUE for n in range(start, min(end, start + FILL))})


async def _one_by_one(work: Work, keys: Sequence[str]) -> float:
    """The median time of a call, in microseconds."""
    took = []
    for key in keys:
        begun = perf_counter()
        await work(key)
        took.append(perf_counter() - begun)
    return median(took) * MICRO


async def _a_second(work: Work, keys: Sequence[str], tasks: int) -> float:
    """How many calls so many tasks get done in a second."""
    import asyncio

    async def task(own: Sequence[str]) -> None:
        for key in own:
            await work(key)

    begun = perf_counter()
    await asyncio.gather(*(task(keys[number::tasks]) for number in range(tasks)))
    return len(keys) / (perf_counter() - begun)


def _set(store: StorageProvider) -> Work:
    return lambda key: store.set(key, VALUE)


def by_keys(size: Size) -> Iterator[Curve]:
    """One task alone, on stores that have more and more keys."""
    import asyncio

    with Redis() as redis, Syncing() as postgres, tempfile.TemporaryDirectory() as folder:
        stores: Stores = {
            "file": FileStorageProvider("file", Path(folder) / "a.db", "process"),
            "Redis": RedisStorageProvider("capacity", redis.url),
            "PostgreSQL": PostgresStorageProvider("capacity", postgres.url),
        }
        for name, store in stores.items():
            # A million rows take PostgreSQL minutes, and say no more.
            keys = size.keys if name != "PostgreSQL" else size.keys[:-1]
            yield from asyncio.run(_by_keys(name, store, keys, max(10, size.calls // 4)))


async def _by_keys(
    name: str, store: StorageProvider, sizes: Sequence[int], calls: int
) -> list[Curve]:
    gets, sets = [], []
    async with store:
        for before, keys in zip((0, *sizes), sizes, strict=False):
            await _fill(store, before, keys)
            sample = _sample(keys, calls)
            gets.append((keys, await _one_by_one(store.get, sample)))
            sets.append((keys, await _one_by_one(_set(store), sample)))
    return [
        Curve(name=f"{name}, {verb}", over="keys", unit="µs a call", points=points)
        for verb, points in (("get", gets), ("set", sets))
    ]


def room(size: Size) -> Iterator[Curve]:
    """What a key of about ten letters with a value of 100 takes on the server, or on disk."""
    import asyncio

    with Redis() as redis, tempfile.TemporaryDirectory() as folder:
        path, copy = Path(folder) / "a.db", Path(folder) / "copy.db"
        file = FileStorageProvider("file", path, "process")
        store = RedisStorageProvider("capacity", redis.url)

        async def in_file() -> int:
            copy.unlink(missing_ok=True)
            await file.backup(copy)
            return copy.stat().st_size

        async def on_server() -> int:
            with redis.client() as client:
                used: int = client.info("memory")["used_memory"]
            return used

        for name, each, used in (("file", file, in_file), ("Redis", store, on_server)):
            points = asyncio.run(_room(each, used, size.keys))
            yield Curve(name=name, over="keys", unit="bytes a key", points=points)


async def _room(
    store: StorageProvider, used: Callable[[], Awaitable[int]], sizes: Sequence[int]
) -> list[tuple[float, float]]:
    points: list[tuple[float, float]] = []
    async with store:
        empty = await used()
        for before, keys in zip((0, *sizes), sizes, strict=False):
            await _fill(store, before, keys)
            points.append((keys, (await used() - empty) / keys))
    return points


def by_tasks(size: Size) -> Iterator[Curve]:
    """A store with a thousand keys, and tasks of one process that call at the same time."""
    import asyncio

    with ExitStack() as ends, tempfile.TemporaryDirectory() as folder:
        redis = ends.enter_context(Redis())
        postgres = ends.enter_context(Syncing()).url
        stores: Stores = {
            "file, full": FileStorageProvider("file", Path(folder) / "a.db"),
            "Redis": RedisStorageProvider("capacity", redis.url),
            "PostgreSQL": PostgresStorageProvider("capacity", postgres),
            "PostgreSQL, synchronous_commit=off": PostgresStorageProvider(
                "capacity", f"{postgres}?synchronous_commit=off"
            ),
        }
        for name, store in stores.items():
            yield from asyncio.run(_by_tasks(name, store, size))


async def _by_tasks(name: str, store: StorageProvider, size: Size) -> list[Curve]:
    async with store:
        await _fill(store, 0, FILL)
        curves = []
        for verb, work in (("get", store.get), ("set", _set(store))):
            points = []
            for tasks in size.tasks:
                calls = size.calls if tasks > 1 else size.calls // 4
                points.append((tasks, await _a_second(work, _sample(FILL, calls), tasks)))
            curves.append(
                Curve(
                    name=f"{name}, {verb}",
                    over="tasks at once",
                    unit="calls a second",
                    points=points,
                )
            )
    return curves[1:] if "off" in name else curves


def by_batch(size: Size) -> Iterator[Curve]:
    """What one key costs in a call that has more and more of them."""
    import asyncio

    with Redis() as redis, Syncing() as postgres:
        stores: Stores = {
            "Redis": RedisStorageProvider("capacity", redis.url),
            "PostgreSQL": PostgresStorageProvider("capacity", postgres.url),
        }
        for name, store in stores.items():
            yield from asyncio.run(_by_batch(name, store, size))


async def _by_batch(name: str, store: StorageProvider, size: Size) -> list[Curve]:
    points: dict[str, list[tuple[float, float]]] = {"get_many": [], "set_many": []}
    async with store:
        await _fill(store, 0, max(FILL, *size.batches))
        for batch in size.batches:
            keys = [_key(n) for n in range(batch)]
            values = dict.fromkeys(keys, VALUE)
            works: dict[str, Work] = {
                "get_many": lambda _, keys=keys: store.get_many(keys),  # type: ignore[misc]
                "set_many": lambda _, values=values: store.set_many(values),  # type: ignore[misc]
            }
            rounds = max(10, size.calls // 2 // batch)
            for verb, work in works.items():
                points[verb].append((batch, await _one_by_one(work, [""] * rounds) / batch))
    return [
        Curve(name=f"{name}, {verb}", over="keys in a call", unit="µs a key", points=each)
        for verb, each in points.items()
    ]


PANELS = {
    "storage: a call of one task, by keys in the store": by_keys,
    "storage: room that a key takes": room,
    "storage: calls of one process, by tasks at once": by_tasks,
    "storage: a key of a batch": by_batch,
}
