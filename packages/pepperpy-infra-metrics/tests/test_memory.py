"""`MemoryTracker` and `measure_memory`: the right peak, and nobody's tracemalloc disturbed."""

from __future__ import annotations

import asyncio
import gc
import inspect
import itertools
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.metrics import MemoryTracker, NotStartedError, measure_memory
from pepperpy.infra.metrics._tracing import SESSION

Failing = Callable[..., None]
MB = 1_000_000
SLACK = 20_000


def about(size: int) -> object:
    return pytest.approx(size, abs=SLACK)


@contextmanager
def at_step(place: int, act: Callable[[], None]) -> Iterator[list[int]]:
    """Call *act* at one of the places where a finalizer or a signal handler may run; how many."""
    steps = [0]

    def profile(_: FrameType, event: str, __: object) -> None:
        # The interpreter looks for them when a function begins, and when one of C has ended.
        if event in {"call", "c_return"}:
            steps[0] += 1
            if steps[0] == place + 1:
                act()

    sys.setprofile(profile)
    try:
        yield steps
    finally:
        sys.setprofile(None)


class TestFigures:
    def test_memory_used_is_the_peak_of_the_block_and_net_what_stayed(self) -> None:
        with measure_memory("memory_operation") as tracker:
            kept = bytearray(MB)
            bytearray(5 * MB)

        assert tracker.memory_used == about(6 * MB)
        assert tracker.net == about(MB)
        assert tracker.complete
        assert len(kept) == MB

    def test_what_was_there_before_does_not_count(self, others_trace: None) -> None:
        before = bytearray(8 * MB)

        with measure_memory("memory_operation") as tracker:
            bytearray(MB)

        assert tracker.memory_used == about(MB)
        assert len(before) == 8 * MB

    def test_an_earlier_peak_does_not_count(self, others_trace: None) -> None:
        bytearray(8 * MB)

        with measure_memory("memory_operation") as tracker:
            bytearray(MB)

        assert tracker.memory_used == about(MB)

    def test_a_block_that_only_frees_used_nothing(self, others_trace: None) -> None:
        freed = [bytearray(3 * MB)]

        with measure_memory("memory_operation") as tracker:
            freed.clear()

        assert 0 <= tracker.memory_used < SLACK
        assert tracker.net == about(-3 * MB)

    def test_an_empty_block_used_next_to_nothing(self) -> None:
        with measure_memory("warm"):
            pass

        with measure_memory("memory_operation") as tracker:
            pass

        assert 0 <= tracker.memory_used < 1000

    def test_a_body_that_raises_is_measured_and_its_error_passes(self, failing: Failing) -> None:
        tracker = MemoryTracker()

        with pytest.raises(ZeroDivisionError):
            failing(tracker, lambda: bytearray(MB), ZeroDivisionError)

        assert tracker.memory_used == about(MB)

    def test_the_figures_are_frozen_after_the_block(self) -> None:
        with measure_memory("outer"), measure_memory("memory_operation") as tracker:
            bytearray(MB)
        used, net = tracker.memory_used, tracker.net

        with measure_memory("another"):
            kept = bytearray(5 * MB)

        assert (tracker.memory_used, tracker.net) == (used, net)
        assert len(kept) == 5 * MB

    def test_inside_of_the_block_they_are_those_so_far(self) -> None:
        with measure_memory("memory_operation") as tracker:
            kept = bytearray(MB)
            assert tracker.memory_used == about(MB)
            bytearray(2 * MB)
            assert tracker.memory_used == about(3 * MB)
            assert tracker.net == about(MB)

        assert len(kept) == MB

    def test_before_any_block_they_are_0(self) -> None:
        tracker = MemoryTracker("memory_operation")

        assert (tracker.memory_used, tracker.net, tracker.complete) == (0, 0, True)
        assert repr(tracker) == "<MemoryTracker 'memory_operation': 0 bytes>"

    @pytest.mark.asyncio
    async def test_async_with_does_the_same(self) -> None:
        async with measure_memory("memory_operation") as tracker:
            bytearray(MB)

        assert tracker.memory_used == about(MB)


