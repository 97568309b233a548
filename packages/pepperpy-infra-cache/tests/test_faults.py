"""Threads and tasks that hammer a cache, with seeded faults, against an oracle.

Each load notes at which count of invalidations its key was when it began.  A call that began after
an invalidation had ended must never get a value that was computed before it began.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
from contextlib import suppress
from itertools import count
from threading import Lock, Thread

import pytest

from pepperpy.infra.cache import Cache, cached
from pepperpy.infra.utils import FakeClock

KEYS = 4


class Fault(Exception):
    pass


class Oracle:
    """Versions of the world; an invalidation is what tells the cache of a new one."""

    def __init__(self, seed, **options):
        self.seed = seed
        self.clock = FakeClock()
        self.cache = Cache()
        self.told = [0] * KEYS
        """The version that an invalidation which has ended has told of."""
        self.world = [0] * KEYS
        self.lock = Lock()
        self.wrong = []
        self.calls = 0
        self.loads = count()
        self.options = {"ttl": 5, "max_size": 3, "clock": self.clock, "tags": "all", **options}

    def began(self, key):
        return self.told[key]

    def returned(self, key, floor, value):
        self.calls += 1
        if not (value[0] == key and value[1] >= floor):
            self.wrong.append((key, floor, value))

    def change(self, rng, load):
        key = rng.randrange(KEYS)
        with self.lock:
            self.world[key] += 1
            version = self.world[key]
        act = rng.randrange(5)
        if act == 0:
            self.cache.invalidate(f"user:{key}")
        elif act == 1:
            load.invalidate(key)
        elif act == 2:
            load.cache_clear()
        elif act == 3:
            self.cache.invalidate("all")
        else:
            self.cache.invalidate("us*")
        with self.lock:
            self.told[key] = max(self.told[key], version)

    def fault(self, rng):
        act = rng.randrange(12)
        if act == 0:
            self.clock.advance(rng.random() * 4)
        elif act == 1:
            gc.collect(0)
        elif act == 2:
            raise Fault


@pytest.fixture
def quick_switches():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


OPTIONS = [{}, {"stale_on_error": 20}, {"cache_errors": Fault, "error_ttl": 2}, {"copy": True}]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("seed", range(3))
def test_threads_never_get_what_was_invalidated_before_they_asked(seed, options, quick_switches):
    oracle = Oracle(seed, **options)

    @oracle.cache.cached(**oracle.options)
    def load(user_id):
        rng = random.Random(f"{seed} {user_id} {next(oracle.loads)}")
        version = oracle.world[user_id]
        oracle.fault(rng)
        if rng.random() < 0.1:
            load((user_id + 1) % KEYS)
        return (user_id, version)

    def hammer(number):
        rng = random.Random(f"{seed} {number}")
        for _ in range(400):
            key = rng.randrange(KEYS)
            floor = oracle.began(key)
            try:
                value = load.refresh(key) if rng.random() < 0.05 else load(key)
            except Fault:
                pass
            else:
                oracle.returned(key, floor, value)
            if rng.random() < 0.2:
                oracle.change(rng, load)

    threads = [Thread(target=hammer, args=(number,), daemon=True) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert oracle.wrong == []
    assert oracle.calls > 1000
    _check_figures(load)


async def _hammer(oracle, load, rng):
    for _ in range(60):
        key = rng.randrange(KEYS)
        floor = oracle.began(key)
        with suppress(Fault):
            value = await (load.refresh(key) if rng.random() < 0.05 else load(key))
            oracle.returned(key, floor, value)
        if rng.random() < 0.2:
            oracle.change(rng, load)


async def _victims(oracle, load, number):
    """Tasks that hammer, of which some are cancelled, now and then two at once."""
    rng = random.Random(f"{oracle.seed} {number}")
    tasks = [
        asyncio.ensure_future(_hammer(oracle, load, random.Random(rng.random()))) for _ in range(12)
    ]
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0)
        if rng.random() < 0.02:
            victim = rng.randrange(len(tasks))
            tasks[victim].cancel()
            if rng.random() < 0.5:
                tasks[victim - 1].cancel()
    for task in tasks:
        if not task.cancelled():
            task.result()


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("loops", [1, 3])
def test_tasks_never_get_what_was_invalidated_before_they_asked(
    seed, options, loops, quick_switches, caplog
):
    oracle = Oracle(seed, **options)

    @oracle.cache.cached(**oracle.options)
    async def load(user_id):
        rng = random.Random(f"{seed} {user_id} {next(oracle.loads)}")
        version = oracle.world[user_id]
        for _ in range(rng.randrange(4)):
            await asyncio.sleep(0)
        oracle.fault(rng)
        if rng.random() < 0.1:
            await load((user_id + 1) % KEYS)
        return (user_id, version)

    threads = [
        Thread(
            target=lambda number=number: asyncio.run(_victims(oracle, load, number)), daemon=True
        )
        for number in range(loops)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()

    assert oracle.wrong == []
    assert oracle.calls > 20
    assert caplog.records == []
    memo = load.cache_info.__self__._memo
    assert memo._flights == {}
    assert not memo._later


def _check_figures(load):
    memo = load.cache_info.__self__._memo
    assert memo._flights == {}
    info = load.cache_info()
    entries = memo.store.entries
    assert len(entries) <= 3
    # What is refreshed is loaded, and is no miss.
    assert info.coalesced <= info.misses <= info.loads + info.load_errors + info.coalesced


def test_the_oracle_finds_a_cache_that_keeps_what_it_should_not(monkeypatch, quick_switches):
    """The same test with a cache that forgets to fence what is under way."""
    from pepperpy.infra.cache._memo import Memo

    monkeypatch.setattr(Memo, "_may_carry", lambda *_: False)
    monkeypatch.setattr(Memo, "_fence", lambda *_: None)
    oracle = Oracle(0)
    begun = []

    @cached
    def load(user_id):
        version = oracle.world[user_id]
        if not begun:
            begun.append(1)
            oracle.world[user_id] = 1
            load.invalidate(user_id)
            oracle.told[user_id] = 1
        return (user_id, version)

    load(0)
    oracle.returned(0, oracle.began(0), load(0))

    assert oracle.wrong == [(0, 1, (0, 0))]
