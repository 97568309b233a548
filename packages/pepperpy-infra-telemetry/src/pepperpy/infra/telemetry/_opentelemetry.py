"""OpenTelemetry: our metrics for the readers of its SDK, and our events for its logs."""

from __future__ import annotations

import time
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from pepperpy.infra.utils import require_extra
from pepperpy.infra.utils.redaction import redact_text

from ._events import MAX_MESSAGE
from ._handlers import TelemetryHandler
from ._histogram import ExponentialHistogram
from ._manager import TelemetryManager, engine_of
from ._tags import as_dict, sendable, text
from ._types import EventLevel, MetricType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry._logs import LoggerProvider
    from opentelemetry.sdk.metrics import export
    from opentelemetry.sdk.resources import Resource

    from ._reading import Figure
    from ._types import Event, Metric

SCOPE: Final = "pepperpy.infra.telemetry"
_INTEGERS: Final = range(-(2**63), 2**63)
"""Those that the protocol has.  One beyond them would fail the export of everything."""
MAX_SPAN: Final = 320
"""Buckets from the first to the last in use: OpenTelemetry's are sent without gaps."""


class OpenTelemetryProducer:
    """Adds what *manager* has counted to what a reader of OpenTelemetry's SDK collects.

    The metrics do not pass through the SDK's instruments, so that counting costs no more than
    before, and histograms arrive bucket by bucket as exponential ones.  All are cumulative.

    Args:
        manager: The default one if it is left out.

    Raises:
        MissingExtraError: If the SDK is not installed.
    """

    def __init__(self, manager: TelemetryManager | None = None) -> None:
        with require_extra("pepperpy-infra-telemetry", "otel"):
            import_module("opentelemetry.sdk.metrics")  # sooner than on the first collection
        self._engine = engine_of(manager or TelemetryManager.get_instance())
        self._readers: WeakSet[Any] = WeakSet()

    def attach(self, reader: export.MetricReader) -> None:
        """Have *reader* collect our metrics beside those of its `MeterProvider`; twice is once.

        Raises:
            ValueError: If it belongs to no `MeterProvider` yet.
        """
        # The SDK for Python has no producers yet.  This is where its provider gives a reader the
        # metrics; a test holds it with the oldest and the newest version.
        known: Any = reader
        if known in self._readers:
            return
        collect = known._collect  # noqa: SLF001
        if collect is None:
            raise ValueError("give the reader to a MeterProvider first: metric_readers=[reader]")

        resource = _resource(collect)

        def with_ours(*args: Any, **kwargs: Any) -> export.MetricsData:
            return self._join(collect(*args, **kwargs), resource)

        known._set_collect_callback(with_ours)  # noqa: SLF001
        self._readers.add(known)

    def produce(self) -> export.ScopeMetrics:
        """Everything that was counted so far, in the classes of the SDK."""
        from opentelemetry.sdk.metrics.export import Metric, ScopeMetrics
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        now, since = time.time_ns(), int(self._engine.since * 1e9)
        by_metric: dict[tuple[str, MetricType], list[Any]] = {}
        for figure in self._engine.figures():
            point = _point(figure, since, now)
            by_metric.setdefault((figure.name, figure.type), []).append(point)
        metrics = [
            Metric(
                sendable(name), "", "s" if type_ is MetricType.TIMER else "", _data(type_, points)
            )
            for (name, type_), points in by_metric.items()
        ]
        return ScopeMetrics(InstrumentationScope(SCOPE), metrics, "")

    def _join(self, theirs: export.MetricsData | None, resource: Resource) -> export.MetricsData:
        from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics

        ours = self.produce()
        if theirs is None or not theirs.resource_metrics:
            return MetricsData([ResourceMetrics(resource, [ours], "")])
        first, *rest = theirs.resource_metrics
        scopes = [*first.scope_metrics, ours]
        return MetricsData([ResourceMetrics(first.resource, scopes, first.schema_url), *rest])