class TestNesting:
    def test_a_peak_before_the_inner_block_is_the_outer_ones_alone(self) -> None:
        with measure_memory("outer") as outer:
            bytearray(6 * MB)
            with measure_memory("inner") as inner:
                bytearray(MB)

        assert inner.memory_used == about(MB)
        assert outer.memory_used == about(6 * MB)

    def test_a_peak_in_the_inner_block_is_also_the_outer_ones(self) -> None:
        with measure_memory("outer") as outer:
            kept = bytearray(MB)
            with measure_memory("inner") as inner:
                bytearray(6 * MB)

        assert inner.memory_used == about(6 * MB)
        assert outer.memory_used == about(7 * MB)
        assert len(kept) == MB

    def test_a_peak_after_the_inner_block_is_the_outer_ones_alone(self) -> None:
        with measure_memory("outer") as outer:
            with measure_memory("inner") as inner:
                bytearray(MB)
            bytearray(6 * MB)

        assert inner.memory_used == about(MB)
        assert outer.memory_used == about(6 * MB)

    def test_blocks_of_one_tracker_nest(self) -> None:
        tracker = MemoryTracker()

        with tracker:
            bytearray(6 * MB)
            with tracker:
                bytearray(MB)
            inner = tracker._span.used

        assert inner == about(MB)
        assert tracker.memory_used == about(6 * MB)

    @given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=12))
    def test_any_nesting_has_the_peaks_of_a_model(self, steps: list[tuple[bool, int]]) -> None:
        """A step opens a block and allocates for a moment, or ends the innermost one."""
        open_blocks: list[tuple[MemoryTracker, list[int]]] = []
        ended: list[tuple[int, int]] = []
        for opens, size in steps:
            if opens:
                tracker = MemoryTracker()
                tracker.start()
                open_blocks.append((tracker, [0]))
            elif open_blocks:
                tracker, seen = open_blocks.pop()
                ended.append((tracker.stop(), max(seen)))
            bytearray(size * MB)
            for _, seen in open_blocks:
                seen.append(size * MB)
        while open_blocks:
            tracker, seen = open_blocks.pop()
            ended.append((tracker.stop(), max(seen)))

        assert [used for used, _ in ended] == [about(expected) for _, expected in ended]
        assert not tracemalloc.is_tracing()

    def test_blocks_of_generators_end_in_any_order(self) -> None:
        used: list[int] = []

        def work(size: int) -> Iterator[None]:
            with measure_memory("work") as tracker:
                bytearray(size)
                yield
            used.append(tracker.memory_used)

        first, second = work(MB), work(4 * MB)
        next(first)
        next(second)
        next(first, None)
        assert tracemalloc.is_tracing()
        next(second, None)

        assert used == [about(4 * MB), about(4 * MB)]

    def test_threads_overlap_and_none_loses_its_figures(self) -> None:
        """The one that began ends first, which must not stop what the other still needs."""
        began, ended, used = threading.Event(), threading.Event(), dict[str, int]()

        def other() -> None:
            with measure_memory("other") as tracker:
                began.set()
                ended.wait()
                bytearray(3 * MB)
            used["other"] = tracker.memory_used

        with measure_memory("this") as tracker:
            thread = threading.Thread(target=other)
            thread.start()
            began.wait()
            bytearray(MB)
        ended.set()
        thread.join()

        assert used["other"] == about(3 * MB)
        assert tracker.memory_used == about(MB)

    def test_many_threads_at_once_leave_nothing_open(self) -> None:
        tracker, used = MemoryTracker("shared"), list[int]()
        barrier = threading.Barrier(6)

        def work() -> None:
            barrier.wait()
            for _ in range(50):
                with measure_memory("own") as own, tracker:
                    bytearray(MB)
                used.append(own.memory_used)

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(used) == 300
        # The peak is read and then set back: what another thread takes and gives in between is lost.
        assert sorted(used)[5] > MB - SLACK
        assert SESSION._spans == []
        assert not tracemalloc.is_tracing()


