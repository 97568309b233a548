"""Each policy alone."""

import asyncio
import contextvars
import os
import random
import sys
import threading
from contextlib import contextmanager, suppress

import pytest

from pepperpy.infra.resilience import (
    Bulkhead,
    BulkheadFullError,
    CallTimeoutError,
    Chaos,
    ChaosError,
    CircuitBreaker,
    CircuitBreakerError,
    Hedge,
    InvalidPolicyError,
    Pipeline,
    RateLimit,
    RateLimitedError,
    Retry,
    RetryBudget,
    Timeout,
    _rate_limit,
    resilience_disabled,
)
from pepperpy.infra.utils import FakeClock, deadline, inspectables, subscribe


class Down(Exception):
    pass


async def forever():
    await asyncio.get_running_loop().create_future()


async def nothing():
    pass


@contextmanager
def quick_switches():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


class SteppedClock(FakeClock):
    """Sleepers wait until the time has come."""

    def __init__(self):
        super().__init__()
        self.sleepers = []

    async def asleep(self, seconds):
        sleeper = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.monotonic() + seconds, sleeper))
        await sleeper

    async def step(self, seconds):
        self.advance(seconds)
        for when, sleeper in self.sleepers:
            if when <= self.monotonic() + 1e-6 and not sleeper.done():
                sleeper.set_result(None)
        self.sleepers = [each for each in self.sleepers if not each[1].done()]
        await asyncio.sleep(0)
        await asyncio.sleep(0)


class TestTimeoutOfCoroutines:
    @pytest.mark.asyncio
    async def test_a_coroutine_is_cancelled_and_the_caller_told(self):
        ended = []

        @Timeout(0.0, name="mail")
        async def call():
            try:
                await forever()
            finally:
                ended.append(1)

        with pytest.raises(CallTimeoutError, match="mail: the call took longer") as caught:
            await call()

        assert ended == [1]
        assert isinstance(caught.value, TimeoutError)
        assert not asyncio.current_task().cancelling()

    @pytest.mark.asyncio
    async def test_a_cancellation_from_outside_stays_one(self):
        task = asyncio.ensure_future(Timeout(30.0)(forever)())
        await asyncio.sleep(0)
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task

    @pytest.mark.asyncio
    async def test_a_cancellation_in_the_tick_of_the_timeout_stays_one(self):
        task = asyncio.ensure_future(Timeout(0.0)(forever)())
        await asyncio.sleep(0)
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task

    @pytest.mark.asyncio
    async def test_the_inner_of_two_is_the_one_that_expires(self):
        @Timeout(30.0, name="outer")
        @Timeout(0.0, name="inner")
        async def call():
            await forever()

        with pytest.raises(CallTimeoutError, match="inner"):
            await call()

    @pytest.mark.asyncio
    async def test_a_timeout_error_of_the_function_is_its_own(self):
        error = TimeoutError("mine")

        @Timeout(30.0)
        async def call():
            raise error

        with pytest.raises(TimeoutError) as caught:
            await call()

        assert caught.value is error

    @pytest.mark.asyncio
    async def test_it_knows_the_deadline_around_it(self):
        with deadline(0), pytest.raises(CallTimeoutError):
            await Timeout(30.0)(forever)()

    @pytest.mark.asyncio
    async def test_an_expiry_is_signalled(self):
        heard = []
        unsubscribe = subscribe(heard.append)
        with pytest.raises(CallTimeoutError):
            await Timeout(0.0, name="mail")(forever)()
        unsubscribe()

        assert [(each.kind, each.source) for each in heard] == [("timeout.expired", "mail")]


class TestTimeoutOfFunctions:
    def test_it_is_the_deadline_of_all_inside_and_of_nothing_after(self):
        left = Timeout(5.0)(deadline.remaining)()

        assert 0 < left <= 5.0
        assert deadline.remaining() is None

    def test_a_late_result_is_still_returned(self):
        assert Timeout(0.0)(lambda: "late")() == "late"

    def test_a_thread_is_left_behind_when_the_time_is_over(self):
        go, done = threading.Event(), threading.Event()

        @Timeout(0.01, thread=True)
        def call():
            go.wait(10)
            done.set()

        with pytest.raises(CallTimeoutError):
            call()
        assert not done.is_set()
        go.set()

        assert done.wait(10)

    def test_a_thread_gives_results_and_errors_and_knows_the_context(self):
        variable = contextvars.ContextVar("variable", default=0)
        variable.set(7)
        error = Down()

        @Timeout(10.0, thread=True)
        def call(bad):
            if bad:
                raise error
            return variable.get(), deadline.remaining() <= 10.0

        assert call(False) == (7, True)
        with pytest.raises(Down) as caught:
            call(True)
        assert caught.value is error

    def test_what_cannot_be_limited_is_refused_at_decoration(self):
        def items():
            yield 1

        with pytest.raises(TypeError, match="generator"):
            Timeout(1.0)(items)
        with pytest.raises(TypeError, match="coroutine function"):
            Timeout(1.0, thread=True)(forever)

    @pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "5", None])
    def test_no_time_is_refused(self, value):
        with pytest.raises(InvalidPolicyError, match="seconds"):
            Timeout(value)


