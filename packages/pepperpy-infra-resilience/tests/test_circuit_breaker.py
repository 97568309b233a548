"""The circuit breaker, bullet by bullet of what it promises."""

import asyncio
import copy
import functools
import gc
import inspect as inspection
import os
import pickle
import sys
import threading
import time
import weakref
from datetime import timedelta

import pytest

from pepperpy.infra.resilience import (
    BulkheadFullError,
    CircuitBreaker,
    CircuitBreakerConfig,
    CircuitBreakerError,
    CircuitState,
    InvalidPolicyError,
    Pipeline,
    RateLimitedError,
    RejectedError,
    Retry,
    resilience_disabled,
)
from pepperpy.infra.utils import FakeClock, inspectables, subscribe


class Down(Exception):
    pass


def fail():
    raise Down("no")


def opened(clock, **options):
    breaker = CircuitBreaker("mail", clock=clock, **{"failure_threshold": 1, **options})
    with pytest.raises(Down):
        breaker.execute(fail)
    return breaker


def half_open(clock, **options):
    breaker = opened(clock, **options)
    clock.advance(60)
    return breaker


@pytest.fixture
def clock():
    return FakeClock(start=100.0)


class TestOpening:
    def test_five_failures_in_a_row_open_it_by_default(self, clock):
        breaker = CircuitBreaker("mail", clock=clock)

        for _ in range(4):
            with pytest.raises(Down):
                breaker.execute(fail)
        assert breaker.state is CircuitState.CLOSED
        with pytest.raises(Down):  # the tripping call raises its own error
            breaker.execute(fail)

        assert breaker.state is CircuitState.OPEN

    def test_a_success_breaks_the_row(self, clock):
        breaker = CircuitBreaker("mail", failure_threshold=2, clock=clock)

        for _ in range(5):
            with pytest.raises(Down):
                breaker.execute(fail)
            breaker.execute(int)

        assert breaker.state is CircuitState.CLOSED

    def test_an_open_circuit_calls_nothing_and_says_what_it_knows(self, clock):
        breaker = opened(clock)
        called = []
        clock.advance(10)

        with pytest.raises(CircuitBreakerError) as caught:
            breaker.execute(called.append, 1)

        error = caught.value
        assert called == []
        assert (error.name, error.state, error.retry_after) == ("mail", CircuitState.OPEN, 50.0)
        assert isinstance(error.last_failure, Down)
        assert str(error) == "circuit 'mail' is open; try again in 50 s; last failure: Down"
        assert error.__cause__ is None
        assert error.__context__ is None

    def test_the_recovery_time_may_be_a_timedelta(self, clock):
        breaker = opened(clock, recovery_timeout=timedelta(minutes=2))

        assert breaker.retry_after == 120.0

    def test_the_rejection_survives_pickling_and_copying(self, clock):
        breaker = opened(clock)
        with pytest.raises(CircuitBreakerError) as caught:
            breaker.execute(int)

        for twin in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
            assert (twin.name, twin.state, twin.retry_after) == ("mail", CircuitState.OPEN, 60.0)

    def test_a_user_may_raise_the_error_with_a_text(self):
        assert str(CircuitBreakerError("closed for today")) == "closed for today"

    def test_nothing_of_the_error_is_kept_once_it_is_closed(self, clock):
        breaker = half_open(clock)
        kept = weakref.ref(breaker.last_failure)

        breaker.execute(int)
        gc.collect()

        assert breaker.last_failure is None
        assert kept() is None

    @pytest.mark.parametrize(
        "error", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError]
    )
    def test_what_passes_through_everything_is_no_failure(self, clock, error):
        breaker = CircuitBreaker("mail", failure_threshold=1, clock=clock)

        def interrupted():
            raise error

        with pytest.raises(error):
            breaker.execute(interrupted)

        assert breaker.state is CircuitState.CLOSED

    def test_errors_of_other_kinds_count_neither_way(self, clock):
        breaker = CircuitBreaker(
            "mail", failure_threshold=2, failure_exceptions=OSError, clock=clock
        )

        for error in (OSError, KeyError, OSError):
            with pytest.raises(error), breaker:
                raise error

        assert breaker.state is CircuitState.OPEN

    def test_ignored_errors_and_the_predicate_decide(self, clock):
        breaker = CircuitBreaker(
            "mail",
            failure_threshold=1,
            ignored_exceptions=[KeyError],
            is_failure=lambda error: "busy" in str(error),
            clock=clock,
        )

        for error in (KeyError("busy"), OSError("gone")):
            with pytest.raises(type(error)), breaker:
                raise error
        assert breaker.state is CircuitState.CLOSED
        with pytest.raises(OSError, match="busy"), breaker:
            raise OSError("busy")

        assert breaker.state is CircuitState.OPEN

    @pytest.mark.parametrize("error", [BulkheadFullError, RateLimitedError, "another circuit"])
    def test_what_another_policy_rejected_says_nothing_about_the_service(self, clock, error):
        other = CircuitBreaker("other")
        other.force_open()
        breaker = half_open(clock)

        def reject():
            if isinstance(error, str):
                other.execute(int)
            raise error("not made")

        with pytest.raises(RejectedError):
            breaker.execute(reject)

        assert breaker.state is CircuitState.HALF_OPEN
        assert breaker.execute(int) == 0

    def test_a_rejection_is_a_failure_for_those_who_say_so(self, clock):
        breaker = CircuitBreaker(
            "mail", failure_threshold=1, failure_exceptions=(OSError, BulkheadFullError)
        )

        with pytest.raises(BulkheadFullError), breaker:
            raise BulkheadFullError("full")

        assert breaker.state is CircuitState.OPEN

    @pytest.mark.parametrize("hostile", ["__str__", "__eq__", "__bool__", "__getattribute__"])
    def test_an_error_whose_methods_raise_is_a_failure_like_others(self, clock, hostile):
        def broken(self, *_):
            raise ZeroDivisionError

        kind = type("Hostile", (Exception,), {hostile: broken, "__hash__": Exception.__hash__})
        error = kind("no")
        breaker = CircuitBreaker(
            "mail", failure_threshold=1, failure_exceptions=(OSError, kind), clock=clock
        )

        def call():
            raise error

        try:
            breaker.execute(call)
        except BaseException as caught:  # noqa: BLE001 - pytest would ask the error things
            raised = caught

        assert raised is error
        assert breaker.state is CircuitState.OPEN
        with pytest.raises(CircuitBreakerError, match="Hostile"):
            breaker.execute(call)
        assert breaker.inspect()["facts"]["last_failure"] == "Hostile"

    def test_a_result_can_be_a_failure(self, clock):
        breaker = CircuitBreaker(
            "mail", failure_threshold=1, failure_result=lambda status: status >= 500, clock=clock
        )
        wrapped = breaker(abs)

        assert wrapped(-503) == 503
        with pytest.raises(CircuitBreakerError):
            wrapped(1)

    def test_a_slow_call_counts_as_a_failure_where_there_is_no_rate(self, clock):
        breaker = CircuitBreaker("mail", failure_threshold=1, slow_call=2.0, clock=clock)
        wrapped = breaker(clock.advance)

        wrapped(1.9)
        assert breaker.state is CircuitState.CLOSED
        wrapped(2.0)

        assert breaker.state is CircuitState.OPEN
        assert breaker.last_failure is None


