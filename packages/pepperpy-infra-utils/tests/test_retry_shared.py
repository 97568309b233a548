"""What retries share with the rest: budgets, signals, and the test mode."""

import asyncio
import contextvars
import sys
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.utils import (
    FakeClock,
    InvalidRetryError,
    RetryBudget,
    async_retry,
    deadline,
    inspectables,
    retry,
    subscribe,
)


class Down(Exception):
    pass


def failing(**options):
    calls = []

    @retry(**{"delay": 0, **options})
    def fail():
        calls.append(1)
        raise Down("with a secret")

    fail.calls = calls
    return fail


def fails(function):
    with pytest.raises(Down) as caught:
        function()
    return caught.value


class TestBudget:
    def test_each_retry_pays_a_token(self):
        budget = RetryBudget(10)

        fails(failing(budget=budget))

        assert budget.tokens == 8

    @pytest.mark.parametrize("act", ["take", "put_back", "succeeded"])
    def test_a_signal_handler_that_retries_in_the_midst_of_it_does_not_hang(self, act):
        budget = RetryBudget(10)
        budget.take()
        ended = []

        def work():
            def profile(frame, event, function):
                # Where a handler or a finalizer may run: a function of C has ended.
                if event == "c_return" and function in {min, max}:
                    sys.setprofile(None)
                    budget.take()

            sys.setprofile(profile)
            getattr(budget, act)()
            ended.append(sys.getprofile() is None)

        thread = Thread(target=work, daemon=True)
        thread.start()
        thread.join(5)

        assert ended == [True]

    def test_retries_are_refused_when_it_is_empty(self):
        budget = RetryBudget(3)
        first, second = failing(budget=budget), failing(budget=budget)

        fails(first)
        error = fails(second)
        fails(second)

        assert (len(first.calls), len(second.calls)) == (3, 3)
        assert "2 attempts in " in error.__notes__[0]
        assert "stopped by the retry budget" in error.__notes__[0]

    def test_successes_put_a_share_back(self):
        budget = RetryBudget(2, refund=0.5)
        fails(failing(budget=budget))
        fine = retry(lambda: 1, budget=budget)

        levels = []
        for _ in range(6):
            fine()
            levels.append(budget.tokens)

        assert levels == [0.5, 1.0, 1.5, 2.0, 2.0, 2.0]

    def test_ten_tenths_are_a_token(self):
        budget = RetryBudget(1, refund=0.1)
        budget.take()

        for _ in range(10):
            budget.succeeded()

        assert budget.inspect()["state"] == "ok"
        assert budget.take()
        assert budget.tokens == 0

    @pytest.mark.parametrize("stop", [KeyError, KeyboardInterrupt, asyncio.CancelledError])
    def test_nothing_is_paid_for_a_retry_that_the_hook_prevents(self, stop):
        budget = RetryBudget(5)

        def hook(attempt):
            raise stop

        async def async_hook(attempt):
            raise stop

        @retry(budget=budget, on_retry=async_hook)
        async def fail():
            raise Down

        async def main():
            with pytest.raises(stop):
                await fail()

        asyncio.run(main())
        with pytest.raises(stop):
            failing(budget=budget, on_retry=hook)()
        with pytest.raises(InvalidRetryError):
            failing(budget=budget, on_retry=lambda attempt: -1)()

        assert budget.inspect()["facts"] == {"tokens": 5.0, "granted": 0, "refused": 0}

    def test_successes_count_on_every_kind_of_function(self):
        budget = RetryBudget(100, refund=1)
        for _ in range(5):
            fails(failing(budget=budget, max_attempts=3))

        @retry(budget=budget)
        async def coroutine():
            return 1

        @retry(budget=budget)
        def generator():
            yield 1

        @retry(budget=budget)
        async def async_generator():
            yield 1

        @retry(budget=budget, retry_on_result=lambda result: False)
        def judged():
            return 1

        async def main():
            await coroutine()
            return [item async for item in async_generator()]

        asyncio.run(main())
        list(generator())
        judged()

        assert budget.tokens == 94

    def test_empty_generators_of_both_kinds_are_successes(self):
        budget = RetryBudget(10, refund=1)
        for _ in range(2):
            fails(failing(budget=budget))

        @retry(budget=budget)
        def generator():
            yield from ()

        @retry(budget=budget)
        async def async_generator():
            for item in ():
                yield item

        async def main():
            return [item async for item in async_generator()]

        assert (list(generator()), asyncio.run(main())) == ([], [])
        assert budget.tokens == 8

    def test_without_budget_the_wrapper_has_no_trace_of_one(self):
        without, with_one = retry(lambda: 1), retry(lambda: 1, budget=RetryBudget())

        assert not any("refund" in name for name in without.__code__.co_names)
        assert any("refund" in name for name in with_one.__code__.co_names)

    def test_threads_lose_no_token(self):
        budget = RetryBudget(100_000, refund=0)

        def work():
            for _ in range(2000):
                budget.take()

        threads = [Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert budget.tokens == 92_000

    @given(st.lists(st.sampled_from(["take", "succeeded"]), max_size=60))
    def test_stays_between_nothing_and_its_capacity(self, steps):
        budget = RetryBudget(3, refund=0.7)

        for step in steps:
            before = budget.tokens
            granted = getattr(budget, step)()

            assert 0 <= budget.tokens <= 3
            if step == "take":
                assert granted is (before >= 1 - 1e-9)

    def test_can_be_inspected(self):
        budget = RetryBudget(2, refund=0.5, name="payments")
        fails(failing(budget=budget))
        budget.take()

        assert budget in inspectables()
        assert budget.inspect() == {
            "kind": "retry_budget",
            "name": "payments",
            "state": "spent",
            "facts": {"tokens": 0.0, "granted": 2, "refused": 1},
            "config": {"capacity": 2.0, "refund": 0.5},
        }
        assert repr(budget) == "RetryBudget(2.0, refund=0.5, name='payments')"

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"capacity": 0}, "capacity of a RetryBudget must be at least 1; got 0"),
            ({"capacity": float("nan")}, "capacity"),
            ({"capacity": float("inf")}, "capacity"),
            ({"capacity": True}, "capacity"),
            ({"refund": -1}, "refund of a RetryBudget must be 0 or more; got -1"),
            ({"refund": float("nan")}, "refund"),
            ({"capacity": "5"}, "capacity of a RetryBudget must be at least 1; got '5'"),
            ({"refund": None}, "refund"),
        ],
    )
    def test_refuses_figures_that_make_no_sense(self, options, message):
        with pytest.raises(InvalidRetryError, match=message):
            RetryBudget(**options)


