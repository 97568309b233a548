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
from ._collector import PrometheusCollector
from ._default import (
    disable_telemetry,
    enable_telemetry,
    flush_telemetry,
    get_provider_telemetry,
    is_telemetry_enabled,
    report_event,
    report_metric,
)
from ._endpoint import PrometheusServer, serve_prometheus
from ._errors import (
    EndpointError,
    ExportError,
    InvalidHandlerError,
    InvalidHistogramError,
    InvalidOptionError,
    MetricNotCapturedError,
    SharingError,
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
from ._opentelemetry import OpenTelemetryHandler, OpenTelemetryProducer
from ._otlp import OTLPHandler
from ._prometheus import prometheus_text
from ._provider import ProviderTelemetry
from ._scrape import prometheus_asgi, prometheus_wsgi
from ._sharing import SharedMetrics, join_metrics, share_metrics
from ._statsd_handler import StatsDHandler
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
    "EndpointError",
    "Event",
    "EventLevel",
    "ExponentialHistogram",
    "ExportError",
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
    "OTLPHandler",
    "OpenTelemetryHandler",
    "OpenTelemetryProducer",
    "PrometheusCollector",
    "PrometheusServer",
    "ProviderTelemetry",
    "SharedMetrics",
    "SharingError",
    "StatsDHandler",
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
    "join_metrics",
    "prometheus_asgi",
    "prometheus_text",
    "prometheus_wsgi",
    "report_event",
    "report_metric",
    "serve_prometheus",
    "share_metrics",
    "shutdown_telemetry",
]
