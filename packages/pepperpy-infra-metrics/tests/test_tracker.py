"""`PerformanceTracker` and `performance_tracker`: time, computing time and memory together."""

from __future__ import annotations

import asyncio
import threading
import tracemalloc
from collections.abc import Callable

import pytest

from pepperpy.infra.metrics import NotStartedError, PerformanceTracker, performance_tracker
from pepperpy.infra.metrics._tracker import MOST
from pepperpy.infra.utils import FakeClock

MB = 1_000_000


def test_a_block_is_an_iteration_of_the_result(clock: FakeClock) -> None:
    with performance_tracker("job", clock=clock) as tracker:
        clock.advance(2)

    result = tracker.result
    assert (result.name, result.iterations, result.execution_time) == ("job", 1, 2)
    assert result.time_per_iteration == result.median == 2
    assert result.memory_usage is None


def test_blocks_add_up_until_reset(clock: FakeClock) -> None:
    tracker = PerformanceTracker("job", clock=clock)
    for seconds in (1, 2, 6):
        with tracker:
            clock.advance(seconds)
    tracker.add_custom_metric("rows", 900)

    assert tracker.result.iteration_times == (1, 2, 6)
    assert tracker.result.custom_metrics == {"rows": 900}

    tracker.reset()

    assert (tracker.result.iterations, tracker.result.execution_time) == (0, 0)
    assert tracker.result.custom_metrics == {}


def test_a_result_does_not_change_with_its_tracker(clock: FakeClock) -> None:
    tracker = PerformanceTracker("job", clock=clock)
    with tracker:
        clock.advance(1)
    result = tracker.result

    tracker.add_custom_metric("rows", 1)
    tracker.reset()

    assert result.iteration_times == (1,)
    assert result.custom_metrics == {}


@pytest.mark.parametrize("told", ["when it is made", "at start"])
def test_memory_is_tracked_on_request(told: str) -> None:
    tracker = PerformanceTracker("job", track_memory=told == "when it is made")
    tracker.start(*([] if told == "when it is made" else [True]))
    bytearray(3 * MB)

    result = tracker.stop(track_memory=True)

    assert result.memory_usage == pytest.approx(3 * MB, abs=20_000)
    assert result.iteration_memory == (result.memory_usage,)
    assert not tracemalloc.is_tracing()


def test_memory_is_not_traced_unless_asked_for() -> None:
    with performance_tracker("job"):
        assert not tracemalloc.is_tracing()


def test_computing_counts_as_cpu_time_and_waiting_does_not() -> None:
    with performance_tracker("waits") as waits:
        threading.Event().wait(0.05)
    with performance_tracker("computes") as computes:
        sum(range(500_000))

    assert (waits.result.cpu_time or 0) < waits.result.execution_time
    assert (computes.result.cpu_time or 0) > 0


def test_a_body_that_raises_is_measured_and_its_error_passes(
    clock: FakeClock, failing: Callable[..., None]
) -> None:
    tracker = PerformanceTracker("job", track_memory=True, clock=clock)

    with pytest.raises(KeyboardInterrupt):
        failing(tracker, lambda: clock.advance(1), KeyboardInterrupt)

    assert tracker.result.iteration_times == (1,)
    assert not tracemalloc.is_tracing()


def test_stop_returns_the_result_and_without_start_is_a_runtime_error(clock: FakeClock) -> None:
    tracker = PerformanceTracker("job", clock=clock)
    tracker.start()
    clock.advance(1)

    assert tracker.stop().execution_time == 1
    with pytest.raises(RuntimeError, match="tracker 'job' is not running") as caught:
        tracker.stop()
    assert isinstance(caught.value, NotStartedError)


def test_reset_inside_of_a_block_is_no_error(clock: FakeClock) -> None:
    with performance_tracker("job", track_memory=True, clock=clock) as tracker:
        tracker.reset()

    assert tracker.result.iterations == 0
    assert not tracemalloc.is_tracing()


def test_tasks_share_a_tracker_and_each_block_counts(clock: FakeClock) -> None:
    tracker = performance_tracker("job", clock=clock)

    @tracker
    async def work(turns: int) -> int:
        for _ in range(turns):
            clock.advance(1)
            await asyncio.sleep(0)
        return turns

    async def main() -> list[int]:
        return await asyncio.gather(work(1), work(3))

    assert asyncio.run(main()) == [1, 3]
    # In turn: the first one's second, the other one's, and two more of the other one's.
    assert sorted(tracker.result.iteration_times) == [2, 3]


@pytest.mark.asyncio
async def test_async_with_does_the_same(clock: FakeClock) -> None:
    async with performance_tracker("job", clock=clock) as tracker:
        await clock.asleep(2)

    assert tracker.result.execution_time == 2


def test_the_oldest_blocks_are_forgotten(clock: FakeClock) -> None:
    tracker = PerformanceTracker("job", clock=clock)
    with tracker:
        clock.advance(5)
    for _ in range(MOST):
        with tracker:
            pass

    assert tracker.result.iterations == MOST
    assert tracker.result.maximum == 0
    assert repr(tracker) == "<PerformanceTracker 'job': 10000 iterations>"
