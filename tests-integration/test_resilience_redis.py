"""Circuits, limits and budgets that processes share through a real Redis, and Valkey."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import Program
from pepperpy.infra.resilience import (
    CircuitBreaker,
    CircuitBreakerError,
    CircuitState,
    RateLimit,
    RateLimitedError,
    RedisResilienceStore,
    SharedRetryBudget,
)
from pepperpy.infra.utils import FakeClock, Signal, subscribe
from servers import Postgres, Proxy, Redis, RedisCluster

pytestmark = pytest.mark.timeout(60)

Make = Callable[..., RedisResilienceStore]


def eventually(holds: Callable[[], object], within: float = 5.0) -> float:
    """Seconds until it held."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < within, "it never held"
        time.sleep(0.0005)
    return time.monotonic() - began


def fail() -> None:
    raise ConnectionError("refused")


def trip(breaker: CircuitBreaker) -> None:
    for _ in range(breaker.config.failure_threshold):
        with pytest.raises(ConnectionError):
            breaker.execute(fail)


@pytest.fixture
def make() -> Iterator[Make]:
    stores: list[RedisResilienceStore] = []

    def make(url: str, **options: Any) -> RedisResilienceStore:
        stores.append(RedisResilienceStore(url, **options))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def pair(redis_or_valkey: Redis, make: Make) -> Callable[..., list[CircuitBreaker]]:
    """Breakers of one name, as two processes have them."""

    def pair(*, lease: float = 10.0, poll: float = 5.0, **options: Any) -> list[CircuitBreaker]:
        options = {"failure_threshold": 2, "recovery_timeout": 0.2, **options}
        breakers = []
        for _ in range(2):
            store = make(redis_or_valkey.url, lease=lease, poll=poll)
            breakers.append(CircuitBreaker("mail", store=store, **options))
            assert breakers[-1].execute(len, "ab") == 2
        eventually(lambda: redis_or_valkey.client().pubsub_numsub("pepperpy:circuits")[0][1] == 2)
        return breakers

    return pair


