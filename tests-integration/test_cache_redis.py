"""The cache on Redis: what processes share, and that nothing of it fails a call or serves the past."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from hosts import PATIENT, Host, until
from pepperpy.infra.cache import (
    AsyncCacheInvalidator,
    CacheTierError,
    ainvalidate_cache,
    async_cached,
    cached,
    clear_cache,
    initialize_cache,
    invalidate_cache,
)
from pepperpy.infra.cache._redis import RedisTier
from pepperpy.infra.utils import Signal, inspectables, run_closers, subscribe
from servers import Proxy, Redis, RedisCluster

Loaded = list[Any]

# What a function captures makes it another one, so that what tests look at is global.
loaded: Loaded = []
begun, go = threading.Event(), threading.Event()
people: dict[int, str] = {}
versions: dict[int, int] = {}

TIMEOUT = 0.2
NOISE = 0.05
"""Seconds that a busy machine may add to what is measured."""


@pytest.fixture(autouse=True)
def nothing_is_loaded() -> None:
    loaded.clear()
    people.clear()
    begun.clear()
    go.clear()


@pytest.fixture
def url(redis: Redis) -> Iterator[str]:
    """Where the server is that the default cache uses."""
    initialize_cache("redis", cache_url=redis.url, cache_timeout=PATIENT)
    yield redis.url
    initialize_cache("memory")


def tier() -> RedisTier:
    """The one that is in use."""
    (found,) = [
        each
        for each in inspectables()
        if isinstance(each, RedisTier) and each.inspect()["state"] != "off"
    ]
    return found


def restart(url: str) -> None:
    """Forget all that is in memory, as the end of a process does; what is kept is sent before."""
    initialize_cache("memory")
    initialize_cache("redis", cache_url=url, cache_timeout=PATIENT)


def squares(**options: Any) -> Any:
    @cached(**options)
    def square(n: int) -> int:
        loaded.append(n)
        return n * n

    return square


class ThreadThatTells(threading.Thread):
    """A thread that remembers what it failed with."""

    def __init__(self, work: Callable[[int], object], seed: int) -> None:
        super().__init__()
        self._work, self._seed = work, seed
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self._work(self._seed)
        except Exception as error:  # noqa: BLE001 - it is what the test looks at
            self.error = error


class Race:
    """Writers that raise versions and drop the old ones, and readers that look for old ones."""

    def __init__(self, hosts: list[Host], load: Callable[[int], int]) -> None:
        self.calls = [host.cached(load, ttl=60) for host in hosts]
        self.is_over = threading.Event()
        self.late = 0.0
        self._hosts = hosts
        versions.update(dict.fromkeys(range(8), 0))
        self._acknowledged = dict(versions)

    def write(self, seed: int) -> None:
        chance = random.Random(seed)
        mine = [n for n in range(8) if n % 2 == seed]
        for _ in range(150):
            n = chance.choice(mine)
            versions[n] += 1
            self._hosts[seed].invalidate(chance.choice([f"user:{n}", f"user:{n}*"]))
            self._acknowledged[n] = versions[n]
            assert self.calls[seed](n) == versions[n], "the past, by who dropped it"

    def read(self, seed: int) -> None:
        chance = random.Random(100 + seed)
        while not self.is_over.is_set():
            n = chance.randrange(8)
            floor = self._acknowledged[n]
            start = time.monotonic()
            while self.calls[seed % 2](n) < floor:
                self.late = max(self.late, time.monotonic() - start)
                assert self.late < 1, "the past, by another host"


def nothing() -> None:
    """What every host can call."""


def failing(*_: object) -> None:
    """What nobody has thought of."""
    raise RuntimeError("a mistake")


class TestSharing:
    def test_a_result_is_there_for_another_host(
        self, redis_or_valkey: Redis, hosts: Callable[..., Host]
    ) -> None:
        def load(user_id: int) -> dict[str, int]:
            loaded.append(user_id)
            return {"id": user_id}

        one, two = hosts(redis_or_valkey.url), hosts(redis_or_valkey.url)
        first, second = one.cached(load, ttl=60), two.cached(load, ttl=60)

        assert first(1) == {"id": 1}
        one.flush()

        assert second(1) == first(1) == {"id": 1}
        assert loaded == [1]
        assert (one.facts["kept"], two.facts["recalled"]) == (1, 1)

    def test_it_is_there_for_another_process(self, redis: Redis, program: Any) -> None:
        code = f"""
from pepperpy.infra import cached, initialize_cache, invalidate_cache

initialize_cache(cache_type="redis", cache_url={redis.url!r}, cache_timeout=5)

@cached(ttl=60)
def get_user(user_id):
    print("loading", user_id)
    return {{"id": user_id}}

