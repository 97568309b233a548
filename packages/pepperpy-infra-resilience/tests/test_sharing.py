"""What a circuit decides with others: no server, a store that does what the test says."""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from pepperpy.infra.resilience import (
    CircuitBreaker,
    CircuitBreakerError,
    CircuitState,
    InvalidPolicyError,
    RateLimit,
    RedisResilienceStore,
    get_circuit_breaker,
    initialize_resilience,
    isolated_circuit_breakers,
    resilience_disabled,
)
from pepperpy.infra.resilience._circuit import LOCK
from pepperpy.infra.resilience._redis import _wire as wire
from pepperpy.infra.resilience._redis._accounts import RateAccount
from pepperpy.infra.resilience._redis._jobs import Changed, Joined, Missed
from pepperpy.infra.resilience._redis._worker import Worker
from pepperpy.infra.resilience._share import (
    Asked,
    Closed,
    Job,
    Lease,
    Opened,
    Proved,
    Released,
    Share,
    View,
)
from pepperpy.infra.utils import FakeClock, MissingExtraError

NOWHERE = "redis://127.0.0.1:1/0"


class Store:
    """Does jobs when it is told to, as the scripts do them; one for all processes of a test."""

    def __init__(self) -> None:
        self.is_up = True
        self.timeout = 0.0  # nobody waits here
        self.jobs: deque[Job] = deque()
        self.started = 0
        self.version = 0
        self.is_open = False
        self.leases: set[str] = set()

    def start(self) -> None:
        self.started += 1

    def tell(self, job: Job) -> None:
        self.jobs.append(job)

    def run(self) -> None:
        while self.jobs:
            self.step(self.jobs.popleft())

    def step(self, job: Job) -> None:
        share = job.circuit.share
        assert share is not None
        match job:
            case Asked(circuit, answer):
                self._lease(circuit, share)
                answer.give()
            case Opened(circuit, version, _, _, None):
                self._change(circuit, share.since(version) >= self.version, is_open=True)
            case Opened(circuit, _, _, _, Lease() as lease):
                self._change(circuit, self._ended(lease), is_open=True)
            case Proved(circuit, lease):
                self._change(circuit, self._ended(lease), is_open=False)
            case Released(_, lease):
                self._ended(lease)
            case Closed(circuit):
                self._change(circuit, True, is_open=False)

    def _lease(self, circuit: Any, share: Share) -> None:
        if not self.is_open or self.leases:
            share.deny(0)
            self.show(circuit)
            return
        lease = Lease(self.version, float("inf"))
        self.leases.add(lease.token)
        self.show(circuit)
        with LOCK:
            share.spare.append(lease)

    def _ended(self, lease: Lease) -> bool:
        mine = lease.token in self.leases and lease.version == self.version
        self.leases.discard(lease.token)
        return mine

    def _change(self, circuit: Any, granted: bool, *, is_open: bool) -> None:
        if not granted:
            self.show(circuit)
            return
        self.version += 1
        self.is_open = is_open
        self.leases.clear()
        circuit.share.changed(self.version, by_us=True)

    def show(self, circuit: Any) -> None:
        """What a look brings."""
        if circuit.share.version != self.version:
            circuit.adopt(View(self.version, self.is_open, 0.0, 0))


@pytest.fixture
def store() -> Store:
    return Store()


def shared(store: Store, **options: Any) -> CircuitBreaker:
    options = {"failure_threshold": 1, "recovery_timeout": 0, "clock": FakeClock(), **options}
    breaker = CircuitBreaker("mail", **options)
    breaker._circuit.join(store, options["clock"].monotonic)
    return breaker


def fail() -> None:
    raise ConnectionError("refused")


def trip(breaker: CircuitBreaker) -> None:
    with pytest.raises(ConnectionError):
        breaker.execute(fail)


def admits(breaker: CircuitBreaker) -> bool:
    try:
        return breaker.execute(len, "ab") == 2
    except CircuitBreakerError:
        return False


