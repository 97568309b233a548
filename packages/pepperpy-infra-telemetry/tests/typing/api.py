"""The public names, used as a program would.  Checked by the type checkers, never run."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, assert_type

from pepperpy.infra.telemetry import (
    BoundCounter,
    BoundGauge,
    BoundHistogram,
    CapturedTelemetry,
    CompositeTelemetryHandler,
    CounterFamily,
    Event,
    EventLevel,
    ExponentialHistogram,
    GaugeFamily,
    HistogramFamily,
    LoggingTelemetryHandler,
    MemoryTelemetryHandler,
    Metric,
    MetricType,
    OpenTelemetryHandler,
    OpenTelemetryProducer,
    OTLPHandler,
    PrometheusCollector,
    PrometheusServer,
    ProviderTelemetry,
    SharedMetrics,
    StatsDHandler,
    TelemetryHandler,
    TelemetryManager,
    TimedBlock,
    UnknownHandlerError,
    capture_metrics,
    disable_telemetry,
    enable_telemetry,
    flush_telemetry,
    get_provider_telemetry,
    initialize_telemetry,
    is_telemetry_enabled,
    join_metrics,
    prometheus_asgi,
    prometheus_text,
    prometheus_wsgi,
    report_event,
    report_metric,
    serve_prometheus,
    share_metrics,
    shutdown_telemetry,
)
from pepperpy.infra.utils import FakeClock


def reporting() -> None:
    telemetry = get_provider_telemetry("shop")
    assert_type(telemetry, ProviderTelemetry)
    telemetry.report_metric("request_count", 1, MetricType.COUNTER)
    telemetry.report_metric("x", 1.5, MetricType.GAUGE, {"a": "b", "n": 3}, "console")
    telemetry.count("n")
    telemetry.gauge("g", 3, tags={"a": "b"})
    telemetry.histogram("h", 0.5, handler_name="console")
    telemetry.info("paid", "Paid", data={"order": 7}, tags={"via": "pix"})
    telemetry.critical("down", "Down")
    telemetry.report_event("e", EventLevel.ERROR, "m")
    report_metric("n", 1, MetricType.COUNTER, {"a": "b"})
    report_event("e", EventLevel.INFO, "m", {"a": 1})
    with telemetry.time("work", {"a": "b"}) as block:
        assert_type(block, TimedBlock)
    assert_type(block.elapsed_time, float)


async def timing() -> None:
    async with get_provider_telemetry("shop").time("work") as block:
        assert_type(block, TimedBlock)


def families(telemetry: ProviderTelemetry) -> None:
    counter = telemetry.counter("c", labels=("a", "b"))
    assert_type(counter, CounterFamily)
    assert_type(counter.labels("x", "y"), BoundCounter)
    counter.labels(a="x", b="y").inc(2)
    gauges = telemetry.gauge_family("g", ["a"])
    assert_type(gauges, GaugeFamily)
    assert_type(gauges.labels("x"), BoundGauge)
    gauges.labels("x").set(1.5)
    histograms = telemetry.histogram_family("h")
    assert_type(histograms, HistogramFamily)
    assert_type(histograms.labels(), BoundHistogram)
    histograms.observe(3)


class Console(TelemetryHandler):
    def handle_metric(self, metric: Metric) -> None:
        assert_type(metric.tags, Mapping[str, str])
        assert_type(metric.histogram, ExponentialHistogram | None)

    def handle_event(self, event: Event) -> None:
        assert_type(event.level, EventLevel)


def managing() -> None:
    manager = TelemetryManager(clock=FakeClock(), interval=timedelta(minutes=1), max_series=10)
    manager.register_handler("console", Console())
    manager.register_handler("all", CompositeTelemetryHandler([MemoryTelemetryHandler()]))
    manager.register_handler("logging", LoggingTelemetryHandler())
    manager.set_default_handler("console")
    manager.set_default_handler(None)
    with suppress(UnknownHandlerError):
        manager.unregister_handler("x")
    assert_type(manager.get_value("n", {"a": "b"}), float)
    assert_type(manager.snapshot(), list[dict[str, Any]])
    assert_type(manager.get_histogram("h", {"a": "b"}, MetricType.TIMER), ExponentialHistogram)
    assert_type(manager.largest(3), list[tuple[str, int]])
    assert_type(manager.flush(timeout=1), bool)
    assert_type(TelemetryManager.get_instance(), TelemetryManager)
    ProviderTelemetry("p", manager).count("n")


def setting_up() -> None:
    initialize_telemetry({"interval": 5}, log_metrics=True)
    assert_type(flush_telemetry(), bool)
    disable_telemetry()
    enable_telemetry()
    assert_type(is_telemetry_enabled(), bool)
    shutdown_telemetry()


def distributions() -> None:
    seen = ExponentialHistogram.of([1.0, 2.0]).merge(ExponentialHistogram())
    assert_type(ExponentialHistogram.from_dict(seen.to_dict()), ExponentialHistogram)
    assert_type(ExponentialHistogram.merged([seen]), ExponentialHistogram)
    assert_type(seen.quantile(0.5), float)
    assert_type(seen.count, int)


async def testing() -> None:
    with capture_metrics() as m:
        assert_type(m, CapturedTelemetry)
    async with capture_metrics(TelemetryManager()) as n:
        assert_type(n, CapturedTelemetry)
    assert_type(m["x"].value, float)
    assert_type(m["x"].histogram, ExponentialHistogram)
    assert_type(m.events, list[Event])
    assert_type(m.names, list[str])


def exporters(manager: TelemetryManager) -> None:
    assert_type(prometheus_text(), str)
    assert_type(prometheus_text(manager, openmetrics=True), str)
    with serve_prometheus(0, manager=manager) as server:
        assert_type(server, PrometheusServer)
        assert_type(server.port, int)
        assert_type(server.url, str)
    prometheus_wsgi(manager)({}, print)
    prometheus_asgi(manager)
    PrometheusCollector(manager).collect()
    OpenTelemetryProducer(manager).produce()
    manager.register_handler("events", OpenTelemetryHandler())
    statsd = StatsDHandler("localhost", dialect="graphite", prefix="shop.")
    assert_type(statsd.dropped, int)
    assert_type(ExponentialHistogram.of([1]).at_scale(0), ExponentialHistogram)


def many_processes(manager: TelemetryManager) -> None:
    shared = share_metrics(manager, gauges={"depth": "sum", "age": "max"}, timeout=timedelta(1))
    assert_type(shared, SharedMetrics)
    assert_type(shared.address, str)
    assert_type(join_metrics(shared.address), SharedMetrics)
    assert_type(prometheus_text(shared), str)
    prometheus_wsgi(shared)
    prometheus_asgi(shared)
    PrometheusCollector(shared)
    with share_metrics(gauges="sum") as other, serve_prometheus(manager=other) as server:
        assert_type(server.port, int)
    handler = OTLPHandler("http://localhost:4318", resource={"service.name": "shop"}, timeout=3)
    manager.register_handler("otlp", handler)