assert get_user("123") == {{"id": "123"}}
"""
        first = program.run(code)
        second = program.run(code)
        third = program.run(code + 'print(invalidate_cache("user:123"))\n')
        fourth = program.run(code)

        assert [run.stdout for run in (first, second, third, fourth)] == [
            "loading 123\n",
            "",
            "1\n",
            "loading 123\n",
        ]

    @pytest.mark.parametrize(
        "value",
        [
            None,
            0,
            "",
            [],
            False,
            1.5,
            "é\0☃",
            b"\xff\0",
            {"a": [1, {"b": None}]},
            2**70,
            (1, (2,)),
            {3},
        ],
    )
    def test_what_is_kept_comes_back_as_it_is(self, url: str, value: Any) -> None:
        @cached
        def load() -> Any:
            loaded.append(1)
            return value

        load()
        restart(url)

        assert load() == value
        assert type(load()) is type(value)
        assert loaded == [1]

    @pytest.mark.parametrize(
        "value", [object(), bytearray(b"x"), range(3), [bytearray()], "\ud800"]
    )
    def test_what_would_come_back_as_something_else_stays_in_memory(
        self, url: str, value: Any
    ) -> None:
        @cached
        def load() -> Any:
            loaded.append(1)
            return value

        assert load() is value
        assert load() is value
        assert loaded == [1]
        facts: Any = tier().inspect()["facts"]
        assert (facts["kept"], facts["unkept"]) == (0, 1)

    @pytest.mark.asyncio
    async def test_tasks_share_it_with_threads(self, url: str) -> None:
        @async_cached(ttl=60)
        async def load(n: int) -> int:
            loaded.append(n)
            return n

        await load(1)
        await asyncio.to_thread(restart, url)

        assert await asyncio.gather(*(load(1) for _ in range(50))) == [1] * 50
        assert loaded == [1]

    def test_two_loops_use_it_one_after_the_other(self, url: str) -> None:
        @async_cached(ttl=60)
        async def load(n: int) -> int:
            loaded.append(n)
            return n

        async def twice() -> list[int]:
            return [*await asyncio.gather(load(1), load(2))]

        assert asyncio.run(twice()) == [1, 2]
        restart(url)
        assert asyncio.run(twice()) == [1, 2]
        assert sorted(loaded) == [1, 2]

    def test_memory_does_not_ask_the_server(self, url: str) -> None:
        square = squares(ttl=60)
        square(3)
        before = tier().inspect()["facts"]

        assert [square(3) for _ in range(100)] == [9] * 100

        assert tier().inspect()["facts"]["recalled"] == before["recalled"]  # type: ignore[index]
        assert square.cache_info().hits == 100

    def test_a_result_lives_no_longer_below_than_its_ttl(self, url: str, redis: Redis) -> None:
        square = squares(ttl=60, stale_for=5)
        square(3)
        tier().flush()

        with redis.client() as client:
            (key,) = client.keys("*:value:*")
            life = client.pttl(key)

        assert 60_000 < life <= 65_000

    def test_time_that_passed_below_counts_in_memory(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        def load(n: int) -> int:
            loaded.append(n)
            return n

        one, two = hosts(redis.url), hosts(redis.url)
        one.cached(load, ttl=60)(1)
        one.flush()
        with redis.client() as client:
            (key,) = client.keys("*:value:*")
            client.pexpire(key, 300)
        second = two.cached(load, ttl=60)

        second(1)
        assert loaded == [1]
        until(lambda: not redis.client().keys("*:value:*"))
        second(1)

        assert loaded == [1, 1]

    def test_a_child_that_is_forked_uses_it_as_well(self, url: str) -> None:
        square = squares(ttl=60)
        square(3)
        tier().flush()
        read, write = os.pipe()

        child = os.fork()
        if not child:
            square.cache_info()
            result = b"bad"
            try:
                memory_is_empty = square(4) == 16
                initialize = tier()
                initialize.flush()
                result = (
                    b"ok" if memory_is_empty and initialize.inspect()["state"] == "ok" else b"no"
                )
            finally:
                os.write(write, result)
                os._exit(0)
        os.waitpid(child, 0)

        assert os.read(read, 10) == b"ok"
        restart(url)
        assert (square(3), square(4)) == (9, 16)
        assert loaded == [3]

    def test_a_child_begins_with_nothing_of_what_it_may_have_missed(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        people[1] = "Ann"

        def load(user_id: int) -> str:
            return people[user_id]

        one, two = hosts(redis.url), hosts(redis.url)
        first = one.cached(load)
        first(1)
        one.flush()
        read, write = os.pipe()
        child_may, parent_may = os.pipe()

        child = os.fork()
        if not child:
            answer = "nothing"
            try:
                os.read(child_may, 1)
                people[1] = "Bea"
                answer = first(1)
            finally:
                os.write(write, answer.encode())
                os._exit(0)
        two.invalidate("user:1")
        os.write(parent_may, b"1")
        os.waitpid(child, 0)

        assert os.read(read, 10) == b"Bea"

    def test_all_keys_of_a_result_are_in_one_slot(
        self, redis_cluster: RedisCluster, hosts: Callable[..., Host]
    ) -> None:
        def load(user_id: int) -> int:
            loaded.append(user_id)
            return user_id

        one, two = hosts(redis_cluster.url), hosts(redis_cluster.url)
        options: Any = {"ttl": 60, "tags": ["users", lambda result: f"odd:{result % 2}"]}
        first, second = one.cached(load, **options), two.cached(load, **options)
        for n in range(20):
            first(n)
        one.flush()

        assert [second(n) for n in range(20)] == [*range(20)]
        assert len(loaded) == 20
        assert two.invalidate("odd:1") == 10
        assert two.invalidate("user:*") == 10
        assert one.facts["unanswered"] == two.facts["unanswered"] == 0


class TestInvalidation:
    @pytest.mark.parametrize("name", ["user:1", "user:*", "users", "odd:1", "*"])
    def test_it_holds_for_every_host_at_once(
        self, redis_or_valkey: Redis, hosts: Callable[..., Host], name: str
    ) -> None:
        def load(user_id: int) -> int:
            loaded.append(user_id)
            return user_id

        options: Any = {"ttl": 60, "tags": ["users", lambda result: f"odd:{result % 2}"]}
        one, two, three = (hosts(redis_or_valkey.url) for _ in range(3))
        first, second, third = (host.cached(load, **options) for host in (one, two, three))
        first(1)
        one.flush()
        second(1)
        assert loaded == [1]

        assert one.invalidate(name) == 1

        assert third(1) == 1
        assert loaded == [1, 1]
        until(lambda: not second.cache_info().size)  # the news need a moment
        three.flush()
        assert (first(1), second(1)) == (1, 1)
        assert loaded == [1, 1]

    def test_it_counts_what_memory_had_or_one_for_what_lay_below(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        one, two = hosts(redis.url), hosts(redis.url)

        def load(user_id: int, page: int) -> int:
            return page

        first = one.cached(load, ttl=60)
        two.cached(load, ttl=60)
        for page in range(3):
            first(7, page)
        one.flush()

        assert two.invalidate("user:7") == 1
        assert two.invalidate("user:7") == 0
        for page in range(3):
            first(8, page)
        assert one.invalidate("user:8") == 3
        assert one.invalidate("nobody:1") == 0

    @pytest.mark.asyncio
    async def test_tasks_wait_until_it_is_done(self, url: str) -> None:
        @async_cached(ttl=60)
        async def load(user_id: int) -> int:
            loaded.append(user_id)
            return user_id

        await load(1)
        assert await ainvalidate_cache("user:1") == 1
        await load(1)

        assert loaded == [1, 1]

    def test_one_namespace_is_cleared_alone(self, url: str) -> None:
        a, b = squares(namespace="a"), squares(namespace="b")
        a(3)
        restart(url)
        a(3)
        assert loaded == [3]

        clear_cache("b")
        restart(url)
        a(3)
        assert loaded == [3]
        clear_cache("a")
        restart(url)
        a(3)

        assert loaded == [3, 3]
        b(3)

    def test_clear_cache_forgets_its_own_keys_alone(self, url: str, redis: Redis) -> None:
        square = squares()
        square(3)
        tier().flush()
        with redis.client() as client:
            client.set("somebody:else", "1")

            clear_cache()
            restart(url)
            square(3)

            assert loaded == [3, 3]
            assert client.get("somebody:else") == b"1"

    def test_a_function_is_cleared_alone(self, url: str) -> None:
        square = squares()

        @cached
        def cube(n: int) -> int:
            loaded.append(-n)
            return n**3

        square(3), cube(3)
        square.cache_clear()
        restart(url)
        square(3), cube(3)

        assert loaded == [3, -3, 3]

    def test_the_result_of_one_call_is_dropped_or_replaced_for_all(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        def load(n: int, m: int) -> int:
            loaded.append(n)
            return n

        one, two = hosts(redis.url), hosts(redis.url)
        first, second = one.cached(load, ttl=60), two.cached(load, ttl=60)
        first(1, 1), first(2, 2)
        one.flush()
        second(1, 1), second(2, 2)

        assert first.invalidate(1, 1) == 1
        first.put(22, 2, 2)

        until(lambda: not second.cache_info().size)
        assert (second(1, 1), second(2, 2)) == (1, 22)
        assert loaded == [1, 2, 1]

    def test_what_is_refreshed_is_new_for_all(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        people[1] = "Ann"

        def load(user_id: int) -> str:
            return people[user_id]

        one, two = hosts(redis.url), hosts(redis.url)
        first, second = one.cached(load, ttl=60), two.cached(load, ttl=60)
        first(1)
        one.flush()
        second(1)
        people[1] = "Bea"

        assert first.refresh(1) == "Bea"

        until(lambda: not second.cache_info().size)
        assert second(1) == "Bea"

    @pytest.mark.parametrize("name", ["user:1", "user:*", "odd:1", None])
    def test_a_load_under_way_on_another_host_is_not_kept(
        self, redis: Redis, hosts: Callable[..., Host], name: str | None
    ) -> None:
        one, two = hosts(redis.url), hosts(redis.url)
        people[1] = "Ann"

        def load(user_id: int) -> str:
            found = people[user_id]
            loaded.append(user_id)
            if len(loaded) == 1:
                begun.set()
                go.wait(10)
            return found

        options: Any = {"ttl": 60, "tags": [lambda _: "odd:1"]}
        first, second = one.cached(load, **options), two.cached(load, **options)
        late: Loaded = []
        thread = threading.Thread(target=lambda: late.append(first(1)))
        thread.start()
        begun.wait(10)
        people[1] = "Bea"
        if name is None:
            second.invalidate(1)
        else:
            two.invalidate(name)
        go.set()
        thread.join()
        one.flush()

        assert late == ["Ann"]
        assert second(1) == "Bea"
        until(lambda: first(1) == "Bea")

    def test_more_orders_than_there_is_room_for_forget_everything(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        def load(user_id: int) -> int:
            loaded.append(user_id)
            return user_id

        one, two = hosts(redis.url), hosts(redis.url)
        one.cached(load, ttl=60)(1)
        one.flush()
        for n in range(100):
            one.invalidate(f"team:{n}:*")
        with redis.client() as client:
            assert (client.strlen("{pepperpy.0}:ledger") or 0) < 10_000

        assert two.cached(load, ttl=60)(1) == 1
        assert loaded == [1, 1]

    def test_an_evicted_stamp_takes_its_results_along(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        def load(user_id: int) -> int:
            loaded.append(user_id)
            return user_id

        for name in ("{pepperpy.0}:name:user:1", "{pepperpy.0}:ledger"):
            loaded.clear()
            one, two = hosts(redis.url), hosts(redis.url)
            with redis.client() as client:
                client.flushall()
                one.cached(load, ttl=60)(1)
                one.flush()
                assert client.delete(name) == 1

            two.cached(load, ttl=60)(1)

            assert loaded == [1, 1]

    def test_a_million_results_are_dropped_as_fast_as_one(self, url: str, redis: Redis) -> None:
        times: dict[int, float] = {}
        with redis.client() as client:
            for count in (1_000, 100_000):
                # What tags cost does not depend on who carries them: nothing lists the members.
                pipe = client.pipeline(transaction=False)
                for n in range(count):
                    pipe.set(f"{{pepperpy.0}}:value:of:{count}:{n}", b"x" * 20)
                pipe.execute()
                laps = []
                for _ in range(50):
                    client.set("{pepperpy.0}:name:users", "stamp")
                    start = time.perf_counter()
                    assert invalidate_cache("users") == 1
                    laps.append(time.perf_counter() - start)
                times[count] = min(laps)

        assert times[100_000] < 3 * times[1_000]


class TestTrust:
    def test_a_value_that_was_moved_or_changed_is_a_miss(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        def load(n: int) -> int:
            loaded.append(n)
            return n

        one = hosts(redis.url)
        first = one.cached(load, ttl=60)
        first(1), first(2)
        one.flush()
        with redis.client() as client:
            keys = sorted(client.keys("*:value:*"))
            data = [client.get(key) for key in keys]
            client.set(keys[0], data[1], px=60_000)
            client.set(keys[1], data[1][:-1] + bytes([data[1][-1] ^ 1]), px=60_000)

        second = hosts(redis.url).cached(load, ttl=60)

        assert (second(1), second(2)) == (1, 2)
        assert loaded == [1, 2, 1, 2]

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"P1",
            b"P1" + bytes(16),
            b"cos\nsystem\n(S'false'\ntR.",
            bytes(range(256)),
            b"P1" * 500,
        ],
    )
    def test_what_is_none_of_ours_is_a_miss(
        self, redis: Redis, hosts: Callable[..., Host], data: bytes
    ) -> None:
        def load(n: int) -> int:
            return n

        one, two = hosts(redis.url), hosts(redis.url)
        one.cached(load, ttl=60)(1)
        one.flush()
        with redis.client() as client:
            for key in client.keys("*"):
                client.set(key, data)

        assert two.cached(load, ttl=60)(1) == 1
        assert two.cached(load, ttl=60)(1) == 1


class TestHerd:
    def test_hosts_that_miss_at_once_load_once(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        def load(n: int) -> int:
            loaded.append(n)
            begun.set()
            go.wait(10)
            return n

        functions = [hosts(redis.url).cached(load, ttl=60) for _ in range(4)]
        results: Loaded = []
        threads = [
            threading.Thread(target=lambda f=function: results.append(f(1)))
            for function in functions
        ]
        for thread in threads:
            thread.start()
        begun.wait(10)
        go.set()
        for thread in threads:
            thread.join()

        assert results == [1] * 4
        assert loaded == [1]

    @pytest.mark.asyncio
    async def test_tasks_of_two_hosts_load_once(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        async def load(n: int) -> int:
            loaded.append(n)
            await asyncio.sleep(0.1)
            return n

        functions = [hosts(redis.url).cached(load, ttl=60) for _ in range(2)]

        assert await asyncio.gather(*(f(1) for f in functions for _ in range(20))) == [1] * 40
        assert loaded == [1]

    def test_a_load_that_fails_is_another_hosts_at_once(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        def load(n: int) -> int:
            loaded.append(n)
            if len(loaded) == 1:
                raise LookupError(n)
            return n

        one, two = hosts(redis.url), hosts(redis.url)
        first, second = one.cached(load, ttl=60), two.cached(load, ttl=60)

        with pytest.raises(LookupError):
            first(1)
        one.flush()
        start = time.monotonic()
        assert second(1) == 1

        assert time.monotonic() - start < 0.5

    def test_a_host_that_died_delays_nobody_longer_than_its_lease(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        def load(n: int) -> int:
            loaded.append(n)
            if len(loaded) == 1:
                begun.set()
                go.wait(10)
            return n

        one, two = hosts(redis.url), hosts(redis.url)
        thread = threading.Thread(target=one.cached(load, ttl=60), args=(1,))
        thread.start()
        begun.wait(10)
        one.tier.close()  # so that it renews nothing, as if it was stopped

        start = time.monotonic()
        assert two.cached(load, ttl=60)(1) == 1
        waited = time.monotonic() - start
        go.set()
        thread.join()

        assert 1 < waited < 2.6
        assert loaded == [1, 1]

    def test_nobody_waits_for_a_load_that_is_dropped_already(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        def load(user_id: int) -> int:
            loaded.append(user_id)
            if len(loaded) == 1:
                begun.set()
                go.wait(10)
            return len(loaded)

        one, two = hosts(redis.url), hosts(redis.url)
        first, second = one.cached(load, ttl=60), two.cached(load, ttl=60)
        thread = threading.Thread(target=first, args=(1,))
        thread.start()
        begun.wait(10)
        two.invalidate("user:1")

        start = time.monotonic()
        assert second(1) == 2
        assert time.monotonic() - start < 1
        go.set()
        thread.join()
        one.flush()
        two.tier._memory.empty()
        assert second(1) == 2  # and not what came later, and is older

    def test_a_slow_load_stays_one_host_s(self, redis: Redis, hosts: Callable[..., Host]) -> None:
        def load(n: int) -> int:
            loaded.append(n)
            begun.set()
            go.wait(10)
            return n

        one, two = hosts(redis.url), hosts(redis.url)
        first, second = one.cached(load, ttl=60), two.cached(load, ttl=60)
        results: Loaded = []
        threads = [
            threading.Thread(target=lambda f=f: results.append(f(1))) for f in (first, second)
        ]
        threads[0].start()
        begun.wait(10)
        threads[1].start()
        with redis.client() as client:
            (lock,) = client.keys("*:lock:*")
            start = time.monotonic()
            while time.monotonic() - start < 3:  # longer than a lease
                assert client.exists(lock)
                time.sleep(0.05)
        go.set()
        for thread in threads:
            thread.join()

        assert (results, loaded) == ([1, 1], [1])

    def test_a_stale_result_is_served_while_another_host_loads(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        def load(n: int) -> int:
            loaded.append(n)
            if len(loaded) > 1:
                begun.set()
                go.wait(10)
            return len(loaded)

        one, two, three = (hosts(redis.url) for _ in range(3))
        first, second, third = (
            host.cached(load, ttl=0.3, stale_for=60) for host in (one, two, three)
        )
        first(1)
        one.flush()
        with redis.client() as client:
            (key,) = client.keys("*:value:*")
            until(lambda: client.pttl(key) < 60_000)
        results: Loaded = []
        thread = threading.Thread(target=lambda: results.append(second(1)))
        thread.start()
        begun.wait(10)

        start = time.monotonic()
        assert third(1) == 1
        assert time.monotonic() - start < 0.5
        go.set()
        thread.join()
        assert results == [2]


class TestOutage:
    """A server that is killed, frozen, slow, full or gone: what the caller sees of it."""

    @pytest.fixture
    def hosts(self, hosts: Callable[..., Host]) -> Callable[..., Host]:
        """Hosts with the usual time-out, which have the server before it fails."""

        def make(url: str, timeout: float = TIMEOUT, *, is_there: bool = True) -> Host:
            host = hosts(url, timeout=timeout)
            if is_there:  # on a busy machine not at once
                host.cached(nothing)()
                until(lambda: host.state == "ok")
            return host

        return make

    @pytest.fixture
    def warnings(self, caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
        caplog.set_level(logging.WARNING, "pepperpy.infra.cache")
        return lambda: [record.getMessage() for record in caplog.records]

    def test_a_server_that_never_was_there_costs_one_time_out(
        self, hosts: Callable[..., Host], warnings: Callable[[], list[str]], own_redis: Redis
    ) -> None:
        own_redis.kill()
        host = hosts(own_redis.url, is_there=False)
        load = host.cached(lambda n: n, ttl=60)

        start = time.monotonic()
        assert load(0) == 0
        first = time.monotonic() - start
        start = time.monotonic()
        assert [load(n) for n in range(1, 200)] == [*range(1, 200)]
        rest = time.monotonic() - start

        assert first < 0.25 + NOISE
        assert rest < TIMEOUT
        assert [load(n) for n in range(200)] == [*range(200)]
        assert host.state == "down"
        assert len(warnings()) == 1

    @pytest.mark.parametrize("fault", ["freeze", "kill", "mute", "blackhole", "cut"])
    def test_it_adds_a_quarter_of_a_second_once(
        self,
        hosts: Callable[..., Host],
        warnings: Callable[[], list[str]],
        own_redis: Redis,
        fault: str,
    ) -> None:
        with Proxy(own_redis) as proxy:
            host = hosts(proxy.url)

            def load(n: int) -> int:
                loaded.append(n)
                return n

            call = host.cached(load, ttl=60, max_size=10_000)
            for n in range(50):
                assert call(n) == n
            host.flush()
            kept, told = host.facts["kept"], len(warnings())
            getattr(own_redis if fault in {"freeze", "kill"} else proxy, fault)()

            slowest, total = 0.0, time.monotonic()
            for n in range(50, 300):
                start = time.monotonic()
                assert call(n) == n
                slowest = max(slowest, time.monotonic() - start)
            total = time.monotonic() - total

            assert slowest < 0.25 + NOISE
            assert total < 0.25 + 0.2  # of all 250 calls together
            assert loaded == [*range(300)]
            if fault != "cut":
                until(lambda: host.state == "down")
            {"freeze": own_redis.thaw, "kill": own_redis.start}.get(fault, proxy.heal)()
            until(lambda: host.state == "ok")
            assert call(1000) == 1000
            host.flush()
            assert host.facts["kept"] > kept
            assert len(warnings()) == told + 1
            assert "redis://" in warnings()[-1]

    @pytest.mark.asyncio
    async def test_tasks_see_no_more_of_it_than_threads(
        self, hosts: Callable[..., Host], own_redis: Redis
    ) -> None:
        host = hosts(own_redis.url)

        async def load(n: int) -> int:
            return n

        call = host.cached(load, ttl=60, max_size=10_000)
        await call(0)
        await asyncio.to_thread(own_redis.freeze)

        start = time.monotonic()
        assert await asyncio.gather(*(call(n) for n in range(1, 100))) == [*range(1, 100)]
        first = time.monotonic() - start
        start = time.monotonic()
        assert await asyncio.gather(*(call(n) for n in range(100, 200))) == [*range(100, 200)]
        rest = time.monotonic() - start

        assert first - rest < 0.25 + NOISE  # what the server adds to what the tasks cost anyway
        assert rest < TIMEOUT
        await asyncio.to_thread(own_redis.thaw)
        await asyncio.to_thread(until, lambda: host.state == "ok")

    @pytest.mark.parametrize("part", ["_memory.drop", "_link.line._pipeline"])
    def test_an_error_of_our_own_is_an_outage_and_no_more(
        self,
        hosts: Callable[..., Host],
        redis: Redis,
        monkeypatch: pytest.MonkeyPatch,
        part: str,
    ) -> None:
        people[1] = "Ann"

        def load(user_id: int) -> str:
            return people[user_id]

        one, two = hosts(redis.url), hosts(redis.url)
        first, second = one.cached(load, ttl=60), two.cached(load, ttl=60)
        first(1)
        one.flush()
        second(1)
        owner, name = attrgetter(part.rpartition(".")[0])(two.tier), part.rpartition(".")[2]
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, failing)
            people[1] = "Bea"
            one.invalidate("user:1")
            until(lambda: two.state == "down")
        until(lambda: two.state == "ok")

        assert second(1) == "Bea"

    @pytest.mark.asyncio
    async def test_to_drop_something_does_not_hold_up_the_loop(
        self, hosts: Callable[..., Host], own_redis: Redis
    ) -> None:
        host = hosts(own_redis.url, timeout=0.5)
        await asyncio.to_thread(host.tier.connect)
        await asyncio.to_thread(own_redis.freeze)
        invalidator = AsyncCacheInvalidator(host.cache)

        dropping = asyncio.create_task(invalidator.invalidate("user:1"))
        start = time.monotonic()
        await asyncio.sleep(0)
        await asyncio.sleep(0.01)

        assert time.monotonic() - start < 0.4
        assert not dropping.done()
        assert await dropping == 0

    def test_what_was_dropped_meanwhile_is_sent_when_it_is_back(
        self, hosts: Callable[..., Host], own_redis: Redis
    ) -> None:
        people[1] = "Ann"

        def load(user_id: int) -> str:
            return people[user_id]

        with Proxy(own_redis) as proxy:
            one, two = hosts(proxy.url), hosts(own_redis.url)
            first, second = one.cached(load, ttl=60), two.cached(load, ttl=60)
            first(1)
            one.flush()
            second(1)
            proxy.mute()
            people[1] = "Bea"

            start = time.monotonic()
            one.invalidate("user:1")
            assert time.monotonic() - start < 0.25 + NOISE
            assert first(1) == "Bea"
            assert one.facts["waiting"] == 1
            assert second(1) == "Ann"  # nobody could tell it
            proxy.heal()

            until(lambda: one.state == "ok" and not one.facts["waiting"])
            until(lambda: second(1) == "Bea", 1)
            assert first(1) == "Bea"

    def test_memory_is_emptied_when_news_may_have_been_missed(
        self, hosts: Callable[..., Host], own_redis: Redis
    ) -> None:
        people[1] = "Ann"

        def load(user_id: int) -> str:
            return people[user_id]

        with Proxy(own_redis) as proxy:
            one, two = hosts(own_redis.url), hosts(proxy.url)
            first, second = one.cached(load), two.cached(load)
            first(1)
            one.flush()
            second(1)
            proxy.blackhole()
            people[1] = "Bea"
            one.invalidate("user:1")

            # It hears of nothing, and finds that out; memory lags behind for 2.5 seconds at most.
            start = time.monotonic()
            until(lambda: second(1) == "Bea")
            assert time.monotonic() - start < 2.75
            assert two.state == "down"
            people[1] = "Cid"
            one.invalidate("user:1")
            start = time.monotonic()
            until(lambda: second(1) == "Cid")
            assert time.monotonic() - start < 5.75
            proxy.heal()
            until(lambda: two.state == "ok")
            people[1] = "Dan"
            one.invalidate("user:1")
            until(lambda: second(1) == "Dan", 1)

    def test_a_server_that_comes_back_with_the_past_counts_as_empty(
        self, hosts: Callable[..., Host], own_redis: Redis
    ) -> None:
        people[1] = "Ann"

        def load(user_id: int) -> str:
            return people[user_id]

        one = hosts(own_redis.url)
        first = one.cached(load, ttl=60)
        first(1)
        one.flush()
        log = own_redis.folder / "appendonlydir"
        before = {path: path.read_bytes() for path in log.iterdir()}
        people[1] = "Bea"
        assert one.invalidate("user:1") == 1
        own_redis.kill()
        for path, data in before.items():  # as a power cut leaves them
            path.write_bytes(data)
        own_redis.start()
        with own_redis.client() as client:
            assert client.keys("*:value:*")

        assert hosts(own_redis.url).cached(load, ttl=60)(1) == "Bea"
        until(lambda: one.state == "ok")
        assert first(1) == "Bea"

    def test_a_server_that_is_empty_again_is_filled_again(
        self, hosts: Callable[..., Host], own_redis: Redis
    ) -> None:
        def load(n: int) -> int:
            loaded.append(n)
            return n

        one, two = hosts(own_redis.url), hosts(own_redis.url)
        first, second = one.cached(load, ttl=60), two.cached(load, ttl=60)
        first(1), second(1)
        own_redis.restart(empty=True)
        until(lambda: one.facts["lost"] and two.facts["lost"])
        until(lambda: one.state == two.state == "ok")
        loaded.clear()

        assert first(1) == 1
        one.flush()
        assert second(1) == 1
        assert loaded == [1]

    def test_a_reply_that_breaks_off_is_nobodys(
        self, hosts: Callable[..., Host], own_redis: Redis
    ) -> None:
        def load(n: int) -> str:
            return f"{n}:" + "x" * 2000

        with Proxy(own_redis) as proxy:
            one, two = hosts(own_redis.url), hosts(proxy.url)
            first, second = one.cached(load, ttl=60), two.cached(load, ttl=60)
            for n in range(100):
                first(n)
            one.flush()
            second(0)
            chance = random.Random(7)
            resets = 0
            while resets < 20:
                until(lambda: two.state == "ok")
                proxy.reset_after(chance.randrange(1, 12_000))
                for n in range(100):
                    assert second(n) == load(n)
                two.tier._memory.empty()
                resets = proxy.resets

    @pytest.mark.asyncio
    async def test_cancelled_calls_leave_no_reply_for_others(
        self, hosts: Callable[..., Host], own_redis: Redis
    ) -> None:
        async def load(n: int) -> str:
            return f"result of {n}"

        with Proxy(own_redis) as proxy:
            host = hosts(proxy.url)
            call = host.cached(load, ttl=60, max_size=4)
            for n in range(50):
                await call(n)
            proxy.latency = 0.004
            chance = random.Random(11)
            cancelled = answered = 0
            for _ in range(40):
                tasks = {n: asyncio.create_task(call(n)) for n in chance.sample(range(50), 25)}
                await asyncio.sleep(chance.random() * 0.03)
                for task in chance.sample([*tasks.values()], 15):
                    task.cancel()
                for n, task in tasks.items():
                    try:
                        assert await task == f"result of {n}"
                        answered += 1
                    except asyncio.CancelledError:
                        cancelled += 1

            assert cancelled > 200
            assert answered > 400
            assert host.facts["failures"] == 0

    def test_a_slow_network_is_waited_for_up_to_the_limit(
        self, hosts: Callable[..., Host], own_redis: Redis
    ) -> None:
        def load(n: int) -> int:
            loaded.append(n)
            return n

        with Proxy(own_redis) as proxy:
            proxy.latency = 0.03
            one, two = hosts(proxy.url), hosts(proxy.url)
            first, call = one.cached(load, ttl=60), two.cached(load, ttl=60)
            first(0), call(0)  # to connect takes several rounds, which may be too long
            until(lambda: one.state == two.state == "ok")
            loaded.clear()
            first(1)
            one.flush()

            assert call(1) == 1
            assert loaded == [1]
            proxy.latency = 0.15  # 0.3 there and back, which is more than 0.2
            start = time.monotonic()
            assert call(2) == 2
            assert time.monotonic() - start < 0.25 + NOISE
            start = time.monotonic()
            assert [call(n) for n in range(3, 100)] == [*range(3, 100)]
            assert time.monotonic() - start < TIMEOUT

    def test_a_full_server_keeps_no_more_and_drops_all_the_same(
        self, hosts: Callable[..., Host], own_redis: Redis
    ) -> None:
        people[1] = people[2] = "Ann"

        def load(user_id: int) -> str:
            return people[user_id]

        one, two = hosts(own_redis.url), hosts(own_redis.url)
        first = one.cached(load, ttl=60)
        first(1)
        one.flush()
        with own_redis.client() as client:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", "1mb")
            second = two.cached(load, ttl=60)
            assert second(2) == "Ann"  # not kept, and no error
            assert second(1) == "Ann"
            for n, name in enumerate(["user:1", "user:*", "user:1"]):
                people[1] = f"Bea {n}"
                one.invalidate(name)
                assert first(1) == people[1]
                until(lambda: second(1) == people[1], 1)
            client.config_set("maxmemory", 0)

        assert one.state == two.state == "ok"
        assert one.facts["waiting"] == 0

    def test_a_server_that_lets_nobody_write_is_not_asked(
        self, hosts: Callable[..., Host], own_redis: Redis
    ) -> None:
        people[1] = "Ann"

        def load(user_id: int) -> str:
            return people[user_id]

        one = hosts(own_redis.url)
        first = one.cached(load, ttl=60)
        first(1)
        one.flush()
        with own_redis.client() as client:
            client.replicaof("127.0.0.1", 1)
            people[1] = "Bea"
            one.invalidate("user:1")
            one.tier._memory.empty()

            assert first(1) == "Bea"
            assert one.facts["waiting"] == 1
            client.replicaof("NO", "ONE")
        until(lambda: one.state == "ok")
        one.tier._memory.empty()
        assert first(1) == "Bea"

    def test_the_clock_of_a_client_does_not_matter(
        self, redis: Redis, hosts: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        people[1] = "Ann"

        def load(user_id: int) -> str:
            loaded.append(user_id)
            return people[user_id]

        real = time.time
        one, two = hosts(redis.url), hosts(redis.url)
        first, second = one.cached(load, ttl=60), two.cached(load, ttl=60)
        for jump in (-86_400, 86_400, 10 * 365 * 86_400):
            monkeypatch.setattr(time, "time", lambda jump=jump: real() + jump)
            loaded.clear()
            one.invalidate("user:1")
            assert first(1) == "Ann"
            one.flush()
            until(lambda: not second.cache_info().size)
            assert second(1) == "Ann"
            assert loaded == [1]

    def test_a_server_that_is_killed_under_load_fails_no_call(
        self, hosts: Callable[..., Host], own_redis: Redis
    ) -> None:
        def load(n: int) -> int:
            return n * n

        made = [hosts(own_redis.url) for _ in range(2)]
        calls = [host.cached(load, ttl=60, max_size=50) for host in made]
        results: Loaded = []
        slowest: Loaded = [0.0]
        done = threading.Event()

        def work(seed: int) -> None:
            chance = random.Random(seed)
            while not done.is_set():
                n = chance.randrange(500)
                start = time.monotonic()
                results.append(calls[seed % 2](n) == n * n)
                slowest[0] = max(slowest[0], time.monotonic() - start)

        threads = [ThreadThatTells(work, seed) for seed in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            time.sleep(0.5)
            own_redis.kill()
            until(lambda: any(host.state == "down" for host in made))
            own_redis.start()
            until(lambda: all(host.state == "ok" for host in made))
        done.set()
        for thread in threads:
            thread.join()

        assert all(results)
        assert [thread.error for thread in threads] == [None] * 4
        assert slowest[0] < 1  # four threads that never rest; the tests above measure the wait

    def test_nothing_that_was_dropped_is_served_again(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        """Once a drop is acknowledged, its host serves no older load, and others only until the
        news have come."""

        def load(user_id: int) -> int:
            return versions[user_id]

        race = Race([hosts(redis.url) for _ in range(2)], load)
        readers = [ThreadThatTells(race.read, seed) for seed in range(3)]
        writers = [ThreadThatTells(race.write, seed) for seed in range(2)]
        for thread in (*readers, *writers):
            thread.start()
        for thread in writers:
            thread.join()
        race.is_over.set()
        for thread in readers:
            thread.join()

        assert [thread.error for thread in (*readers, *writers)] == [None] * 5
        assert all(race.calls[0](n) == versions[n] for n in range(8))
        print(f"news came {race.late * 1000:.1f} ms late at most")  # noqa: T201


RACE = """
import random, sys, time

