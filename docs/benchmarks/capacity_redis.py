"""How one Redis bears more: processes, tagged results, breakers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from statistics import median
from typing import Any

from capacity_size import Clients, Curve, Size

from pepperpy.infra.cache import cached, initialize_cache, invalidate_cache
from pepperpy.infra.resilience import CircuitBreaker, CircuitBreakerError, RedisResilienceStore
from pepperpy.infra.storage import RedisStorageProvider
from servers import Redis

TASKS = 16
OF_CLIENTS = (
    "eval",
    "evalsha",
    "ping",
    "hello",
    "subscribe",
    "client|setinfo",
    "select",
    "publish",
)
TTL = 3600


def by_processes(size: Size) -> Iterator[Curve]:
    """Processes that read from one server, with 16 tasks each."""
    import asyncio

    keys, seconds = size.keys[-2], size.seconds / 4
    calls, slow, cpu = [], [], []
    with Redis() as redis, redis.client() as client:
        asyncio.run(_fill(redis.url, keys))
        for count in size.processes:
            with Clients(count, "gets", redis.url, keys, TASKS, seconds) as clients:
                before = _used_cpu(client)
                told = clients.told()
                used = _used_cpu(client) - before
            total = sum(each["calls"] for each in told)
            calls.append((count, total / seconds))
            slow.append((count, max(each["p99"] for each in told) * 1e3))
            cpu.append((count, used / total * 1e6))
    over = "processes"
    yield Curve(name="all together", over=over, unit="calls a second", points=calls)
    yield Curve(name="99th percentile", over=over, unit="ms a call", points=slow)
    yield Curve(name="of the server", over=over, unit="µs of CPU a call", points=cpu)


async def _fill(url: str, keys: int) -> None:
    async with RedisStorageProvider("capacity", url) as store:
        for start in range(0, keys, 1_000):
            await store.set_many({f"user:{n}": "x" * 100 for n in range(start, start + 1_000)})


def _used_cpu(client: Any) -> float:
    found = client.info("cpu")
    return float(found["used_cpu_user"] + found["used_cpu_sys"])


def _text(number: int) -> str:
    """What is cached: 100 letters."""
    return f"{number:0100}"


def _wait_for(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("the cache has not stored anything for 30 s")
        time.sleep(0.0005)


def by_members(size: Size) -> Iterator[Curve]:
    """To drop a tag that more and more results on the server carry."""
    points = []
    with Redis() as redis, redis.client() as client:
        initialize_cache("redis", cache_url=redis.url, cache_timeout=5)
        load = cached(ttl=TTL, tags=["all"])(_text)
        load(0)
        _wait_for(lambda: client.keys("*:value:*"))
        (key,) = client.keys("*:value:*")
        there = 1
        for members in size.keys:
            _copy(client, key, there, members)
            there = members
            points.append((members, _drop(client, key, load) * 1e6))
        initialize_cache("memory")
    yield Curve(name="invalidate_cache", over="results with the tag", unit="µs", points=points)


def _copy(client: Any, key: bytes, begin: int, end: int) -> None:
    """Have as many results as that, all like the one that is there."""
    data, pipe = client.get(key), client.pipeline(transaction=False)
    for number in range(begin, end):
        pipe.set(key[:-1] + str(number).encode(), data, ex=TTL)
        if number % 10_000 == 0:
            pipe.execute()
    pipe.execute()


def _drop(client: Any, key: bytes, load: Callable[[int], str]) -> float:
    took = []
    for _ in range(50):
        invalidate_cache("all")
        client.delete(key)
        load(0)
        _wait_for(lambda: client.exists(key))
        begun = time.perf_counter()
        invalidate_cache("all")
        took.append(time.perf_counter() - begun)
    return median(took)


def by_tags(size: Size) -> Iterator[Curve]:
    """What a result takes that carries more and more tags, shared with all others."""
    room, took = [], []
    with Redis() as redis, redis.client() as client:
        for tags in size.tags:
            client.flushall()
            initialize_cache("redis", cache_url=redis.url, cache_timeout=5)
            names = [f"tag{n}" for n in range(tags)]
            load = cached(ttl=TTL, tags=names, max_size=1)(_text)
            load(0)
            _wait_for(lambda: client.keys("*:value:*"))
            before = client.info("memory")["used_memory"]
            for number in range(1, size.calls):
                load(number)
            _wait_for(lambda tags=tags: client.dbsize() >= size.calls + tags)  # type: ignore[misc]
            used = client.info("memory")["used_memory"] - before
            room.append((tags, used / (size.calls - 1)))
            took.append((tags, _recall(load, size.calls) * 1e6))
            initialize_cache("memory")
    over = "tags of a result"
    yield Curve(name="a result of 100 letters", over=over, unit="bytes on the server", points=room)
    yield Curve(name="a hit on the server, one thread", over=over, unit="µs", points=took)


def _recall(load: Callable[[int], str], count: int) -> float:
    took = []
    for number in range(min(count, 500)):
        begun = time.perf_counter()
        load(number)
        took.append(time.perf_counter() - begun)
    return median(took)


def by_breakers(size: Size) -> Iterator[Curve]:
    """What one process sends for its breakers while nothing happens to them."""
    states = {"nobody calls": _rest, "closed, called": _call, "open, called": _trip}
    for name, work in states.items():
        points = [(count, _sent(count, work, size.seconds)) for count in size.breakers]
        yield Curve(name=name, over="breakers", unit="commands a second", points=points)


def _sent(count: int, work: Callable[[list[CircuitBreaker], float], None], seconds: float) -> float:
    with Redis() as redis, redis.client() as client, RedisResilienceStore(redis.url) as store:
        breakers = [
            CircuitBreaker(f"b{number}", store=store, recovery_timeout=TTL)
            for number in range(count)
        ]
        for breaker in breakers:
            breaker.execute(len, "")
        if work is _trip:
            for breaker in breakers:
                breaker.trip()
        time.sleep(min(1.0, seconds))  # until they are told
        before = _commands(client)
        work(breakers, time.monotonic() + seconds)
        return (_commands(client) - before) / seconds


def _commands(client: Any) -> int:
    """How many commands clients have sent, but for those of this question."""
    found = client.info("commandstats")
    return sum(found.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in OF_CLIENTS)


def _rest(_: list[CircuitBreaker], end: float) -> None:
    time.sleep(end - time.monotonic())


def _call(breakers: list[CircuitBreaker], end: float) -> None:
    while time.monotonic() < end:
        for breaker in breakers:
            with suppress(CircuitBreakerError):
                breaker.execute(len, "")
        time.sleep(0.001)


def _trip(breakers: list[CircuitBreaker], end: float) -> None:
    _call(breakers, end)


PANELS = {
    "one Redis, by processes with 16 tasks each": by_processes,
    "cache: to drop a tag": by_members,
    "cache: tags of a result": by_tags,
    "resilience: what a process sends": by_breakers,
}
