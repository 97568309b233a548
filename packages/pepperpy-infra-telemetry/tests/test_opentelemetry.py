"""What OpenTelemetry's SDK collects, and what a collector receives of it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs import export as logs
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    InMemoryMetricReader,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource

from pepperpy.infra.telemetry import (
    EventLevel,
    MetricType,
    OpenTelemetryHandler,
    OpenTelemetryProducer,
    TelemetryManager,
)
from pepperpy.infra.utils import FakeClock

from .test_processes import FORKS, run


def attached(manager: TelemetryManager, **options: Any) -> tuple[MeterProvider, Any]:
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader], shutdown_on_exit=False, **options)
    OpenTelemetryProducer(manager).attach(reader)
    return provider, reader


def collected(reader: InMemoryMetricReader) -> dict[str, Any]:
    data = reader.get_metrics_data()
    assert data is not None
    (resource,) = data.resource_metrics
    return {metric.name: metric for scope in resource.scope_metrics for metric in scope.metrics}


class TestProducer:
    def test_a_reader_collects_our_metrics(self, clock: FakeClock) -> None:
        manager = TelemetryManager(clock=clock)
        _, reader = attached(manager)
        began = clock.time()
        clock.advance(60)
        manager.count("http.requests", 3, tags={"route": "/a"})
        manager.gauge("depth", 2.5)

        found = collected(reader)

        counter = found["http.requests"].data
        assert counter.is_monotonic
        assert counter.aggregation_temporality is AggregationTemporality.CUMULATIVE
        (point,) = counter.data_points
        assert (point.attributes, point.value) == ({"route": "/a"}, 3)
        assert point.start_time_unix_nano == int(began * 1e9)
        assert [point.value for point in found["depth"].data.data_points] == [2.5]

    def test_what_is_collected_adds_up(self) -> None:
        manager = TelemetryManager()
        _, reader = attached(manager)
        values = []
        for _ in range(3):
            manager.count("n", 2)
            values.append(collected(reader)["n"].data.data_points[0].value)

        assert values == [2, 4, 6]

    def test_the_sdks_own_metrics_are_still_there(self) -> None:
        manager = TelemetryManager()
        provider, reader = attached(manager)
        provider.get_meter("theirs").create_counter("theirs").add(1)
        manager.count("ours")

        assert {"theirs", "ours"} <= set(collected(reader))

    def test_histograms_are_those_that_the_sdk_would_have_made(self) -> None:
        values = [0.0, 0.001, 0.5, 1.0, 1.5, 2.0, 3.0, 1000.0]
        manager = TelemetryManager()
        view = View(
            instrument_name="theirs",
            aggregation=ExponentialBucketHistogramAggregation(max_size=320, max_scale=3),
        )
        provider, reader = attached(manager, views=[view])
        theirs = provider.get_meter("m").create_histogram("theirs")
        for value in values:
            theirs.record(value)
            manager.report_metric("ours", value, MetricType.TIMER)

        found = collected(reader)
        (their,) = found["theirs"].data.data_points
        (our,) = found["ours"].data.data_points

        assert found["ours"].unit == "s"
        assert (our.count, our.sum, our.min, our.max) == (8, 1008.0005 + 0.0005, 0.0, 1000.0)
        assert our.zero_count == their.zero_count == 1
        assert our.scale >= their.scale
        assert at_scale(our, their.scale) == at_scale(their, their.scale)

    def test_negative_values_and_wide_ranges_stay_small(self) -> None:
        manager = TelemetryManager()
        _, reader = attached(manager)
        for value in (1e-200, 1e200, -3, -4):
            manager.histogram("h", value)

        (point,) = collected(reader)["h"].data.data_points

        assert len(point.positive.bucket_counts) <= 320
        assert sum(point.positive.bucket_counts) == sum(point.negative.bucket_counts) == 2
        assert point.count == 4

    def test_it_is_said_of_whom_the_provider_says(self) -> None:
        manager = TelemetryManager()
        _, reader = attached(manager, resource=Resource({"service.name": "shop"}))
        manager.count("n")

        (part,) = reader.get_metrics_data().resource_metrics

        assert part.resource.attributes["service.name"] == "shop"

    def test_an_empty_manager_can_be_collected(self) -> None:
        _, reader = attached(TelemetryManager())

        assert collected(reader) == {}

    def test_a_reader_without_provider_is_refused(self) -> None:
        with pytest.raises(ValueError, match="MeterProvider first"):
            OpenTelemetryProducer(TelemetryManager()).attach(InMemoryMetricReader())

    def test_secrets_are_masked(self) -> None:
        manager = TelemetryManager()
        _, reader = attached(manager)
        manager.count("n", tags={"api_key": "k-1"})

        (point,) = collected(reader)["n"].data.data_points

        assert point.attributes == {"api_key": "***"}

    def test_no_name_value_or_tag_fails_the_export_of_all(self) -> None:
        manager = TelemetryManager()
        _, reader = attached(manager)
        manager.count("n", 2**70)
        manager.gauge("g", -(2**64))
        manager.count("lone \ud800", tags={"name \ud800": "value \udfff"})

        sent = encode_metrics(reader.get_metrics_data()).SerializeToString()
        found = collected(reader)

        assert len(sent) > 100
        assert found["n"].data.data_points[0].value == 2.0**70
        assert found["g"].data.data_points[0].value == -(2.0**64)
        (point,) = found["lone ?"].data.data_points
        assert point.attributes == {"name ?": "value ?"}

    def test_attaching_twice_is_as_good_as_once(self) -> None:
        manager = TelemetryManager()
        producer = OpenTelemetryProducer(manager)
        provider = MeterProvider(metric_readers=[other := InMemoryMetricReader()])
        manager.count("n")
        for _ in range(2):
            producer.attach(other)

        (resource,) = other.get_metrics_data().resource_metrics
        assert [metric.name for scope in resource.scope_metrics for metric in scope.metrics] == [
            "n"
        ]
        provider.shutdown()

    def test_a_collector_receives_it_by_otlp(self) -> None:
        received: list[bytes] = []

        class Collector(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        manager = TelemetryManager()
        manager.count("orders", 3, tags={"country": "br"})
        manager.histogram("size", 4)
        with HTTPServer(("127.0.0.1", 0), Collector) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            url = f"http://127.0.0.1:{server.server_port}/v1/metrics"
            reader = PeriodicExportingMetricReader(
                OTLPMetricExporter(url), export_interval_millis=float("inf")
            )
            provider = MeterProvider(metric_readers=[reader], shutdown_on_exit=False)
            OpenTelemetryProducer(manager).attach(reader)
            provider.force_flush()
            provider.shutdown()
            server.shutdown()
            thread.join()

        message = ExportMetricsServiceRequest.FromString(received[0])
        (scope,) = message.resource_metrics[0].scope_metrics
        orders, size = scope.metrics
        assert scope.scope.name == "pepperpy.infra.telemetry"
        assert orders.sum.data_points[0].as_int == 3
        assert orders.sum.data_points[0].attributes[0].value.string_value == "br"
        assert size.exponential_histogram.data_points[0].positive.bucket_counts == [1]


class TestExit:
    def test_the_last_export_is_made_when_the_program_ends(self, tmp_path: Path) -> None:
        lines = run(
            tmp_path,
            """
            from opentelemetry.sdk.metrics import MeterProvider
            from opentelemetry.sdk.metrics.export import (
                MetricExporter, MetricExportResult, PeriodicExportingMetricReader,
            )
            from pepperpy.infra.telemetry import *

            class Printer(MetricExporter):
                def export(self, metrics_data, timeout_millis=0, **_):
                    for scope in metrics_data.resource_metrics[0].scope_metrics:
                        for metric in scope.metrics:
                            print(metric.name, metric.data.data_points[0].value)
                    return MetricExportResult.SUCCESS
                def force_flush(self, timeout_millis=0):
                    return True
                def shutdown(self, timeout_millis=0, **_):
                    pass

            reader = PeriodicExportingMetricReader(Printer(), export_interval_millis=3_600_000)
            provider = MeterProvider(metric_readers=[reader])
            manager = TelemetryManager()
            OpenTelemetryProducer(manager).attach(reader)
            manager.count("n", 3)
            """,
        )

        assert lines == ["n 3"]


def at_scale(point: Any, scale: int) -> dict[int, int]:
    """The positive buckets, joined to *scale*, by OpenTelemetry's index."""
    found: dict[int, int] = {}
    for place, count in enumerate(point.positive.bucket_counts):
        index = (point.positive.offset + place) >> (point.scale - scale)
        if count:
            found[index] = found.get(index, 0) + count
    return found