import redis

from pepperpy.infra.cache import cached, initialize_cache, invalidate_cache

url, seed = sys.argv[1], int(sys.argv[2])
database = redis.Redis.from_url(url)
initialize_cache("redis", cache_url=url, cache_timeout=5)

@cached(ttl=60)
def get_version(user_id):
    return int(database.get(f"version:{user_id}") or 0)

def acknowledged(user_id):
    return int(database.get(f"acknowledged:{user_id}") or 0)

chance, late = random.Random(seed), 0.0
for _ in range(1000):
    user_id = chance.randrange(8)
    if chance.random() < 0.4 and user_id % 2 == seed % 2:
        version = database.incr(f"version:{user_id}")
        invalidate_cache(chance.choice([f"user:{user_id}", f"user:{user_id}*"]))
        database.set(f"acknowledged:{user_id}", version)
        assert get_version(user_id) >= version, "the past, by who dropped it"
    floor, start = acknowledged(user_id), time.monotonic()
    while get_version(user_id) < floor:
        late = max(late, time.monotonic() - start)
        assert late < 2, "the past, by another process"
print(late)
"""


class TestProcesses:
    @pytest.mark.parametrize("seed", [1, 2])
    def test_none_serves_what_another_one_dropped(
        self, redis: Redis, tmp_path: Path, seed: int
    ) -> None:
        file = tmp_path / "race.py"
        file.write_text(RACE, "utf-8")
        runs = [
            subprocess.Popen(
                [sys.executable, "-W", "error", str(file), redis.url, str(10 * seed + number)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for number in range(3)
        ]
        told = [run.communicate(timeout=50) for run in runs]

        assert [errors for _, errors in told] == [""] * 3
        late = max(float(printed) for printed, _ in told)
        print(f"news came {late * 1000:.1f} ms late at most")  # noqa: T201

    def test_a_process_that_is_killed_leaves_its_load_to_others(
        self, redis: Redis, tmp_path: Path
    ) -> None:
        file = tmp_path / "load.py"
        file.write_text(
            """
