"""`deadline`: the time that is left."""

import asyncio
import contextvars
import pickle
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.utils import (
    DeadlineExceededError,
    FakeClock,
    InvalidDurationError,
    UtilsError,
    deadline,
)
from pepperpy.infra.utils.wrapping import compile_wrapper


class TestRemaining:
    def test_without_a_deadline_there_is_no_limit(self):
        assert deadline.remaining() is None

    def test_counts_down_from_entering_the_block(self):
        clock = FakeClock()
        limit = deadline(2.0, clock=clock)
        clock.advance(10)

        with limit:
            clock.advance(0.5)

            assert deadline.remaining() == 1.5

        assert deadline.remaining() is None

    def test_is_never_negative(self):
        clock = FakeClock()

        with deadline(2.0, clock=clock):
            clock.advance(5)

            assert deadline.remaining() == 0.0

    def test_takes_a_timedelta(self):
        with deadline(timedelta(minutes=1), clock=FakeClock()):
            assert deadline.remaining() == 60.0

    def test_zero_is_over_at_once(self):
        with deadline(0, clock=FakeClock()):
            assert deadline.remaining() == 0.0

    @pytest.mark.parametrize("bad", [-1, -0.001, float("nan"), timedelta(seconds=-1)])
    def test_negative_and_nan_are_refused(self, bad):
        with pytest.raises(ValueError, match="seconds >= 0"):
            deadline(bad)

    @pytest.mark.parametrize("bad", ["5", b"5", None, [], True, 1j, Decimal("NaN")])
    def test_what_is_no_number_is_refused_with_a_named_error(self, bad):
        with pytest.raises(InvalidDurationError, match="a deadline must be seconds >= 0") as caught:
            deadline(bad)

        assert caught.value.value is bad
        assert caught.value.code == "utils-duration"
        assert issubclass(InvalidDurationError, (ValueError, UtilsError))
        assert issubclass(InvalidDurationError, TypeError)

    @pytest.mark.parametrize("given", [Decimal("2.5"), Fraction(5, 2)])
    def test_any_kind_of_number_is_taken(self, given):
        assert deadline(given).seconds == 2.5

    def test_it_may_be_endless(self):
        with deadline(float("inf")):
            assert deadline.remaining() == float("inf")

    def test_the_systems_clock_is_the_default(self):
        with deadline(100):
            left = deadline.remaining()

        assert left is not None
        assert 0 < left <= 100

    def test_repr_shows_the_seconds(self):
        assert repr(deadline(2)) == "deadline(2.0)"


class TestNesting:
    @given(st.lists(st.floats(0, 100), min_size=1, max_size=6))
    def test_nested_ones_only_shorten(self, lengths):
        clock = FakeClock()
        blocks = [deadline(length, clock=clock) for length in lengths]

        seen = []
        for block in blocks:
            block.__enter__()
            seen.append(deadline.remaining())
        for block in reversed(blocks):
            assert deadline.remaining() == seen.pop()
            block.__exit__(None, None, None)

        assert deadline.remaining() is None

    def test_each_measures_by_its_own_clock(self):
        slow, fast = FakeClock(), FakeClock()

        with deadline(10, clock=slow), deadline(20, clock=fast):
            fast.advance(15)

            assert deadline.remaining() == 5

    def test_one_object_may_be_entered_again(self):
        clock = FakeClock()
        limit = deadline(10, clock=clock)

        with limit:
            clock.advance(4)
            with limit:
                assert deadline.remaining() == 6
            assert deadline.remaining() == 6
        with limit:
            assert deadline.remaining() == 10

    def test_blocks_may_end_out_of_order(self):
        clock = FakeClock()
        first, second = deadline(1, clock=clock), deadline(5, clock=clock)
        first.__enter__()
        second.__enter__()

        first.__exit__(None, None, None)

        assert deadline.remaining() == 5
        second.__exit__(None, None, None)
        assert deadline.remaining() is None

    def test_an_error_ends_the_block_too(self):
        with pytest.raises(KeyError), deadline(1):
            raise KeyError

        assert deadline.remaining() is None


class TestCompiled:
    @staticmethod
    def limited(func, *, unless="False"):
        limit = deadline(5, clock=FakeClock())
        body = limit.source("$result = $call", "_0", unless=unless) + "\nreturn $result"
        return compile_wrapper(func, body, limit.names("_0"), label="demo")

    def test_the_lines_do_what_the_block_does(self):
        assert self.limited(deadline.remaining)() == 5
        assert self.limited(self.limited(deadline.remaining))() == 5
        assert deadline.remaining() is None

    def test_an_error_ends_it_too(self):
        def fail():
            raise KeyError

        with pytest.raises(KeyError):
            self.limited(fail)()

        assert deadline.remaining() is None

    def test_there_is_none_where_it_is_not_wanted(self):
        assert self.limited(deadline.remaining, unless="True")() is None

    def test_a_block_that_outlives_it_goes_on(self):
        inner = deadline(3, clock=FakeClock())

        self.limited(inner.__enter__)()

        assert deadline.remaining() == 3
        inner.__exit__(None, None, None)
        assert deadline.remaining() is None


