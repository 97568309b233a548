"""Single figures, and their way to telemetry."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ._category import MetricCategory
from ._errors import InvalidOptionError
from ._options import figure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def now() -> datetime:
    """This moment, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class MetricResult:
    """One figure, with its unit and what it is about."""

    name: str
    value: float
    unit: str = ""
    """As in UCUM: ``s``, ``By``, ``1/s``."""
    category: MetricCategory = MetricCategory.CUSTOM
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    timestamp: datetime = field(default_factory=now)
    """When it was made, UTC."""


def report_custom_metric(  # noqa: PLR0917 - as it is known
    name: str,
    value: float,
    unit: str = "",
    category: MetricCategory = MetricCategory.CUSTOM,
    tags: Mapping[str, str] | None = None,
    report_telemetry: bool = True,
    provider_id: str | None = None,
) -> MetricResult:
    """A figure of your own, which telemetry keeps as a gauge of that name and those tags.

    Args:
        name: Is not changed in any way.
        value: A finite number, also one of numpy's or a `timedelta`, whose seconds count.
        unit: For people, and for what reads the result: ``s``, ``By``.
        category: What it is about.
        tags: Names and values for telemetry.  The mapping is only read.
        report_telemetry: Whether telemetry hears of it.
        provider_id: Whose telemetry; by default nobody's in particular.

    Raises:
        InvalidOptionError: If *value* is no finite number, or there is no such *category*.

    Examples:
        >>> metric = report_custom_metric("queue.depth", 3, tags={"queue": "mail"})
        >>> metric.name, metric.value, str(metric.category)
        ('queue.depth', 3, 'custom')
    """
    number = figure(value)
    if number is None:
        raise InvalidOptionError(
            f"value of metric {name!r} must be a finite number; got {value!r}", option="value"
        )
    metric = MetricResult(name, number, unit, as_category(category), dict(tags or {}))
    if report_telemetry:
        gauge(reporter(provider_id), metric)
    return metric


def as_category(given: str) -> MetricCategory:
    """The category meant by *given*: one of ours, or its text."""
    try:
        return MetricCategory(given)
    except ValueError as error:
        known = ", ".join(MetricCategory)
        raise InvalidOptionError(
            f"category must be one of {known}; got {given!r}", option="category"
        ) from error


def reporter(provider_id: str | None) -> Callable[..., None]:
    """The `report_metric` of telemetry, or that of one provider."""
    from pepperpy.infra.telemetry import get_provider_telemetry, report_metric

    if provider_id is None:
        return report_metric
    return get_provider_telemetry(provider_id).report_metric


def gauge(report: Callable[..., Any], metric: MetricResult) -> None:
    """Report *metric* as what is so now."""
    from pepperpy.infra.telemetry import MetricType

    report(metric.name, metric.value, MetricType.GAUGE, tags=metric.tags)