class TestCircuits:
    def test_what_opens_in_one_process_is_open_in_the_others(
        self, pair: Any, figures: list[str]
    ) -> None:
        one, two = pair(recovery_timeout=30)

        trip(one)
        heard = eventually(lambda: two.state is CircuitState.OPEN)

        figures.append(f"a trip is heard after {heard * 1e3:.1f} ms")
        assert heard < 1
        assert abs(one.retry_after - two.retry_after) < 0.5
        with pytest.raises(CircuitBreakerError):
            two.execute(len, "ab")

    def test_a_probe_that_succeeds_closes_all(self, pair: Any) -> None:
        one, two = pair()
        trip(one)
        eventually(lambda: two.state is CircuitState.HALF_OPEN)

        assert two.execute(len, "ab") == 2

        eventually(lambda: one.state is CircuitState.CLOSED)
        assert one.execute(len, "ab") == 2

    def test_a_probe_that_fails_opens_all_again(self, pair: Any) -> None:
        one, two = pair(recovery_timeout=0.3)
        trip(one)
        eventually(lambda: two.state is CircuitState.HALF_OPEN)

        with pytest.raises(ConnectionError):
            two.execute(fail)

        assert two.state is CircuitState.OPEN
        eventually(lambda: one.retry_after > 0.1, within=0.25)

    def test_only_one_process_probes_at_a_time(self, pair: Any) -> None:
        one, two = pair()
        trip(one)
        eventually(lambda: two.state is CircuitState.HALF_OPEN)

        with one:
            assert one.state is CircuitState.HALF_OPEN
            for _ in range(3):
                with pytest.raises(CircuitBreakerError):
                    two.execute(len, "ab")

        eventually(lambda: two.state is CircuitState.CLOSED)

    @pytest.mark.parametrize("permits", [2, 3])
    def test_as_many_probe_at_once_as_there_are_permits(self, pair: Any, permits: int) -> None:
        one, two = pair(half_open_calls=permits, success_threshold=permits)
        for _ in range(5):
            one.trip()
            eventually(lambda: two.state is CircuitState.HALF_OPEN)

            assert _admitted_at_once(two) == permits

            eventually(lambda: one.state is CircuitState.CLOSED)

    def test_as_many_successes_are_needed_as_were_asked_for_over_all(self, pair: Any) -> None:
        one, two = pair(success_threshold=2)
        trip(one)
        eventually(lambda: two.state is CircuitState.HALF_OPEN)

        assert one.execute(len, "ab") == 2
        assert one.state is CircuitState.HALF_OPEN
        eventually(lambda: _admits(two))

        eventually(lambda: one.state is CircuitState.CLOSED)

    def test_a_probe_that_is_let_go_decides_nothing_and_the_next_one_probes(
        self, pair: Any
    ) -> None:
        one, two = pair()
        trip(one)
        eventually(lambda: two.state is CircuitState.HALF_OPEN)

        with pytest.raises(KeyboardInterrupt), one:
            raise KeyboardInterrupt
        assert one.state is CircuitState.HALF_OPEN

        eventually(lambda: _admits(two), within=1)

    def test_a_probe_that_takes_longer_than_its_lease_keeps_it(self, pair: Any) -> None:
        one, two = pair(lease=0.3)
        trip(one)
        eventually(lambda: two.state is CircuitState.HALF_OPEN)
        end = time.monotonic() + 1.2

        with one:
            while time.monotonic() < end:
                with pytest.raises(CircuitBreakerError):
                    two.execute(len, "ab")

        eventually(lambda: two.state is CircuitState.CLOSED)

    def test_a_reset_closes_all(self, pair: Any) -> None:
        one, two = pair(recovery_timeout=60)
        trip(one)
        eventually(lambda: two.state is CircuitState.OPEN)

        two.reset()

        eventually(lambda: one.state is CircuitState.CLOSED)

    def test_a_trip_by_hand_opens_all(self, pair: Any) -> None:
        one, two = pair(recovery_timeout=60)

        one.trip()

        eventually(lambda: two.state is CircuitState.OPEN)

    def test_forced_states_are_of_one_process(self, pair: Any) -> None:
        one, two = pair(recovery_timeout=60)

        one.disable()
        trip(two)
        assert one.execute(len, "ab") == 2

        one.reset()
        eventually(lambda: two.state is CircuitState.CLOSED)

    def test_a_breaker_that_comes_later_finds_it_open(
        self, pair: Any, redis_or_valkey: Redis, make: Make
    ) -> None:
        one, two = pair(recovery_timeout=60)
        trip(one)
        eventually(lambda: two.state is CircuitState.OPEN)

        late = CircuitBreaker("mail", store=make(redis_or_valkey.url))
        assert late.execute(len, "ab") == 2

        eventually(lambda: late.state is CircuitState.OPEN)

    def test_children_are_shared_by_their_keys(self, pair: Any) -> None:
        one, two = pair(recovery_timeout=60)
        assert two.for_key("a").execute(len, "ab") == 2
        assert two.for_key("b").execute(len, "ab") == 2

        trip(one.for_key("a"))

        eventually(lambda: two.for_key("a").state is CircuitState.OPEN)
        assert two.for_key("b").state is CircuitState.CLOSED

    def test_a_lost_message_is_made_up_for_by_looking(
        self, pair: Any, redis_or_valkey: Redis
    ) -> None:
        one, two = pair(recovery_timeout=60, poll=0.3)
        with redis_or_valkey.client() as client:
            client.acl_setuser("default", enabled=True, reset_channels=True)
            try:
                client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
                client.acl_setuser("default", enabled=True, channels=["*"])
                trip(one)
                heard = eventually(lambda: two.state is CircuitState.OPEN)
            finally:
                client.acl_setuser("default", enabled=True, channels=["*"])
        assert heard < 2

    def test_a_name_may_be_any_text(self, redis: Redis, make: Make) -> None:
        name = "a {b}\n\0 ü \ud800 " + "x" * 300
        one, two = (CircuitBreaker(name, store=make(redis.url)) for _ in range(2))
        one.trip()
        assert not _admits(two) or eventually(lambda: two.state is CircuitState.OPEN)

    def test_in_a_cluster_no_step_needs_two_nodes(
        self, redis_cluster: RedisCluster, make: Make
    ) -> None:
        heard: list[Signal] = []
        unsubscribe = subscribe(heard.append)
        one, two = (
            CircuitBreaker("mail", store=make(redis_cluster.url), recovery_timeout=0.2)
            for _ in range(2)
        )
        assert two.execute(len, "ab") == 2
        one.trip()
        eventually(lambda: two.state is CircuitState.HALF_OPEN)
        assert two.execute(len, "ab") == 2
        eventually(lambda: one.state is CircuitState.CLOSED)
        unsubscribe()

        assert not [each for each in heard if each.kind.startswith("resilience_store")]