class TestBulkhead:
    @pytest.mark.asyncio
    async def test_so_many_run_at_once_and_the_others_in_order(self):
        bulkhead = Bulkhead(2)
        running, most, order = 0, 0, []

        @bulkhead
        async def call(number):
            nonlocal running, most
            running += 1
            most = max(most, running)
            order.append(number)
            await asyncio.sleep(0)
            running -= 1

        await asyncio.gather(*(call(number) for number in range(20)))

        assert most == 2
        assert order == list(range(20))
        assert bulkhead.inspect()["facts"] == {"running": 0, "waiting": 0, "refused": 0}

    def test_threads_wait_in_order(self):
        bulkhead, order = Bulkhead(1), []
        permit = bulkhead.take()
        threads = []
        for number in range(5):
            thread = threading.Thread(target=bulkhead(order.append), args=(number,))
            thread.start()
            threads.append(thread)
            while bulkhead.inspect()["facts"]["waiting"] <= number:
                os.sched_yield()
        bulkhead.leave(permit)
        for thread in threads:
            thread.join(10)

        assert order == [0, 1, 2, 3, 4]

    @pytest.mark.asyncio
    async def test_a_thread_hands_its_permit_to_a_task_and_back(self):
        bulkhead, seen = Bulkhead(1), []
        permit = bulkhead.take()

        async def call():
            seen.append("task")

        task = asyncio.ensure_future(bulkhead(call)())
        await asyncio.sleep(0)
        thread = threading.Thread(target=bulkhead(lambda: seen.append("thread")))
        thread.start()
        while bulkhead.inspect()["facts"]["waiting"] < 2:
            os.sched_yield()
        leaving = threading.Thread(target=bulkhead.leave, args=(permit,))
        leaving.start()
        await task
        await asyncio.to_thread(thread.join, 10)
        leaving.join(10)

        assert seen == ["task", "thread"]

    def test_a_full_queue_rejects_at_once(self):
        bulkhead = Bulkhead(1, max_waiting=0, name="mail")
        permit = bulkhead.take()
        called = []

        with pytest.raises(
            BulkheadFullError, match="mail: 1 calls are running, 0 waiting"
        ) as caught:
            bulkhead.execute(called.append, 1)

        assert called == []
        assert (caught.value.name, caught.value.max_concurrent) == ("mail", 1)
        bulkhead.leave(permit)
        bulkhead.execute(called.append, 1)
        assert called == [1]

    @pytest.mark.asyncio
    @pytest.mark.parametrize("limit", ["max_wait", "deadline"])
    async def test_waiting_ends(self, limit):
        bulkhead = Bulkhead(1, max_wait=0.0 if limit == "max_wait" else None)
        permit = bulkhead.take()

        async def call():
            pass

        with deadline(60 if limit == "max_wait" else 0):
            with pytest.raises(BulkheadFullError):
                bulkhead.execute(int)
            with pytest.raises(BulkheadFullError):
                await bulkhead.execute(call)

        assert bulkhead.inspect()["facts"]["waiting"] == 0
        bulkhead.leave(permit)
        assert bulkhead.inspect()["facts"]["running"] == 0

    @pytest.mark.asyncio
    async def test_permits_and_probes_are_conserved_under_twenty_thousand_cancellations(self):
        rng, clock = random.Random(7), FakeClock()
        bulkhead = Bulkhead(5)
        breaker = CircuitBreaker(
            "mail", half_open_calls=5, success_threshold=1_000_000, clock=clock
        )
        breaker.trip()
        clock.advance(60)
        running = done = 0

        @Pipeline(bulkhead, breaker)
        async def call():
            nonlocal running
            running += 1
            assert running <= 5
            try:
                for _ in range(rng.randrange(4)):
                    await asyncio.sleep(0)
            finally:
                running -= 1

        while done < 20_000:
            batch = [asyncio.ensure_future(call()) for _ in range(60)]
            for _ in range(rng.randrange(12)):
                await asyncio.sleep(0)
            for task in rng.sample(batch, 30):
                task.cancel()
                done += 1
                if rng.random() < 0.3:
                    await asyncio.sleep(0)
            _, late = await asyncio.wait(batch, timeout=10)
            assert not late

        assert bulkhead.inspect()["facts"] == {"running": 0, "waiting": 0, "refused": 0}
        permits = [bulkhead.take() for _ in range(5)]
        assert all(permits)
        assert bulkhead.take() is None
        probes = [breaker.admit() for _ in range(5)]
        with pytest.raises(CircuitBreakerError):
            breaker.admit()
        assert len(probes) == 5

    def test_threads_never_exceed_it_and_lose_no_permit(self):
        bulkhead, running, most = Bulkhead(3), [], []

        @bulkhead
        def call():
            running.append(1)
            most.append(len(running))
            os.sched_yield()
            running.pop()

        def work():
            for _ in range(500):
                call()

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

        assert len(most) == 4000
        assert max(most) <= 3
        assert bulkhead.inspect()["facts"] == {"running": 0, "waiting": 0, "refused": 0}

    def test_threads_that_ran_out_of_patience_take_no_permit_with_them(self):
        bulkhead = Bulkhead(2, max_wait=0)
        permits = [bulkhead.take(), bulkhead.take()]
        for _ in range(8):
            with pytest.raises(BulkheadFullError):
                bulkhead.execute(int)

        for permit in permits:
            bulkhead.leave(permit)

        assert [bulkhead.execute(int) for _ in range(8)] == [0] * 8
        assert bulkhead.inspect()["facts"] == {"running": 0, "waiting": 0, "refused": 8}

    @pytest.mark.asyncio
    async def test_those_that_gave_up_do_not_fill_the_queue(self):
        bulkhead = Bulkhead(1)
        permit = bulkhead.take()

        for _ in range(500):
            task = asyncio.ensure_future(bulkhead(forever)())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        assert len(bulkhead._queue) < 100
        assert bulkhead.inspect()["facts"]["waiting"] == 0
        bulkhead.leave(permit)

    def test_a_waiter_whose_loop_is_gone_is_passed_over(self):
        bulkhead = Bulkhead(1)
        permit = bulkhead.take()
        loop = asyncio.new_event_loop()

        async def call():
            pass

        waiting = bulkhead.execute(call)
        task = loop.create_task(waiting)
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(asyncio.sleep(0))
        assert bulkhead.inspect()["facts"]["waiting"] == 1
        loop.close()
        bulkhead.leave(permit)

        assert bulkhead.execute(int) == 0
        task._log_destroy_pending = False
        waiting.close()

    def test_it_is_usable_from_several_loops_in_turn(self):
        bulkhead = Bulkhead(1)

        async def both():
            async def call():
                await asyncio.sleep(0)

            await asyncio.gather(*(bulkhead.execute(call) for _ in range(3)))

        asyncio.run(both())
        asyncio.run(both())

        assert bulkhead.inspect()["facts"]["running"] == 0

    def test_a_permit_of_before_a_fork_is_worth_nothing_after_it(self):
        bulkhead = Bulkhead(1)
        permit = bulkhead.take()

        bulkhead.after_fork()
        taken = bulkhead.take()
        assert taken is not None
        bulkhead.leave(permit)

        assert bulkhead.take() is None

    def test_a_generator_holds_its_permit_until_it_ends(self):
        bulkhead = Bulkhead(1, max_waiting=0)

        @bulkhead
        def items():
            yield 1
            yield 2

        made = items()
        next(made)
        with pytest.raises(BulkheadFullError):
            next(items())
        made.close()

        assert list(items()) == [1, 2]

    @pytest.mark.parametrize(
        "options",
        [{"max_concurrent": 0}, {"max_waiting": -1}, {"max_wait": -1}, {"name": ""}],
    )
    def test_options_that_make_no_sense_are_refused(self, options):
        with pytest.raises(InvalidPolicyError):
            Bulkhead(**{"max_concurrent": 1, **options})