class OpenTelemetryHandler(TelemetryHandler):
    """Hands each event to OpenTelemetry's logs, as a log record with an event name.

    Metrics do not come this way: see `OpenTelemetryProducer`.

    Args:
        logger_provider: The global one if it is left out.

    Raises:
        MissingExtraError: If OpenTelemetry's API is not installed.
    """

    def __init__(self, logger_provider: LoggerProvider | None = None) -> None:
        with require_extra("pepperpy-infra-telemetry", "otel"):
            from opentelemetry._logs import get_logger
        self._logger = get_logger(SCOPE, logger_provider=logger_provider)

    def handle_metric(self, metric: Metric) -> None:
        """Leave it to the producer."""

    def handle_event(self, event: Event) -> None:
        """Emit it."""
        from opentelemetry._logs import LogRecord, SeverityNumber

        at = event.timestamp
        attributes: dict[str, Any] = {**_attributes(event.data), **_labels(event.tags)}
        self._logger.emit(
            LogRecord(
                timestamp=None if at is None else int(at.timestamp() * 1e9),
                severity_text=event.level.value.upper(),
                severity_number=SeverityNumber(_SEVERITIES[event.level]),
                body=sendable(event.message),
                attributes=attributes,
                event_name=sendable(event.name),
            )
        )


_SEVERITIES: Final = {
    EventLevel.DEBUG: 5,
    EventLevel.INFO: 9,
    EventLevel.WARNING: 13,
    EventLevel.ERROR: 17,
    EventLevel.CRITICAL: 21,
}


def _attributes(data: Mapping[str, Any]) -> dict[str, Any]:
    """*data* as values that attributes can have."""
    return {sendable(name): _attribute(value) for name, value in data.items()}


def _attribute(value: Any) -> Any:
    if isinstance(value, bool | float) or (isinstance(value, int) and value in _INTEGERS):
        return value
    if not isinstance(value, str):  # an object may fail to be shown, or show a secret
        value = redact_text(text(value, MAX_MESSAGE))
    return sendable(value)


def _labels(tags: Mapping[str, str]) -> dict[str, str]:
    return {sendable(name): sendable(value) for name, value in tags.items()}


def _resource(collect: Any) -> Resource:
    """Whose metrics a reader collects by *collect*: what its provider says.

    The SDK says nothing where it has no metrics of its own.  To ask for it then would be too late as
    well: its detectors run in threads, which cannot be started when the program ends.
    """
    from opentelemetry.sdk.resources import Resource

    try:
        resource: Resource = collect.__self__._sdk_config.resource  # noqa: SLF001 - it tells nobody
    except AttributeError:  # it was wrapped by somebody else: as for a provider that was given none
        return Resource.create({})
    return resource


def _point(figure: Figure, since: int, now: int) -> Any:
    from opentelemetry.sdk.metrics import export

    attributes, seen = _labels(as_dict(figure.tags)), figure.value
    if not isinstance(seen, ExponentialHistogram):
        # A gauge has no beginning.
        start: Any = None if figure.type is MetricType.GAUGE else since
        return export.NumberDataPoint(attributes, start, now, _number(seen))
    seen = _within_span(seen)
    return export.ExponentialHistogramDataPoint(
        attributes,
        since,
        now,
        count=seen.count,
        sum=seen.sum,
        scale=seen.scale,
        zero_count=seen.zero_count,
        positive=_buckets(seen.positive),
        negative=_buckets(seen.negative),
        flags=0,
        min=seen.min,
        max=seen.max,
    )


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int) and value not in _INTEGERS else value


def _within_span(seen: ExponentialHistogram) -> ExponentialHistogram:
    while any(max(side) - min(side) >= MAX_SPAN for side in (seen.positive, seen.negative) if side):
        seen = seen.at_scale(seen.scale - 1)
    return seen


def _buckets(filled: Mapping[int, int]) -> Any:
    """The same without gaps, and counted from the index that OpenTelemetry gives the first."""
    from opentelemetry.sdk.metrics.export import Buckets

    if not filled:
        return Buckets(0, [0])
    first, last = min(filled), max(filled)
    return Buckets(first - 1, [filled.get(index, 0) for index in range(first, last + 1)])


def _data(type_: MetricType, points: list[Any]) -> Any:
    from opentelemetry.sdk.metrics import export

    cumulative = export.AggregationTemporality.CUMULATIVE
    if type_ is MetricType.COUNTER:
        return export.Sum(points, cumulative, is_monotonic=True)
    if type_ is MetricType.GAUGE:
        return export.Gauge(points)
    return export.ExponentialHistogram(points, cumulative)
