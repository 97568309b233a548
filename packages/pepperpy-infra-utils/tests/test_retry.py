"""`retry`: its spellings, what it decorates, and its options."""

import asyncio
import contextlib
import functools
import inspect
import os
import pickle
import random
import subprocess
import sys
from concurrent.futures import CancelledError as FutureCancelledError
from datetime import timedelta
from decimal import Decimal
from threading import Thread
from unittest.mock import MagicMock

import pytest
import trio
import trio.testing

from pepperpy.infra.utils import (
    FakeClock,
    InvalidRetryError,
    RetryBudget,
    UtilsError,
    async_retry,
    retry,
)


class Down(Exception):
    pass


class Script:
    """Plays outcomes, one a call; errors are raised, the last one goes on for ever."""

    def __init__(self, *outcomes):
        self.outcomes = outcomes
        self.calls = 0

    def __call__(self):
        outcome = self.outcomes[min(self.calls, len(self.outcomes) - 1)]
        self.calls += 1
        if isinstance(outcome, BaseException) or (
            isinstance(outcome, type) and issubclass(outcome, BaseException)
        ):
            raise outcome
        return outcome


def plain(script, **options):
    @retry(delay=0, **options)
    def call():
        return script()

    return call


def driven(script, **options):
    """The same, as a coroutine function that is run by asyncio."""

    @async_retry(delay=0, **options)
    async def call():
        await asyncio.sleep(0)
        return script()

    return lambda: asyncio.run(call())


both = pytest.mark.parametrize("make", [plain, driven])

counter = {"calls": 0}


@retry(max_attempts=2, delay=0)
def at_module_level(n):
    counter["calls"] += 1
    if counter["calls"] % 2:
        raise Down
    return n + 1


class TestSpellings:
    @pytest.mark.parametrize(
        ("decorate", "calls"),
        [
            (retry(clock=FakeClock()), 3),
            (retry(max_attempts=5, delay=1.0, backoff=2.0, clock=FakeClock()), 5),
            (retry(max_retries=3, delay=1.0, backoff=2.0, clock=FakeClock()), 4),
            (retry(None, max_attempts=2, delay=0), 2),
            (functools.partial(retry, max_attempts=2, delay=0), 2),
        ],
    )
    def test_every_spelling_makes_as_many_calls_as_it_says(self, decorate, calls):
        script = Script(Down)

        @decorate
        def call():
            return script()

        with pytest.raises(Down):
            call()
        assert script.calls == calls

    def test_bare_it_makes_three_attempts(self):
        script = Script(Down, Down, "answer")

        @retry
        def call():
            return script()

        with retry.testing():
            assert call() == "answer"

    def test_the_function_may_come_first(self):
        script = Script(Down, "answer")

        assert retry(script, max_attempts=2, delay=0)() == "answer"

    def test_attempts_and_retries_together_are_a_type_error(self):
        with pytest.raises(TypeError, match="give one of them"):
            retry(max_attempts=3, max_retries=2)

    def test_no_retries_is_one_attempt(self):
        script = Script(Down)

        with pytest.raises(Down):
            plain(script, max_retries=0)()
        assert script.calls == 1

    def test_no_limit_goes_on_until_it_succeeds(self):
        script = Script(*[Down] * 50, "answer")

        assert plain(script, max_attempts=None)() == "answer"
        assert script.calls == 51

    def test_exceptions_may_be_a_tuple_as_in_the_older_api(self):
        script = Script(KeyError, Down, "answer")

        assert plain(script, exceptions=(Down, KeyError))() == "answer"

    def test_help_and_repr_are_good(self):
        assert "exceptions: A type, several of them" in inspect.getdoc(retry)
        assert list(inspect.signature(retry).parameters)[:4] == [
            "func",
            "unnamed",
            "max_attempts",
            "max_retries",
        ]
        assert repr(retry) == "<decorator pepperpy.infra.utils.retry>"
        assert retry.__name__ == "retry"
        assert async_retry.__name__ == "async_retry"

    def test_the_decorators_pickle_by_name(self):
        assert pickle.loads(pickle.dumps(retry)) is retry
        assert pickle.loads(pickle.dumps(async_retry)) is async_retry