class TestRateLimit:
    def test_so_many_in_a_time_then_evenly(self):
        clock = FakeClock(start=1e6)
        limit = RateLimit(10, per=1.0, clock=clock)

        assert [limit.reserve().wait for _ in range(10)] == [0.0] * 10
        with pytest.raises(RateLimitedError) as caught:
            limit.reserve()
        assert caught.value.retry_after == pytest.approx(0.1)
        for _ in range(50):
            clock.advance(0.1)
            assert limit.reserve().wait == 0.0

    @pytest.mark.asyncio
    @pytest.mark.parametrize("seed", range(20))
    async def test_no_window_of_time_ever_sees_more_than_burst_and_rate(self, seed):
        rng, clock = random.Random(seed), SteppedClock()
        limit = RateLimit(5, per=1.0, burst=3, max_wait=rng.choice([0, 0.3, None]), clock=clock)
        passed, calls = [], []

        @limit
        async def call():
            passed.append(clock.monotonic())

        for _ in range(400):
            await clock.step(rng.choice([0, 0, 0.01, 0.1, 0.5]))
            calls.append(asyncio.ensure_future(call()))
            await asyncio.sleep(0)
            if rng.random() < 0.4:
                rng.choice(calls).cancel()
        for task in calls:
            task.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

        assert len(passed) > 100
        for index, began in enumerate(passed):
            inside = [each for each in passed[index:] if each <= began + 2.0 - 1e-6]
            assert len(inside) <= 3 + 10

    @pytest.mark.asyncio
    async def test_a_cancelled_wait_does_not_let_two_others_begin_at_once(self):
        clock = SteppedClock()
        limit = RateLimit(1, per=1.0, max_wait=None, clock=clock)
        began = {}

        @limit
        async def call(name):
            began[name] = clock.monotonic()

        async def come(name):
            task = asyncio.ensure_future(call(name))
            await asyncio.sleep(0)
            return task

        first = [await come(name) for name in "abcd"]
        first[1].cancel()
        await asyncio.sleep(0)
        await come("e")  # takes the turn of b
        await come("f")
        for _ in range(5):
            await clock.step(1.0)

        assert began == {"a": 0.0, "e": 1.0, "c": 2.0, "d": 3.0, "f": 4.0}

    @pytest.mark.asyncio
    async def test_turns_of_ten_thousand_cancelled_waits_are_there_again(self):
        clock = SteppedClock()
        limit = RateLimit(10, per=1.0, burst=1, max_wait=None, clock=clock)
        await limit.execute(nothing)
        tasks = [asyncio.ensure_future(limit.execute(nothing)) for _ in range(10_000)]
        await asyncio.sleep(0)
        random.Random(1).shuffle(tasks)

        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

        assert limit.reserve().wait == pytest.approx(0.1)
        assert not limit._returned

    @pytest.mark.parametrize("atomic", [True, False])
    def test_threads_never_exceed_it(self, monkeypatch, atomic):
        monkeypatch.setattr(_rate_limit, "_ATOMIC", _rate_limit._ATOMIC and atomic)
        clock = FakeClock()
        limited = RateLimit(1000, per=1.0, burst=10, clock=clock)(lambda: None)
        done = threading.Event()
        admitted = []

        def work():
            while not done.is_set():
                with suppress(RateLimitedError):
                    admitted.append(limited())

        with quick_switches():
            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            for _ in range(3_000):
                clock.advance(0.001)
            done.set()
            for thread in threads:
                thread.join()

        assert 10 <= len(admitted) <= 10 + 3_000

    def test_a_turn_may_be_waited_for(self):
        clock = FakeClock()
        limited = RateLimit(1, per=2.0, max_wait=None, clock=clock)(clock.monotonic)

        assert [limited() for _ in range(3)] == [0.0, 2.0, 4.0]

    def test_nobody_waits_beyond_the_deadline(self):
        clock = FakeClock()
        limit = RateLimit(1, per=2.0, max_wait=None, clock=clock)
        limit.reserve()

        with deadline(1.0, clock=clock), pytest.raises(RateLimitedError):
            limit.reserve()

        assert clock.sleeps == []

    @pytest.mark.asyncio
    async def test_a_cancelled_wait_gives_its_turn_back(self):
        limit = RateLimit(1, per=60.0, max_wait=None)

        async def call():
            pass

        await limit.execute(call)
        before = limit.free_at
        task = asyncio.ensure_future(limit.execute(call))
        await asyncio.sleep(0)
        assert limit.free_at > before
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        assert limit.free_at == before

    @pytest.mark.parametrize(
        "options", [{"limit": 0}, {"per": 0}, {"burst": 0}, {"max_wait": -1}, {"clock": 5}]
    )
    def test_options_that_make_no_sense_are_refused(self, options):
        with pytest.raises(InvalidPolicyError):
            RateLimit(**{"limit": 1, **options})


