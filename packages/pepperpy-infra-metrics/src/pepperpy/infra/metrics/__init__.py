"""Timers, memory peaks and benchmarks: figures that are right under threads, tasks and noise."""

from ._benchmark import benchmark
from ._category import MetricCategory, PerformanceMetric
from ._compare import Comparison, Verdict
from ._errors import (
    InvalidOptionError,
    InvalidTargetError,
    MetricsError,
    NoIterationsError,
    NotStartedError,
)
from ._memory import MemoryTracker, measure_memory
from ._report import MetricResult, report_custom_metric
from ._result import PerformanceResult
from ._system import get_memory_usage, get_system_info
from ._timer import Timer, measure_time
from ._tracker import PerformanceTracker, performance_tracker
from ._typing import Benchmarked
from ._units import format_bytes

__all__ = [
    "Benchmarked",
    "Comparison",
    "InvalidOptionError",
    "InvalidTargetError",
    "MemoryTracker",
    "MetricCategory",
    "MetricResult",
    "MetricsError",
    "NoIterationsError",
    "NotStartedError",
    "PerformanceMetric",
    "PerformanceResult",
    "PerformanceTracker",
    "Timer",
    "Verdict",
    "benchmark",
    "format_bytes",
    "get_memory_usage",
    "get_system_info",
    "measure_memory",
    "measure_time",
    "performance_tracker",
    "report_custom_metric",
]