class TestKinds:
    @both
    def test_repeats_until_it_succeeds(self, make):
        script = Script(Down, Down, "answer")

        assert make(script, max_attempts=5)() == "answer"
        assert script.calls == 3

    @both
    def test_raises_the_last_error_after_the_last_attempt(self, make):
        errors = [Down(1), Down(2), Down(3)]
        script = Script(*errors)

        with pytest.raises(Down) as caught:
            make(script)()

        assert caught.value is errors[2]
        assert script.calls == 3

    def test_methods_of_all_sorts_in_either_order(self):
        class Service:
            def __init__(self):
                self.script = Script(Down, "method")

            shared = Script(Down, "class", Down, "class", Down, "static", Down, "static")

            @retry(delay=0)
            def method(self):
                return self.script()

            @classmethod
            @retry(delay=0)
            def inside(cls):
                return cls.shared()

            @retry(delay=0)
            @classmethod
            def outside(cls):
                return cls.shared()

            @staticmethod
            @retry(delay=0)
            def below():
                return Service.shared()

            @retry(delay=0)
            @staticmethod
            def above():
                return Service.shared()

        answers = [
            Service().method(),
            Service.inside(),
            Service().outside(),
            Service.below(),
            Service().above(),
        ]

        assert answers == ["method", "class", "class", "static", "static"]

    def test_async_methods(self):
        class Service:
            script = Script(Down, "answer")

            @retry(delay=0)
            async def fetch(self, key, *, more=1):
                return self.script(), key, more

        assert asyncio.run(Service().fetch("k")) == ("answer", "k", 1)

    def test_partials_of_coroutine_functions_are_retried(self):
        script = Script(Down, "answer")

        async def fetch(key):
            return script(), key

        call = retry(functools.partial(fetch, "k"), delay=0)

        assert asyncio.run(call()) == ("answer", "k")

    def test_objects_with_an_async_call_are_retried(self):
        class Fetch:
            script = Script(Down, "answer")

            async def __call__(self, key):
                return self.script(), key

        call = async_retry(Fetch(), delay=0)

        assert inspect.iscoroutinefunction(call)
        assert asyncio.run(call("k")) == ("answer", "k")

    def test_async_retry_refuses_a_plain_function(self):
        def fetch():
            return 1

        with pytest.raises(InvalidRetryError, match=r"fetch is a function: use retry") as refused:
            async_retry(fetch)
        assert isinstance(refused.value, TypeError)
        assert refused.value.option == "func"
        with pytest.raises(InvalidRetryError, match="use retry"):
            async_retry(max_retries=3)(lambda: (yield))

    def test_a_class_is_refused_with_advice(self):
        class Client:
            pass

        with pytest.raises(TypeError, match="Client is a class: decorate its __init__"):
            retry(Client)

    @pytest.mark.parametrize(
        "decorate", [lambda: retry(5), lambda: async_retry(3, 1.0), lambda: retry(None, 5)]
    )
    def test_options_without_their_names_are_refused_with_advice(self, decorate):
        with pytest.raises(InvalidRetryError, match=r"by name, like \w+\(max_attempts=5"):
            decorate()

    @pytest.mark.parametrize(
        ("decorate", "told"),
        [
            (
                lambda: retry(attempts=3),
                r"retry\(\) has no option 'attempts'; did you mean 'max_att",
            ),
            (lambda: async_retry(tries=3), r"async_retry\(\) has no option 'tries'; did you mean"),
            (lambda: retry(len, max_delays=3), "did you mean 'max_delay'"),
            (lambda: retry(colour="red"), "'colour'; there are: 'backoff', 'budget', .*'retry_on_"),
        ],
    )
    def test_an_option_that_does_not_exist_is_refused_with_the_nearest(self, decorate, told):
        with pytest.raises(InvalidRetryError, match=told) as refused:
            decorate()

        assert isinstance(refused.value, TypeError)

    def test_the_function_may_be_given_by_name(self):
        script = Script(Down, "answer")

        assert retry(func=script, delay=0)() == "answer"

    @pytest.mark.parametrize("manager", [contextlib.contextmanager, contextlib.asynccontextmanager])
    def test_above_a_context_manager_it_is_refused_with_advice(self, manager):
        def session():
            yield 1

        with pytest.raises(InvalidRetryError, match="write @contextmanager above"):
            retry(manager(session))

    def test_below_a_context_manager_it_is_fine(self):
        script = Script(Down, "answer")

        @contextlib.contextmanager
        @retry(delay=0)
        def session():
            yield script()

        with session() as answer:
            assert answer == "answer"

    def test_what_cannot_be_called_is_refused(self):
        with pytest.raises(TypeError, match="got str"):
            retry("fetch")

    def test_keeps_name_doc_signature_and_kind(self):
        @retry
        async def fetch(url: str, *, size: int = 3) -> bytes:
            """Fetch it."""

        assert fetch.__name__ == "fetch"
        assert fetch.__doc__ == "Fetch it."
        assert str(inspect.signature(fetch)) == "(url: 'str', *, size: 'int' = 3) -> 'bytes'" or (
            str(inspect.signature(fetch)) == "(url: str, *, size: int = 3) -> bytes"
        )
        assert inspect.iscoroutinefunction(fetch)
        assert fetch.__wrapped__.__name__ == "fetch"

    def test_a_decorated_function_at_module_level_pickles(self):
        assert pickle.dumps(at_module_level)
        assert at_module_level(1) == 2

    def test_arguments_arrive_unchanged_at_every_attempt(self):
        seen = []

        @retry(delay=0)
        def call(a, /, b, *rest, c, run=1, error=2, **more):
            seen.append((a, b, rest, c, run, error, more))
            raise Down

        with pytest.raises(Down):
            call(1, 2, 3, 4, c=5, error=6, wait=7, self=8)

        assert seen == [(1, 2, (3, 4), 5, 1, 6, {"wait": 7, "self": 8})] * 3


