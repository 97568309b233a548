"""`Timer` and `measure_time`: each block gets its own time, whoever shares the timer."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from pepperpy.infra.metrics import (
    InvalidTargetError,
    MetricsError,
    NotStartedError,
    Timer,
    measure_time,
)
from pepperpy.infra.utils import FakeClock

Failing = Callable[..., None]


class TestBlock:
    def test_elapsed_time_is_that_of_the_block_and_frozen_after_it(self, clock: FakeClock) -> None:
        with measure_time("operation", clock=clock) as timer:
            clock.advance(0.25)

        clock.advance(10)
        assert timer.elapsed_time == 0.25
        assert timer.name == "operation"

    def test_a_body_that_raises_is_measured_and_its_error_passes(
        self, clock: FakeClock, failing: Failing
    ) -> None:
        timer = Timer("operation", clock=clock)

        with pytest.raises(ZeroDivisionError):
            failing(timer, lambda: clock.advance(2), ZeroDivisionError)

        clock.advance(10)
        assert timer.elapsed_time == 2

    @pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
    def test_control_flow_passes_through_a_block(
        self, error: type[BaseException], clock: FakeClock, failing: Failing
    ) -> None:
        timer = Timer(clock=clock)

        with pytest.raises(error):
            failing(timer, lambda: clock.advance(1), error)

        assert timer.elapsed_time == 1

    def test_the_system_clock_is_monotonic_and_fine(self) -> None:
        with measure_time("operation") as timer:
            before = time.perf_counter()
            while time.perf_counter() == before:
                pass

        assert 0 < timer.elapsed_time < 30

    def test_a_wall_clock_that_jumps_changes_nothing(self, clock: FakeClock) -> None:
        with measure_time("operation", clock=clock) as timer:
            clock.jump(-3600)
            clock.advance(1)

        assert timer.elapsed_time == 1

    def test_inside_of_the_block_it_is_the_time_so_far(self, clock: FakeClock) -> None:
        with measure_time("operation", clock=clock) as timer:
            clock.advance(1)
            assert timer.elapsed_time == 1
            clock.advance(1)
            assert timer.elapsed_time == 2

    def test_it_grows_inside_of_the_block_on_the_system_clock(self) -> None:
        with measure_time("operation") as timer:
            first = timer.elapsed_time
            while timer.elapsed_time == first:
                pass
            assert timer.elapsed_time > first

    def test_before_any_block_it_is_0(self) -> None:
        assert Timer("operation").elapsed_time == 0

    def test_a_timer_is_reusable(self, clock: FakeClock) -> None:
        timer = Timer(clock=clock)

        with timer:
            clock.advance(5)
        with timer:
            clock.advance(1)

        assert timer.elapsed_time == 1

    @pytest.mark.asyncio
    async def test_async_with_does_the_same(self, clock: FakeClock) -> None:
        async with measure_time("operation", clock=clock) as timer:
            await clock.asleep(3)

        assert timer.elapsed_time == 3

    def test_its_repr_tells_name_and_time(self, clock: FakeClock) -> None:
        with measure_time("operation", clock=clock) as timer:
            clock.advance(1.5)

        assert repr(timer) == "<Timer 'operation': 1.5 s>"


class TestNesting:
    def test_blocks_of_one_timer_nest(self, clock: FakeClock) -> None:
        timer = Timer(clock=clock)
        seen = []

        with timer:
            clock.advance(1)
            with timer:
                clock.advance(2)
                with timer:
                    clock.advance(4)
                seen.append(timer.elapsed_time)
            seen.append(timer.elapsed_time)
        seen.append(timer.elapsed_time)

        # Inside of a block the time so far of that block is shown.
        assert seen == [6, 7, 7]
        with pytest.raises(NotStartedError):
            timer.stop()

    def test_blocks_nest_on_the_system_clock_too(self) -> None:
        timer = Timer()

        with timer:
            with timer:
                pass
            inner = timer._elapsed
            started = time.perf_counter()
            while time.perf_counter() == started:
                pass
        outer = timer.elapsed_time

        assert 0 < inner < outer
        with pytest.raises(NotStartedError):
            timer.stop()

    def test_tasks_that_share_a_timer_get_their_own_times(self, clock: FakeClock) -> None:
        timer = Timer(clock=clock)
        times: dict[str, float] = {}

        async def work(name: str, begin: asyncio.Event, end: asyncio.Event) -> None:
            await begin.wait()
            timer.start()
            await end.wait()
            times[name] = timer.stop()

        async def main() -> None:
            events = [asyncio.Event() for _ in range(4)]
            a = asyncio.create_task(work("a", events[0], events[2]))
            b = asyncio.create_task(work("b", events[1], events[3]))
            for event in events:
                event.set()
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                clock.advance(1)
            await asyncio.gather(a, b)

        asyncio.run(main())

        assert times == {"a": 2, "b": 2}

    def test_generators_of_one_caller_end_what_was_opened_last(self, clock: FakeClock) -> None:
        timer = Timer(clock=clock)
        times: list[float] = []

        def first() -> Iterator[None]:
            with timer:
                yield
            times.append(timer._elapsed)

        generators = [first(), first()]
        for generator in generators:
            next(generator)
            clock.advance(1)
        for generator in generators:
            next(generator, None)
            clock.advance(1)

        # Their contexts are the same: each ends one block, and none is left.
        assert sorted(times) == [1, 3]
        with pytest.raises(NotStartedError):
            timer.stop()

    def test_a_block_that_ends_in_another_context_is_ended_all_the_same(
        self, clock: FakeClock
    ) -> None:
        timer = Timer(clock=clock)
        contextvars.Context().run(timer.start)
        clock.advance(2)

        elapsed = contextvars.Context().run(timer.stop)

        assert elapsed == 2
        with pytest.raises(NotStartedError):
            timer.stop()

    def test_threads_that_share_a_timer_get_their_own_times(self) -> None:
        timer, failures = Timer("shared"), list[tuple[float, float]]()
        barrier = threading.Barrier(8)

        def work() -> None:
            barrier.wait()
            for _ in range(2000):
                before = time.perf_counter()
                timer.start()
                inner = time.perf_counter()
                least = time.perf_counter() - inner
                elapsed = timer.stop()
                most = time.perf_counter() - before
                if not least <= elapsed <= most:
                    failures.append((elapsed, most))

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            threads = [threading.Thread(target=work) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(interval)

        assert failures == []
        with pytest.raises(NotStartedError):
            timer.stop()

    def test_a_task_that_outlives_the_block_it_began_in_has_its_own_time(
        self, clock: FakeClock
    ) -> None:
        timer = Timer(clock=clock)
        times: list[float] = []

        async def child(go: asyncio.Event) -> None:
            await go.wait()
            with timer:
                clock.advance(5)
            times.append(timer.elapsed_time)

        async def main() -> None:
            go = asyncio.Event()
            with timer, timer:
                task = asyncio.create_task(child(go))
                clock.advance(1)
            go.set()
            await task

        asyncio.run(main())

        assert times == [5]


class TestStopwatch:
    def test_stop_returns_the_seconds_since_start(self, clock: FakeClock) -> None:
        timer = Timer("operation", clock=clock)
        timer.start()
        clock.advance(1.5)

        assert timer.stop() == 1.5
        assert timer.elapsed_time == 1.5

    def test_it_may_be_stopped_in_another_thread(self, clock: FakeClock) -> None:
        timer, seen = Timer(clock=clock), list[float]()
        timer.start()
        clock.advance(3)

        thread = threading.Thread(target=lambda: seen.append(timer.stop()))
        thread.start()
        thread.join()

        assert seen == [3]

    def test_stop_without_start_is_a_named_runtime_error(self) -> None:
        timer = Timer("operation")

        with pytest.raises(RuntimeError, match=r"timer 'operation' is not running") as caught:
            timer.stop()

        assert isinstance(caught.value, NotStartedError)
        assert isinstance(caught.value, MetricsError)
        assert caught.value.name == "operation"

    def test_a_second_stop_is_an_error_and_leaves_the_time(self, clock: FakeClock) -> None:
        timer = Timer(clock=clock)
        timer.start()
        clock.advance(1)
        timer.stop()

        with pytest.raises(NotStartedError):
            timer.stop()

        assert timer.elapsed_time == 1

    def test_a_second_start_measures_from_there(self, clock: FakeClock) -> None:
        timer = Timer(clock=clock)
        timer.start()
        clock.advance(10)
        timer.start()
        clock.advance(1)

        assert timer.stop() == 1

    def test_reset_sets_0_and_forgets_what_runs(self, clock: FakeClock) -> None:
        timer = Timer(clock=clock)
        timer.start()
        timer.start()
        clock.advance(1)
        timer.reset()

        assert timer.elapsed_time == 0
        with pytest.raises(NotStartedError):
            timer.stop()

    @pytest.mark.parametrize("make", [Timer, lambda: Timer(clock=FakeClock())])
    def test_reset_inside_of_a_block_is_no_error(self, make: type[Timer]) -> None:
        with make() as timer:
            timer.reset()

        assert timer.elapsed_time == 0
        with timer:
            pass


class TestDecorator:
    def test_each_call_is_measured_and_the_function_stays_what_it_was(
        self, clock: FakeClock
    ) -> None:
        timer = measure_time("operation", clock=clock)

        @timer
        def work(seconds: int, *, twice: bool = False) -> str:
            """Work."""
            clock.advance(seconds * (1 + twice))
            return "done"

        assert work(2, twice=True) == "done"
        assert timer.elapsed_time == 4
        assert (work.__name__, work.__doc__) == ("work", "Work.")
        assert str(inspect.signature(work)) == "(seconds: 'int', *, twice: 'bool' = False) -> 'str'"

    def test_a_coroutine_is_measured_to_its_end(self, clock: FakeClock) -> None:
        timer = measure_time("operation", clock=clock)

        @timer
        async def work() -> str:
            await clock.asleep(5)
            return "done"

        assert inspect.iscoroutinefunction(work)
        assert asyncio.run(work()) == "done"
        assert timer.elapsed_time == 5

    def test_recursion_is_measured_to_the_outermost_call(self, clock: FakeClock) -> None:
        timer = measure_time("operation", clock=clock)

        @timer
        def factorial(n: int) -> int:
            clock.advance(1)
            return 1 if n == 0 else n * factorial(n - 1)

        assert factorial(4) == 24
        assert timer.elapsed_time == 5

    def test_a_generator_is_measured_from_its_first_item_to_its_end(self, clock: FakeClock) -> None:
        timer = measure_time("operation", clock=clock)

        @timer
        def items() -> Iterator[int]:
            clock.advance(1)
            yield 1
            clock.advance(2)
            yield 2

        generator = items()
        clock.advance(100)
        assert list(generator) == [1, 2]
        assert timer.elapsed_time == 3

    def test_an_async_generator_too_also_if_it_is_closed(self, clock: FakeClock) -> None:
        timer = measure_time("operation", clock=clock)

        @timer
        async def items() -> AsyncIterator[int]:
            yield 1
            clock.advance(2)
            yield 2

        async def main() -> list[int]:
            generator = items()
            seen = [await anext(generator), await anext(generator)]  # type: ignore[call-overload]
            await generator.aclose()  # type: ignore[attr-defined]
            return seen

        assert asyncio.run(main()) == [1, 2]
        assert timer.elapsed_time == 2

    def test_methods_of_all_kinds_are_decorated(self, clock: FakeClock) -> None:
        timer = measure_time("operation", clock=clock)

        class Service:
            @timer
            def plain(self, n: int) -> int:
                clock.advance(n)
                return n

            @timer
            @classmethod
            def of_class(cls, n: int) -> str:
                clock.advance(n)
                return cls.__name__

            @staticmethod
            @timer
            def static(n: int) -> int:
                clock.advance(n)
                return n

        assert Service().plain(1) == 1
        assert Service.of_class(2) == "Service"
        assert Service.static(3) == 3
        assert timer.elapsed_time == 3

    def test_what_is_no_function_is_refused_at_decoration(self) -> None:
        with pytest.raises(InvalidTargetError, match="measure_time decorates functions") as caught:
            measure_time("operation")(42)  # type: ignore[type-var]

        assert isinstance(caught.value, TypeError)
        assert caught.value.decorator == "measure_time"
