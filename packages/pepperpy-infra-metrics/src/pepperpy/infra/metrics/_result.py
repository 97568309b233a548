"""`PerformanceResult`: what was measured, and what that says."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from math import fsum, inf
from typing import TYPE_CHECKING, Any, Final

from . import _histogram as histograms
from . import _statistics as statistics
from ._category import MetricCategory, PerformanceMetric
from ._compare import Comparison, judge
from ._errors import InvalidOptionError, NoIterationsError
from ._options import figure, refuse, whole, within
from ._report import MetricResult, gauge, now, reporter
from ._units import format_bytes, format_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAME_TAG: Final = "pepperpy.component.name"
PREFIX: Final = "pepperpy.performance."


@dataclass(frozen=True, slots=True)
class PerformanceResult:
    """What was measured: times in seconds, memory in bytes.

    An iteration is one measurement: a call of a benchmark, a block of a tracker.

    Examples:
        >>> result = PerformanceResult("load", iteration_times=[0.2, 0.1, 0.3, 9.0])
        >>> result.iterations, result.median, round(result.mad, 3), result.maximum
        (4, 0.25, 0.1, 9.0)
    """

    name: str
    iterations: int = 1
    execution_time: float = 0.0
    """Seconds of all iterations."""
    time_per_iteration: float = 0.0
    """The mean; one slow iteration spoils it, so look at `median` first."""
    memory_usage: int | None = None
    """The largest peak of an iteration; `None` if memory was not tracked."""
    memory_per_iteration: float | None = None
    """The mean of the peaks."""
    custom_metrics: Mapping[str, Any] = field(default_factory=dict[str, Any])
    iteration_times: Sequence[float] = ()
    """Seconds of a call in each iteration, in their order."""
    iteration_memory: Sequence[int | None] = ()
    timestamp: datetime = field(default_factory=now)
    """When it was made, UTC."""
    cpu_time: float | None = None
    """Seconds for which the process has computed meanwhile: far less than `execution_time` means
    that it waited."""
    loops: int = 1
    """How often an iteration called the function, to be long enough for the clock."""
    function: str = ""
    """In full, as ``module.Class.method``: telemetry knows the result by it, and by `name` if there
    is none, since functions of one name are many."""

    def __post_init__(self) -> None:
        """Derive what was not given from what was.

        Raises:
            InvalidOptionError: If one of `iteration_times` is no finite number.
        """
        times, memory = tuple(map(_seconds, self.iteration_times)), tuple(self.iteration_memory)
        derived: dict[str, Any] = {"iteration_times": times, "iteration_memory": memory}
        derived["custom_metrics"] = dict(self.custom_metrics)
        if times:
            derived["iterations"] = len(times)
            derived["time_per_iteration"] = statistics.mean(times)
            derived["execution_time"] = self.execution_time or fsum(times) * self.loops
        elif self.iterations:
            derived["time_per_iteration"] = (
                self.time_per_iteration or self.execution_time / self.iterations
            )
        if peaks := [peak for peak in memory if peak is not None]:
            derived["memory_usage"] = max(peaks)
            derived["memory_per_iteration"] = statistics.mean(peaks)
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def __str__(self) -> str:
        many = "iteration" if self.iterations == 1 else "iterations"
        parts = [f"{self.name}: {self.iterations} {many}"]
        if self.iteration_times:
            spread = f", MAD {format_seconds(self.mad)}" if self.iterations > 1 else ""
            parts.append(f"median {format_seconds(self.median)}{spread}")
        if self.memory_usage is not None:
            parts.append(f"peak {format_bytes(self.memory_usage)}")
        return ", ".join(parts)

    @property
    def median(self) -> float:
        """Seconds of the iteration in the middle; NaN, as all of these, if there is none."""
        return statistics.median(self.iteration_times)

    @property
    def mad(self) -> float:
        """The median deviation: half of the iterations are nearer to the median than this."""
        return statistics.median_deviation(self.iteration_times)

    @property
    def mean(self) -> float:
        """Seconds an iteration, on average."""
        return statistics.mean(self.iteration_times)

    @property
    def standard_deviation(self) -> float:
        """That of the sample; 0 of one iteration."""
        return statistics.standard_deviation(self.iteration_times)

    @property
    def minimum(self) -> float:
        """Seconds of the quickest iteration."""
        return statistics.quantile(self.iteration_times, 0.0)

    @property
    def maximum(self) -> float:
        """Seconds of the slowest iteration."""
        return statistics.quantile(self.iteration_times, 1.0)

    def percentile(self, percent: float) -> float:
        """Seconds in which *percent* of the iterations were done, interpolated.

        Raises:
            InvalidOptionError: If *percent* is not in 0 to 100.
        """
        share = within(percent, "percent", 0, 100) / 100
        return statistics.quantile(self.iteration_times, share)

    def histogram(self, *, bins: int = 10, width: int = 40) -> str:
        """The times as lines of text, with outliers in a line of their own.

        Raises:
            InvalidOptionError: If *bins* or *width* is no whole number from 1 on.
        """
        return histograms.histogram(
            self.iteration_times,
            bins=whole(bins, "bins", least=1),
            width=whole(width, "width", least=1),
        )

    def compare(
        self, baseline: PerformanceResult, *, significance: float = 0.05, tolerance: float = 0.01
    ) -> Comparison:
        """Whether this is faster or slower than *baseline*, or noise is all there is.

        Args:
            baseline: What it is compared with.
            significance: A verdict is given if such a difference came by chance less often than
                this.  It takes 4 iterations each to be able to tell any, and 10 to be good.
            tolerance: Differences up to this part of the baseline's median do not matter.

        Raises:
            NoIterationsError: If one of them has no `iteration_times`.
            InvalidOptionError: If *baseline* is no result, or a number is out of bounds.

        Examples:
            >>> old = PerformanceResult("old", iteration_times=[1.0, 1.1, 1.0, 1.2, 1.1])
            >>> new = PerformanceResult("new", iteration_times=[0.5, 0.6, 0.5, 0.5, 0.6])
            >>> print(new.compare(old))
            new: 2.2x faster than old (ratio 0.455, p 0.01, noise 9.1%)
        """
        _check_result(baseline)
        for result in (self, baseline):
            if not result.iteration_times:
                raise NoIterationsError(
                    f"{result.name!r} has no iteration_times to compare", name=result.name
                )
        ratio, p_value, noise, verdict = judge(
            self.iteration_times,
            baseline.iteration_times,
            significance=within(significance, "significance", 0, 1),
            tolerance=within(tolerance, "tolerance", 0, inf),
        )
        return Comparison(self.name, baseline.name, ratio, p_value, noise, verdict)

    @staticmethod
    def format_bytes(size: float) -> str:
        """*size* in the unit that fits: see `format_bytes` of the module."""
        return format_bytes(size)

    def to_metrics(self) -> list[MetricResult]:
        """The figures one by one, those that are known, custom numbers included."""
        speed = MetricCategory.PERFORMANCE
        found: list[tuple[str, float | None, str, MetricCategory]] = [
            (PerformanceMetric.EXECUTION_TIME, self.execution_time, "s", speed),
            (PerformanceMetric.LATENCY, self.median if self.iteration_times else None, "s", speed),
            (PerformanceMetric.THROUGHPUT, self._throughput(), "1/s", speed),
            (PerformanceMetric.CPU_TIME, self.cpu_time, "s", MetricCategory.RESOURCE),
            (PerformanceMetric.MEMORY_USAGE, self.memory_usage, "By", MetricCategory.RESOURCE),
        ]
        tags = self._tags()
        figures = [
            MetricResult(PREFIX + name, value, unit, category, tags, self.timestamp)
            for name, value, unit, category in found
            if value is not None
        ]
        return figures + [
            MetricResult(name, number, tags=tags, timestamp=self.timestamp)
            for name, value in self.custom_metrics.items()
            if (number := figure(value)) is not None
        ]

    def report_to_telemetry(self, provider_id: str | None = None) -> None:
        """Tell telemetry: each iteration to the timer ``...latency``, all else as gauges.

        What was measured is the tag ``pepperpy.component.name``: the `function`, or else the `name`.
        """
        from pepperpy.infra.telemetry import MetricType

        report = reporter(provider_id)
        latency = PREFIX + PerformanceMetric.LATENCY
        for seconds in self.iteration_times:
            report(latency, seconds, MetricType.TIMER, tags=self._tags())
        for metric in self.to_metrics():
            if metric.name != latency:
                gauge(report, metric)

    def to_dict(self) -> dict[str, Any]:
        """Plain values to keep, as JSON for one; `from_dict` makes the result of them again."""
        return asdict(self) | {"timestamp": self.timestamp.isoformat()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PerformanceResult:
        """The result of which `to_dict` has made *data*.

        Raises:
            InvalidOptionError: If it was made of none.
        """
        try:
            values: dict[str, Any] = {**data}
            values["timestamp"] = datetime.fromisoformat(data["timestamp"])
            return cls(**values)
        except (LookupError, TypeError, ValueError) as error:
            raise InvalidOptionError(
                f"data must be what to_dict() of a result gives: {type(error).__name__}: {error}",
                option="data",
            ) from error

    def _tags(self) -> dict[str, str]:
        return {NAME_TAG: self.function or self.name}

    def _throughput(self) -> float | None:
        calls = self.iterations * self.loops
        return calls / self.execution_time if self.execution_time > 0 else None


def _check_result(given: object) -> None:
    if not isinstance(given, PerformanceResult):
        refuse("baseline", "a PerformanceResult", given)


def _seconds(given: float) -> float:
    seconds = figure(given)
    return refuse("iteration_times", "finite seconds", given) if seconds is None else seconds
