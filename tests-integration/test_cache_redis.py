"""The cache on Redis: what processes share, and that nothing of it fails a call or serves the past."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pepperpy.infra.cache import (
    Cache,
    CacheTierError,
    InvalidOptionError,
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
    initialize_cache("redis", cache_url=redis.url)
    yield redis.url
    initialize_cache("memory")


class Host:
    """What stands for a process of its own: functions and memory that no other one has."""

    def __init__(self, url: str, timeout: float = TIMEOUT) -> None:
        self.cache = Cache("host")
        self.tier = RedisTier(url, "pepperpy", timeout)
        self.cache.begin_anew({}, self.tier)
        self.cached = self.cache.cached
        self.invalidate = self.cache.invalidate

    @property
    def facts(self) -> dict[str, Any]:
        return dict(self.tier.inspect()["facts"])  # type: ignore[call-overload]

    @property
    def state(self) -> object:
        return self.tier.inspect()["state"]

    def flush(self) -> None:
        self.tier.flush()


@pytest.fixture
def hosts() -> Iterator[Callable[..., Host]]:
    made: list[Host] = []

    def make(url: str, **options: Any) -> Host:
        made.append(Host(url, **options))
        return made[-1]

    yield make
    for host in made:
        host.tier.close()


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until something is so that another thread or process brings about."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.005)


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
    initialize_cache("redis", cache_url=url)


def squares(**options: Any) -> Any:
    @cached(**options)
    def square(n: int) -> int:
        loaded.append(n)
        return n * n

    return square


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

initialize_cache(cache_type="redis", cache_url={redis.url!r})

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
        [None, 0, "", [], False, 1.5, "é\0☃", b"\xff\0", {"a": [1, {"b": None}]}, 2**70, (1, (2,)), {3}],
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

    @pytest.mark.parametrize("value", [object(), bytearray(b"x"), range(3), [bytearray()], "\ud800"])
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
            return await asyncio.gather(load(1), load(2))

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
                result = b"ok" if memory_is_empty and initialize.inspect()["state"] == "ok" else b"no"
            finally:
                os.write(write, result)
                os._exit(0)
        os.waitpid(child, 0)

        assert os.read(read, 10) == b"ok"
        restart(url)
        assert (square(3), square(4)) == (9, 16)
        assert loaded == [3]

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
        [b"", b"P1", b"P1" + bytes(16), b"cos\nsystem\n(S'false'\ntR.", bytes(range(256)), b"P1" * 500],
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
