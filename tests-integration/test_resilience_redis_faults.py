"""What callers of shared circuits see while the server, the network or a process fails."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Self

import pytest

from pepperpy.infra.resilience import (
    CircuitBreaker,
    CircuitBreakerError,
    CircuitState,
    RateLimit,
    RedisResilienceStore,
    SharedRetryBudget,
)
from pepperpy.infra.utils import Signal, subscribe
from servers import Proxy, Redis

pytestmark = pytest.mark.timeout(90)

TIMEOUT = 0.25
# A call that waits for nobody may still wait for a core, on a machine that has few of them.
BUSY = 0.25


def eventually(holds: Callable[[], object], within: float = 8.0) -> float:
    """Seconds until it held."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < within, "it never held"
        time.sleep(0.0005)
    return time.monotonic() - began


def fail() -> None:
    raise ConnectionError("refused")


@pytest.fixture
def heard() -> Iterator[list[Signal]]:
    signals: list[Signal] = []
    unsubscribe = subscribe(signals.append)
    yield signals
    unsubscribe()


def kinds(heard: list[Signal]) -> list[str]:
    return [each.kind for each in heard if each.kind.startswith("resilience_store")]


class Callers:
    """Threads that call without end, and what they saw."""

    def __init__(self, call: Callable[[], object], count: int = 4) -> None:
        self.longest = 0.0
        self.calls = 0
        self.errors: list[BaseException] = []
        self._call = call
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(count)]

    def _run(self) -> None:
        while not self._end.is_set():
            began = time.perf_counter()
            try:
                self._call()
            except CircuitBreakerError:
                pass
            except BaseException as error:  # noqa: BLE001 - what this looks for
                self.errors.append(error)
            self.longest = max(self.longest, time.perf_counter() - began)
            self.calls += 1
            self._end.wait(0.001)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()