class TestGenerators:
    def test_repeats_only_before_the_first_item(self):
        script = Script(Down, Down, 1)

        @retry(delay=0)
        def items():
            yield script()
            yield 2

        assert list(items()) == [1, 2]
        assert script.calls == 3

    def test_an_error_after_the_first_item_is_not_retried(self):
        script = Script(1, Down)

        @retry(delay=0)
        def items():
            yield script()
            yield script()

        generator = items()
        assert next(generator) == 1
        with pytest.raises(Down):
            next(generator)
        assert script.calls == 2

    def test_what_is_sent_thrown_and_returned_gets_through(self):
        @retry(delay=0)
        def echo():
            got = yield "ready"
            try:
                yield got
            except KeyError:
                return "returned"

        generator = echo()
        assert next(generator) == "ready"
        assert generator.send("hello") == "hello"
        with pytest.raises(StopIteration) as stop:
            generator.throw(KeyError)
        assert stop.value.value == "returned"

    def test_an_empty_generator_is_a_success(self):
        script = Script(Down, "empty")

        @retry(delay=0)
        def items():
            if script() == "empty":
                return "done"
            yield 1

        generator = items()
        with pytest.raises(StopIteration) as stop:
            next(generator)
        assert stop.value.value == "done"

    def test_closing_it_early_closes_the_inner_one_and_is_no_failure(self):
        closed = []

        @retry(delay=0)
        def items():
            try:
                yield 1
                yield 2
            finally:
                closed.append(True)

        generator = items()
        next(generator)
        generator.close()

        assert closed == [True]

    def test_gives_up_after_the_last_attempt(self):
        script = Script(Down)

        @retry(delay=0)
        def items():
            yield script()

        with pytest.raises(Down) as caught:
            next(items())
        assert script.calls == 3
        assert caught.value.__notes__[0].startswith("3 attempts in ")

    def test_async_generators_too(self):
        script = Script(Down, Down, 1)
        clock = FakeClock()

        @async_retry(clock=clock, jitter=False)
        async def items():
            yield script()
            yield 2

        async def main():
            return [item async for item in items()]

        assert asyncio.run(main()) == [1, 2]
        assert clock.sleeps == [1.0, 2.0]
        assert inspect.isasyncgenfunction(items)

    def test_async_generators_get_what_is_sent_and_thrown(self):
        @retry(delay=0)
        async def echo():
            got = yield "ready"
            try:
                yield got
            except KeyError:
                yield "caught"

        async def main():
            generator = echo()
            answers = [
                await generator.asend(None),
                await generator.asend("hello"),
                await generator.athrow(KeyError()),
            ]
            await generator.aclose()
            return answers

        assert asyncio.run(main()) == ["ready", "hello", "caught"]

    def test_empty_async_generator_is_a_success(self):
        script = Script(Down, "empty")

        @retry(delay=0)
        async def items():
            if script() != "empty":
                yield 1

        async def main():
            return [item async for item in items()]

        assert asyncio.run(main()) == []

    def test_results_of_generators_cannot_be_judged(self):
        with pytest.raises(InvalidRetryError, match="yields items and returns no result"):

            @retry(retry_on_result=bool)
            def items():
                yield 1