def _admits(breaker: CircuitBreaker) -> bool:
    try:
        return breaker.execute(len, "ab") == 2
    except CircuitBreakerError:
        return False


def _admitted_at_once(breaker: CircuitBreaker, callers: int = 6) -> int:
    """How many of them got in, none of whom leaves before all have tried."""
    together, go_on = threading.Barrier(callers), threading.Event()
    admitted: list[bool] = []

    def call() -> None:
        together.wait()
        try:
            with breaker:
                admitted.append(True)
                go_on.wait(5)
        except CircuitBreakerError:
            admitted.append(False)

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(admitted) == callers)
    go_on.set()
    for thread in threads:
        thread.join()
    return sum(admitted)


class TestTasks:
    @pytest.mark.asyncio
    async def test_other_tasks_run_while_one_waits_for_a_lease(
        self, redis: Redis, make: Make
    ) -> None:
        breaker = CircuitBreaker("mail", store=make(redis.url), recovery_timeout=0)
        breaker.trip()

        @breaker
        async def double(number: int) -> int:
            return 2 * number

        async def in_block() -> int:
            async with breaker:
                return 1

        assert await double(3) == 6
        breaker.trip()
        assert await in_block() == 1
        breaker.trip()
        work = breaker.execute(double.__wrapped__, 3)  # type: ignore[attr-defined]
        assert await work == 6
        assert breaker.state is CircuitState.CLOSED

    def test_one_breaker_serves_two_event_loops(self, redis: Redis, make: Make) -> None:
        breaker = CircuitBreaker("mail", store=make(redis.url), recovery_timeout=0.05)
        ran: list[int] = []

        @breaker
        async def note(number: int) -> None:
            ran.append(number)
            await asyncio.sleep(0)

        async def program(number: int) -> None:
            for _ in range(50):
                breaker.trip()
                while breaker.state is not CircuitState.CLOSED:
                    try:
                        await note(number)
                    except CircuitBreakerError:
                        await asyncio.sleep(0.001)

        threads = [
            threading.Thread(target=lambda number=number: asyncio.run(program(number)))
            for number in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

        assert set(ran) == {0, 1}

    @pytest.mark.asyncio
    async def test_however_tasks_are_cancelled_no_permit_is_lost(
        self, redis: Redis, make: Make
    ) -> None:
        breaker = CircuitBreaker("mail", store=make(redis.url), recovery_timeout=0)
        at_once = most = 0

        @breaker
        async def work(turns: int) -> None:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            try:
                for _ in range(turns):
                    await asyncio.sleep(0)
                await asyncio.sleep(10)
            finally:
                at_once -= 1

        breaker.trip()
        for turns in range(60):
            tasks = [asyncio.create_task(work(turns % 7)) for _ in range(3)]
            await asyncio.sleep(turns % 5 / 2000)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        assert most == 1
        assert breaker.state is CircuitState.HALF_OPEN
        end = time.monotonic() + 2
        while not await _arun(breaker):
            assert time.monotonic() < end, "a permit was lost"
            await asyncio.sleep(0.01)


async def _arun(breaker: CircuitBreaker) -> bool:
    try:
        async with breaker:
            return True
    except CircuitBreakerError:
        return False


class TestCosts:
    def test_a_call_talks_to_nobody_while_the_circuit_is_closed_or_open(
        self, redis: Redis, make: Make
    ) -> None:
        breaker = CircuitBreaker("mail", store=make(redis.url, poll=1000), recovery_timeout=60)
        assert breaker.execute(len, "ab") == 2
        client = redis.client()
        eventually(lambda: client.pubsub_numsub("pepperpy:circuits")[0][1])

        def asked() -> int:
            return int(client.info("commandstats")["cmdstat_eval"]["calls"])

        eventually(lambda: "cmdstat_eval" in client.info("commandstats"))
        _settled(asked)
        before = asked()
        for _ in range(2000):
            breaker.execute(len, "ab")
        assert asked() == before

        breaker.trip()
        eventually(lambda: asked() == before + 1)
        for _ in range(2000):
            with pytest.raises(CircuitBreakerError):
                breaker.execute(len, "ab")
        assert asked() == before + 1
        client.close()

    def test_thousands_are_looked_at_and_heard_of_for_little(
        self, redis: Redis, make: Make, figures: list[str]
    ) -> None:
        ours, theirs = (
            [
                CircuitBreaker(f"n{number}", store=store, recovery_timeout=60)
                for number in range(3000)
            ]
            for store in (make(redis.url), make(redis.url))
        )
        assert ours[0].execute(len, "ab") == theirs[0].execute(len, "ab") == 2
        with redis.client() as client:
            eventually(lambda: client.pubsub_numsub("pepperpy:circuits")[0][1] == 2)
        began, spent = time.monotonic(), time.process_time()
        for breaker in theirs:
            breaker.trip()
        while any(breaker.state is CircuitState.CLOSED for breaker in ours):
            assert time.monotonic() - began < 30
            time.sleep(0.05)
        spent = time.process_time() - spent

        figures.append(f"3000 trips were told and heard for {spent:.2f} s of CPU time")
        assert spent < 2

    def test_every_key_has_a_time_to_live(self, redis: Redis, make: Make) -> None:
        store = make(redis.url)
        breaker = CircuitBreaker("mail", store=store, recovery_timeout=0)
        breaker.trip()
        limit = RateLimit(10, name="sms", store=store)
        budget = SharedRetryBudget(10, name="retries", store=store)
        limit.execute(len, "ab")
        budget.take()
        with breaker, redis.client() as client:
            eventually(lambda: len(client.keys("*")) >= 3)
            keys = client.keys("*")
            assert all(0 < client.pttl(key) <= 3_700_000 for key in keys), keys

    def test_nothing_starts_before_the_first_call(self, redis: Redis, make: Make) -> None:
        before = threading.active_count()
        store = make(redis.url)
        breaker = CircuitBreaker("mail", store=store)
        assert (threading.active_count(), store.inspect()["state"]) == (before, "idle")

        breaker.execute(len, "ab")
        assert threading.active_count() == before + 2

        store.close()
        assert (threading.active_count(), store.inspect()["state"]) == (before, "closed")
        assert breaker.execute(len, "ab") == 2


def _settled(figure: Callable[[], int]) -> None:
    """Wait until nothing changes it for a while."""
    last, since = figure(), time.monotonic()
    while time.monotonic() - since < 0.2:
        now = figure()
        if now != last:
            last, since = now, time.monotonic()


class TestLimits:
    def test_turns_of_one_process_are_gone_for_the_others(self, redis: Redis, make: Make) -> None:
        one, two = (RateLimit(5, per=60, name="sms", store=make(redis.url)) for _ in range(2))
        for _ in range(5):
            one.execute(len, "ab")
        with pytest.raises(RateLimitedError):
            one.execute(len, "ab")
        assert two.execute(len, "ab") == 2  # nobody has told it yet

        eventually(lambda: _refused(two), within=1)

    def test_all_together_keep_the_rate(self, redis: Redis, make: Make, figures: list[str]) -> None:
        limits = [RateLimit(200, burst=10, name="sms", store=make(redis.url)) for _ in range(4)]
        ran = [0] * 4
        end = time.monotonic() + 2

        def work(index: int) -> None:
            while time.monotonic() < end:
                if not _refused(limits[index]):
                    ran[index] += 1
                time.sleep(0.0005)

        threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        figures.append(f"{sum(ran)} turns for 4 stores in 2 s at 200 a second: {ran}")
        # The burst of each until it hears of the others, and what one exchange is late.
        assert 330 <= sum(ran) <= 2 * 200 + 4 * 10 + 40

    def test_a_turn_that_is_not_waited_for_is_given_back(self, redis: Redis, make: Make) -> None:
        store = make(redis.url)
        limit = RateLimit(1, per=60, burst=2, max_wait=None, name="sms", store=store)
        turns = [limit.reserve() for _ in range(3)]
        assert turns[-1].wait > 50
        limit.give_back(turns[-1])

        with redis.client() as client:
            key = "pepperpy:rate:{sms}"
            eventually(lambda: client.exists(key) and 110_000 < client.pttl(key) < 122_000)
        assert limit.taken == 2

    def test_a_shared_limit_needs_a_name(self, redis: Redis, make: Make) -> None:
        with pytest.raises(ValueError, match="name must be given"):
            RateLimit(5, store=make(redis.url))


def _refused(limit: RateLimit) -> bool:
    try:
        limit.execute(len, "ab")
    except RateLimitedError:
        return True
    return False


class TestBudgets:
    def test_what_one_process_spends_is_gone_for_the_others(self, redis: Redis, make: Make) -> None:
        one, two = (
            SharedRetryBudget(10, refund=0.5, name="mail", store=make(redis.url)) for _ in range(2)
        )
        assert all(one.take() for _ in range(10))
        assert not one.take()
        assert two.take()

        eventually(lambda: not two.take(), within=1)

        def given_back() -> bool:
            for _ in range(30):  # as many as fill it up, while it does not know yet of all debts
                two.succeeded()
            two.take()
            return one.take()

        eventually(given_back, within=2)


class TestExit:
    @pytest.mark.parametrize("end", ["", "raise SystemExit", "store.close()"])
    def test_what_was_decided_last_is_told(self, redis: Redis, program: Program, end: str) -> None:
        code = f"""
from pepperpy.infra.resilience import CircuitBreaker, RedisResilienceStore

store = RedisResilienceStore({redis.url!r})
CircuitBreaker("mail", store=store, recovery_timeout=60).trip()
{end}
"""
        done = program.run(code)

        assert (done.stdout, done.stderr) == ("", "")
        with redis.client() as client:
            assert client.hget("pepperpy:circuit:{mail}", "open") == b"1"

    def test_a_silent_server_does_not_hold_it_up(
        self, redis: Redis, program: Program, figures: list[str]
    ) -> None:
        code = """
import time
from pepperpy.infra.resilience import CircuitBreaker, RedisResilienceStore
import atexit
atexit.register(lambda: print(time.monotonic() - began))
store = RedisResilienceStore({url!r}, timeout=0.25)
breaker = CircuitBreaker("mail", store=store, recovery_timeout=60)
breaker.trip()
began = time.monotonic()
"""
        with Proxy(redis) as proxy:
            proxy.mute()
            took = float(program.run(code.format(url=proxy.url)).stdout)

        figures.append(f"{took * 1e3:.0f} ms at exit")
        assert took < 2


class TestForks:
    def test_a_forked_child_shares_as_well_and_ends_nothing_of_its_parent(
        self, redis: Redis, program: Program
    ) -> None:
        code = f"""
import json, os, time
from pepperpy.infra.resilience import CircuitBreaker, RedisResilienceStore

store = RedisResilienceStore({redis.url!r})
breaker = CircuitBreaker("mail", store=store, recovery_timeout=60)
assert breaker.execute(len, "ab") == 2
reader, writer = os.pipe()
if os.fork() == 0:
    assert breaker.execute(len, "ab") == 2
    breaker.trip()
    store.close()
    os.write(writer, b"x")
    os._exit(0)
os.read(reader, 1)
os.wait()
end = time.monotonic() + 5
while breaker.state.value != "open" and time.monotonic() < end:
    time.sleep(0.001)
print(json.dumps([breaker.state.value, store.inspect()["state"]]))
store.close()
"""
        assert json.loads(program.run(code).stdout) == ["open", "up"]

    def test_a_child_does_not_give_back_the_probe_of_its_parent(
        self, redis: Redis, program: Program
    ) -> None:
        code = f"""
import os
from pepperpy.infra.resilience import CircuitBreaker, CircuitBreakerError, RedisResilienceStore

breaker = CircuitBreaker("mail", store=RedisResilienceStore({redis.url!r}), recovery_timeout=0)
breaker.trip()
admitted = 0
reader, writer = os.pipe()
with breaker:
    child = os.fork()
    if child == 0:
        try:
            breaker.execute(len, "ab")
            os.write(writer, b"1")
        except CircuitBreakerError:
            os.write(writer, b"0")
        os._exit(0)
    print(os.read(reader, 1))
    os.wait()
"""
        assert program.run(code).stdout == "b'0'\n"


class SocketRedis(Redis):
    """One that listens at a socket of the file system as well."""

    @property
    def socket(self) -> Path:
        return self.folder / "socket"

    def options(self) -> tuple[object, ...]:
        return ("--unixsocket", self.socket)


class TestAddresses:
    def test_no_password_is_shown(self, make: Make) -> None:
        store = make("redis://me:hunter2@127.0.0.1:1/0")
        breaker = CircuitBreaker("mail", store=store)
        breaker.execute(len, "ab")
        eventually(lambda: not store.is_up)

        assert "hunter2" not in repr(store) + repr(store.inspect()) + repr(vars(store))

    @pytest.mark.parametrize(
        "url",
        [
            "mail://me:hunter2@127.0.0.1",
            "redis://me:hunter2/2@127.0.0.1",
            "redis://me:hunter2 2@127.0.0.1",
            "redis://me:hunter2@127.0.0.1:port",
            "redis://me:hunter2@127.0.0.1?nonsense=1",
            "unix://me:hunter2@/tmp/redis?nonsense=1",
            b"redis://me:hunter2@127.0.0.1",
            {"url": "redis://me:hunter2@127.0.0.1"},
        ],
    )
    def test_what_is_no_url_is_an_error_at_once_without_a_password(self, url: Any) -> None:
        with pytest.raises(ValueError, match="redis://host") as caught:
            RedisResilienceStore(url)
        assert "hunter2" not in repr(caught.value)
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)

    def test_it_may_be_a_socket_of_this_machine(self, make: Make) -> None:
        with SocketRedis() as server:
            store = make(f"unix://{server.socket}")
            CircuitBreaker("mail", store=store).trip()
            with server.client() as client:
                eventually(lambda: client.exists("pepperpy:circuit:{mail}"))
            assert store.is_up

    def test_options_of_the_url_do_not_break_what_is_read(self, redis: Redis, make: Make) -> None:
        one, two = (
            CircuitBreaker("mail", store=make(url, poll=1000), recovery_timeout=60)
            for url in (redis.url, f"{redis.url}?decode_responses=true&protocol=3")
        )
        assert two.execute(len, "ab") == 2
        with redis.client() as client:
            eventually(lambda: client.pubsub_numsub("pepperpy:circuits")[0][1])
        one.trip()
        eventually(lambda: two.state is CircuitState.OPEN, within=0.8)

    def test_something_else_there_counts_as_down(self, postgres: Postgres, make: Make) -> None:
        store = make(f"redis://127.0.0.1:{postgres.port}/0")
        breaker = CircuitBreaker("mail", store=store)
        breaker.execute(len, "ab")

        eventually(lambda: not store.is_up)
        assert breaker.execute(len, "ab") == 2


def test_wall_clocks_do_not_matter(
    redis: Redis, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (
        CircuitBreaker("mail", store=make(redis.url), recovery_timeout=30) for _ in range(2)
    )
    assert two.execute(len, "ab") == 2
    ahead = time.time() + 86_400
    monkeypatch.setattr(time, "time", lambda: ahead)
    one.trip()
    eventually(lambda: two.state is CircuitState.OPEN)
    monkeypatch.setattr(time, "time", lambda: ahead - 200_000)

    assert 29 < two.retry_after <= 30
    assert 29 < one.retry_after <= 30


def test_a_breaker_may_have_a_clock_of_its_own(redis: Redis, make: Make) -> None:
    clock = FakeClock()
    breaker = CircuitBreaker("mail", store=make(redis.url), clock=clock, recovery_timeout=0.1)
    breaker.trip()
    assert not _admits(breaker)
    clock.advance(0.1)

    eventually(lambda: _admits(breaker))