class TestServer:
    def test_a_kill_under_load_is_one_signal_and_no_error(
        self, own_redis: Redis, heard: list[Signal], figures: list[str]
    ) -> None:
        with RedisResilienceStore(own_redis.url, timeout=TIMEOUT) as store:
            breaker = CircuitBreaker("mail", store=store, recovery_timeout=0.05)
            limit = RateLimit(1_000_000, name="sms", store=store)
            budget = SharedRetryBudget(name="retries", store=store)

            def call() -> None:
                limit.execute(len, "ab")
                budget.take()
                budget.put_back()
                breaker.execute(len, "ab")

            with Callers(call) as callers:
                eventually(lambda: callers.calls > 100)
                own_redis.kill()
                eventually(lambda: not store.is_up)
                breaker.trip()
                alone = eventually(lambda: breaker.state is CircuitState.CLOSED)
                own_redis.start()
                back = eventually(lambda: store.is_up)
                before = callers.calls
                eventually(lambda: callers.calls > before + 100)

        figures.append(
            f"{callers.calls} calls, no error, the longest {callers.longest * 1e3:.0f} ms; tripped"
            f" and closed alone in {alone * 1e3:.0f} ms; shared again {back * 1e3:.0f} ms after"
            " the server was back"
        )
        assert callers.errors == []
        assert callers.longest < TIMEOUT + BUSY
        assert kinds(heard) == ["resilience_store.down", "resilience_store.up"]

    def test_what_opened_during_an_outage_is_told_when_it_is_over(self, own_redis: Redis) -> None:
        with RedisResilienceStore(own_redis.url) as a, RedisResilienceStore(own_redis.url) as b:
            one, two = (
                CircuitBreaker("mail", store=store, recovery_timeout=60) for store in (a, b)
            )
            assert one.execute(len, "ab") == two.execute(len, "ab") == 2
            own_redis.kill()
            eventually(lambda: not a.is_up and not b.is_up)
            one.trip()
            assert two.state is CircuitState.CLOSED

            own_redis.start()

            eventually(lambda: two.state is CircuitState.OPEN)

    def test_a_frozen_server_delays_one_call_of_all(
        self, own_redis: Redis, heard: list[Signal], figures: list[str]
    ) -> None:
        with RedisResilienceStore(own_redis.url, timeout=TIMEOUT, poll=1000) as store:
            breaker = CircuitBreaker("mail", store=store, recovery_timeout=0.05)
            assert breaker.execute(len, "ab") == 2
            breaker.trip()
            eventually(lambda: breaker.state is CircuitState.HALF_OPEN)
            eventually(lambda: _admitted(breaker))
            own_redis.freeze()
            delays = []
            for _ in range(20):
                breaker.trip()
                eventually(lambda: breaker.state is CircuitState.HALF_OPEN)
                began = time.perf_counter()
                assert _admitted(breaker)
                delays.append(time.perf_counter() - began)
            own_redis.thaw()
            back = eventually(lambda: store.is_up)

        figures.append(
            f"probes waited {delays[0] * 1e3:.0f} ms, then {max(delays[1:]) * 1e3:.1f} ms at most;"
            f" shared again {back * 1e3:.0f} ms after the server went on"
        )
        assert delays[0] < TIMEOUT + BUSY
        assert max(delays[1:]) < 0.1
        assert kinds(heard) == ["resilience_store.down", "resilience_store.up"]

    def test_after_a_restart_without_data_what_processes_know_stands(
        self, own_redis: Redis, heard: list[Signal]
    ) -> None:
        with RedisResilienceStore(own_redis.url) as a, RedisResilienceStore(own_redis.url) as b:
            one, two = (
                CircuitBreaker("mail", store=store, recovery_timeout=60) for store in (a, b)
            )
            assert two.execute(len, "ab") == 2
            one.trip()
            eventually(lambda: two.state is CircuitState.OPEN)
            wait = one.retry_after

            own_redis.restart(empty=True)
            with own_redis.client() as client:
                eventually(lambda: client.hget("pepperpy:circuit:{mail}", "open") == b"1")
                left = (client.pttl("pepperpy:circuit:{mail}") - 3_600_000) / 1000

            assert one.state is two.state is CircuitState.OPEN
            assert abs(left - wait) < 2
            assert abs(two.retry_after - wait) < 2

    def test_a_server_that_is_full_counts_as_down(
        self, own_redis: Redis, heard: list[Signal]
    ) -> None:
        with RedisResilienceStore(own_redis.url) as store, own_redis.client() as client:
            breaker = CircuitBreaker("mail", store=store, recovery_timeout=0.05)
            assert breaker.execute(len, "ab") == 2
            client.config_set("maxmemory", 1)
            breaker.trip()
            eventually(lambda: _admitted(breaker), within=1)
            assert not store.is_up

            client.config_set("maxmemory", 0)
            eventually(lambda: store.is_up)

        assert kinds(heard) == ["resilience_store.down", "resilience_store.up"]


def _admitted(breaker: CircuitBreaker) -> bool:
    try:
        return breaker.execute(len, "ab") == 2
    except CircuitBreakerError:
        return False