class TestExceptions:
    @both
    def test_other_kinds_are_raised_at_once(self, make):
        script = Script(ValueError)

        with pytest.raises(ValueError):  # noqa: PT011 - it has no text
            make(script, exceptions=Down)()
        assert script.calls == 1

    @both
    def test_a_predicate_decides(self, make):
        script = Script(Down("again"), Down("again"), Down("enough"))

        with pytest.raises(Down, match="enough"):
            make(script, max_attempts=9, exceptions=lambda error: str(error) == "again")()
        assert script.calls == 3

    @both
    def test_base_exception_means_every_exception(self, make):
        script = Script(Down, "answer")

        assert make(script, exceptions=BaseException)() == "answer"

    @pytest.mark.parametrize(
        "kind", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError]
    )
    @pytest.mark.parametrize("given", [Exception, BaseException, lambda error: True])
    def test_control_flow_passes_through_uncounted(self, kind, given):
        script = Script(kind)

        with pytest.raises(kind) as caught:
            plain(script, exceptions=given)()

        assert script.calls == 1
        assert not hasattr(caught.value, "__notes__")

    def test_cancellation_of_a_future_passes_though_it_is_an_exception(self):
        script = Script(FutureCancelledError)

        with pytest.raises(FutureCancelledError):
            plain(script)()
        assert script.calls == 1

    @pytest.mark.parametrize(
        "bad",
        [
            KeyboardInterrupt,
            (Down, SystemExit),
            GeneratorExit,
            asyncio.CancelledError,
            BaseExceptionGroup,
            int,
            (Down, "Down"),
            "Down",
            [Down],
            None,
            (),
        ],
    )
    def test_what_is_no_kind_of_exception_is_refused_at_decoration(self, bad):
        with pytest.raises(InvalidRetryError, match="exceptions must"):
            retry(exceptions=bad)

    @pytest.mark.parametrize("kind", [StopIteration, StopAsyncIteration])
    def test_the_end_of_an_iteration_passes_at_once(self, kind):
        script = Script(kind)

        with pytest.raises(kind):
            plain(script)()
        assert script.calls == 1

    def test_a_predicate_to_await_is_refused_as_it_is_always_true(self):
        async def judge(error):
            return False

        with pytest.raises(InvalidRetryError, match="must be a plain function"):
            retry(exceptions=judge)
        with pytest.raises(InvalidRetryError, match="must be a plain function"):
            retry(retry_on_result=judge)


