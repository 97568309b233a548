"""The public names as a typed program uses them.  Type-checked, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterator
from datetime import datetime, timedelta
from typing import Any, assert_type

from pepperpy.infra.metrics import (
    Benchmarked,
    Comparison,
    MemoryTracker,
    MetricCategory,
    MetricResult,
    MetricsError,
    NotStartedError,
    PerformanceMetric,
    PerformanceResult,
    PerformanceTracker,
    Timer,
    Verdict,
    benchmark,
    format_bytes,
    get_memory_usage,
    get_system_info,
    measure_memory,
    measure_time,
    performance_tracker,
    report_custom_metric,
)
from pepperpy.infra.utils import FakeClock

with measure_time("operation", clock=FakeClock()) as timer:
    assert_type(timer, Timer)
assert_type(timer.elapsed_time, float)
assert_type(timer.name, str)
timer.start()
assert_type(timer.stop(), float)
timer.reset()

with measure_memory("memory_operation") as tracker:
    assert_type(tracker, MemoryTracker)
assert_type(tracker.memory_used, int)
assert_type(tracker.net, int)
assert_type(tracker.complete, bool)
tracker.start()
assert_type(tracker.stop(), int)

with performance_tracker("job", track_memory=True) as performance:
    assert_type(performance, PerformanceTracker)
performance.add_custom_metric("rows", 9)
performance.start(track_memory=False)
assert_type(performance.stop(), PerformanceResult)
assert_type(performance.result, PerformanceResult)


@measure_time("load")
def load(n: int, *, key: str = "") -> bytes:
    return key.encode() * n


@measure_memory("items")
def items(n: int) -> Iterator[int]:
    yield n


@performance_tracker("aitems")
async def aitems(n: int) -> AsyncIterator[int]:
    yield n


assert_type(load(1, key="a"), bytes)
assert_type(items(1), Iterator[int])
assert_type(aitems(1), AsyncIterator[int])


@benchmark
def bare(n: int) -> str:
    return str(n)


@benchmark(iterations=10, track_memory=True, min_time=timedelta(milliseconds=1))
def called(n: int) -> str:
    return str(n)


@benchmark(10, 2)
async def awaited(n: int) -> bytes:
    return bytes(n)


class Service:
    @benchmark(iterations=2)
    def method(self, n: int) -> str:
        return str(n)


assert_type(bare(1), str)
assert_type(called(1), str)
assert_type(called.last_result, PerformanceResult | None)
assert_type(Service().method(1), str)
assert_type(Service().method.last_result, PerformanceResult | None)


def use(function: Benchmarked[[int], str]) -> str:
    return function(1)


use(called)


async def main() -> None:
    assert_type(await awaited(1), bytes)
    async with measure_time("operation") as timer, measure_memory("m"), performance_tracker("p"):
        assert_type(timer, Timer)


result = PerformanceResult("work", iteration_times=[1.0])
assert_type(result.median, float)
assert_type(result.mad, float)
assert_type(result.percentile(99), float)
assert_type(result.histogram(bins=5), str)
assert_type(result.timestamp, datetime)
assert_type(result.memory_usage, int | None)
assert_type(result.to_metrics(), list[MetricResult])
assert_type(result.compare(result), Comparison)
assert_type(result.compare(result).verdict, Verdict)
assert_type(PerformanceResult.from_dict(result.to_dict()), PerformanceResult)
result.report_to_telemetry("shop")

assert_type(report_custom_metric("x", 1, "s", MetricCategory.SYSTEM), MetricResult)
assert_type(PerformanceMetric("latency"), PerformanceMetric)
assert_type(format_bytes(1), str)
assert_type(get_memory_usage(include_children=True), int)
assert_type(get_system_info(), dict[str, Any])

error: MetricsError = NotStartedError("x")
coroutine: Coroutine[Any, Any, bytes] = awaited(1)