class TestRetry:
    def test_it_is_the_retry_of_utils(self):
        calls, clock = [], FakeClock()

        @Retry(max_attempts=3, delay=1.0, jitter=False, clock=clock)
        def call():
            calls.append(1)
            raise Down

        with pytest.raises(Down):
            call()

        assert (len(calls), clock.sleeps) == (3, [1.0, 2.0])

    @pytest.mark.parametrize("exceptions", [Exception, lambda error: True])
    def test_a_rejection_is_not_repeated(self, exceptions):
        clock, breaker = FakeClock(), CircuitBreaker("mail")
        breaker.force_open()

        with pytest.raises(RuntimeError, match="forced open"):
            Retry(delay=1, exceptions=exceptions, clock=clock).execute(breaker.execute, int)

        assert clock.sleeps == []

    def test_options_are_checked_at_construction(self):
        with pytest.raises(ValueError, match="max_attempts"):
            Retry(max_attempts=0)

    def test_the_budget_is_utils_own(self):
        budget = RetryBudget(1)

        for _ in range(2):
            with pytest.raises(Down):
                Retry(delay=0, max_attempts=2, budget=budget).execute(self.fail)

        assert budget.tokens < 1

    @staticmethod
    def fail():
        raise Down


@pytest.mark.asyncio
class TestHedge:
    async def test_a_second_call_starts_beside_a_slow_one_and_the_first_answer_counts(self):
        calls, ended = [], []

        @Hedge(after=5.0, clock=FakeClock())
        async def call():
            calls.append(1)
            if len(calls) == 1:
                try:
                    await forever()
                finally:
                    ended.append("first")
            return "second"

        assert await call() == "second"
        assert ended == ["first"]

    async def test_if_all_fail_the_error_of_the_first_is_raised(self):
        errors = [Down("first"), Down("second")]
        left = list(errors)

        @Hedge(after=5.0, clock=FakeClock())
        async def call():
            raise left.pop(0)

        with pytest.raises(Down) as caught:
            await call()

        assert caught.value is errors[0]
        assert left == []

    async def test_cancelling_leaves_no_task_behind(self):
        before = asyncio.all_tasks()
        task = asyncio.ensure_future(Hedge(after=0.0)(forever)())
        for _ in range(8):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        assert asyncio.all_tasks() == before

    async def test_plain_functions_are_refused(self):
        with pytest.raises(TypeError, match="coroutine functions"):
            Hedge(after=1.0)(len)