class TestResults:
    @both
    def test_an_unwanted_result_is_tried_again(self, make):
        script = Script(None, None, "answer")

        assert make(script, retry_on_result=lambda result: result is None)() == "answer"
        assert script.calls == 3

    @both
    def test_after_the_last_attempt_the_last_result_is_returned(self, make):
        script = Script(1, 2, 3, 4)

        assert make(script, retry_on_result=lambda result: True)() == 3

    @both
    def test_errors_and_results_count_together(self, make):
        script = Script(Down, None, Down)

        with pytest.raises(Down):
            make(script, retry_on_result=lambda result: result is None)()
        assert script.calls == 3

    @both
    def test_results_alone_when_no_error_is_worth_it(self, make):
        script = Script(None, Down)

        with pytest.raises(Down):
            make(script, exceptions=(), retry_on_result=lambda result: result is None)()
        assert script.calls == 2

    @both
    def test_an_error_of_the_predicate_is_raised(self, make):
        script = Script(1)

        with pytest.raises(ZeroDivisionError):
            make(script, retry_on_result=lambda result: 1 / 0)()
        assert script.calls == 1

    @both
    def test_the_hook_sees_the_result(self, make):
        seen = []
        script = Script(None, "answer")

        make(script, retry_on_result=lambda result: result is None, on_retry=seen.append)()

        assert [(attempt.error, attempt.result) for attempt in seen] == [(None, None)]


class TestHook:
    @both
    def test_is_told_before_each_retry_and_not_after_the_last_attempt(self, make):
        seen = []
        errors = [Down(1), Down(2), Down(3)]

        with pytest.raises(Down):
            make(Script(*errors), on_retry=seen.append, name="fetch")()

        assert [(a.name, a.attempt, a.max_attempts, a.error) for a in seen] == [
            ("fetch", 1, 3, errors[0]),
            ("fetch", 2, 3, errors[1]),
        ]

    def test_runs_before_the_sleep(self):
        clock = FakeClock()
        times = []

        @retry(clock=clock, jitter=False, on_retry=lambda attempt: times.append(clock.monotonic()))
        def call():
            raise Down

        with pytest.raises(Down):
            call()
        assert times == [0.0, 1.0]

    @pytest.mark.parametrize("answer", [7, 7.0, timedelta(seconds=7)])
    def test_a_number_it_returns_is_the_delay(self, answer):
        clock = FakeClock()
        call = retry(Script(Down, "answer"), clock=clock, on_retry=lambda attempt: answer)

        assert call() == "answer"
        assert clock.sleeps == [7]

    def test_zero_from_it_means_no_sleep(self):
        clock = FakeClock()

        retry(Script(Down, "answer"), clock=clock, on_retry=lambda attempt: 0)()

        assert clock.sleeps == []

    @pytest.mark.parametrize("answer", [None, True, False, "7", object()])
    def test_any_other_answer_changes_nothing(self, answer):
        clock = FakeClock()

        retry(Script(Down, 1), clock=clock, jitter=False, on_retry=lambda attempt: answer)()

        assert clock.sleeps == [1.0]

    @pytest.mark.parametrize("answer", [1e300, 1000, Decimal(1000), timedelta(days=1)])
    def test_a_delay_from_it_is_capped_by_max_delay(self, answer):
        clock = FakeClock()

        retry(Script(Down, 1), clock=clock, max_delay=5, on_retry=lambda attempt: answer)()

        assert clock.sleeps == [5]

    def test_a_decimal_from_it_is_a_delay(self):
        clock = FakeClock()

        retry(Script(Down, 1), clock=clock, on_retry=lambda attempt: Decimal("1.5"))()

        assert clock.sleeps == [1.5]

    def test_a_mock_is_no_delay(self):
        clock = FakeClock()

        retry(Script(Down, 1), clock=clock, delay=7, jitter=False, on_retry=MagicMock())()

        assert clock.sleeps == [7]

    @pytest.mark.parametrize("answer", [-1, float("nan"), float("inf"), Decimal(-1), 1j])
    def test_an_impossible_delay_from_it_is_an_error_that_shows_the_first_one(self, answer):
        error = Down("real")

        with pytest.raises(
            InvalidRetryError, match="the delay that on_retry returned must be"
        ) as caught:
            retry(Script(error), on_retry=lambda attempt: answer)()

        assert caught.value.__cause__ is error

    def test_its_error_is_raised_with_the_first_one_as_context(self):
        def hook(attempt):
            raise KeyError("hook")

        with pytest.raises(KeyError) as caught:
            retry(Script(Down("first")), on_retry=hook)()

        assert str(caught.value.__context__) == "first"

    def test_may_be_async_on_async_functions(self):
        clock = FakeClock()
        seen = []

        async def hook(attempt):
            await asyncio.sleep(0)
            seen.append(attempt.attempt)
            return 5

        call = driven_by(Script(Down, Down, "answer"), clock=clock, on_retry=hook)

        assert asyncio.run(call()) == "answer"
        assert (seen, clock.sleeps) == ([1, 2], [5, 5])

    def test_async_hook_is_told_of_results_too(self):
        seen = []

        async def hook(attempt):
            seen.append(attempt.result)

        call = driven_by(Script(0, 0, 1), delay=0, on_retry=hook, retry_on_result=lambda r: not r)

        assert asyncio.run(call()) == 1
        assert seen == [0, 0]

    def test_async_hook_on_an_async_generator(self):
        script = Script(Down, 1)
        seen = []

        async def hook(attempt):
            seen.append(attempt.attempt)

        @retry(delay=0, on_retry=hook)
        async def items():
            yield script()

        async def main():
            return [item async for item in items()]

        assert asyncio.run(main()) == [1]
        assert seen == [1]

    def test_async_on_a_plain_function_is_a_type_error_at_decoration(self):
        async def hook(attempt):
            pass

        with pytest.raises(TypeError, match="nobody awaits"):

            @retry(on_retry=hook)
            def call():
                pass

    def test_something_to_await_from_a_plain_hook_is_an_error(self):
        class Promise:
            def __await__(self):
                yield

        with pytest.raises(InvalidRetryError, match="write it as async def"):
            retry(Script(Down), on_retry=lambda attempt: Promise())()