class TestRates:
    def test_rate_over_the_last_calls(self, clock):
        breaker = CircuitBreaker("mail", failure_rate=0.5, window=4, minimum_calls=4, clock=clock)

        for ok in (True, True, True, False, True, False):
            with pytest.raises(Down) if not ok else breaker:
                if not ok:
                    breaker.execute(fail)

        assert breaker.state is CircuitState.OPEN

    def test_nothing_opens_below_the_minimum(self, clock):
        breaker = CircuitBreaker("mail", failure_rate=0.1, minimum_calls=10, clock=clock)

        for _ in range(9):
            with pytest.raises(Down):
                breaker.execute(fail)
        assert breaker.state is CircuitState.CLOSED
        with pytest.raises(Down):
            breaker.execute(fail)

        assert breaker.state is CircuitState.OPEN

    def test_three_of_thirty_is_a_tenth(self, clock):
        breaker = CircuitBreaker("mail", failure_rate=0.1, window=30, minimum_calls=30, clock=clock)

        for _ in range(27):
            breaker.execute(int)
        for _ in range(3):
            with pytest.raises(Down):
                breaker.execute(fail)

        assert breaker.state is CircuitState.OPEN

    def test_rate_over_a_time_forgets_what_is_older(self, clock):
        breaker = CircuitBreaker(
            "mail",
            failure_rate=0.5,
            window=timedelta(seconds=10),
            minimum_calls=2,
            clock=clock,
        )
        for _ in range(9):
            breaker.execute(int)
        with pytest.raises(Down):
            breaker.execute(fail)
        assert breaker.state is CircuitState.CLOSED

        clock.advance(11)
        for _ in range(2):
            with pytest.raises(Down):
                breaker.execute(fail)

        assert breaker.state is CircuitState.OPEN

    def test_slow_calls_have_a_rate_of_their_own(self, clock):
        breaker = CircuitBreaker(
            "mail",
            failure_rate=1.0,
            slow_call=1.0,
            slow_rate=0.5,
            window=4,
            minimum_calls=4,
            clock=clock,
        )
        wrapped = breaker(clock.advance)

        for seconds in (0, 0, 2, 2):
            wrapped(seconds)

        assert breaker.state is CircuitState.OPEN


