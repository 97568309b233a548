"""Races of the cache on Redis, against a server of their own: `apt-get install redis-server`.

Where there is none, these races are left out.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiocache
import cashews
from harness import OURS, Goal, Loop, Race, Unit, over

from pepperpy.infra.cache import Cache
from pepperpy.infra.cache._redis import RedisTier

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

MEMORY, CASHEWS, AIOCACHE, BARE = "ours, in memory alone", "cashews", "aiocache", "redis-py, a GET"
TTL = 3600
KEYS = range(64)
MICROSECONDS = Unit(name="µs", factor=1e6)
TIMEOUT = 5.0  # a busy machine must not turn a race into an outage


def races() -> Iterator[Race]:
    """All of them."""
    from asyncio import new_event_loop

    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        return
    with server(program) as port:
        caches: list[RedisTier] = []
        try:
            yield hit(port, caches)
            loop = new_event_loop()
            for tasks in (1, 64):
                yield recalled(port, caches, loop, tasks)
            for size in (1_000, 10_000, 100_000, 1_000_000):
                yield invalidation(port, caches, size)
            loop.close()
        finally:
            for tier in caches:
                tier.close()


@contextmanager
def server(program: str) -> Iterator[int]:
    """A server on a free port, which keeps nothing on disk."""
    import redis

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="pepperpy-bench-redis-"))
    where = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    command = [program, *where, "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - a server
    try:
        client = redis.Redis(port=port)
        for _ in range(500):
            try:
                client.ping()
                break
            except redis.ConnectionError:
                time.sleep(0.01)
        yield port
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)


def on_redis(port: int, tiers: list[RedisTier], **options: Any) -> Cache:
    """A cache below whose memory the server is."""
    cache = Cache("race", **options)
    tiers.append(RedisTier(f"redis://127.0.0.1:{port}/0", f"race{len(tiers)}", TIMEOUT))
    cache.begin_anew({}, tiers[-1])
    return cache


def text_of(n: int) -> str:
    """What is cached: 200 letters."""
    return f"{n:0200}"


async def text_of_soon(n: int) -> str:
    """The same, awaited."""
    return f"{n:0200}"


def hit(port: int, tiers: list[RedisTier]) -> Race:
    """A call whose result is in memory, with and without a server below."""
    functions = {
        OURS: on_redis(port, tiers).cached(ttl=TTL)(text_of),
        MEMORY: Cache("memory").cached(ttl=TTL)(text_of),
    }
    contestants = {name: over(func, list(KEYS)) for name, func in functions.items()}
    return Race(
        title="a hit in memory, with Redis below",
        contestants=contestants,
        floors=[MEMORY],
        goals=[Goal(at_most=1.1, against=MEMORY)],
    )


def recalled(port: int, tiers: list[RedisTier], loop: AbstractEventLoop, tasks: int) -> Race:
    """A call whose result is on the server alone, of as many tasks at once."""
    import redis.asyncio

    # With room for one result in memory, each call of another key asks the server.
    ours = on_redis(port, tiers).cached(ttl=TTL, max_size=1)(text_of_soon)
    store = cashews.Cache()
    store.setup(f"redis://127.0.0.1:{port}/1")
    theirs = store(ttl=TTL)(text_of_soon)
    settings = {"endpoint": "127.0.0.1", "port": port, "db": 2}
    older = aiocache.cached(ttl=TTL, cache=aiocache.RedisCache, **settings)(text_of_soon)
    client = redis.asyncio.Redis(port=port, db=3)

    async def bare(n: int) -> bytes | None:
        found: bytes | None = await client.get(f"key:{n}")
        return found

    async def fill() -> None:
        for n in KEYS:
            await ours(n)
            await theirs(n)
            await older(n)
            await client.set(f"key:{n}", text_of(n))

    def contestant(call: Callable[[int], Awaitable[object]]) -> Loop:
        return at_once(loop, call, tasks)

    loop.run_until_complete(fill())
    tiers[-1].flush()
    return Race(
        title=f"a result from Redis, {tasks} task{'s' * (tasks > 1)} at once",
        contestants={
            OURS: contestant(ours),
            CASHEWS: contestant(theirs),
            AIOCACHE: contestant(older),
            BARE: contestant(bare),
        },
        floors=[BARE],
        # One alone pays for a thread beside its loop; many share what it costs.
        goals=[Goal(at_most=1, against=[CASHEWS, AIOCACHE])] if tasks > 1 else [],
        unit=MICROSECONDS,
        calibrate=False,
        series="a result from Redis, by tasks at once",
        at=tasks,
    )


def at_once(loop: AbstractEventLoop, call: Callable[[int], Awaitable[object]], tasks: int) -> Loop:
    """Calls of all keys in turn, so many at once; the time of one."""
    from asyncio import gather

    async def spin(rounds: int) -> None:
        for _ in range(rounds):
            for start in range(0, len(KEYS), tasks):
                await gather(*(call(n) for n in KEYS[start : start + tasks]))

    def run(_: int) -> float:
        rounds = 5
        start = time.perf_counter()
        loop.run_until_complete(spin(rounds))
        return (time.perf_counter() - start) / (rounds * len(KEYS))

    return run


def invalidation(port: int, tiers: list[RedisTier], size: int) -> Race:
    """To drop a tag that so many results on the server carry."""
    cache = on_redis(port, tiers)
    prefix = f"race{len(tiers) - 1}"
    load = cache.cached(ttl=TTL, tags=["all"])(text_of)
    load(0)
    tiers[-1].flush()
    copied(port, f"{{{prefix}.0}}:", size)

    def loop(_: int) -> float:
        load(0)
        tiers[-1].flush()
        start = time.perf_counter()
        dropped = cache.invalidate("all")
        spent = time.perf_counter() - start
        if not dropped:
            raise AssertionError("nothing was dropped")
        return spent

    return Race(
        title=f"to drop a tag of {size:,} results on Redis",
        contestants={OURS: loop},
        unit=MICROSECONDS,
        calibrate=False,
        series="to drop a tag of ever more results on Redis",
        at=size,
    )


def copied(port: int, begins: str, size: int) -> None:
    """Have as many results as that on the server, all like the one that is there."""
    import redis

    client = redis.Redis(port=port)
    (key,) = client.keys(f"{begins}value:*")
    data = client.get(key)
    pipe = client.pipeline(transaction=False)
    for n in range(1, size):
        pipe.set(key[:-1] + str(n).encode(), data, ex=TTL)
        if n % 10_000 == 0:
            pipe.execute()
    pipe.execute()
