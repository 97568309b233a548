"""`benchmark`: the calls that were asked for, the last value, and honest figures."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import threading
import tracemalloc
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from pepperpy.infra.metrics import InvalidOptionError, InvalidTargetError, benchmark
from pepperpy.infra.telemetry import capture_metrics
from pepperpy.infra.utils import FakeClock

MB = 1_000_000


class Whole:
    """A whole number, as those of numpy."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __index__(self) -> int:
        return self.number

    __float__ = __index__


class TestCalls:
    @pytest.mark.parametrize(
        ("options", "calls"),
        [
            ({}, 1),
            ({"iterations": 10}, 10),
            ({"iterations": 10, "warmup_iterations": 3}, 13),
            ({"iterations": 4, "track_memory": True}, 4),
            ({"iterations": 4, "gc_collect": False}, 4),
        ],
    )
    def test_there_are_iterations_plus_warmup_and_the_last_value_is_returned(
        self, options: dict[str, Any], calls: int
    ) -> None:
        seen: list[int] = []

        @benchmark(**options)
        def work() -> int:
            seen.append(1)
            return len(seen)

        assert work() == calls
        assert len(seen) == calls
        assert work.last_result is not None
        assert work.last_result.iterations == options.get("iterations", 1)

    def test_it_works_bare(self) -> None:
        @benchmark
        def work(n: int) -> int:
            return n + 1

        assert work(1) == 2
        assert work.last_result is not None
        assert work.last_result.iterations == 1

    def test_a_callable_object_that_is_a_number_too_is_called(self) -> None:
        class Both(float):
            def __call__(self) -> str:
                return "called"

        work: Any = benchmark(Both(3))

        assert work() == "called"

    def test_any_whole_number_of_iterations_will_do(self) -> None:
        calls: list[int] = []

        benchmark(Whole(3), Whole(2))(lambda: calls.append(1))()

        assert len(calls) == 5

    def test_the_first_options_may_be_positional(self) -> None:
        seen = []
        work = benchmark(3, 2)(lambda: seen.append(1))

        work()

        assert len(seen) == 5

    def test_every_call_gets_the_arguments(self) -> None:
        seen = []

        @benchmark(iterations=3)
        def work(a: int, /, b: int = 2, *args: int, c: int, d: int = 4, **kwargs: int) -> None:
            seen.append((a, b, args, c, d, kwargs))

        work(1, 9, 8, c=3, e=5)

        assert seen == [(1, 9, (8,), 3, 4, {"e": 5})] * 3

    def test_name_doc_signature_and_wrapped_stay(self) -> None:
        def work(a: int, *, b: str = "x") -> bool:
            """Work."""
            return True

        decorated = benchmark(iterations=2)(work)

        assert (decorated.__name__, decorated.__doc__) == ("work", "Work.")
        assert inspect.signature(decorated) == inspect.signature(work)
        assert decorated.__wrapped__ is work

    def test_coroutine_functions_are_awaited_each_time(self) -> None:
        seen = []

        @benchmark(iterations=3, warmup_iterations=2)
        async def work(n: int) -> int:
            await asyncio.sleep(0)
            seen.append(n)
            return len(seen)

        assert inspect.iscoroutinefunction(work)
        assert asyncio.run(work(7)) == 5
        assert seen == [7] * 5

    def test_callable_objects_and_partials_work(self) -> None:
        class Adder:
            def __call__(self, n: int) -> int:
                return n + 1

        added = benchmark(iterations=2)(Adder())
        partial = benchmark(iterations=2)(functools.partial(pow, 2))

        assert (added(1), partial(5)) == (2, 32)
        assert added.last_result is not None
        assert added.last_result.name.endswith("Adder")

    def test_methods_of_all_kinds_are_decorated(self) -> None:
        class Service:
            @benchmark(iterations=2)
            def plain(self, n: int) -> tuple[str, int]:
                return type(self).__name__, n

            @benchmark(iterations=2)
            @classmethod
            def of_class(cls, n: int) -> tuple[str, int]:
                return cls.__name__, n

            @staticmethod
            @benchmark(iterations=2)
            def static(n: int) -> int:
                return n

        service = Service()

        assert service.plain(1) == ("Service", 1)
        assert Service.of_class(2) == ("Service", 2)
        assert service.static(3) == 3
        for function in (service.plain, Service.of_class, Service.static):
            assert function.last_result.iterations == 2

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, asyncio.CancelledError])
    def test_what_raises_is_raised_at_once_and_the_last_result_stays(
        self, error: type[BaseException]
    ) -> None:
        seen: list[int] = []

        @benchmark(iterations=3, track_memory=True)
        def work(fails: bool) -> None:
            seen.append(1)
            if fails and len(seen) == 5:
                raise error

        work(False)
        before = work.last_result

        with pytest.raises(error):
            work(True)

        assert len(seen) == 5
        assert work.last_result is before
        assert not tracemalloc.is_tracing()

    def test_there_is_no_result_before_the_first_call(self) -> None:
        assert benchmark(lambda: None).last_result is None

    def test_a_function_that_calls_itself_is_measured_at_its_outermost_call(self) -> None:
        calls: list[int] = []

        @benchmark(iterations=3, warmup_iterations=1)
        def countdown(n: int) -> int:
            calls.append(n)
            return countdown(n - 1) if n else 0

        for _ in range(2):
            countdown(4)

        assert len(calls) == 2 * 4 * 5
        assert countdown.last_result is not None
        assert countdown.last_result.iterations == 3

    @pytest.mark.asyncio
    async def test_so_is_a_coroutine_function_also_by_tasks_of_its_own(self) -> None:
        calls: list[int] = []

        @benchmark(iterations=2)
        async def tree(depth: int) -> None:
            calls.append(depth)
            if depth:
                await asyncio.gather(tree(depth - 1), tree(depth - 1))

        await tree(3)

        assert len(calls) == 2 * 15

    @pytest.mark.asyncio
    async def test_a_task_that_outlives_the_call_is_measured_itself(self) -> None:
        calls: list[int] = []
        tasks: list[asyncio.Task[None]] = []

        async def later(ended: asyncio.Event) -> None:
            await ended.wait()
            await work(2, ended)

        @benchmark(iterations=3)
        async def work(n: int, ended: asyncio.Event) -> None:
            calls.append(n)
            if n == 1 and not tasks:
                tasks.append(asyncio.create_task(later(ended)))

        await work(1, ended := asyncio.Event())
        ended.set()
        await tasks[0]

        assert calls == [1, 1, 1, 2, 2, 2]

    def test_after_an_error_it_is_measured_again(self) -> None:
        calls: list[int] = []

        @benchmark(iterations=3)
        def work(n: int) -> float:
            calls.append(n)
            return 1 / n

        with pytest.raises(ZeroDivisionError):
            work(0)
        work(1)

        assert calls == [0, 1, 1, 1]

    def test_concurrent_calls_do_not_mix_their_iterations(self) -> None:
        barrier = threading.Barrier(4)

        @benchmark(iterations=50, gc_collect=False, report_telemetry=False)
        def work(n: int) -> int:
            return n

        def run(n: int) -> None:
            barrier.wait()
            for _ in range(20):
                assert work(n) == n
                assert work.last_result is not None
                assert work.last_result.iterations == 50

        failures: list[BaseException] = []

        def caught(n: int) -> None:
            try:
                run(n)
            except BaseException as error:  # noqa: BLE001 - shown by the test
                failures.append(error)

        threads = [threading.Thread(target=caught, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failures == []


class TestFigures:
    def test_each_iteration_has_its_time(self, clock: FakeClock) -> None:
        seconds = iter([100, 1, 2, 3, 4, 90])

        @benchmark(iterations=5, warmup_iterations=1, clock=clock)
        def work() -> None:
            clock.advance(next(seconds))

        work()

        result = work.last_result
        assert result is not None
        assert result.iteration_times == (1, 2, 3, 4, 90)
        assert (result.median, result.mad, result.execution_time) == (3, 1, 100)
        assert result.name == "work"

    def test_what_a_coroutine_waits_for_counts(self, clock: FakeClock) -> None:
        @benchmark(iterations=2, clock=clock)
        async def work() -> None:
            await clock.asleep(3)

        asyncio.run(work())

        assert work.last_result is not None
        assert work.last_result.iteration_times == (3, 3)

    def test_each_iteration_has_its_peak(self) -> None:
        sizes = iter([9, 1, 4, 2])

        @benchmark(iterations=3, warmup_iterations=1, track_memory=True)
        def work() -> None:
            bytearray(next(sizes) * MB)

        work()

        result = work.last_result
        assert result is not None
        assert result.iteration_memory == tuple(
            pytest.approx(size * MB, abs=20_000) for size in (1, 4, 2)
        )
        assert result.memory_usage == max(p for p in result.iteration_memory if p is not None)
        assert result.memory_per_iteration == pytest.approx(7 / 3 * MB, abs=20_000)
        assert not tracemalloc.is_tracing()

    def test_memory_is_not_traced_unless_asked_for(self) -> None:
        @benchmark(iterations=2)
        def work() -> bool:
            return tracemalloc.is_tracing()

        assert work() is False
        assert work.last_result is not None
        assert work.last_result.memory_usage is None

    def test_to_free_a_result_is_not_the_work_of_the_next_iteration(self, clock: FakeClock) -> None:
        class Costly:
            def __del__(self) -> None:
                clock.advance(100)

        @benchmark(iterations=3, clock=clock)
        def work() -> Costly:
            clock.advance(1)
            return Costly()

        kept = work()

        assert work.last_result is not None
        assert work.last_result.iteration_times == (1, 1, 1)
        del kept

    def test_garbage_of_before_is_collected_before_the_first_iteration(self) -> None:
        class Knot:
            pass

        def alive() -> bool:
            return reference() is not None

        for collected in (True, False):
            gc.disable()
            try:
                knot = Knot()
                knot.self = knot  # type: ignore[attr-defined]
                reference = weakref.ref(knot)
                del knot

                assert benchmark(gc_collect=collected)(alive)() is not collected
            finally:
                gc.enable()

    @pytest.mark.parametrize("enabled", [True, False])
    def test_whether_python_collects_is_left_as_it_was(self, enabled: bool) -> None:
        def work() -> bool:
            return gc.isenabled()

        (gc.enable if enabled else gc.disable)()
        try:
            assert benchmark(iterations=2)(work)() is enabled
            assert gc.isenabled() is enabled
        finally:
            gc.enable()

    def test_a_name_may_be_given(self) -> None:
        named = benchmark(name="load")(lambda: None)
        named()

        assert named.last_result is not None
        assert named.last_result.name == "load"


class TestShortFunctions:
    def test_min_time_has_each_iteration_call_as_often_as_that_takes(
        self, clock: FakeClock
    ) -> None:
        calls = []

        @benchmark(iterations=3, min_time=timedelta(seconds=10), clock=clock)
        def work() -> int:
            clock.advance(1)
            calls.append(1)
            return len(calls)

        value = work()

        result = work.last_result
        assert result is not None
        assert (result.loops, result.iteration_times) == (16, (1, 1, 1))
        assert result.execution_time == 48
        assert value == len(calls) == 1 + 2 + 4 + 8 + 16 + 3 * 16

    def test_it_works_for_coroutine_functions(self, clock: FakeClock) -> None:
        @benchmark(iterations=2, min_time=3, clock=clock)
        async def work() -> None:
            await clock.asleep(1)

        asyncio.run(work())

        assert work.last_result is not None
        assert (work.last_result.loops, work.last_result.median) == (4, 1)

    def test_a_long_function_is_called_once_an_iteration(self, clock: FakeClock) -> None:
        @benchmark(iterations=2, min_time=1, clock=clock)
        def work() -> None:
            clock.advance(5)

        work()

        assert work.last_result is not None
        assert (work.last_result.loops, work.last_result.median) == (1, 5)


class TestTelemetry:
    def test_it_hears_of_each_iteration_and_of_the_rest(self, clock: FakeClock) -> None:
        @benchmark(iterations=4, track_memory=True, provider_id="shop", clock=clock)
        def work() -> None:
            clock.advance(0.5)

        with capture_metrics() as m:
            work()

        latency = m["pepperpy.performance.latency"]
        assert (latency.count, latency.value) == (4, 2)
        assert latency.tags == [
            {
                "pepperpy.component.name": f"{__name__}.{work.__qualname__}",
                "pepperpy.provider.id": "shop",
            }
        ]
        assert m["pepperpy.performance.execution_time"].value == 2
        assert m["pepperpy.performance.throughput"].value == 2
        assert "pepperpy.performance.memory_usage" in m

    def test_functions_of_one_name_are_told_apart(self) -> None:
        class One:
            @benchmark
            def load(self) -> None: ...

        class Other:
            @benchmark(iterations=2)
            def load(self) -> None: ...

        with capture_metrics() as m:
            One().load()
            Other().load()

        names = [tags["pepperpy.component.name"] for tags in m["pepperpy.performance.latency"].tags]
        assert [name.rpartition("<locals>.")[2] for name in names] == ["One.load", "Other.load"]
        assert One.load.last_result is not None
        assert One.load.last_result.name == "load"

    def test_a_name_that_was_given_is_what_telemetry_knows_it_by(self) -> None:
        with capture_metrics() as m:
            benchmark(name="nightly")(lambda: None)()

        (tags,) = m["pepperpy.performance.latency"].tags
        assert tags == {"pepperpy.component.name": "nightly"}

    def test_it_hears_nothing_if_it_should_not(self) -> None:
        work = benchmark(report_telemetry=False)(lambda: None)

        with capture_metrics() as m:
            work()

        assert m.names == []


class TestRefused:
    @pytest.mark.parametrize(
        ("options", "option"),
        [
            ({"iterations": 0}, "iterations"),
            ({"iterations": -1}, "iterations"),
            ({"iterations": True}, "iterations"),
            ({"warmup_iterations": -1}, "warmup_iterations"),
            ({"iterations": 1.5}, "iterations"),
            ({"iterations": Decimal(2)}, "iterations"),
            ({"warmup_iterations": 1.5}, "warmup_iterations"),
            ({"warmup_iterations": None}, "warmup_iterations"),
            ({"min_time": -1}, "min_time"),
            ({"min_time": float("nan")}, "min_time"),
            ({"min_time": "1"}, "min_time"),
        ],
    )
    def test_numbers_that_make_no_sense_are_refused_at_decoration(
        self, options: dict[str, Any], option: str
    ) -> None:
        with pytest.raises(ValueError, match=option) as caught:
            benchmark(**options)

        assert isinstance(caught.value, InvalidOptionError)
        assert caught.value.option == option

    def test_generator_functions_are_refused_at_decoration(self) -> None:
        def items() -> Iterator[int]:
            yield 1

        async def aitems() -> AsyncIterator[int]:
            yield 1

        function: Callable[..., Any]
        for function in (items, aitems):
            with pytest.raises(TypeError, match="measure what consumes it") as caught:
                benchmark(function)
            assert isinstance(caught.value, InvalidTargetError)
            assert caught.value.decorator == "benchmark"

    @pytest.mark.parametrize("target", ["work", object(), dict, [1]])
    def test_what_is_no_function_is_refused_at_decoration(self, target: Any) -> None:
        with pytest.raises(InvalidTargetError, match="benchmark decorates functions"):
            benchmark(target)