class TestNetwork:
    def test_a_slow_one_delays_probes_only(self, redis: Redis, figures: list[str]) -> None:
        with Proxy(redis) as proxy, RedisResilienceStore(proxy.url, timeout=TIMEOUT) as store:
            breaker = CircuitBreaker("mail", store=store, recovery_timeout=0.3)
            assert breaker.execute(len, "ab") == 2
            with redis.client() as client:
                eventually(lambda: client.pubsub_numsub("pepperpy:circuits")[0][1] == 1)
            breaker.trip()
            eventually(lambda: _admitted(breaker))
            proxy.latency = 0.04
            with Callers(lambda: breaker.execute(len, "ab")) as callers:
                eventually(lambda: callers.calls > 500)
            breaker.trip()
            eventually(lambda: breaker.state is CircuitState.HALF_OPEN)
            probe = eventually(lambda: _admitted(breaker), within=1)

        figures.append(
            f"80 ms a round trip: the longest call {callers.longest * 1e3:.1f} ms, a probe waits"
            f" {probe * 1e3:.0f} ms"
        )
        assert callers.longest < 0.075
        assert 0.075 < probe < 2 * 0.08 + BUSY

    @pytest.mark.parametrize("fault", ["mute", "blackhole"])
    def test_a_silent_one_is_an_outage(self, redis: Redis, heard: list[Signal], fault: str) -> None:
        with Proxy(redis) as proxy, RedisResilienceStore(proxy.url, timeout=TIMEOUT) as store:
            breaker = CircuitBreaker("mail", store=store, recovery_timeout=0.05)
            assert breaker.execute(len, "ab") == 2
            eventually(lambda: proxy.connections == 2)
            getattr(proxy, fault)()
            breaker.trip()
            eventually(lambda: breaker.state is CircuitState.HALF_OPEN)
            eventually(lambda: _admitted(breaker), within=1)
            assert not store.is_up

            proxy.heal()
            eventually(lambda: store.is_up)

        assert kinds(heard) == ["resilience_store.down", "resilience_store.up"]

    def test_a_connection_reset_in_mid_reply_is_made_anew(
        self, redis: Redis, figures: list[str]
    ) -> None:
        errors = rounds = 0
        with Proxy(redis) as proxy, RedisResilienceStore(proxy.url) as store:
            breaker = CircuitBreaker("mail", store=store, recovery_timeout=0)
            assert breaker.execute(len, "ab") == 2
            for size in range(60):
                rounds += 1
                proxy.reset_after(size)
                breaker.trip()
                try:
                    eventually(lambda: _admitted(breaker))
                except ConnectionError:
                    errors += 1
            resets = proxy.resets
            eventually(lambda: store.is_up)

        figures.append(f"{resets} resets in {rounds} rounds of tripping and probing: no error")
        assert errors == 0
        assert resets >= 20

    def test_a_probe_keeps_its_lease_over_an_outage_that_is_shorter(self, redis: Redis) -> None:
        lease = 1.5
        with (
            Proxy(redis) as proxy,
            RedisResilienceStore(proxy.url, lease=lease) as a,
            RedisResilienceStore(redis.url, lease=lease) as b,
        ):
            one, two = (CircuitBreaker("mail", store=store, recovery_timeout=0) for store in (a, b))
            assert two.execute(len, "ab") == 2
            one.trip()
            eventually(lambda: two.state is CircuitState.HALF_OPEN)
            with one:
                proxy.mute()
                eventually(lambda: not a.is_up)
                proxy.heal()
                eventually(lambda: a.is_up)
                end = time.monotonic() + 1.5 * lease
                while time.monotonic() < end:
                    assert not _admitted(two)
                    time.sleep(0.01)

    def test_calls_are_answered_while_the_connection_is_cut_again_and_again(
        self, redis: Redis, figures: list[str]
    ) -> None:
        with Proxy(redis) as proxy, RedisResilienceStore(proxy.url, timeout=TIMEOUT) as store:
            breaker = CircuitBreaker("mail", store=store, recovery_timeout=0.01)
            with Callers(lambda: breaker.execute(len, "ab")) as callers:
                for _ in range(100):
                    before = callers.calls
                    breaker.trip()
                    proxy.cut()
                    eventually(lambda before=before: callers.calls > before + 20)  # type: ignore[misc]
            eventually(lambda: _admitted(breaker))

        figures.append(
            f"{callers.calls} calls, no error, the longest {callers.longest * 1e3:.0f} ms"
        )
        assert callers.errors == []


_PROBER = """
import json, sys, time
from pepperpy.infra.resilience import CircuitBreaker, CircuitBreakerError, RedisResilienceStore

url, seconds, took, lease = sys.argv[1], *map(float, sys.argv[2:])
store = RedisResilienceStore(url, lease=lease)
breaker = CircuitBreaker("mail", store=store, recovery_timeout=0.02)
spans, rejected = [], 0

def probe():
    began = time.monotonic()
    print("probe", flush=True)
    time.sleep(took)
    spans.append([began, time.monotonic()])
    raise ConnectionError

breaker.trip()
end = time.monotonic() + seconds
while time.monotonic() < end:
    try:
        breaker.execute(probe)
    except CircuitBreakerError:
        rejected += 1
        time.sleep(0.0005)
    except ConnectionError:
        pass
store.close()
print(json.dumps({"spans": spans, "rejected": rejected, "outages": store.inspect()["facts"]["outages"]}))
"""


Prober = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def prober(redis: Redis) -> Iterator[Prober]:
    started: list[subprocess.Popen[str]] = []

    def prober(seconds: float, *, took: float, lease: float) -> subprocess.Popen[str]:
        arguments = [redis.url, *map(str, (seconds, took, lease))]
        command = [sys.executable, "-c", _PROBER, *arguments]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield prober
    for process in started:
        process.kill()
        process.communicate()


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    told: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return told