class TestChaos:
    def test_the_same_seed_fails_the_same_calls(self):
        def run():
            call = Chaos(failure_rate=0.5, seed=3)(lambda: True)
            results = []
            for _ in range(50):
                try:
                    results.append(call())
                except ChaosError:
                    results.append(False)
            return results

        assert run() == run()
        assert 10 < sum(run()) < 40

    def test_calls_are_late_and_errors_are_those_that_were_asked_for(self):
        clock = FakeClock()

        with pytest.raises(KeyError):
            Chaos(failure_rate=1, error=KeyError, latency=2.5, clock=clock).execute(int)

        assert clock.sleeps == [2.5]

    def test_where_it_is_not_enabled_there_is_nothing_of_it_in_the_wrapper(self):
        call = Chaos(failure_rate=1, enabled=False)(lambda: True)

        assert call() is True
        assert call.__code__.co_names == ("_w_func",)


class TestSwitchedOff:
    def test_everything_lets_calls_pass(self):
        bulkhead, limit = Bulkhead(1, max_waiting=0), RateLimit(1)
        permit = bulkhead.take()
        limit.reserve()

        with resilience_disabled():
            assert bulkhead.execute(int) == 0
            assert limit.execute(int) == 0
            assert Chaos(failure_rate=1).execute(int) == 0
            assert Timeout(5).execute(deadline.remaining) is None
            assert Timeout(5, thread=True).execute(threading.current_thread) is (
                threading.current_thread()
            )

        with pytest.raises(BulkheadFullError):
            bulkhead.execute(int)
        bulkhead.leave(permit)

    def test_a_permit_that_was_taken_while_off_is_none_afterwards(self):
        bulkhead = Bulkhead(1)
        with resilience_disabled():
            permit = bulkhead.take()

        bulkhead.leave(permit)

        assert bulkhead.inspect()["facts"]["running"] == 0


def test_policies_with_a_state_are_found_among_the_inspectables():
    limit, bulkhead = RateLimit(5, name="seen"), Bulkhead(2, name="seen")

    shown = [each.inspect() for each in inspectables() if each in (limit, bulkhead)]

    assert [each["kind"] for each in shown] == ["rate_limit", "bulkhead"]
