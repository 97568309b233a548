"""The cache on Redis with what others put there, and with what happens in the midst of something."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest

from hosts import Host, until
from pepperpy.infra.cache import CacheTierError
from pepperpy.infra.cache._redis import RedisTier
from pepperpy.infra.cache._redis._line import Ask, Line, Replies
from pepperpy.infra.resilience import resilience_disabled
from servers import Proxy, Redis

DEEP = b"[" * 100_000

loaded: list[Any] = []
versions: list[int] = []


@pytest.fixture(autouse=True)
def nothing_is_loaded() -> None:
    loaded.clear()
    versions.clear()


def load(user_id: int) -> int:
    loaded.append(user_id)
    return user_id


class TestGarbage:
    @pytest.mark.parametrize("which", ["name:user:1", "ledger", "any", "lock", "value", "run"])
    def test_what_others_put_there_fails_no_call_and_is_cleared_away(
        self, redis: Redis, hosts: Callable[..., Host], which: str
    ) -> None:
        host = hosts(redis.url)
        call = host.cached(load, ttl=60)
        call(1)
        host.flush()
        with redis.client() as client:
            (value,) = client.keys("*:value:*")
            start, place = value.split(b":value:")
            rest = {"value": b"value:" + place, "lock": b"lock:" + place}
            key = start + b":" + rest.get(which, which.encode())
            for garbage in (
                b"\xff\xfe",
                b"",
                DEEP,
                b"x 1\n1 " + DEEP,
                b"x 1\n2 [null,1]",
                b"7",
                None,
            ):
                client.delete(key)
                if garbage is None:
                    client.rpush(key, "a list")
                else:
                    client.set(key, garbage)
                host.restart()

                assert call(1) == 1
                host.flush()
                host.cache.invalidate("user:1")
                host.cache.invalidate("user:1*")
                assert call(1) == 1
                host.cache.clear()
                assert call(1) == 1
                host.flush()
                host.restart()
                loaded.clear()
                assert call(1) == 1
                assert not loaded, "it was not kept"

        assert host.facts["lost"] == host.facts["failures"] == 0

    def test_a_message_that_nobody_can_read_forgets_what_is_in_memory(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        host = hosts(redis.url)
        call = host.cached(load, ttl=60)
        call(1)

        with redis.client() as client:
            client.publish("pepperpy:dropped", DEEP)

        until(lambda: not call.cache_info().size)
        assert host.facts["lost"] == 0


class TestInTheMidst:
    @pytest.mark.parametrize("moment", [1, 2, 3])
    @pytest.mark.parametrize("lives", [(5, 100), (100, 5)])
    def test_the_time_that_is_left_is_that_of_the_result(
        self,
        redis: Redis,
        hosts: Callable[..., Host],
        monkeypatch: pytest.MonkeyPatch,
        lives: tuple[int, int],
        moment: int,
    ) -> None:
        """Whenever another process stores another one between two of the commands that read it."""
        one, two = hosts(redis.url), hosts(redis.url)

        def life() -> int:
            return versions[-1]

        ours, theirs = (host.cached(life, ttl=lambda it: it) for host in (one, two))
        versions.append(lives[0])
        ours()
        one.flush()
        pipeline: Any = Line._pipeline

        def slowly(line: Line, commands: list[Any]) -> list[Any]:
            if line is not two.tier._link.line or "MGET" not in [first for first, *_ in commands]:
                return pipeline(line, commands)  # type: ignore[no-any-return]
            replies: list[Any] = []
            for number, command in enumerate(commands):
                if number == moment and len(versions) == 1:
                    versions.append(lives[1])
                    ours.refresh()
                    one.flush()
                replies += pipeline(line, [command])
            return replies

        two.cached(nothing)()
        monkeypatch.setattr(Line, "_pipeline", slowly)
        found: list[Any] = []

        def counted(_: object, it: Any) -> Any:
            found.append(it)
            return it

        monkeypatch.setattr(two.tier, "_counted", counted)
        theirs()

        (result,) = found
        assert result is None or result.life <= result.value

    def test_locks_are_renewed_while_others_begin_to_load(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        host = hosts(redis.url)
        host.cached(nothing)()
        link = host.tier._link
        is_over = threading.Event()

        def begin() -> None:
            while not is_over.is_set():
                kept = [host.tier._ticket(str(n)) for n in range(50)]
                link.held.update({ticket.owner: ticket for ticket in kept})

        thread = threading.Thread(target=begin)
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        thread.start()
        try:
            for _ in range(300):
                link._renewed = 0.0
                link.tick()
        finally:
            sys.setswitchinterval(interval)
            is_over.set()
            thread.join()

    @pytest.mark.asyncio
    async def test_a_call_that_is_cancelled_leaves_no_lock_behind(
        self, redis: Redis, hosts: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one, two = hosts(redis.url), hosts(redis.url)

        async def square(n: int) -> int:
            return n * n

        ours, theirs = one.cached(square, ttl=60), two.cached(square, ttl=60)
        await asyncio.gather(ours(0), theirs(0))
        line = one.tier._link.line
        put = line.put

        def put_and_cancel(ask: Ask) -> bool:
            if any("ask" in command for command in ask.commands):  # that a load may begin
                asyncio.get_running_loop().call_soon(task.cancel)
            return put(ask)

        monkeypatch.setattr(line, "put", put_and_cancel)
        task = asyncio.create_task(ours(7))
        with pytest.raises(asyncio.CancelledError):
            await task

        start = time.monotonic()
        assert await theirs(7) == 49
        assert time.monotonic() - start < 1

    def test_what_is_dropped_while_the_server_comes_back_is_dropped_there(
        self, own_redis: Redis, hosts: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Proxy(own_redis) as proxy:
            host = hosts(proxy.url)

            def version(user_id: int) -> int:
                return versions[-1]

            call = host.cached(version, ttl=60)
            versions.append(1)
            assert call(1) == 1
            host.flush()
            line = host.tier._link.line
            ask = line.ask

            def in_the_midst(question: Ask) -> Replies:
                replies = ask(question)
                if question.must and question.probes and len(versions) == 1 and replies:
                    versions.append(2)
                    thread = threading.Thread(target=host.cache.invalidate, args=("user:1",))
                    thread.start()
                    thread.join()
                return replies

            monkeypatch.setattr(line, "ask", in_the_midst)
            proxy.cut()
            until(lambda: len(versions) == 2)
            until(lambda: host.state == "ok")

            assert call(1) == 2

    def test_without_breakers_a_restarted_server_is_not_trusted_either(
        self, own_redis: Redis, hosts: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        host = hosts(own_redis.url)
        call = host.cached(load, ttl=60)
        call(1)
        host.flush()
        line = host.tier._link.line

        with resilience_disabled():
            monkeypatch.setattr(host.tier._link._news, "break_off", lambda _: None)  # it comes late
            own_redis.kill()
            own_redis.start()
            line.ask(Ask([("PING",)]))
            asked = line.ask(Ask([("PING",)]))

        assert asked is None


class TestWithoutThreads:
    def test_what_others_drop_reaches_a_program_under_trio(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        one, two = hosts(redis.url), hosts(redis.url)

        async def version(user_id: int) -> int:
            return versions[-1]

        call = one.cached(version, ttl=60)
        there = two.cached(nothing)
        there()

        versions.append(1)
        assert run_bare(call(1)) == 1
        until(lambda: one.state == "ok")
        assert run_bare(call(1)) == 1
        versions.append(2)
        two.cache.invalidate("user:1")
        until(lambda: not call.cache_info().size)
        assert run_bare(call(1)) == 2

    def test_no_call_fails_where_no_thread_can_be_had(
        self, redis: Redis, hosts: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        host = hosts(redis.url)
        call = host.cached(load, ttl=60)

        def refuse(_: object) -> None:
            raise RuntimeError("can't start new thread")

        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            assert call(1) == 1
            assert host.cache.invalidate("user:1") == 1
            assert call(1) == 1
        assert loaded == [1, 1]
        assert call(2) == 2
        assert host.state == "ok"


@dataclass
class Person:
    name: str


begun, go = threading.Event(), threading.Event()


def person(n: int) -> Person:
    loaded.append(n)
    if loaded == [0, 0, 1]:
        begun.set()
        go.wait(10)
    return Person("Ann")


class TestWhatCannotBeKept:
    def test_nobody_waits_for_the_load_of_another_process(
        self, redis: Redis, hosts: Callable[..., Host]
    ) -> None:
        one, two = hosts(redis.url), hosts(redis.url)
        first, second = (host.cached(person, ttl=60) for host in (one, two))
        first(0)
        second(0)
        thread = threading.Thread(target=first, args=(1,))
        thread.start()
        try:
            assert begun.wait(10)
            start = time.monotonic()
            assert second(1) == Person("Ann")
            assert time.monotonic() - start < 1
        finally:
            go.set()
            thread.join()

        assert one.facts["unkept"] == two.facts["unkept"] == 2


def run_bare(steps: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine returns that runs in no loop of asyncio, as under trio."""
    with pytest.raises(StopIteration) as ended:
        steps.send(None)
    return ended.value.value


def nothing() -> None:
    """What every host can call."""


class TestSecrets:
    @pytest.mark.parametrize("url", ["redis://:sec/ret@host", "redis://:sec#ret@host"])
    def test_a_url_that_makes_no_sense_leaves_none_in_what_led_to_the_error(self, url: str) -> None:
        with pytest.raises(CacheTierError) as caught:
            RedisTier(url, "pepperpy", 1)

        error: BaseException | None = caught.value
        while error is not None:
            assert "sec" not in str(error)
            error = error.__context__