class TestHalfOpen:
    def test_one_success_closes_it(self, clock):
        breaker = half_open(clock)
        assert breaker.state is CircuitState.HALF_OPEN

        assert breaker.execute(int) == 0

        assert breaker.state is CircuitState.CLOSED

    def test_one_failure_opens_it_for_the_whole_time_again(self, clock):
        breaker = half_open(clock)

        with pytest.raises(Down):
            breaker.execute(fail)

        assert breaker.state is CircuitState.OPEN
        assert breaker.retry_after == 60.0

    @pytest.mark.asyncio
    @pytest.mark.parametrize("probes", [1, 3])
    async def test_exactly_the_allowed_probes_of_fifty_tasks(self, clock, probes):
        breaker = half_open(clock, half_open_calls=probes, success_threshold=probes)
        go, seen = asyncio.Event(), []

        @breaker
        async def call():
            seen.append(1)
            await go.wait()

        tasks = [asyncio.ensure_future(call()) for _ in range(50)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(seen) == probes
        go.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)

        assert sum(isinstance(each, CircuitBreakerError) for each in results) == 50 - probes
        assert breaker.state is CircuitState.CLOSED

    def test_exactly_the_allowed_probes_of_sixteen_threads(self, clock):
        breaker = half_open(clock, half_open_calls=2)
        start, go, seen, rejected = threading.Barrier(16), threading.Event(), [], []

        def call():
            start.wait()
            try:
                breaker.execute(probe)
            except CircuitBreakerError:
                rejected.append(1)
                if len(rejected) == 14:
                    go.set()

        def probe():
            seen.append(1)
            go.wait(10)

        threads = [threading.Thread(target=call) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)

        assert (len(seen), len(rejected)) == (2, 14)

    @pytest.mark.asyncio
    async def test_a_cancelled_probe_gives_its_slot_back_and_decides_nothing(self, clock):
        breaker = half_open(clock)

        async def hang():
            await asyncio.get_running_loop().create_future()

        for _ in range(6):
            task = asyncio.ensure_future(breaker(hang)())
            await asyncio.sleep(0)
            with pytest.raises(CircuitBreakerError):
                breaker.execute(int)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert breaker.state is CircuitState.HALF_OPEN

        assert breaker.execute(int) == 0

    def test_a_probe_that_ends_in_an_ignored_error_gives_its_slot_back(self, clock):
        breaker = half_open(clock, ignored_exceptions=KeyError, success_threshold=2)

        for _ in range(3):
            with pytest.raises(KeyError):
                breaker.execute({}.__getitem__, "x")

        assert breaker.state is CircuitState.HALF_OPEN
        assert breaker.execute(int) == breaker.execute(int) == 0
        assert breaker.state is CircuitState.CLOSED

    def test_an_interrupted_probe_gives_its_slot_back(self, clock):
        breaker = half_open(clock)

        with pytest.raises(KeyboardInterrupt), breaker:
            raise KeyboardInterrupt

        assert breaker.state is CircuitState.HALF_OPEN
        assert breaker.execute(int) == 0

    @pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
    def test_a_probe_that_was_never_awaited_gives_its_slot_back(self, clock):
        breaker = half_open(clock)

        async def call():
            pass

        work = breaker.execute(call)
        with pytest.raises(CircuitBreakerError):
            breaker.execute(int)
        work.close()
        del work
        gc.collect()

        assert breaker.execute(int) == 0

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    def test_a_forked_child_does_not_wait_for_the_probe_of_a_thread_of_its_parent(self, clock):
        breaker = half_open(clock)
        under_way, done = threading.Event(), threading.Event()

        @breaker
        def call():
            under_way.set()
            done.wait()

        thread = threading.Thread(target=call)
        thread.start()
        under_way.wait()
        try:
            pid = os.fork()
            if pid == 0:  # pragma: no cover - another process
                code = 1
                try:
                    code = breaker.execute(int)
                finally:
                    os._exit(code)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
            with pytest.raises(CircuitBreakerError):
                breaker.execute(int)
        finally:
            done.set()
            thread.join()

    def test_a_predicate_that_raises_loses_no_probe(self, clock):
        def broken(_):
            raise ZeroDivisionError

        breaker = CircuitBreaker("mail", is_failure=broken, clock=clock)
        breaker.trip()
        clock.advance(60)

        with pytest.raises(ZeroDivisionError):
            breaker.execute(fail)

        assert breaker.execute(int) == 0

    def test_more_successes_may_be_asked_for(self, clock):
        breaker = half_open(clock, success_threshold=3)

        for _ in range(2):
            breaker.execute(int)
        assert breaker.state is CircuitState.HALF_OPEN
        breaker.execute(int)

        assert breaker.state is CircuitState.CLOSED

    def test_a_late_probe_of_an_earlier_time_decides_nothing(self, clock):
        breaker = half_open(clock, half_open_calls=2)
        late = breaker.admit()
        with pytest.raises(Down):
            breaker.execute(fail)
        clock.advance(60)
        token = breaker.admit()

        breaker.finished(late, None, 0.0)

        assert breaker.state is CircuitState.HALF_OPEN
        breaker.finished(token, None, 0.0)
        assert breaker.state is CircuitState.CLOSED

    def test_the_wait_grows_with_each_failed_probe_up_to_its_maximum(self, clock):
        breaker = opened(clock, recovery_timeout=10, recovery_backoff=2.0, recovery_max=35)
        waits = []

        for _ in range(4):
            waits.append(breaker.retry_after)
            clock.advance(breaker.retry_after)
            with pytest.raises(Down):
                breaker.execute(fail)

        assert waits == [10, 20, 35, 35]

    def test_jitter_only_shortens_the_wait(self, clock):
        waits = {opened(clock, jitter=0.5).retry_after for _ in range(20)}

        assert len(waits) > 1
        assert all(30 <= wait <= 60 for wait in waits)


