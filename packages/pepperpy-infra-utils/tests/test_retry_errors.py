"""The error that leaves a `retry`: the user's own, light, and not retried again further out."""

import asyncio
import contextlib
import copy
import gc
import pickle
import traceback
import weakref
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest

from pepperpy.infra.utils import FakeClock, RetryBudget, async_retry, deadline, retry


class Down(Exception):
    pass


class Frozen(Exception):
    """Refuses new attributes, as a frozen dataclass does."""

    def __setattr__(self, name, value):
        raise AttributeError(name)


def failing(error=Down, **options):
    """A retried function that always fails, and the list of its calls."""
    calls = []

    @retry(**{"delay": 0, **options})
    def fail():
        calls.append(1)
        raise error

    fail.calls = calls
    return fail


def caught(function):
    with pytest.raises(Exception) as info:  # noqa: PT011 - any, to look at
        function()
    return info.value


class TestTraceback:
    def names(self, error):
        return [
            (frame.f_code.co_filename.startswith("<pepperpy"), frame.f_code.co_name)
            for frame, _ in traceback.walk_tb(error.__traceback__)
        ][1:]

    def test_shows_the_caller_one_wrapper_and_the_users_frames(self):
        def inner():
            raise Down

        @retry(delay=0)
        def outer():
            inner()

        assert self.names(caught(outer)) == [
            (True, "outer"),
            (False, "outer"),
            (False, "inner"),
        ]

    def test_is_as_short_when_there_was_no_second_attempt(self):
        fail = failing(max_attempts=1)

        assert self.names(caught(fail)) == [(True, "fail"), (False, "fail")]

    def test_is_as_short_on_async_functions(self):
        @async_retry(delay=0)
        async def fail():
            await asyncio.sleep(0)
            raise Down

        names = self.names(caught(lambda: asyncio.run(fail())))

        assert names[-2:] == [(True, "fail"), (False, "fail")]
        assert sum(wrapper for wrapper, _ in names) == 1

    def test_earlier_attempts_are_no_context(self):
        errors = iter([Down(1), Down(2), Down(3)])

        @retry(delay=0)
        def fail():
            raise next(errors)

        error = caught(fail)

        assert error.args == (3,)
        assert error.__context__ is None
        assert error.__cause__ is None

    def test_a_cause_and_a_context_of_the_users_are_kept(self):
        @retry(delay=0)
        def fail():
            try:
                {}["low"]
            except KeyError as error:
                raise Down from error

        error = caught(fail)

        assert isinstance(error.__cause__, KeyError)
        assert error.__context__ is error.__cause__


class TestMemory:
    @pytest.fixture(autouse=True)
    def without_collector(self):
        gc.collect()
        gc.disable()
        yield
        gc.enable()

    class Payload:
        pass

    def test_success_after_failures_leaves_nothing_behind(self):
        seen = []

        @retry(delay=0)
        def call():
            payload = self.Payload()
            seen.append(weakref.ref(payload))
            if len(seen) < 3:
                raise Down
            return "answer"

        call()

        assert [ref() for ref in seen] == [None, None, None]

    @pytest.mark.parametrize("options", [{}, {"max_elapsed": 60}, {"on_retry": lambda attempt: 0}])
    def test_failure_leaves_nothing_behind_once_the_error_is_gone(self, options):
        seen = []

        @retry(delay=0, **options)
        def call():
            payload = self.Payload()
            seen.append(weakref.ref(payload))
            raise Down

        with contextlib.suppress(Down):
            call()

        assert [ref() for ref in seen] == [None, None, None]

    def test_arguments_are_released(self):
        fail = retry(lambda payload: 1 / 0, delay=0)
        payload = self.Payload()
        ref = weakref.ref(payload)

        with contextlib.suppress(ZeroDivisionError):
            fail(payload)
        del payload

        assert ref() is None

    @pytest.mark.parametrize("hook_fails", [False, True])
    def test_async_failures_and_hooks_leave_nothing_behind(self, hook_fails):
        seen = []

        async def hook(attempt):
            if hook_fails and attempt.attempt == 2:
                raise KeyError

        @async_retry(delay=0, on_retry=hook)
        async def call():
            payload = self.Payload()
            seen.append(weakref.ref(payload))
            raise Down

        async def main():
            with contextlib.suppress(Down, KeyError):
                await call()
            return [ref() for ref in seen]

        assert asyncio.run(main()) == [None] * (2 if hook_fails else 3)

    def test_nothing_is_pinned_while_it_sleeps(self):
        seen = []
        alive = []

        class Watching(FakeClock):
            def sleep(self, seconds):
                alive.append([ref() for ref in seen])

        @retry(clock=Watching())
        def call():
            payload = self.Payload()
            seen.append(weakref.ref(payload))
            raise Down

        with contextlib.suppress(Down):
            call()

        assert alive == [[None], [None, None]]

    def test_an_unwanted_result_is_released_before_the_sleep(self):
        seen = []
        alive = []

        class Watching(FakeClock):
            def sleep(self, seconds):
                alive.append([ref() for ref in seen])

        @retry(clock=Watching(), retry_on_result=lambda result: True)
        def call():
            payload = self.Payload()
            seen.append(weakref.ref(payload))
            return payload

        call()

        assert alive == [[None], [None, None]]


