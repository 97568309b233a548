"""What a metric is about."""

from __future__ import annotations

from enum import StrEnum


class MetricCategory(StrEnum):
    """The side of a program that a metric tells of."""

    PERFORMANCE = "performance"
    RESOURCE = "resource"
    BUSINESS = "business"
    SYSTEM = "system"
    CUSTOM = "custom"


class PerformanceMetric(StrEnum):
    """What a `PerformanceResult` has figures of."""

    EXECUTION_TIME = "execution_time"
    """Seconds of all iterations."""
    CPU_TIME = "cpu_time"
    """Seconds that the process has computed meanwhile."""
    MEMORY_USAGE = "memory_usage"
    """The largest peak of an iteration, bytes."""
    THROUGHPUT = "throughput"
    """Calls a second."""
    LATENCY = "latency"
    """The median seconds of a call."""
    CUSTOM = "custom"