class TestTasksAndThreads:
    def test_async_with_does_the_same(self):
        async def main():
            async with deadline(2, clock=FakeClock()):
                return deadline.remaining()

        assert asyncio.run(main()) == 2

    def test_many_tasks_may_be_inside_one_object(self):
        clock = FakeClock()
        limit = deadline(10, clock=clock)

        async def work():
            async with limit:
                await clock.asleep(1)
                await clock.asleep(1)
                left = deadline.remaining()
            return left, deadline.remaining()

        async def main():
            return await asyncio.gather(*(work() for _ in range(3)))

        ends = asyncio.run(main())

        assert [after for _, after in ends] == [None, None, None]
        assert all(0 <= left < 10 for left, _ in ends)

    def test_a_task_inherits_it_and_its_own_stays_inside(self):
        clock = FakeClock()

        async def child():
            before = deadline.remaining()
            deadline(1, clock=clock).__enter__()
            return before

        async def main():
            with deadline(5, clock=clock):
                return await asyncio.create_task(child()), deadline.remaining()

        assert asyncio.run(main()) == (5, 5)

    def test_a_thread_sees_it_in_a_copied_context(self):
        seen = []

        with deadline(5, clock=FakeClock()):
            context = contextvars.copy_context()
            threads = [
                Thread(target=lambda: seen.append(deadline.remaining())),
                Thread(target=context.run, args=(lambda: seen.append(deadline.remaining()),)),
            ]
            for thread in threads:
                thread.start()
                thread.join()

        assert seen == [None, 5]

    def test_a_generator_may_be_closed_in_another_context(self):
        def items():
            with deadline(5, clock=FakeClock()):
                yield deadline.remaining()

        generator = items()
        left = contextvars.copy_context().run(next, generator)
        generator.close()

        assert left == 5
        assert deadline.remaining() is None


class TestCheck:
    def test_passes_while_there_is_time(self):
        deadline.check()
        with deadline(1, clock=FakeClock()):
            deadline.check()

    def test_raises_when_the_time_is_over(self):
        clock = FakeClock()

        with deadline(1, clock=clock):
            clock.advance(1.25)
            with pytest.raises(DeadlineExceededError, match=r"passed 0\.25 s ago") as caught:
                deadline.check()

        assert caught.value.overdue == 0.25

    def test_its_error_is_a_timeout(self):
        assert issubclass(DeadlineExceededError, TimeoutError)
        assert issubclass(DeadlineExceededError, UtilsError)

    def test_its_error_survives_pickling(self):
        error = DeadlineExceededError("late", overdue=1.0)

        again = pickle.loads(pickle.dumps(error))

        assert (str(again), again.overdue, type(again)) == ("late", 1.0, DeadlineExceededError)


class TestAtMost:
    def test_without_a_deadline_it_is_the_number_given(self):
        assert deadline.at_most(5.0) == 5.0

    def test_inside_one_it_is_never_more_than_what_is_left(self):
        clock = FakeClock()

        with deadline(3, clock=clock):
            clock.advance(1)
            shortened, kept = deadline.at_most(5.0), deadline.at_most(0.5)
            clock.advance(60)
            over = deadline.at_most(5.0)

        assert (shortened, kept, over) == (2.0, 0.5, 0.0)

    def test_takes_a_timedelta(self):
        assert deadline.at_most(timedelta(seconds=5)) == 5.0
        with deadline(3, clock=FakeClock()):
            assert deadline.at_most(timedelta(seconds=5)) == 3.0

    @pytest.mark.parametrize("bad", [-1, "5", None])
    def test_refuses_what_is_no_duration(self, bad):
        with pytest.raises(InvalidDurationError, match="a timeout must be"):
            deadline.at_most(bad)


def test_thousands_of_blocks_may_be_left_in_any_order():
    clock = FakeClock()
    limits = [deadline(10 + n, clock=clock) for n in range(3000)]
    for limit in limits:
        limit.__enter__()

    limits[0].__exit__(None, None, None)
    left = deadline.remaining()
    for limit in limits[1:]:
        limit.__exit__(None, None, None)

    assert left == 11
    assert deadline.remaining() is None