class TestFencing:
    def test_a_success_from_before_the_trip_closes_nothing(self, clock):
        breaker = CircuitBreaker("mail", failure_threshold=1, clock=clock)
        early = breaker.admit()
        with pytest.raises(Down):
            breaker.execute(fail)

        breaker.finished(early, None, 0.0)

        assert breaker.state is CircuitState.OPEN

    def test_failures_from_before_the_trip_do_not_open_it_again(self, clock):
        breaker = CircuitBreaker("mail", failure_threshold=1, clock=clock)
        early = breaker.admit()
        breaker.trip()
        clock.advance(60)
        breaker.execute(int)

        breaker.failed(early, Down())

        assert breaker.state is CircuitState.CLOSED


class TestCalls:
    def test_calls_run_in_parallel(self, clock):
        breaker = CircuitBreaker("mail", clock=clock)
        together = threading.Barrier(4)

        threads = [
            threading.Thread(target=breaker.execute, args=(together.wait, 10)) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)

        assert not together.broken
        assert breaker.inspect()["facts"]["successes"] == 4

    def test_execute_calls_once_and_raises_the_very_error(self, clock):
        breaker, error, calls = CircuitBreaker("mail", clock=clock), Down(), []

        def call():
            calls.append(1)
            raise error

        with pytest.raises(Down) as caught:
            breaker.execute(call)

        assert caught.value is error
        assert (len(calls), clock.sleeps, error.__context__) == (1, [], None)

    @pytest.mark.asyncio
    async def test_execute_awaits_coroutine_functions(self, clock):
        breaker = CircuitBreaker("mail", failure_threshold=1, clock=clock)

        async def call(x):
            await asyncio.sleep(0)
            if x is None:
                raise Down
            return x

        assert await breaker.execute(call, 5) == 5
        with pytest.raises(Down):
            await breaker.execute(call, None)

        assert breaker.state is CircuitState.OPEN

    @pytest.mark.asyncio
    @pytest.mark.parametrize("form", ["decorated", "execute", "slow", "pipeline"])
    async def test_a_plain_function_that_returns_a_coroutine_is_counted_when_that_ends(
        self, clock, form
    ):
        slow = {"slow_call": 60} if form == "slow" else {}
        breaker = CircuitBreaker("mail", failure_threshold=2, clock=clock, **slow)

        async def fetch():
            fail()

        def somebodys_wrapper():
            return fetch()

        if form == "execute":
            call = functools.partial(breaker.execute, somebodys_wrapper)
        else:
            policy = Pipeline(Retry(delay=0), breaker) if form == "pipeline" else breaker
            call = policy(somebodys_wrapper)
        for _ in range(2):
            with pytest.raises(Down):
                await call()

        with pytest.raises(CircuitBreakerError):
            call()

    @pytest.mark.asyncio
    async def test_no_coroutine_is_built_when_it_is_open(self, clock):
        breaker = opened(clock)
        built = []

        def call():
            built.append(1)
            return asyncio.sleep(0)

        with pytest.raises(CircuitBreakerError):
            await breaker.execute(call)

        assert built == []

    def test_the_wrapper_keeps_what_the_function_is(self, clock):
        breaker = CircuitBreaker("mail", clock=clock)

        @breaker
        async def call(a: int, *, b: str = "x") -> str:
            """Doc."""
            return b

        assert inspection.iscoroutinefunction(call)
        assert str(inspection.signature(call)) == "(a: int, *, b: str = 'x') -> str"
        assert (call.__name__, call.__doc__) == ("call", "Doc.")
        assert call.__wrapped__ is not call

    def test_methods_of_all_kinds(self, clock):
        breaker = CircuitBreaker("mail", clock=clock)

        class Service:
            @breaker
            def plain(self):
                return self

            @breaker
            @classmethod
            def of_class(cls):
                return cls

            @staticmethod
            @breaker
            def static():
                return 1

        service = Service()
        assert service.plain() is service
        assert service.of_class() is Service
        assert service.static() == 1

    def test_a_class_is_refused_at_decoration(self, clock):
        with pytest.raises(TypeError, match="is a class"):
            CircuitBreaker("mail", clock=clock)(dict)

    @pytest.mark.asyncio
    async def test_with_and_async_with_count_and_may_be_nested_and_shared(self, clock):
        breaker = CircuitBreaker("mail", failure_threshold=3, clock=clock)
        gate = asyncio.Event()

        async def use():
            async with breaker:
                with breaker:
                    await gate.wait()

        tasks = [asyncio.ensure_future(use()) for _ in range(10)]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*tasks)

        assert breaker.inspect()["facts"]["successes"] == 20

    def test_recursion_through_a_probe_is_no_failure_of_the_outer_call(self, clock):
        breaker = half_open(clock)

        @breaker
        def call(depth):
            return call(depth - 1) if depth else 0

        with pytest.raises(CircuitBreakerError):
            call(1)

        assert breaker.state is CircuitState.HALF_OPEN