class TestNote:
    def test_tells_attempts_and_time(self):
        clock = FakeClock()

        @retry(clock=clock, jitter=False, max_elapsed=60)
        def fail():
            clock.advance(0.2)
            raise Down

        assert caught(fail).__notes__ == ["3 attempts in 3.6 s"]

    def test_tells_from_when_it_counted_where_it_did_not_see_the_call(self):
        clock = FakeClock()

        @retry(clock=clock, jitter=False)
        def fail():
            clock.advance(0.2)
            raise Down

        assert caught(fail).__notes__ == ["3 attempts in 3.4 s (timed from the first failure)"]

    def test_short_times_keep_a_digit_that_says_something(self):
        clock = FakeClock()
        fail = failing(clock=clock, max_elapsed=60, on_retry=lambda attempt: 0.002)

        assert caught(fail).__notes__ == ["3 attempts in 0.004 s"]

    def test_is_not_written_after_one_attempt(self):
        assert not hasattr(caught(failing(max_attempts=1)), "__notes__")

    def test_is_not_written_on_errors_that_are_not_retried(self):
        errors = iter([Down(), KeyError()])

        @retry(delay=0, exceptions=Down)
        def fail():
            raise next(errors)

        assert not hasattr(caught(fail), "__notes__")

    def test_is_replaced_on_an_error_that_is_raised_again(self):
        error = Down()
        fail = failing(error, clock=FakeClock())

        for _ in range(3):
            caught(fail)

        assert error.__notes__ == ["3 attempts in 0.0 s (timed from the first failure)"]

    def test_stands_beside_notes_of_others(self):
        error = Down()
        error.add_note("mind the gap")

        caught(failing(error))

        assert len(error.__notes__) == 2
        assert error.__notes__[0] == "mind the gap"

    def test_reaches_errors_that_refuse_attributes(self):
        error = caught(failing(Frozen))

        assert type(error) is Frozen
        assert "3 attempts in " in "".join(traceback.format_exception(error))

    def test_notes_that_are_no_list_are_left_alone(self):
        error = Down()
        error.__dict__["__notes__"] = "odd"

        assert caught(failing(error)) is error
        assert error.__notes__ == "odd"