@pytest.fixture
def heard():
    signals = []
    unsubscribe = subscribe(signals.append)
    yield signals
    unsubscribe()


class TestSignals:
    def test_each_retry_and_giving_up_are_told(self, heard):
        clock = FakeClock()

        fails(failing(name="fetch", clock=clock, delay=1, jitter=False))

        assert [(s.kind, s.level, s.source, dict(s.facts)) for s in heard] == [
            (
                "retry.scheduled",
                20,
                "fetch",
                {"attempt": 1, "max_attempts": 3, "delay": 1.0, "error": "Down"},
            ),
            (
                "retry.scheduled",
                20,
                "fetch",
                {"attempt": 2, "max_attempts": 3, "delay": 2.0, "error": "Down"},
            ),
            (
                "retry.gave_up",
                30,
                "fetch",
                {"attempts": 3, "elapsed": 3.0, "error": "Down", "stopped_by": "max_attempts"},
            ),
        ]

    def test_the_source_is_the_functions_dotted_name_by_default(self, heard):
        fails(failing())

        assert heard[0].source.endswith("test_retry_shared.failing.<locals>.fail")

    def test_no_text_of_an_error_is_in_them(self, heard):
        fails(failing())

        assert heard
        assert "secret" not in repr(heard)

    def test_one_attempt_is_no_giving_up(self, heard):
        fails(failing(max_attempts=1))

        with deadline(0, clock=FakeClock()):
            fails(failing(clock=FakeClock()))

        assert heard == []

    def test_what_stopped_it_is_told(self, heard):
        clock = FakeClock()

        with deadline(2, clock=clock):
            fails(failing(clock=clock, delay=1.5, jitter=False))

        assert heard[-1].facts["stopped_by"] == "the deadline"

    def test_giving_up_on_a_result_is_told_without_an_error(self, heard):
        retry(lambda: None, delay=0, retry_on_result=lambda result: True)()

        assert [signal.kind for signal in heard] == ["retry.scheduled"] * 2 + ["retry.gave_up"]
        assert heard[-1].facts["error"] is None

    def test_success_after_retries_is_no_giving_up(self, heard):
        outcomes = iter([Down(), 1])

        @async_retry(delay=0)
        async def call():
            outcome = next(outcomes)
            if isinstance(outcome, Down):
                raise outcome
            return outcome

        asyncio.run(call())

        assert [signal.kind for signal in heard] == ["retry.scheduled"]