class TestGenerators:
    @pytest.mark.parametrize("through", ["decorator", "execute"])
    def test_closing_a_generator_early_is_no_failure(self, clock, through):
        breaker = CircuitBreaker("mail", failure_threshold=1, clock=clock)

        def numbers():
            yield 1
            yield 2

        made = breaker(numbers)() if through == "decorator" else breaker.execute(numbers)
        assert next(made) == 1
        made.close()

        assert breaker.state is CircuitState.CLOSED

    @pytest.mark.parametrize("through", ["decorator", "execute"])
    def test_a_generator_that_raises_is_a_failure(self, clock, through):
        breaker = CircuitBreaker("mail", failure_threshold=1, clock=clock)

        def numbers():
            yield 1
            raise Down

        made = breaker(numbers)() if through == "decorator" else breaker.execute(numbers)
        with pytest.raises(Down):
            list(made)

        assert breaker.state is CircuitState.OPEN

    @pytest.mark.asyncio
    @pytest.mark.parametrize("through", ["decorator", "execute"])
    async def test_async_generators_pass_on_what_is_sent_and_closed(self, clock, through):
        breaker = CircuitBreaker("mail", failure_threshold=1, clock=clock)
        got = []

        async def numbers():
            try:
                got.append((yield 1))
                yield 2
            finally:
                got.append("closed")

        made = breaker(numbers)() if through == "decorator" else breaker.execute(numbers)
        assert await made.asend(None) == 1
        assert await made.asend("hello") == 2
        await made.aclose()

        assert got == ["hello", "closed"]
        assert breaker.state is CircuitState.CLOSED

    @pytest.mark.asyncio
    @pytest.mark.parametrize("through", ["decorator", "execute"])
    async def test_async_generators_count(self, clock, through):
        breaker = CircuitBreaker("mail", failure_threshold=1, clock=clock)

        async def numbers(bad):
            yield 1
            if bad:
                raise Down

        def make(bad):
            return (
                breaker(numbers)(bad) if through == "decorator" else breaker.execute(numbers, bad)
            )

        assert [each async for each in make(False)] == [1]
        assert breaker.inspect()["facts"]["successes"] == 1
        with pytest.raises(Down):
            assert [each async for each in make(True)]

        assert breaker.state is CircuitState.OPEN