class TestProcesses:
    def test_never_do_two_probe_at_once(self, prober: Prober, figures: list[str]) -> None:
        processes = [prober(4, took=0.01, lease=2) for _ in range(4)]
        told = [result(process) for process in processes]

        spans = sorted(span for each in told for span in each["spans"])
        each = [len(one["spans"]) for one in told]
        rejected = sum(one["rejected"] for one in told)
        figures.append(
            f"{len(spans)} probes of 4 processes, {each}, {rejected} rejected; none at once"
        )
        assert [one["outages"] for one in told] == [0] * 4
        assert len(spans) > 20
        assert sum(count > 0 for count in each) >= 2
        overlaps = [(a, b) for a, b in pairwise(spans) if b[0] < a[1]]
        assert overlaps == []

    def test_a_prober_that_dies_holds_nobody_up_for_longer_than_its_lease(
        self, redis: Redis, prober: Prober, figures: list[str]
    ) -> None:
        lease = 0.6
        victim = prober(30, took=20, lease=lease)
        assert victim.stdout is not None
        assert victim.stdout.readline() == "probe\n"
        with RedisResilienceStore(redis.url, lease=lease) as store:
            breaker = CircuitBreaker("mail", store=store, recovery_timeout=0.02)
            eventually(lambda: not _admitted(breaker))
            held = time.monotonic() + 2 * lease
            while time.monotonic() < held:  # for as long as it lives it is its probe
                assert not _admitted(breaker)
                time.sleep(0.01)
            victim.kill()
            waited = eventually(lambda: _admitted(breaker))

        figures.append(
            f"somebody else probed {waited * 1e3:.0f} ms after the kill; lease {lease} s"
        )
        assert waited < lease + 0.3

    def test_a_prober_that_was_frozen_decides_nothing_when_it_is_thawed(
        self, redis: Redis, prober: Prober
    ) -> None:
        lease = 0.3
        frozen = prober(1.5, took=1, lease=lease)
        assert frozen.stdout is not None
        assert frozen.stdout.readline() == "probe\n"
        os.kill(frozen.pid, signal.SIGSTOP)
        with RedisResilienceStore(redis.url, lease=lease) as store:
            breaker = CircuitBreaker("mail", store=store, recovery_timeout=0.02)
            eventually(lambda: not _admitted(breaker))
            eventually(lambda: _admitted(breaker))
            eventually(lambda: breaker.state is CircuitState.CLOSED)
            with redis.client() as client:
                version = client.hget("pepperpy:circuit:{mail}", "version")
                os.kill(frozen.pid, signal.SIGCONT)
                result(frozen)
                # What it found out is void; after that it may trip again by what it sees then.
                assert client.hget("pepperpy:circuit:{mail}", "version") == version


class TestLoops:
    @pytest.mark.asyncio
    async def test_a_dead_server_does_not_stop_the_loop(
        self, own_redis: Redis, figures: list[str]
    ) -> None:
        with Proxy(own_redis) as proxy, RedisResilienceStore(proxy.url, timeout=TIMEOUT) as store:
            breaker = CircuitBreaker("mail", store=store, recovery_timeout=0.05)
            longest = 0.0
            done = asyncio.Event()

            async def tick() -> None:
                nonlocal longest
                while not done.is_set():
                    began = time.perf_counter()
                    await asyncio.sleep(0)
                    longest = max(longest, time.perf_counter() - began)

            @breaker
            async def call() -> int:
                return 1

            assert await call() == 1
            await asyncio.to_thread(eventually, lambda: proxy.connections == 2)
            ticking = asyncio.create_task(tick())
            await asyncio.to_thread(proxy.mute)
            breaker.trip()
            await asyncio.sleep(0.06)
            began = time.perf_counter()
            assert await call() == 1
            waited = time.perf_counter() - began
            done.set()
            await ticking

        figures.append(
            f"the probe waited {waited * 1e3:.0f} ms, the loop stood still for"
            f" {longest * 1e3:.0f} ms at most"
        )
        assert waited < TIMEOUT + BUSY
        assert longest < 0.1