class TestNesting:
    def outer_of(self, inner, **options):
        calls = []

        @retry(delay=0, **options)
        def outer():
            calls.append(1)
            return inner()

        outer.calls = calls
        return outer

    def test_retries_do_not_multiply(self):
        inner = failing()
        outer = self.outer_of(self.outer_of(inner))

        caught(outer)

        assert (len(outer.calls), len(inner.calls)) == (1, 3)

    def test_they_multiply_where_that_is_asked_for(self):
        inner = failing()
        outer = self.outer_of(inner, retry_exhausted=True)

        error = caught(outer)

        assert (len(outer.calls), len(inner.calls)) == (3, 9)
        assert len(error.__notes__) == 1

    def test_decorating_twice_does_not_multiply(self):
        inner = failing()

        caught(retry(inner, delay=0))

        assert len(inner.calls) == 3

    def test_one_attempt_inside_was_no_retry(self):
        inner = failing(max_attempts=1)
        outer = self.outer_of(inner)

        caught(outer)

        assert len(outer.calls) == 3

    def test_being_stopped_before_the_second_attempt_was_no_retry_either(self):
        budget = RetryBudget(1)
        budget.take()
        inner = failing(budget=budget)
        outer = self.outer_of(inner)

        caught(outer)

        assert (len(outer.calls), len(inner.calls)) == (3, 3)

    def test_another_error_after_an_inner_success_is_retried(self):
        inner = retry(lambda: "fine", delay=0)
        outer = self.outer_of(lambda: inner() / 2)

        caught(outer)

        assert len(outer.calls) == 3

    @pytest.mark.parametrize("how", ["cause", "context", "suppressed", "group", "deep", "later"])
    def test_errors_made_from_an_exhausted_one_are_not_retried(self, how):
        inner = failing()

        def wrapping():
            try:
                inner()
            except Down as error:
                if how == "cause":
                    raise KeyError from error
                if how == "suppressed":
                    raise KeyError from None
                if how == "group":
                    raise ExceptionGroup("all", [ValueError(), error]) from None
                if how == "deep":
                    raise ExceptionGroup("all", [ExceptionGroup("more", [error])]) from None
                if how != "later":
                    raise KeyError  # noqa: B904 - an implicit context is what is tested
                kept = error
            raise KeyError from kept

        outer = self.outer_of(wrapping)
        caught(outer)

        assert len(outer.calls) == 1

    def test_a_fallback_is_retried_while_the_first_error_is_handled(self):
        first, second = failing(), failing(KeyError)

        def both():
            try:
                first()
            except Down:
                second()

        caught(both)

        assert (len(first.calls), len(second.calls)) == (3, 3)

    def test_an_async_fallback_is_retried_too(self):
        calls = []

        @async_retry(delay=0)
        async def fetch(where):
            calls.append(where)
            await asyncio.sleep(0)
            raise Down

        async def both():
            try:
                await fetch("first")
            except Down:
                await fetch("second")

        caught(lambda: asyncio.run(both()))

        assert calls == ["first"] * 3 + ["second"] * 3

    def test_an_error_object_that_is_raised_again_and_again_is_retried_each_time(self):
        error = Down()
        first, second = failing(error), failing(error)

        for fail in (first, first, second):
            caught(fail)

        assert (len(first.calls), len(second.calls)) == (6, 3)

    def test_so_is_one_that_a_coroutine_function_raises_again_and_again(self):
        error, calls = Down(), []

        @async_retry(delay=0)
        async def fail():
            calls.append(1)
            raise error

        async def main():
            await fail()

        for _ in range(2):
            caught(lambda: asyncio.run(main()))

        assert len(calls) == 6

    def test_a_function_that_calls_itself_does_not_multiply(self):
        calls = []

        @retry(delay=0)
        def walk(depth):
            calls.append(depth)
            if depth:
                walk(depth - 1)
            raise Down

        caught(lambda: walk(3))

        assert calls == [3, 2, 1, 0, 0, 0]

    def test_history_may_have_cycles(self):
        first, second = Down(1), Down(2)
        first.__cause__, second.__cause__ = second, first
        fail = failing(first)

        assert caught(fail) is first
        assert len(fail.calls) == 3

    def kept_by_a_thread(self):
        kept = []
        thread = Thread(target=lambda: kept.append(caught(failing())))
        thread.start()
        thread.join()
        return kept[0]

    def kept_by_a_pool_of_threads(self):
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(failing()).exception()

    def kept_by_a_task(self):
        async def main():
            return await asyncio.create_task(self.kept_by_an_awaited_function())

        return asyncio.run(main())

    async def kept_by_an_awaited_function(self):
        @async_retry(delay=0)
        async def connect():
            raise Down

        try:
            await connect()
        except Down as error:
            return error

    def kept_by_gathering(self):
        async def main():
            @async_retry(delay=0)
            async def connect():
                raise Down

            return await asyncio.gather(connect(), connect(), return_exceptions=True)

        return ExceptionGroup("all", asyncio.run(main()))

    def kept_by_a_function(self):
        return caught(failing())

    def kept_as_a_pickle(self):
        return pickle.loads(pickle.dumps(caught(failing())))

    @pytest.mark.parametrize(
        "kept",
        [
            kept_by_a_thread,
            kept_by_a_pool_of_threads,
            kept_by_a_task,
            kept_by_gathering,
            kept_by_a_function,
            kept_as_a_pickle,
        ],
    )
    @pytest.mark.parametrize("how", ["cause", "group", "itself"])
    def test_an_error_that_somebody_kept_takes_no_attempt_away(self, kept, how):
        old = kept(self)

        def unavailable():
            if how == "cause":
                raise RuntimeError("the pool is down") from old
            raise old if how == "itself" else ExceptionGroup("all", [old])

        outer = self.outer_of(unavailable, max_attempts=5)
        error = caught(outer)

        assert len(outer.calls) == 5
        assert error.__notes__[-1].startswith("5 attempts")

    def test_an_error_kept_in_the_same_task_takes_no_attempt_away(self):
        calls = []

        @async_retry(max_attempts=5, delay=0)
        async def query(old):
            calls.append(1)
            await asyncio.sleep(0)
            raise RuntimeError from old

        async def main():
            await query(await self.kept_by_an_awaited_function())

        caught(lambda: asyncio.run(main()))

        assert len(calls) == 5

    def test_an_error_kept_during_the_sleep_takes_no_attempt_away(self):
        connect = failing()
        kept = [KeyError()]

        class Meanwhile(FakeClock):
            def sleep(self, seconds):
                kept[:] = [caught(connect)]

        def unavailable():
            raise RuntimeError from kept[0]

        outer = retry(unavailable, max_attempts=5, delay=1, clock=Meanwhile())

        assert caught(outer).__notes__[0].startswith("5 attempts")

    def test_awaited_retries_do_not_multiply(self):
        calls = []

        @async_retry(delay=0)
        async def connect():
            calls.append(1)
            await asyncio.sleep(0)
            raise Down

        async def helper():
            try:
                await connect()
            except Down as error:
                kept = error
            await asyncio.sleep(0)
            raise KeyError from kept

        @async_retry(delay=0)
        async def outer():
            await helper()

        caught(lambda: asyncio.run(outer()))

        assert len(calls) == 3

    def test_threads_that_are_awaited_tell_the_outer_one(self):
        inner = failing()

        @async_retry(delay=0)
        async def outer():
            await asyncio.to_thread(inner)

        caught(lambda: asyncio.run(outer()))

        assert len(inner.calls) == 3

    def test_an_error_that_was_caught_and_raised_by_its_name_is_still_the_one_from_inside(self):
        inner = failing()

        def logging():
            try:
                inner()
            except Down as error:
                str(error)
                raise error  # noqa: TRY201 - this form is what is tested

        outer = self.outer_of(logging)
        caught(outer)

        assert (len(outer.calls), len(inner.calls)) == (1, 3)

    def test_later_attempts_notice_retries_inside_as_well(self):
        inner = failing()
        first = iter([KeyError()])

        def flaky():
            for error in first:
                raise error
            inner()

        outer = self.outer_of(flaky, max_attempts=9, on_retry=lambda attempt: None)
        caught(outer)

        assert (len(outer.calls), len(inner.calls)) == (2, 3)

    def test_an_error_that_many_wait_for_stops_only_who_retried_it_even_at_the_same_time(self):
        calls = []

        async def main():
            loop = asyncio.get_running_loop()
            flight = loop.create_future()

            @async_retry(max_attempts=2, delay=0)
            async def early():
                await flight

            @async_retry(max_attempts=4, delay=0)
            async def late():
                calls.append(1)
                await flight

            tasks = [asyncio.create_task(each()) for each in (early, late)]
            loop.call_soon(flight.set_exception, Down())
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run(main())

        assert len(calls) == 4

    def test_gathered_tasks_tell_the_outer_one(self):
        calls = []

        @async_retry(delay=0)
        async def fetch():
            calls.append(1)
            raise Down

        @async_retry(delay=0)
        async def all_of_them():
            await asyncio.gather(fetch())

        caught(lambda: asyncio.run(all_of_them()))

        assert len(calls) == 3

    # Before the second attempt, nobody can tell these from errors that somebody kept.

    def test_task_groups_make_the_outer_one_try_once_more_at_most(self):
        calls = []

        @async_retry(delay=0)
        async def fetch():
            calls.append(1)
            raise Down

        @async_retry(delay=0)
        async def all_of_them():
            async with asyncio.TaskGroup() as group:
                group.create_task(fetch())

        error = caught(lambda: asyncio.run(all_of_them()))

        assert isinstance(error, ExceptionGroup)
        assert len(calls) == 6

    def test_threads_make_the_outer_one_try_once_more_at_most(self):
        inner = failing()
        with ThreadPoolExecutor(1) as pool:
            outer = self.outer_of(lambda: pool.submit(inner).result(), max_attempts=5)

            caught(outer)

        assert len(inner.calls) == 6

    @pytest.mark.parametrize("copied", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
    def test_copies_and_pickles_make_the_outer_one_try_once_more_at_most(self, copied):
        inner = failing()

        def remote():
            try:
                inner()
            except Down as error:
                sent = copied(error)
            raise sent

        outer = self.outer_of(remote)
        caught(outer)

        assert len(inner.calls) == 6

    def test_a_future_that_gives_one_error_to_many_stops_only_who_retried(self):
        calls = []

        async def main():
            future = asyncio.get_running_loop().create_future()
            future.set_exception(Down())

            @async_retry(delay=0)
            async def first():
                await future

            @async_retry(delay=0)
            async def second():
                calls.append(1)
                await future

            for each in (first, second):
                with contextlib.suppress(Down):
                    await each()

        asyncio.run(main())

        assert len(calls) == 3

    def test_a_traceback_that_somebody_took_off_harms_nothing(self):
        fail = failing(exceptions=lambda error: error.with_traceback(None))

        assert type(caught(fail)) is Down
        assert len(fail.calls) == 3

    def test_errors_with_hostile_classes_are_retried_and_raised_as_they_are(self):
        class Unhashable(type):
            __hash__ = None

        class Odd(Exception, metaclass=Unhashable):
            pass

        class Closed(Exception):
            def __getattribute__(self, name):
                raise RuntimeError(name)

        for kind in (Odd, Closed):
            inner = failing(kind)
            outer = self.outer_of(inner)
            try:
                outer()
            except kind as error:
                assert type(error) is kind  # noqa: PT017 - pytest.raises() reads attributes
            assert (len(outer.calls), len(inner.calls)) == (1, 3)

    def test_errors_that_refuse_attributes_are_marked_too(self):
        inner = failing(Frozen)
        outer = self.outer_of(inner)

        caught(outer)

        assert len(inner.calls) == 3


def test_being_stopped_by_the_deadline_leaves_the_error_as_it_was():
    clock = FakeClock()
    error = Down()
    fail = failing(error, clock=clock, delay=10, jitter=False)

    with deadline(25, clock=clock):
        assert caught(fail) is error

    assert clock.sleeps == [10]
    assert error.__notes__ == [
        "2 attempts in 10.0 s; stopped by the deadline (timed from the first failure)"
    ]