class TestForcedStates:
    def test_forced_open_rejects_whatever_time_it_is(self, clock):
        breaker = CircuitBreaker("mail", clock=clock)
        breaker.force_open()
        clock.advance(10_000)

        with pytest.raises(CircuitBreakerError) as caught:
            breaker.execute(int)

        assert caught.value.state is CircuitState.FORCED_OPEN
        assert caught.value.retry_after is None
        breaker.reset()
        assert breaker.execute(int) == 0

    def test_disabled_lets_everything_pass_and_counts_nothing(self, clock):
        breaker = opened(clock)
        breaker.disable()

        for _ in range(20):
            with pytest.raises(Down):
                breaker.execute(fail)

        assert breaker.state is CircuitState.DISABLED

    def test_metrics_only_never_opens_and_tells_what_would_have_been(self, clock):
        breaker = CircuitBreaker("mail", failure_threshold=2, clock=clock)
        breaker.metrics_only()
        heard = []
        unsubscribe = subscribe(heard.append)

        for _ in range(4):
            with pytest.raises(Down):
                breaker.execute(fail)
        unsubscribe()

        assert breaker.state is CircuitState.METRICS_ONLY
        assert [signal.kind for signal in heard] == ["circuit.would_open"] * 2
        assert breaker.inspect()["facts"]["would_open"] == 2

    def test_trip_opens_as_failures_do(self, clock):
        breaker = CircuitBreaker("mail", clock=clock)
        breaker.trip(Down())

        assert (breaker.state, breaker.retry_after) == (CircuitState.OPEN, 60.0)

    def test_switched_off_for_a_test_and_as_it_was_afterwards(self, clock):
        breaker, forced = opened(clock), CircuitBreaker("forced", clock=clock)
        forced.force_open()

        with resilience_disabled():
            assert breaker.execute(int) == 0
            assert CircuitBreaker("new", failure_threshold=1).execute(int) == 0
            forced.reset()
            for _ in range(9):
                with pytest.raises(Down):
                    forced.execute(fail)

        with pytest.raises(CircuitBreakerError):
            breaker.execute(int)
        assert forced.execute(int) == 0

    def test_breakers_may_be_made_while_everything_is_switched_off_and_on(self):
        done = threading.Event()

        def make():
            while not done.is_set():
                CircuitBreaker("mail")

        threads = [threading.Thread(target=make) for _ in range(3)]
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            for thread in threads:
                thread.start()
            for _ in range(300):
                with resilience_disabled():
                    pass
        finally:
            done.set()
            for thread in threads:
                thread.join()
            sys.setswitchinterval(interval)


class TestKeys:
    def test_each_key_has_a_circuit_of_its_own(self, clock):
        breaker = CircuitBreaker("http", failure_threshold=1, clock=clock)

        with pytest.raises(Down):
            breaker.for_key("a.example").execute(fail)

        assert breaker.for_key("a.example").state is CircuitState.OPEN
        assert breaker.for_key("b.example").execute(int) == 0
        assert breaker.for_key("a.example").name == "http[a.example]"
        assert breaker.inspect()["facts"]["open_keys"] == 1

    def test_children_are_bounded_and_open_ones_stay(self, clock):
        breaker = CircuitBreaker("http", failure_threshold=1, max_keys=50, clock=clock)
        with pytest.raises(Down):
            breaker.for_key("bad").execute(fail)

        for number in range(10_000):
            breaker.for_key(number)

        assert breaker.inspect()["facts"]["keys"] == 50
        assert breaker.for_key("bad").state is CircuitState.OPEN

    def test_reset_closes_the_children(self, clock):
        breaker = CircuitBreaker("http", clock=clock)
        breaker.for_key(1).force_open()

        breaker.reset()

        assert breaker.for_key(1).state is CircuitState.CLOSED


