"""Telemetry: metrics that are cheap and exact, events, and handlers that never slow anybody down."""

from ._bound import (
    BoundCounter,
    BoundGauge,
    BoundHistogram,
    CounterFamily,
    GaugeFamily,
    HistogramFamily,
)
from ._capture import CapturedMetric, CapturedTelemetry, capture_metrics
from ._default import (
    disable_telemetry,
    enable_telemetry,
    flush_telemetry,
    get_provider_telemetry,
    is_telemetry_enabled,
    report_event,
    report_metric,
)
from ._errors import (
    InvalidHandlerError,
    InvalidHistogramError,
    InvalidOptionError,
    MetricNotCapturedError,
    TelemetryError,
    UnknownHandlerError,
)
from ._handlers import (
    CompositeTelemetryHandler,
    LoggingTelemetryHandler,
    MemoryTelemetryHandler,
    TelemetryHandler,
)
from ._histogram import ExponentialHistogram
from ._initialize import initialize_telemetry, shutdown_telemetry
from ._manager import TelemetryManager
from ._provider import ProviderTelemetry
from ._timer import TimedBlock
from ._types import Event, EventLevel, Metric, MetricType

__all__ = [
    "BoundCounter",
    "BoundGauge",
    "BoundHistogram",
    "CapturedMetric",
    "CapturedTelemetry",
    "CompositeTelemetryHandler",
    "CounterFamily",
    "Event",
    "EventLevel",
    "ExponentialHistogram",
    "GaugeFamily",
    "HistogramFamily",
    "InvalidHandlerError",
    "InvalidHistogramError",
    "InvalidOptionError",
    "LoggingTelemetryHandler",
    "MemoryTelemetryHandler",
    "Metric",
    "MetricNotCapturedError",
    "MetricType",
    "ProviderTelemetry",
    "TelemetryError",
    "TelemetryHandler",
    "TelemetryManager",
    "TimedBlock",
    "UnknownHandlerError",
    "capture_metrics",
    "disable_telemetry",
    "enable_telemetry",
    "flush_telemetry",
    "get_provider_telemetry",
    "initialize_telemetry",
    "is_telemetry_enabled",
    "report_event",
    "report_metric",
    "shutdown_telemetry",
]