@FORKS
class TestFork:
    def test_a_childs_sums_begin_with_the_fork(self, tmp_path: Path) -> None:
        lines = run(
            tmp_path,
            """
            import os, time
            from pepperpy.infra.telemetry import *
            telemetry = get_provider_telemetry("p")
            telemetry.count("n", 5)
            producer, before = OpenTelemetryProducer(), time.time_ns()
            pid = os.fork()
            telemetry.count("n", 2)
            (metric, *_) = producer.produce().metrics
            point = metric.data.data_points[0]
            if pid == 0:
                os.write(1, f"{point.value} {point.start_time_unix_nano > before - 1000}\\n".encode())
                os._exit(0)
            os.waitpid(pid, 0)
            print(point.value, point.start_time_unix_nano > before)
            """,
        )

        assert lines == ["2 True", "7 False"]


class Unshowable:
    def __str__(self) -> str:
        raise ValueError("no")

    __repr__ = __str__


class Connection:
    def __repr__(self) -> str:
        return "Connection(password=hunter2)"


class TestEvents:
    def test_an_event_becomes_a_log_record(self, manager: TelemetryManager, clock) -> None:
        kept = exporter()
        provider = LoggerProvider(shutdown_on_exit=False)
        provider.add_log_record_processor(logs.SimpleLogRecordProcessor(kept))
        manager.register_handler("otel", OpenTelemetryHandler(provider))
        manager.report_event(
            "order.paid",
            EventLevel.WARNING,
            "Paid, token=abc",
            data={"order": 7, "items": ["a"], "password": "x"},
            tags={"via": "pix"},
        )
        manager.flush()

        (finished,) = kept.get_finished_logs()
        record = finished.log_record
        assert record.event_name == "order.paid"
        assert record.body == "Paid, token=***"
        assert record.severity_text == "WARNING"
        assert record.severity_number.value == 13
        assert record.timestamp == int(clock.time() * 1e9)
        assert dict(record.attributes) == {
            "order": 7, "items": "['a']", "password": "***", "via": "pix",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (2**70, str(2**70)),
            ("lone \ud800", "lone ?"),
            (b"\xff", "b'\\xff'"),
            ([1, 2**70], f"[1, {2**70}]"),
            (Unshowable(), "<Unshowable>"),
            (Connection(), "Connection(password=***)"),
        ],
    )
    def test_whatever_data_an_event_has_it_can_be_exported_without_secrets(
        self, manager: TelemetryManager, value: object, shown: str
    ) -> None:
        kept = exporter()
        provider = LoggerProvider(shutdown_on_exit=False)
        provider.add_log_record_processor(logs.SimpleLogRecordProcessor(kept))
        manager.register_handler("otel", OpenTelemetryHandler(provider))

        manager.report_event(
            "n \ud800", EventLevel.INFO, "m \ud800", {"item": value, "k \ud800": 1}, {"t": "\ud800"}
        )

        assert manager.flush()
        finished = kept.get_finished_logs()
        assert encode_logs(finished).SerializeToString()
        attributes = finished[0].log_record.attributes
        assert dict(attributes) == {"item": shown, "k ?": 1, "t": "?"}


def exporter() -> Any:
    """The SDK's, which changed its name."""
    new = getattr(logs, "InMemoryLogRecordExporter", None)
    return new() if new is not None else logs.InMemoryLogExporter()