class TestBadInput:
    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("failure_threshold", 0),
            ("failure_threshold", 1.5),
            ("failure_threshold", True),
            ("recovery_timeout", -1),
            ("recovery_timeout", float("nan")),
            ("recovery_timeout", "60"),
            ("success_threshold", 0),
            ("half_open_calls", 0),
            ("failure_rate", 0),
            ("failure_rate", 1.1),
            ("window", 0),
            ("window", timedelta(0)),
            ("minimum_calls", 0),
            ("slow_call", 0),
            ("slow_rate", 2),
            ("recovery_backoff", 0.5),
            ("jitter", -0.1),
            ("failure_exceptions", KeyboardInterrupt),
            ("failure_exceptions", "OSError"),
            ("failure_exceptions", 5),
            ("failure_exceptions", ()),
            ("ignored_exceptions", None),
            ("is_failure", 5),
            ("max_keys", 0),
        ],
    )
    def test_an_option_that_makes_no_sense_is_named_at_construction(self, option, value):
        with pytest.raises(InvalidPolicyError) as caught:
            CircuitBreaker("mail", **{option: value})

        assert caught.value.option.startswith(option)
        assert isinstance(caught.value, ValueError)

    def test_a_window_that_never_holds_the_minimum_is_refused(self):
        with pytest.raises(InvalidPolicyError, match="never holds"):
            CircuitBreakerConfig(failure_rate=0.5, window=5)

    def test_an_unknown_option_is_a_type_error(self):
        with pytest.raises(TypeError, match="has no treshold"):
            CircuitBreaker("mail", treshold=5)

    @pytest.mark.parametrize("name", ["", None, 5])
    def test_a_name_is_a_text(self, name):
        with pytest.raises(InvalidPolicyError):
            CircuitBreaker(name)


class TestSight:
    def test_signals_tell_of_each_change(self, clock):
        heard = []
        unsubscribe = subscribe(heard.append)
        breaker = half_open(clock)
        breaker.execute(int)
        unsubscribe()

        assert [(signal.kind, signal.source) for signal in heard] == [
            ("circuit.opened", "mail"),
            ("circuit.half_opened", "mail"),
            ("circuit.closed", "mail"),
        ]
        assert heard[0].facts["error"] == "Down"

    def test_a_listener_may_use_the_breaker(self, clock):
        breaker = CircuitBreaker("mail", failure_threshold=1, clock=clock)
        unsubscribe = subscribe(lambda signal: breaker.reset())
        with pytest.raises(Down):
            breaker.execute(fail)
        unsubscribe()

        assert breaker.state is CircuitState.CLOSED

    def test_it_is_found_among_the_inspectables(self, clock):
        breaker = opened(clock)

        assert breaker in inspectables()
        shown = breaker.inspect()
        assert (shown["kind"], shown["name"], shown["state"]) == ("circuit_breaker", "mail", "open")
        assert shown["facts"]["last_failure"] == "Down"

    def test_no_text_of_an_error_is_shown(self, clock):
        breaker = CircuitBreaker("mail", failure_threshold=1, clock=clock)
        with pytest.raises(Down), breaker:
            raise Down("password=hunter2")
        with pytest.raises(CircuitBreakerError) as caught:
            breaker.execute(int)

        shown = f"{breaker!r} {breaker.inspect()} {caught.value} {caught.value!r}"
        assert "hunter2" not in shown

    def test_the_clock_is_not_read_while_all_is_well(self):
        class Counting(FakeClock):
            reads = 0

            def monotonic(self):
                self.reads += 1
                return super().monotonic()

        clock = Counting()
        wrapped = CircuitBreaker("mail", clock=clock)(lambda: 0)
        for _ in range(10):
            wrapped()

        assert clock.reads == 0

    def test_by_default_it_runs_on_the_monotonic_clock(self, monkeypatch):
        breaker = CircuitBreaker("mail", failure_threshold=1)
        with pytest.raises(Down):
            breaker.execute(fail)

        monkeypatch.setattr(time, "time", lambda: 9e9)

        assert breaker.state is CircuitState.OPEN