def driven_by(script, **options):
    @async_retry(**options)
    async def call():
        return script()

    return call


class TestBadOptions:
    @pytest.mark.parametrize(
        "options",
        [
            {"max_attempts": 0},
            {"max_attempts": -1},
            {"max_attempts": True},
            {"max_attempts": 2.5},
            {"max_attempts": "3"},
            {"max_retries": -1},
            {"max_retries": True},
            {"delay": -1},
            {"delay": float("nan")},
            {"delay": float("inf")},
            {"delay": True},
            {"delay": "1"},
            {"delay": None},
            {"delay": timedelta(seconds=-1)},
            {"backoff": -0.5},
            {"backoff": float("nan")},
            {"backoff": False},
            {"backoff": "2"},
            {"max_delay": -1},
            {"max_delay": float("nan")},
            {"jitter": -0.1},
            {"jitter": 1.1},
            {"jitter": float("nan")},
            {"jitter": None},
            {"max_elapsed": -1},
            {"max_elapsed": float("nan")},
            {"retry_on_result": 5},
            {"budget": 10},
            {"on_retry": "print"},
            {"clock": 5},
        ],
    )
    def test_are_refused_at_decoration_with_name_value_and_advice(self, options):
        ((option, value),) = options.items()

        with pytest.raises(InvalidRetryError, match=rf"^{option} (must|of)") as caught:
            retry(**options)

        assert caught.value.option == option
        assert caught.value.value is value
        assert repr(value) in str(caught.value)

    def test_the_error_is_a_value_error_and_a_type_error(self):
        assert issubclass(InvalidRetryError, (ValueError, TypeError))
        assert issubclass(InvalidRetryError, ValueError)
        assert issubclass(InvalidRetryError, TypeError)
        assert issubclass(InvalidRetryError, UtilsError)

    def test_an_unknown_option_is_a_type_error(self):
        with pytest.raises(TypeError, match="attempts"):
            retry(attempts=3)

    def test_limits_may_be_none_and_zero(self):
        call = retry(Script(1), max_attempts=None, max_delay=None, delay=0, backoff=0)

        assert call() == 1