import sys, time
from pepperpy.infra.cache import cached, initialize_cache

initialize_cache("redis", cache_url=sys.argv[1], cache_timeout=5)

@cached(ttl=60)
def load(n):
    print("loading", flush=True)
    if sys.argv[2] == "hang":
        time.sleep(60)
    return n

start = time.monotonic()
assert load(1) == 1
print(time.monotonic() - start)
""",
            "utf-8",
        )
        command = [sys.executable, str(file), redis.url]
        first = subprocess.Popen([*command, "hang"], stdout=subprocess.PIPE, text=True)
        assert first.stdout is not None
        assert first.stdout.readline() == "loading\n"
        first.kill()
        first.wait()
        first.stdout.close()

        second = subprocess.run([*command, "go"], capture_output=True, text=True, check=True)

        told, waited = second.stdout.split()
        assert told == "loading"
        assert float(waited) < 2 + 1  # a lease, and what a busy machine adds


class TestSetup:
    @pytest.mark.parametrize(
        ("url", "told"),
        [
            ("http://:geheim@host/0", "http://"),
            ("redis:/geheim", "something else"),
            ("geheim", "geheim"),
            ("redis://:geheim@/0?db=x", "makes no sense"),
        ],
    )
    def test_a_wrong_url_is_refused_without_its_secrets(self, url: str, told: str) -> None:
        with pytest.raises(CacheTierError) as caught:
            initialize_cache("redis", cache_url=url)

        assert told in str(caught.value) or url == "geheim"
        assert "geheim" not in str(caught.value).replace("geheim://", "")
        assert caught.value.__cause__ is None

    def test_who_asks_is_told_whether_it_answers(
        self, own_redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        host = hosts(own_redis.url)
        host.tier.connect()
        own_redis.kill()

        with pytest.raises(CacheTierError, match=r"no answer from redis://127\.0\.0\.1") as caught:
            hosts(own_redis.url).tier.connect()

        assert caught.value.cache_type == "redis"

    def test_the_command_tells_whether_it_answers(self, own_redis: Redis, program: Any) -> None:
        environ = {
            "PEPPERPY_CACHE_CACHE_TYPE": "redis",
            "PEPPERPY_CACHE_CACHE_URL": own_redis.url.replace("redis://", "redis://:geheim@"),
        }
        code = "import sys\nfrom pepperpy.infra.__main__ import main\nsys.exit(main([]))"

        there = program.run(code, environ={**environ, "PEPPERPY_CACHE_CACHE_URL": own_redis.url})
        own_redis.kill()
        gone = program.run(code, environ=environ, fails=True)

        assert f"cache at {own_redis.url}" in there.stdout
        assert "no answer from redis://:***@127.0.0.1" in gone.stdout
        assert "geheim" not in gone.stdout + gone.stderr

    def test_no_secret_is_shown(self, caplog: pytest.LogCaptureFixture, own_redis: Redis) -> None:
        heard: list[Signal] = []
        unsubscribe = subscribe(heard.append)
        with own_redis.client() as client:
            client.config_set("requirepass", "geheim")
        try:
            url = own_redis.url.replace("redis://", "redis://:falsch@")
            initialize_cache("redis", cache_url=url)
            assert squares(ttl=60)(3) == 9
            assert tier().inspect()["state"] == "down"
            until(lambda: heard)
            shown = f"{tier().inspect()} {tier()!r} {caplog.text} {heard}"
        finally:
            unsubscribe()
            initialize_cache("memory")

        assert "falsch" not in shown
        assert "cache.redis_lost" in shown

    def test_two_programs_with_prefixes_of_their_own_share_nothing(self, redis: Redis) -> None:
        square = squares(ttl=60)
        for prefix in ("shop", "blog", "shop"):
            initialize_cache("redis", cache_url=redis.url, cache_prefix=prefix, cache_timeout=5)
            square(3)
            tier().flush()
        clear_cache()
        initialize_cache("redis", cache_url=redis.url, cache_prefix="blog", cache_timeout=5)
        square(3)
        initialize_cache("memory")

        assert loaded == [3, 3]

    def test_closing_sends_what_waits_and_ends_the_threads(self, redis: Redis) -> None:
        square = squares(ttl=60)
        initialize_cache("redis", cache_url=redis.url, cache_timeout=PATIENT)
        square(3)
        run_closers()

        names = {thread.name for thread in threading.enumerate()}
        assert not {name for name in names if name.startswith("pepperpy-cache-redis")}
        assert square(4) == 16
        restart(redis.url)
        assert square(3) == 9
        assert loaded == [3, 4]
        initialize_cache("memory")