class TestOthers:
    def test_tracing_that_was_on_stays_on(self, others_trace: None) -> None:
        with measure_memory("memory_operation"):
            pass

        assert tracemalloc.is_tracing()

    def test_traces_of_others_are_kept(self, others_trace: None) -> None:
        theirs = bytearray(MB)

        with measure_memory("memory_operation"):
            pass

        assert tracemalloc.get_object_traceback(theirs) is not None

    def test_the_peak_of_others_is_kept(self, others_trace: None) -> None:
        bytearray(7 * MB)
        peak = tracemalloc.get_traced_memory()[1]

        with measure_memory("outer"), measure_memory("inner"):
            bytearray(MB)

        assert peak <= tracemalloc.get_traced_memory()[1] <= peak + SLACK

    def test_a_peak_inside_of_the_block_is_theirs_as_well(self, others_trace: None) -> None:
        with measure_memory("outer"):
            bytearray(7 * MB)
            with measure_memory("inner"):
                pass

        assert tracemalloc.get_traced_memory()[1] > 7 * MB

    def test_the_depth_of_their_tracebacks_is_kept(self) -> None:
        tracemalloc.start(7)

        with measure_memory("memory_operation"):
            assert tracemalloc.get_traceback_limit() == 7

        assert tracemalloc.get_traceback_limit() == 7
        tracemalloc.stop()

    def test_tracing_of_ours_ends_with_the_last_block(self) -> None:
        with measure_memory("outer"):
            with measure_memory("inner"):
                pass
            assert tracemalloc.is_tracing()

        assert not tracemalloc.is_tracing()

    def test_if_somebody_stops_tracing_the_figures_say_that_they_are_not_whole(self) -> None:
        with measure_memory("memory_operation") as tracker:
            bytearray(2 * MB)
            with measure_memory("inner"):
                pass
            tracemalloc.stop()
            bytearray(5 * MB)

        assert not tracker.complete
        assert tracker.memory_used == about(2 * MB)
        assert not tracemalloc.is_tracing()

    def test_if_somebody_begins_tracing_anew_it_is_theirs(self) -> None:
        with measure_memory("memory_operation") as tracker:
            tracemalloc.stop()
            tracemalloc.start()

        assert not tracker.complete
        assert tracker.memory_used == 0
        assert tracemalloc.is_tracing()
        tracemalloc.stop()

    def test_tracing_that_somebody_switches_on_in_the_midst_stays_on(self) -> None:
        start = tracemalloc.start
        with measure_memory("outer") as outer:
            with measure_memory("inner"):
                tracemalloc.start()
            bytearray(7 * MB)
            kept = bytearray(MB)

        assert outer.complete
        assert outer.memory_used == about(7 * MB)
        assert tracemalloc.get_object_traceback(kept) is not None
        assert tracemalloc.get_traced_memory()[1] > 7 * MB
        assert tracemalloc.start is start
        with measure_memory("later"):
            pass
        assert tracemalloc.is_tracing()
        tracemalloc.stop()

    def test_what_stands_in_for_start_goes_with_the_block_and_refuses_what_start_refuses(
        self,
    ) -> None:
        start = tracemalloc.start
        with measure_memory("memory_operation"):
            with pytest.raises(ValueError, match="number of frames"):
                tracemalloc.start(0)
            tracemalloc.stop()
            with measure_memory("inner"):
                pass

        assert tracemalloc.start is start
        assert not tracemalloc.is_tracing()

    def test_if_somebody_stops_tracing_the_next_block_is_whole_again(self) -> None:
        with measure_memory("outer") as outer:
            tracemalloc.stop()
            with measure_memory("inner") as inner:
                bytearray(MB)

        assert (outer.complete, inner.complete) == (False, True)
        assert inner.memory_used == about(MB)

    def test_cleared_traces_are_noticed(self, others_trace: None) -> None:
        with measure_memory("memory_operation") as tracker:
            tracemalloc.clear_traces()

        assert not tracker.complete