class TestCircuit:
    def test_the_first_call_starts_the_store_and_no_other_one_does(self, store: Store) -> None:
        breaker = shared(store)
        assert (store.started, breaker.state) == (0, CircuitState.CLOSED)

        for _ in range(3):
            breaker.execute(len, "ab")

        assert store.started == 1
        assert breaker.inspect()["facts"]["successes"] == 3  # type: ignore[index]
        assert not store.jobs

    def test_it_opens_at_once_and_tells_later(self, store: Store) -> None:
        breaker = shared(store, recovery_timeout=60)

        trip(breaker)

        assert breaker.state is CircuitState.OPEN
        assert [type(job) for job in store.jobs] == [Opened]

    def test_without_a_lease_there_is_no_probe(self, store: Store) -> None:
        breaker = shared(store)
        trip(breaker)

        assert not admits(breaker)  # the answer is on its way
        store.run()
        assert admits(breaker)

        store.run()
        assert (store.is_open, breaker.state) == (False, CircuitState.CLOSED)

    def test_while_the_store_is_down_it_decides_alone(self, store: Store) -> None:
        breaker = shared(store)
        trip(breaker)
        store.is_up = False

        assert admits(breaker)
        assert breaker.state is CircuitState.CLOSED

    def test_what_was_decided_on_an_older_version_is_void(self, store: Store) -> None:
        one, two = shared(store), shared(store)
        assert admits(one)
        assert admits(two)
        two.reset()  # of which one has not heard
        store.run()
        trip(one)

        store.run()

        assert not store.is_open
        assert one.state is CircuitState.CLOSED

    def test_what_follows_an_own_change_is_not_void(self, store: Store) -> None:
        breaker = shared(store)
        trip(breaker)
        assert not admits(breaker)
        store.run()
        assert admits(breaker)  # closes; the store has not heard of it
        trip(breaker)

        store.run()

        assert store.is_open
        assert breaker.state is CircuitState.HALF_OPEN

    def test_a_result_of_a_probe_from_before_a_change_decides_nothing(self, store: Store) -> None:
        breaker = shared(store)
        trip(breaker)
        assert not admits(breaker)
        store.run()
        probe = breaker.admit()

        breaker._circuit.adopt(View(99, True, 5.0, 1))
        breaker.finished(probe, None, 0.0)

        assert breaker.state is CircuitState.OPEN
        assert breaker.retry_after == 5.0
        assert not store.jobs

    def test_a_forced_state_is_not_changed_from_outside(self, store: Store) -> None:
        breaker = shared(store)
        breaker.force_open()

        breaker._circuit.adopt(View(7, False, 0.0, 0))

        assert breaker.state is CircuitState.FORCED_OPEN

    def test_the_switch_for_tests_wins(self, store: Store) -> None:
        breaker = shared(store)
        with resilience_disabled():
            breaker.execute(len, "ab")
            assert store.started == 0
        breaker.execute(len, "ab")
        assert store.started == 1

    def test_who_leaves_decides_alone(self, store: Store) -> None:
        breaker = shared(store)
        breaker.share(None)
        trip(breaker)

        assert admits(breaker)
        assert not store.jobs

    def test_an_answer_is_asked_for_once_however_many_want_it(self, store: Store) -> None:
        breaker = shared(store)
        trip(breaker)

        for _ in range(10):
            assert not admits(breaker)

        assert [type(job) for job in store.jobs] == [Opened, Asked]

    def test_a_fork_leaves_the_probe_and_its_lease_to_the_parent(self, store: Store) -> None:
        breaker = shared(store)
        trip(breaker)
        assert not admits(breaker)
        store.run()
        probe = breaker.admit()

        breaker._circuit.after_fork()
        breaker.failed(probe, KeyboardInterrupt())
        breaker.finished(probe, None, 0.0)

        assert not store.jobs
        assert len(store.leases) == 1


@pytest.mark.parametrize("seed", range(200))
def test_in_any_order_of_things_there_is_never_more_than_one_probe(seed: int) -> None:
    chance = random.Random(seed)
    store = Store()
    processes = [shared(store) for _ in range(4)]
    running: list[tuple[CircuitBreaker, Any]] = []
    for breaker in processes:
        assert admits(breaker)
    trip(processes[0])
    store.run()
    for breaker in processes:
        store.show(breaker._circuit)

    for _ in range(120):
        breaker = chance.choice(processes)
        what = chance.randrange(6)
        if what <= 1 and breaker._circuit.counted is None:
            with suppress(CircuitBreakerError):
                running.append((breaker, breaker.admit()))
        elif what <= 3 and store.jobs:
            store.step(store.jobs.popleft())
        elif what == 4 and running:
            breaker, probe = running.pop(chance.randrange(len(running)))
            error = chance.choice([ConnectionError(), KeyboardInterrupt()])
            breaker.failed(probe, error)
        elif what == 5:
            store.show(breaker._circuit)
        probes = [
            probe
            for _, probe in running
            if probe.lease.token in store.leases and probe.lease.version == store.version
        ]
        assert len(probes) <= 1
        assert all(probe.lease is not None for _, probe in running)