class TestAsync:
    def test_sleeps_by_the_loop_under_asyncio(self):
        clock = FakeClock()
        call = driven_by(Script(Down, Down, "answer"), clock=clock, jitter=False)

        assert asyncio.run(call()) == "answer"
        assert clock.sleeps == [1.0, 2.0]

    def test_works_under_trio_with_trios_clock(self):
        call = driven_by(Script(Down, Down, "answer"), delay=30, jitter=False)

        async def main():
            return await call(), trio.current_time()

        answer, moved = trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))

        assert answer == "answer"
        assert moved >= 90

    def test_trios_cancellation_passes_at_once(self):
        script = Script(Down)
        call = driven_by(script, delay=3600, jitter=False)

        async def main():
            with trio.move_on_after(1) as scope:
                await call()
            return scope.cancelled_caught

        assert trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
        assert script.calls == 1

    def test_cancellation_during_the_sleep_passes_at_once(self):
        script = Script(Down)
        call = driven_by(script, delay=3600)

        async def main():
            task = asyncio.create_task(call())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            await task

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(main())
        assert script.calls == 1

    def test_without_limit_or_delay_it_can_still_be_cancelled(self):
        script = Script(Down)
        call = driven_by(script, delay=0, max_attempts=None)

        async def main():
            task = asyncio.create_task(call())
            for _ in range(5):
                await asyncio.sleep(0)
            task.cancel()
            await task

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(main())
        assert 1 < script.calls < 10

    def test_one_function_serves_several_event_loops_in_turn(self):
        clock = FakeClock()
        script = Script(Down, "one", Down, "two")
        call = driven_by(script, clock=clock)

        assert [asyncio.run(call()), asyncio.run(call())] == ["one", "two"]
        assert len(clock.sleeps) == 2

    def test_tasks_do_not_share_state(self):
        seen = {}

        @retry(max_attempts=4, delay=0)
        async def call(key, failures):
            seen[key] = seen.get(key, 0) + 1
            await asyncio.sleep(0)
            if seen[key] <= failures:
                raise Down
            return key

        async def main():
            return await asyncio.gather(*(call(n, n % 4) for n in range(20)))

        assert asyncio.run(main()) == list(range(20))
        assert seen == {n: n % 4 + 1 for n in range(20)}


class TestThreadsAndProcesses:
    def test_threads_do_not_share_state(self):
        seen = {}
        answers = []

        @retry(max_attempts=4, delay=0)
        def call(key):
            seen[key] = seen.get(key, 0) + 1
            if seen[key] <= key % 4:
                raise Down
            return key

        def work(start):
            answers.extend(call(key) for key in range(start, start + 200))

        threads = [Thread(target=work, args=(start,)) for start in range(0, 800, 200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(answers) == list(range(800))
        assert seen == {key: key % 4 + 1 for key in range(800)}

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    def test_forked_children_wait_differently_and_share_no_lock(self):
        code = """
import os, sys
from threading import Thread
from pepperpy.infra.utils import FakeClock, RetryBudget, retry
from pepperpy.infra.utils._retry import _budget
import random
random.seed(1)
clock = FakeClock()
budget = RetryBudget(10)

def fail():
    raise OSError

call = retry(fail, clock=clock, budget=budget)

def run():
    try:
        call()
    except OSError:
        pass
    os.write(writer, f"{clock.sleeps}{budget.tokens}\\n".encode())

reader, writer = os.pipe()
# As may be at the moment of the fork.
holder = Thread(target=_budget._lock.acquire)
holder.start()
holder.join()
pids = []
for _ in range(2):
    pid = os.fork()
    if pid == 0:
        run()
        os._exit(0)
    pids.append(pid)
for pid in pids:
    os.waitpid(pid, 0)
os.close(writer)
lines = os.read(reader, 10000).decode().splitlines()
print(len(lines), len(set(lines)), all(line.endswith("]8.0") for line in lines))
"""
        shown = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
            env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        ).stdout

        assert shown.split() == ["2", "2", "True"]

    def test_random_seed_is_left_alone(self):
        random.seed(5)
        expected = random.random()
        random.seed(5)
        clock = FakeClock()

        retry(Script(Down, 1), clock=clock)()

        assert random.random() == expected


def test_budget_and_options_may_be_shared_by_many_functions():
    again = retry(max_attempts=2, delay=0, budget=RetryBudget())

    first, second = again(Script(Down, 1)), again(Script(Down, 2))

    assert (first(), second()) == (1, 2)