class TestTestMode:
    @pytest.mark.asyncio
    async def test_one_block_entered_twice_or_by_two_tasks_ends_when_they_leave(self):
        clock = FakeClock()

        @retry(delay=60, jitter=False, max_attempts=2, clock=clock)
        async def failing():
            raise ConnectionError

        async def inside():
            with block:
                await asyncio.sleep(0)
                with block, pytest.raises(ConnectionError):
                    await failing()

        block = retry.testing()
        await asyncio.gather(inside(), inside())
        slept_inside = list(clock.sleeps)
        with pytest.raises(ConnectionError):
            await failing()

        assert (slept_inside, clock.sleeps) == ([], [60.0])

    def test_does_not_sleep_and_records_what_would_have_been(self):
        clock = FakeClock()
        fail = failing(clock=clock, delay=10, jitter=False, name="fetch")

        with retry.testing() as record:
            error = fails(fail)

        assert clock.sleeps == []
        assert [(a.name, a.attempt, a.delay) for a in record.attempts] == [
            ("fetch", 1, 10),
            ("fetch", 2, 20),
        ]
        assert record.attempts[0].error.args == error.args
        assert repr(record) == "<retry.testing: 2 retries>"

    def test_caps_the_attempts_but_never_raises_their_number(self):
        many, few = failing(max_attempts=9), failing(max_attempts=2)

        with retry.testing(max_attempts=4):
            fails(many)
            fails(few)

        assert (len(many.calls), len(few.calls)) == (4, 2)

    def test_caps_what_has_no_limit(self):
        fail = failing(max_attempts=None)

        with retry.testing(5) as record:
            fails(fail)

        assert len(fail.calls) == 5
        assert record.attempts[0].max_attempts == 5

    def test_may_sleep_after_all(self):
        clock = FakeClock()

        with retry.testing(2, sleep=True):
            fails(failing(clock=clock, delay=10, jitter=False))

        assert clock.sleeps == [10]

    def test_the_innermost_block_counts(self):
        with retry.testing(5) as outer:
            with retry.testing(2) as inner:
                fails(failing(max_attempts=9))
            after = failing(max_attempts=9)
            fails(after)

        assert (len(inner.attempts), len(outer.attempts), len(after.calls)) == (1, 4, 5)

    def test_ends_with_the_block_even_by_an_error(self):
        clock = FakeClock()

        with pytest.raises(KeyError), retry.testing(1):
            raise KeyError
        fails(failing(clock=clock, delay=1))

        assert len(clock.sleeps) == 2

    def test_works_with_async_with_and_async_functions(self):
        clock = FakeClock()

        @async_retry(clock=clock, delay=10, max_attempts=None)
        async def fail():
            raise Down

        async def main():
            async with async_retry.testing(3) as record:
                with pytest.raises(Down):
                    await fail()
            return record.attempts

        assert len(asyncio.run(main())) == 2
        assert set(clock.sleeps) <= {0.0}

    def test_other_tasks_do_not_notice(self):
        clock = FakeClock()

        @async_retry(clock=clock, delay=1)
        async def fail():
            raise Down

        async def tested():
            with retry.testing() as record:
                await asyncio.gather(fail(), return_exceptions=True)
            return len(record.attempts)

        async def untouched():
            await asyncio.gather(fail(), return_exceptions=True)

        async def main():
            return await asyncio.gather(tested(), untouched())

        assert asyncio.run(main()) == [2, None]
        assert len(clock.sleeps) == 2

    def test_other_threads_do_not_notice_unless_they_get_the_context(self):
        clock = FakeClock()
        fail = failing(clock=clock, delay=1)

        with retry.testing() as record:
            context = contextvars.copy_context()
            for target in (lambda: fails(fail), lambda: context.run(fails, fail)):
                thread = Thread(target=target)
                thread.start()
                thread.join()

        assert len(record.attempts) == 2
        assert len(clock.sleeps) == 2

    @pytest.mark.parametrize("bad", [0, -1, True])
    def test_refuses_a_cap_that_makes_no_sense(self, bad):
        with pytest.raises(InvalidRetryError, match="max_attempts must be a whole number"):
            retry.testing(bad)

    def test_the_happy_path_knows_nothing_of_it(self):
        names = retry(lambda: 1).__code__.co_names

        assert not any("test" in name for name in names)


def test_the_repr_of_an_attempt_does_not_show_the_result():
    seen = []
    fetch = retry(
        lambda: "hunter2", delay=0, retry_on_result=lambda result: True, on_retry=seen.append
    )

    fetch()

    assert seen[0].result == "hunter2"
    assert "hunter2" not in repr(seen[0])


@pytest.mark.parametrize("bad", ["x", 1.5, 0, True])
def test_a_test_mode_with_a_number_that_is_none_is_refused(bad):
    with pytest.raises(InvalidRetryError, match="max_attempts must be a whole number >= 1"):
        retry.testing(bad)
