"""What handlers are given: metrics, events, and their kinds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._histogram import ExponentialHistogram


class MetricType(StrEnum):
    """How reported values become one.  Where a type is asked for, its text does as well."""

    COUNTER = "counter"
    """Summed up; never goes down."""
    GAUGE = "gauge"
    """The last one counts."""
    HISTOGRAM = "histogram"
    """Kept as a distribution."""
    SUMMARY = "summary"
    """A histogram under another name: each of ours knows its quantiles."""
    TIMER = "timer"
    """A histogram of seconds."""


DISTRIBUTIONS: Final = frozenset({MetricType.HISTOGRAM, MetricType.SUMMARY, MetricType.TIMER})
"""Those of which the values are kept as a distribution."""


class EventLevel(StrEnum):
    """How bad an event is, from `logging`'s debug to critical."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def number(self) -> int:
        """The level on the scale of `logging`."""
        return _NUMBERS[self]


_NUMBERS = {
    EventLevel.DEBUG: 10,
    EventLevel.INFO: 20,
    EventLevel.WARNING: 30,
    EventLevel.ERROR: 40,
    EventLevel.CRITICAL: 50,
}


@dataclass(frozen=True, slots=True)
class Metric:
    """What one series has to tell on a flush."""

    name: str
    type: MetricType
    value: float
    """Counter: what came since the last flush.  Gauge: the last value.  Others: the sum of the
    values since the last flush."""
    tags: Mapping[str, str]
    timestamp: datetime | None = None
    """When it was read, UTC."""
    histogram: ExponentialHistogram | None = None
    """Histogram, summary, timer: the distribution of the values since the last flush."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, with secrets masked."""

    name: str
    level: EventLevel
    message: str
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    timestamp: datetime | None = None
    """When it was reported, UTC."""
    logged: bool = field(default=False, compare=False, repr=False)
    """Whether it is in the log already."""


def metric_type(given: object) -> MetricType | None:
    """The type meant by *given*, if any: one of ours, or its text."""
    if isinstance(given, MetricType):
        return given
    return MetricType.__members__.get(given.upper()) if isinstance(given, str) else None


def event_level(given: object) -> EventLevel:
    """The level meant by *given*: one of ours, its name, or a number of `logging`."""
    if isinstance(given, str):
        return EventLevel.__members__.get(given.upper(), EventLevel.INFO)
    if isinstance(given, int):
        below = [level for level, number in _NUMBERS.items() if number <= given]
        return below[-1] if below else EventLevel.DEBUG
    return EventLevel.INFO