class TestWire:
    def test_a_message_is_read_with_any_name(self) -> None:
        name = "a b {c}\n\ud800"
        sent = b"1 1795871905572058 1500 2 " + name.encode("utf-8", "surrogatepass")

        assert wire.read_message(sent) == (name, View(1795871905572058, True, 1.5, 2))

    @pytest.mark.parametrize("data", [b"", b"1 2", b"1 x 2 3 name"])
    def test_what_is_no_message_is_an_error(self, data: bytes) -> None:
        with pytest.raises(ValueError, match=r"unpack|invalid literal"):
            wire.read_message(data)

    def test_a_reply_is_read(self) -> None:
        assert wire.read_reply([1, 0, 7, 0, 3]) == (True, View(7, False, 0.0, 3))

    def test_times_are_never_shorter_than_they_were(self) -> None:
        assert [wire.milliseconds(each) for each in (0, 0.0001, 0.25)] == [0, 1, 250]


class TestStore:
    def test_an_idle_one_has_no_threads_and_its_circuits_work(self) -> None:
        with RedisResilienceStore(NOWHERE) as store:
            breaker = CircuitBreaker("mail", store=store, recovery_timeout=60)
            assert store.inspect()["state"] == "idle"
            assert repr(store) == f"<RedisResilienceStore {NOWHERE}: idle>"
            assert breaker.execute(len, "ab") == 2
        assert store.inspect()["state"] == "closed"
        breaker.trip()
        assert breaker.state is CircuitState.OPEN

    def test_a_breaker_that_goes_to_another_store_is_no_longer_of_the_first(self) -> None:
        with RedisResilienceStore(NOWHERE) as one, RedisResilienceStore(NOWHERE) as two:
            breaker = CircuitBreaker("mail", store=one)
            breaker.share(two)
            counts = [store.inspect()["facts"]["circuits"] for store in (one, two)]  # type: ignore[index]
            assert counts == [0, 1]

    def test_it_does_not_keep_breakers_alive(self) -> None:
        with RedisResilienceStore(NOWHERE) as store:
            CircuitBreaker("mail", store=store)
            gc.collect()
            assert store.inspect()["facts"]["circuits"] == 0  # type: ignore[index]

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"url": ""}, "url"),
            ({"url": NOWHERE, "prefix": ""}, "prefix"),
            ({"url": NOWHERE, "timeout": 0}, "timeout"),
            ({"url": NOWHERE, "lease": -1}, "lease"),
            ({"url": NOWHERE, "poll": float("inf")}, "poll"),
        ],
    )
    def test_a_bad_option_is_told_at_once(self, options: dict[str, Any], told: str) -> None:
        with pytest.raises(InvalidPolicyError, match=told):
            RedisResilienceStore(**options)

    def test_where_no_thread_can_be_had_calls_go_on_alone(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def start(thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", start)
        with RedisResilienceStore(NOWHERE) as store:
            breaker = CircuitBreaker("mail", store=store, recovery_timeout=0)
            assert breaker.execute(len, "ab") == 2
            breaker.trip()
            assert breaker.execute(len, "ab") == 2
            assert not store.is_up

    def test_without_redis_the_error_says_what_to_install(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "redis", None)

        with pytest.raises(MissingExtraError, match=r"pepperpy-infra-resilience\[redis\]"):
            RedisResilienceStore(NOWHERE)

    def test_importing_the_wheel_imports_no_redis_and_no_threads_of_ours(self) -> None:
        code = "import sys, pepperpy.infra.resilience; print('redis' in sys.modules)"
        kept = {**os.environ, "PYTHONWARNINGS": "error"}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=kept
        )
        assert done.stdout == "False\n"


class Recorded:
    """A connection to a server that knows of no circuit."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def run(self, script: str, key: str, *arguments: object) -> list[int]:
        return [0, 0, 0, 0, 0]

    def run_all(self, script: str, calls: Sequence[Any]) -> list[Any]:
        self.asked.append(len(calls))
        return [[0, 0, 0, 0, 0] for _ in calls]

    def wake(self, channel: str) -> None: ...
    def close(self) -> None: ...


class TestWorker:
    def test_all_circuits_are_looked_at_in_few_round_trips(self) -> None:
        store, connection = RedisResilienceStore(NOWHERE), Recorded()
        worker: Any = Worker(store._settings, store._status, connection)  # type: ignore[arg-type]
        breakers = [CircuitBreaker(f"n{number}", store=store) for number in range(50)]

        worker._step(None)
        while worker._to_look:
            worker._step(None)
        store.close()

        assert connection.asked == [20, 20, 10]
        assert len(breakers) == 50

    def test_what_changed_reaches_each_circuit_of_the_name_that_still_shares(self) -> None:
        store, other = RedisResilienceStore(NOWHERE), RedisResilienceStore(NOWHERE)
        worker: Any = Worker(store._settings, store._status, Recorded())  # type: ignore[arg-type]
        early, left = (CircuitBreaker("mail", store=store) for _ in range(2))
        worker._step(None)
        late, sms = CircuitBreaker("mail", store=store), CircuitBreaker("sms", store=store)
        worker._step(Joined(late._circuit))
        other.attach(left._circuit, left._now)
        worker._step(Joined(CircuitBreaker("mail", store=store)._circuit))  # which is gone again

        worker._step(Changed("mail", View(7, True, 30.0, 0)))
        store.close()
        other.close()

        states = [breaker.state.value for breaker in (early, late, left, sms)]
        assert states == ["open", "open", "closed", "closed"]


class TestAccounts:
    @pytest.mark.parametrize("limit", [3, 700_000, 3_000_000])
    def test_what_was_taken_is_told_exactly_however_short_the_interval(self, limit: int) -> None:
        store = RedisResilienceStore(NOWHERE)
        rate = RateLimit(limit, name="sms", store=store, burst=limit)
        account = RateAccount(store, rate)
        told: list[int] = []

        def run(script: str, key: str, change: int) -> bytes:
            assert (script, key) == (wire.TAKE, "pepperpy:rate:{sms}")
            told.append(change)
            return b"0"

        rate.taken += limit
        account.exchange(run)
        store.close()

        assert told == [1_000_000]


class TestClosing:
    def test_a_worker_that_is_not_done_does_not_open_it_again(self) -> None:
        store = RedisResilienceStore(NOWHERE)
        worker: Any = Worker(store._settings, store._status, Recorded())  # type: ignore[arg-type]
        breaker = CircuitBreaker("mail", store=store, recovery_timeout=0)
        store.close()
        worker._step(Missed())
        breaker.trip()

        assert not store.is_up
        assert breaker.execute(len, "ab") == 2
        assert breaker.state is CircuitState.CLOSED

    def test_one_that_was_given_up_does_no_more(self) -> None:
        store, connection = RedisResilienceStore(NOWHERE), Recorded()
        worker: Any = Worker(store._settings, store._status, connection)  # type: ignore[arg-type]
        breaker = CircuitBreaker("mail", store=store)
        worker.jobs.put(Joined(breaker._circuit))

        worker.give_up()
        worker.run()
        store.close()

        assert connection.asked == []


class TestInitialize:
    def test_breakers_that_exist_and_those_to_come_are_shared(self) -> None:
        with isolated_circuit_breakers():
            before = get_circuit_breaker("before")
            initialize_resilience(redis_url=NOWHERE)
            after = get_circuit_breaker("after")
            shares = [each._circuit.share for each in (before, after)]
            stores = {share.store for share in shares if share is not None}
            initialize_resilience()
            alone = [each._circuit.share for each in (before, after, get_circuit_breaker("third"))]

        assert len(stores) == 1
        assert repr(stores.pop()).endswith("closed>")
        assert alone == [None] * 3

    def test_an_unknown_option_is_told_without_its_value(self) -> None:
        with pytest.raises(InvalidPolicyError, match="did you mean 'redis_url'") as caught:
            initialize_resilience(redis_ulr="redis://me:hunter2@host")
        assert "hunter2" not in repr(caught.value) + repr(vars(caught.value))