class TestLife:
    def test_a_tracker_that_is_dropped_without_stop_ends_tracing(self) -> None:
        tracker = MemoryTracker()
        tracker.start()
        assert tracemalloc.is_tracing()

        del tracker
        gc.collect()

        assert not tracemalloc.is_tracing()

    def test_an_interrupt_while_a_block_begins_leaves_nothing_open(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(tracemalloc, "reset_peak", interrupt)
        tracker = MemoryTracker()

        with pytest.raises(KeyboardInterrupt):
            tracker.start()

        assert not tracemalloc.is_tracing()
        with pytest.raises(NotStartedError):
            tracker.stop()

    def test_an_interrupt_while_a_block_ends_leaves_nothing_open(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt() -> tuple[int, int]:
            raise KeyboardInterrupt

        tracker = MemoryTracker()
        tracker.start()

        with monkeypatch.context() as patch:
            patch.setattr(tracemalloc, "get_traced_memory", interrupt)
            with pytest.raises(KeyboardInterrupt):
                tracker.stop()

        assert not tracemalloc.is_tracing()

    def test_a_block_in_the_midst_of_anything_of_another_leaves_both_whole(self) -> None:
        start = tracemalloc.start

        def nested() -> None:
            with measure_memory("in a finalizer, or a handler of a signal") as inner:
                bytearray(MB)
            assert inner.memory_used > MB - SLACK

        for place in itertools.count():
            with measure_memory("warm-up"):  # a first block imports and specialises
                pass
            with at_step(place, nested) as steps, measure_memory("outer") as outer:
                kept = bytearray(2 * MB)

            assert outer.complete, f"at step {place}"
            # With the other one's, where it comes before the end.
            assert 2 * MB - SLACK < outer.memory_used < 3 * MB + SLACK, f"at step {place}"
            assert not tracemalloc.is_tracing(), f"at step {place}"
            assert tracemalloc.start is start, f"at step {place}"
            del kept
            if steps[0] <= place:
                break
        assert place > 50

    def test_a_generator_that_is_never_ended_ends_its_block_when_it_goes(self) -> None:
        def work() -> Iterator[None]:
            with measure_memory("work"):
                yield

        generator = work()
        next(generator)
        assert tracemalloc.is_tracing()

        del generator
        gc.collect()

        assert not tracemalloc.is_tracing()

    def test_a_cancelled_task_ends_its_block(self) -> None:
        async def work() -> None:
            async with measure_memory("work"):
                await asyncio.Event().wait()

        async def main() -> None:
            task = asyncio.create_task(work())
            await asyncio.sleep(0)
            assert tracemalloc.is_tracing()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(main())

        assert not tracemalloc.is_tracing()


class TestStopwatch:
    def test_stop_returns_memory_used(self) -> None:
        tracker = MemoryTracker()
        tracker.start()
        bytearray(MB)

        used = tracker.stop()

        assert used == tracker.memory_used == about(MB)

    def test_stop_without_start_is_a_named_runtime_error(self) -> None:
        with pytest.raises(RuntimeError, match="memory tracker 'load' is not running") as caught:
            MemoryTracker("load").stop()

        assert isinstance(caught.value, NotStartedError)
        assert caught.value.name == "load"

    def test_reset_sets_0_and_forgets_what_runs(self) -> None:
        tracker = MemoryTracker()
        tracker.start()
        bytearray(MB)
        tracker.reset()

        assert (tracker.memory_used, tracker.net) == (0, 0)
        assert not tracemalloc.is_tracing()
        with pytest.raises(NotStartedError):
            tracker.stop()

    def test_reset_inside_of_a_block_is_no_error(self) -> None:
        with measure_memory("memory_operation") as tracker:
            tracker.reset()

        assert tracker.memory_used == 0

    def test_each_call_of_a_decorated_function_is_a_block(self) -> None:
        tracker = measure_memory("load")

        @tracker
        def load(size: int) -> int:
            """Load."""
            return len(bytearray(size))

        @tracker
        async def aload(size: int) -> int:
            return len(bytearray(size))

        assert load(2 * MB) == 2 * MB
        assert tracker.memory_used == about(2 * MB)
        assert asyncio.run(aload(3 * MB)) == 3 * MB
        assert tracker.memory_used == about(3 * MB)
        assert load.__doc__ == "Load."
        assert inspect.iscoroutinefunction(aload)
