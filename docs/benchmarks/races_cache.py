"""Races of `pepperpy-infra-cache`: hits, misses, hit ratios, herds, expiry and memory.

Each library is used as its own documentation shows it.  `functools.lru_cache` is no rival: it has
neither expiry nor invalidation, and is all C; it is there as the least that a hit can cost.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from functools import lru_cache
from itertools import accumulate, count, cycle, islice
from pathlib import Path
from random import Random
from typing import Any

import aiocache
import async_lru
import cachebox
import cachetools
import cashews
import dogpile.cache
import moka_py
import theine
from harness import OURS, Goal, Loop, Race, Unit, over, through

from pepperpy.infra.cache import async_cached, cached

Decorate = Callable[[Callable[..., Any]], Callable[..., Any]]

LRU_CACHE = "functools.lru_cache"
COROUTINE = "a bare coroutine"
CACHETOOLS, CACHEBOX = "cachetools TTLCache", "cachebox TTLCache"
THEINE, MOKA, DOGPILE = "theine", "moka-py", "dogpile.cache"
ASYNC_LRU, AIOCACHE, CASHEWS = "async-lru", "aiocache", "cashews"
LRU, FIFO, LFU = "LRU (functools)", "FIFO (cachetools)", "LFU (cachetools)"
RIVALS = (CACHETOOLS, CACHEBOX, THEINE, MOKA)

TTL = 3600.0
PERCENT = Unit(name="%", digits=1, more_is_better=True, step="points")
CALLS = Unit(name="calls")
SERVED = Unit(name="of 9 callers", more_is_better=True)
BYTES = Unit(name="bytes")
MICROSECONDS = Unit(name="µs", factor=1e6)

INTS = range(1_000_000, 1_001_000)
STATM = Path("/proc/self/statm")


def races() -> Iterator[Race]:
    """All of them."""
    yield hit("a hit, one int", list(INTS), [Goal(at_most=2.1, against=LRU_CACHE)], best=0.42)
    names = [f"user-{number}" for number in INTS]
    yield hit("a hit, one str", names, [Goal(at_most=1.5, against=LRU_CACHE)])
    yield two_arguments()
    yield awaited()
    yield mixed()
    yield churn()
    yield from growth()
    yield from ratios()
    yield herd_of_tasks()
    yield cancelled()
    yield herd_of_threads()
    yield expiry()
    if STATM.exists():
        yield memory()


def plain(size: int | None, ttl: float = TTL) -> dict[str, Decorate]:
    """What decorates a plain function, each with room for *size* results."""
    room = size or sys.maxsize
    return {
        OURS: cached(ttl=ttl, max_size=size),
        LRU_CACHE: lru_cache(maxsize=size),
        CACHETOOLS: cachetools.cached(cachetools.TTLCache(room, ttl), lock=threading.Lock()),
        CACHEBOX: cachebox.cached(cachebox.TTLCache(size or 0, global_ttl=ttl)),
        THEINE: theine.Memoize(min(room, 10**7), timedelta(seconds=ttl)),
        MOKA: moka_py.cached(min(room, 10**7), ttl=ttl),
    }


def coroutines() -> dict[str, Decorate]:
    """What decorates a coroutine function."""
    return {
        OURS: async_cached(ttl=TTL),
        ASYNC_LRU: async_lru.alru_cache(maxsize=1024, ttl=TTL),
        CACHEBOX: cachebox.cached(cachebox.TTLCache(1024, global_ttl=TTL)),
        THEINE: theine.Memoize(1024, timedelta(seconds=TTL)),
        AIOCACHE: aiocache.cached(ttl=int(TTL)),
        CASHEWS: by_cashews,
    }


def by_cashews(func: Callable[..., Any]) -> Callable[..., Any]:
    """Cashews, with its protection against herds."""
    store = cashews.Cache()
    store.setup("mem://?size=1024&check_interval=60")
    decorated: Callable[..., Any] = store(ttl=TTL, lock=True)(func)
    return decorated


def region() -> Decorate:
    """dogpile.cache in memory, which has no bound."""
    made = dogpile.cache.make_region().configure("dogpile.cache.memory", expiration_time=int(TTL))
    return made.cache_on_arguments()


def same(key: object) -> object:
    """What is cached."""
    return key


def same_of_several(key: object, other: str, *, flag: bool = False) -> object:  # noqa: ARG001
    """What is cached of several arguments."""
    return key


def filled(func: Callable[..., Any], keys: Sequence[object]) -> Loop:
    """A contestant whose calls are all hits."""
    for key in keys:
        func(key)
    return over(func, keys)


def hit(
    title: str, keys: Sequence[object], goals: Sequence[Goal], *, best: float | None = None
) -> Race:
    """A call whose result is there."""
    makers = plain(4096) | {DOGPILE: region()}
    against = [Goal(at_most=best, against=RIVALS)] if best else []
    return Race(
        title=title,
        contestants={name: filled(make(same), keys) for name, make in makers.items()},
        floors=[LRU_CACHE],
        goals=[*goals, *against],
    )


def two_arguments() -> Race:
    """The same with what has to be put into order first."""
    keys = list(INTS)

    def contestant(func: Callable[..., Any]) -> Loop:
        def loop(times: int) -> None:
            for key in islice(cycle(keys), times):
                func(key, "b", flag=True)

        loop(len(keys))
        return loop

    return Race(
        title="a hit, two arguments and a keyword",
        contestants={name: contestant(make(same_of_several)) for name, make in plain(4096).items()},
        floors=[LRU_CACHE],
        goals=[Goal(at_most=1.6, against=LRU_CACHE), Goal(at_most=0.5, against=RIVALS)],
    )


def awaited() -> Race:
    """A hit of a coroutine function."""
    from asyncio import new_event_loop

    loop = new_event_loop()  # for as long as the program runs

    async def bare(key: object) -> object:
        return key

    async def spin(call: Callable[[object], Awaitable[object]], times: int) -> None:
        for key in islice(cycle(INTS), times):
            await call(key)

    def contestant(call: Callable[..., Any]) -> Loop:
        loop.run_until_complete(spin(call, len(INTS)))
        return lambda times: loop.run_until_complete(spin(call, times))

    contestants = {name: contestant(make(bare)) for name, make in coroutines().items()}
    return Race(
        title="an awaited hit, one int",
        contestants={COROUTINE: contestant(bare), **contestants},
        floors=[COROUTINE],
        goals=[
            Goal(at_most=3.2, against=COROUTINE),
            Goal(at_most=0.45, against=[ASYNC_LRU, CACHEBOX, THEINE, AIOCACHE, CASHEWS]),
        ],
    )


def mixed() -> Race:
    """Hits and misses as they come, in a cache that is full."""
    trace = zipf(60_000, 200_000, 0.9, seed=3)
    makers = plain(10_000)
    return Race(
        title="a call, 200,000 keys by Zipf (0.9) in a cache of 10,000",
        contestants={name: through(make(same), lambda: trace) for name, make in makers.items()},
        floors=[LRU_CACHE],
        calibrate=False,
        rounds=7,
    )


def churn() -> Race:
    """Nothing but misses in a cache that is full."""
    fresh = count()
    makers = plain(10_000)
    return Race(
        title="a miss: load, keep, evict, in a cache of 10,000",
        contestants={
            name: through(make(same), lambda: islice(fresh, 20_000))
            for name, make in makers.items()
        },
        floors=[LRU_CACHE],
        goals=[Goal(at_most=17, against=LRU_CACHE), Goal(at_most=1, against=CACHEBOX)],
        calibrate=False,
        rounds=7,
    )


def growth() -> Iterator[Race]:
    """A hit among ever more results; a thousand of them are asked for."""
    for size in (100, 1_000, 10_000, 100_000, 1_000_000):
        makers = plain(size + 1)
        functions = {name: makers[name](same) for name in (OURS, LRU_CACHE, CACHETOOLS, CACHEBOX)}
        for func in functions.values():
            for key in range(size):
                func(key)
        some = list(range(0, size, max(1, size // 1000)))
        yield Race(
            title=f"a hit among {size:,} results",
            contestants={name: over(func, some) for name, func in functions.items()},
            floors=[LRU_CACHE],
            series="a hit among ever more results",
            at=size,
        )


def zipf(length: int, universe: int, alpha: float, seed: int = 1) -> list[int]:
    """Requests for keys of which the n-th most popular is asked for in proportion to 1/n^alpha."""
    dice = Random(seed)  # noqa: S311 - the same for everybody
    weights = list(accumulate(1 / n**alpha for n in range(1, universe + 1)))
    ranks = dice.sample(range(universe), universe)
    return [ranks[bisect_left(weights, dice.random() * weights[-1])] for _ in range(length)]


def with_scans(length: int, universe: int) -> list[int]:
    """The same, and now and then a thousand keys in a row that nobody asks for again."""
    requests, fresh = iter(zipf(length, universe, 1.0, seed=2)), count(10 * universe)
    found: list[int] = []
    while len(found) < length:
        found += [*islice(requests, 4000), *islice(fresh, 1000)]
    return found[:length]


def ratios() -> Iterator[Race]:
    """The share of calls that are hits, by what is asked for."""
    length, universe, size = 60_000, 100_000, 1000
    traces = {
        "Zipf 1.0": zipf(length, universe, 1.0),
        "Zipf 0.8": zipf(length, universe, 0.8),
        "Zipf 1.0 and scans": with_scans(length, universe),
        "a loop of 1,500 keys": list(islice(cycle(range(1500)), length)),
    }
    makers: dict[str, Callable[[], Decorate]] = {
        OURS: lambda: cached(max_size=size),
        LRU: lambda: lru_cache(maxsize=size),
        FIFO: lambda: cachetools.cached(cachetools.FIFOCache(size)),
        LFU: lambda: cachetools.cached(cachetools.LFUCache(size)),
        THEINE: lambda: theine.Memoize(size, None),
        MOKA: lambda: moka_py.cached(size, policy="tiny_lfu"),
    }
    for name, trace in traces.items():
        yield Race(
            title=f"hits of 60,000 calls, {name}",
            contestants={each: ratio(make, trace) for each, make in makers.items()},
            goals=[Goal(within=0.5, against=THEINE)] if name.startswith("Zipf") else [],
            calibrate=False,
            rounds=1,  # it is the same each time
            unit=PERCENT,
            series=f"hit ratio with room for {size:,} results",
            at=name,
        )


def ratio(make: Callable[[], Decorate], trace: Sequence[int]) -> Loop:
    """A contestant that tells how many calls of *trace* were hits, in percent."""

    def loop(_: int) -> float:
        loads = 0

        def load(key: int) -> int:
            nonlocal loads
            loads += 1
            return key

        func = make()(load)
        for key in trace:
            func(key)
        return 100 * (1 - loads / len(trace))

    return loop


def herd_of_tasks() -> Race:
    """How often a function runs for a thousand tasks that miss one key."""

    async def herd(make: Decorate) -> float:
        from asyncio import gather, sleep

        loads = 0

        async def load(key: int) -> int:
            nonlocal loads
            loads += 1
            await sleep(0.05)
            return key

        func = make(load)
        answers = await gather(*[func(1) for _ in range(1000)])
        if answers != [1] * 1000:
            raise AssertionError("somebody got a wrong answer")
        return float(loads)

    return facts("loads for 1,000 tasks that want one result", herd, CALLS, Goal(at_most=1))


def cancelled() -> Race:
    """How many of ten tasks are served when the first of them is cancelled."""

    async def cancel(make: Decorate) -> float:
        from asyncio import gather, sleep, wait_for

        async def load(key: int) -> int:
            await sleep(0.05)
            return key

        func = make(load)

        async def call() -> object:
            return await func(1)

        from asyncio import create_task

        tasks = [create_task(call()) for _ in range(10)]
        await sleep(0.01)
        tasks[0].cancel()
        answers = await wait_for(gather(*tasks[1:], return_exceptions=True), 20)
        return float(answers.count(1))

    title = "callers served when the one who loads is cancelled"
    return facts(title, cancel, SERVED, Goal(at_least=9))


def facts(title: str, test: Callable[[Decorate], Awaitable[float]], unit: Unit, goal: Goal) -> Race:
    """A race of coroutine functions that is over at once."""
    from asyncio import run

    def contestant(make: Decorate) -> Loop:
        async def main() -> float:
            return await test(make)

        return lambda _: run(main())

    return Race(
        title=title,
        contestants={name: contestant(make) for name, make in coroutines().items()},
        goals=[goal],
        calibrate=False,
        rounds=1,  # it is the same each time
        unit=unit,
    )


def herd_of_threads() -> Race:
    """How often a function runs for a hundred threads that miss one key."""

    def contestant(make: Decorate) -> Loop:
        def loop(_: int) -> float:
            loads = count()

            def load(key: int) -> int:
                next(loads)
                time.sleep(0.05)
                return key

            func, gate = make(load), threading.Barrier(100)

            def work() -> None:
                gate.wait()
                func(1)

            threads = [threading.Thread(target=work) for _ in range(100)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return float(next(loads))

        return loop

    makers = plain(1024) | {DOGPILE: region()}
    return Race(
        title="loads for 100 threads that want one result",
        contestants={name: contestant(make) for name, make in makers.items()},
        goals=[Goal(at_most=1)],
        calibrate=False,
        rounds=1,  # it is the same each time
        unit=CALLS,
    )


EXPIRED, ASKED, SHORT_TTL = 50_000, 1000, 3.0


def expiry() -> Race:
    """The slowest of a thousand calls, right after all that was kept has expired."""

    def contestant(name: str) -> Loop:
        def loop(_: int) -> float:
            func = plain(EXPIRED + ASKED, SHORT_TTL)[name](same)
            began = time.monotonic()
            for key in range(EXPIRED):
                func(key)
            time.sleep(max(0.0, began + SHORT_TTL - time.monotonic()) + 0.3)
            slowest = 0.0
            for key in range(EXPIRED, EXPIRED + ASKED):
                start = time.perf_counter()
                func(key)
                slowest = max(slowest, time.perf_counter() - start)
            return slowest

        return loop

    return Race(
        title=f"slowest of 1,000 calls after {EXPIRED:,} results expired",
        contestants={name: contestant(name) for name in (OURS, *RIVALS)},
        goals=[Goal(at_most=0.3e-3)],
        calibrate=False,
        rounds=3,
        unit=MICROSECONDS,
    )


KEPT = 200_000


def memory() -> Race:
    """What a result takes besides itself and its key, by the size of a process."""

    def contestant(name: str) -> Loop:
        def loop(_: int) -> float:
            command = [sys.executable, "-W", "ignore", __file__, name]
            done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
            return float(done.stdout)

        return loop

    return Race(
        title=f"bytes for each of {KEPT:,} results",
        contestants={name: contestant(name) for name in (OURS, LRU_CACHE, *RIVALS)},
        floors=[LRU_CACHE],
        goals=[Goal(at_most=210)],
        calibrate=False,
        rounds=1,  # it is the same each time
        unit=BYTES,
    )


def weigh(name: str) -> float:
    """The bytes of each entry, measured in this process; it should have nothing else to do."""
    import gc

    func = plain(KEPT + 10)[name](lambda _: None)
    keys = list(range(1_000_000, 1_000_000 + KEPT))
    func(0)
    gc.collect()
    before = resident()
    for key in keys:
        func(key)
    gc.collect()
    return (resident() - before) / KEPT


def resident() -> int:
    """The bytes of this process that are in memory."""
    return int(STATM.read_text().split()[1]) * 4096


if __name__ == "__main__":
    print(weigh(sys.argv[1]))  # noqa: T201 - read by the race that started it
