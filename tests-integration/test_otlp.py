"""Workers that export by OTLP/HTTP to a collector that is well, slow, busy, broken or not there."""

from __future__ import annotations

import re
import signal
import socket
import struct
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from pepperpy.infra.telemetry import InvalidOptionError, OTLPHandler, TelemetryManager
from pepperpy.infra.utils import Signal, subscribe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Collector:
    """Takes what comes by OTLP/HTTP, and keeps of each stream what a back end would."""

    def __init__(self, port: int = 0) -> None:
        self.sums: dict[tuple[Any, ...], float] = {}
        self.counts: dict[tuple[Any, ...], int] = {}
        self.buckets: Counter[int] = Counter()
        self.resources: list[dict[str, Any]] = []
        self.events: list[str] = []
        self.requests = 0
        self.behave: Callable[[BaseHTTPRequestHandler], bool] = lambda _: True
        self.lock = threading.Lock()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with collector.lock:
                    collector.requests += 1
                if collector.behave(self):
                    collector.take(self.path, body)
                    self.answer(200)

            def answer(self, status: int, **headers: str) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                """The clients of these tests go away at any time."""

        self.server = Server(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def take(self, path: str, body: bytes) -> None:
        with self.lock:
            if path == "/v1/metrics":
                for part in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                    self._take_metrics(attributes(part.resource.attributes), part)
            else:
                assert path == "/v1/logs"
                for part in ExportLogsServiceRequest.FromString(body).resource_logs:
                    for scope in part.scope_logs:
                        self.events += [each.event_name for each in scope.log_records]

    def _take_metrics(self, resource: dict[str, Any], part: Any) -> None:
        if resource not in self.resources:
            self.resources.append(resource)
        who = resource["service.instance.id"]
        for scope in part.scope_metrics:
            for metric in scope.metrics:
                if metric.WhichOneof("data") == "sum":
                    assert metric.sum.is_monotonic
                    assert metric.sum.aggregation_temporality == 2  # cumulative
                    for point in metric.sum.data_points:
                        value = point.as_int or point.as_double
                        key = (who, metric.name, *sorted(attributes(point.attributes).items()))
                        assert value >= self.sums.get(key, 0), "a cumulative sum went down"
                        self.sums[key] = value
                elif metric.WhichOneof("data") == "exponential_histogram":
                    assert metric.exponential_histogram.aggregation_temporality == 2
                    for point in metric.exponential_histogram.data_points:
                        assert sum(point.positive.bucket_counts) + point.zero_count == point.count
                        self.counts[who, metric.name] = point.count

    def total(self, name: str) -> float:
        with self.lock:
            return sum(value for key, value in self.sums.items() if key[1] == name)

    def count(self, name: str) -> int:
        with self.lock:
            return sum(value for key, value in self.counts.items() if key[1] == name)


def attributes(given: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in given}


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def signals() -> Iterator[list[Signal]]:
    heard: list[Signal] = []
    unsubscribe = subscribe(heard.append)
    yield heard
    unsubscribe()


def exporting(url: str, **options: Any) -> tuple[TelemetryManager, OTLPHandler]:
    manager = TelemetryManager(interval=3600, log_events=False, flush_timeout=20)
    handler = OTLPHandler(url, manager=manager, resource={"service.name": "shop"}, **options)
    manager.register_handler("otlp", handler)
    return manager, handler


WORKERS = """
import os, signal, sys, time, warnings
from pepperpy.infra.telemetry import (
    EventLevel, MetricType, OTLPHandler, TelemetryManager, report_event, report_metric,
)
warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*fork.*")
manager = TelemetryManager.get_instance()
manager.register_handler("otlp", OTLPHandler(os.environ["URL"], resource={"service.name": "shop"}))

def work(amount):
    for _ in range(amount):
        report_metric("orders", 1, MetricType.COUNTER, {"country": "br"})
        report_metric("price", 7, MetricType.HISTOGRAM)
    report_metric("busy", 1, MetricType.GAUGE)
    report_event("worker.done", EventLevel.INFO, "Done")
"""


class TestWorkers:
    def test_what_forked_workers_counted_adds_up_after_they_have_ended(
        self, program: Any, collector: Collector
    ) -> None:
        program.run(
            WORKERS
            + """
work(1000)
manager.flush()  # so that there is a connection that a child must not use
pids = []
for amount in (1, 10, 100):
    pid = os.fork()
    if not pid:
        work(amount)
        if amount == 10:
            manager.flush()
        sys.exit(0)
    pids.append(pid)
codes = {os.waitpid(pid, 0)[1] for pid in pids}
work(1)
assert codes == {0}, codes
""",
            environ={"URL": collector.url},
        )

        assert collector.total("orders") == 1112
        assert collector.count("price") == 1112
        assert collector.events == ["worker.done"] * 5
        assert {each["service.name"] for each in collector.resources} == {"shop"}
        assert len({each["service.instance.id"] for each in collector.resources}) == 4
        assert len({each["process.pid"] for each in collector.resources}) == 4

    def test_the_lines_of_the_page_export(self, program: Any, collector: Collector) -> None:
        page = Path(__file__).parent.parent / "docs/pages/telemetry/many-processes.md"
        (block,) = [
            block
            for block in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
            if "def export_by_otlp" in block
        ]

        program.run(
            f"""
{block}
export_by_otlp({collector.url!r})
TelemetryManager.get_instance().count("orders", 3)
"""
        )

        assert collector.total("orders") == 3
        assert collector.resources[0]["service.name"] == "shop"

    def test_children_of_multiprocessing_export_when_they_end(
        self, program: Any, collector: Collector
    ) -> None:
        program.run(
            WORKERS
            + """
import multiprocessing
fork = multiprocessing.get_context("fork")
children = [fork.Process(target=work, args=(amount,)) for amount in (1, 10)]
for child in children: child.start()
for child in children: child.join()
""",
            environ={"URL": collector.url},
        )

        assert collector.total("orders") == 11

    def test_a_worker_that_is_told_to_terminate_exports_if_it_ends_in_order(
        self, program: Any, collector: Collector
    ) -> None:
        program.run(
            WORKERS
            + f"""
read, write = os.pipe()
pid = os.fork()
if not pid:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    work(5)
    os.write(write, b"x")
    signal.pause()
os.read(read, 1)
os.kill(pid, {int(signal.SIGTERM)})
os.waitpid(pid, 0)
""",
            environ={"URL": collector.url},
        )

        assert collector.total("orders") == 5

    def test_no_collector_keeps_no_program_from_ending(self, program: Any) -> None:
        with socket.create_server(("127.0.0.1", 0)) as nobody:  # listens, and never answers
            began = time.monotonic()
            program.run(
                WORKERS
                + """
from pepperpy.infra.telemetry import initialize_telemetry
initialize_telemetry(flush_timeout=0.5)
began = time.monotonic()
work(1000)
assert time.monotonic() - began < 1
""",
                environ={"URL": f"http://127.0.0.1:{nobody.getsockname()[1]}"},
            )

        assert time.monotonic() - began < 15


class TestFaults:
    def test_a_collector_that_is_down_is_told_once_and_has_everything_when_it_comes_back(
        self, signals: list[Signal]
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        manager, handler = exporting(f"http://127.0.0.1:{port}", timeout=0.3)
        for turn in range(3):
            manager.count("orders", 2)
            manager.report_event(f"turn.{turn}", "info", "m")  # type: ignore[arg-type]
            assert not manager.flush()
        told = [each.kind for each in signals]

        collector = Collector(port)
        try:
            assert manager.flush()
            manager.close()

            assert told == ["telemetry.handler_failed"]
            assert collector.total("orders") == 6
            assert collector.events == ["turn.0", "turn.1", "turn.2"]
            assert handler.inspect()["facts"]["failures"] == 3
            assert handler.dropped == 0
        finally:
            handler.close()
            collector.close()

    @pytest.mark.parametrize("status", [429, 503])
    def test_a_busy_collector_gets_it_when_it_said(
        self, collector: Collector, signals: list[Signal], status: int
    ) -> None:
        refusals = [status, status]
        at: list[float] = []

        def busy(request: Any) -> bool:
            at.append(time.monotonic())
            if not refusals:
                return True
            request.answer(refusals.pop(), Retry_After="1")
            return False

        collector.behave = busy
        manager, handler = exporting(collector.url, timeout=15)
        manager.count("orders", 3)

        assert manager.flush()
        manager.close()
        handler.close()

        assert collector.total("orders") == 3
        assert at[1] - at[0] >= 0.5
        assert signals == []

    @pytest.mark.parametrize("status", [301, 302, 307])
    def test_a_collector_that_redirects_has_taken_nothing(
        self, collector: Collector, status: int
    ) -> None:
        def elsewhere(request: Any) -> bool:
            request.answer(status, Location=f"{collector.url}/elsewhere")
            return False

        collector.behave = elsewhere
        manager, handler = exporting(collector.url, timeout=5)
        manager.count("orders", 3)
        manager.report_event("ready", "info", "m")  # type: ignore[arg-type]

        assert not manager.flush()
        facts = handler.inspect()["facts"]
        collector.behave = lambda _: True
        assert manager.flush()
        manager.close()
        handler.close()

        assert facts == {"exports": 0, "failures": 1, "waiting": 1, "dropped": 0}
        assert collector.total("orders") == 3
        assert collector.events == ["ready"]

    @pytest.mark.parametrize("said", [b"\xff\x00abc", b"NONSENSE", b""])
    def test_an_answer_that_makes_no_sense_harms_nobody(
        self, collector: Collector, said: bytes
    ) -> None:
        def babble(request: Any) -> bool:
            request.send_response(200)
            request.send_header("Content-Encoding", "gzip")
            request.send_header("Content-Length", str(len(said)))
            request.end_headers()
            request.wfile.write(said)
            request.close_connection = True
            return False

        collector.behave = babble
        manager, handler = exporting(collector.url, timeout=1)
        manager.count("orders", 3)
        taken = manager.flush()
        collector.behave = lambda _: True

        assert taken is (said == b"")
        assert manager.flush()
        manager.close()
        handler.close()
        assert collector.total("orders") == 3

    def test_a_query_in_the_endpoint_is_refused_without_being_shown(self) -> None:
        with pytest.raises(InvalidOptionError, match="query") as caught:
            OTLPHandler("http://localhost:4318/?token=s3cret")

        assert "s3cret" not in str(caught.value)

    def test_a_reply_that_is_cut_off_counts_nothing_twice(self, collector: Collector) -> None:
        cut = [True, True]

        def cuts(request: Any) -> bool:
            if not cut or request.path != "/v1/metrics":
                return True
            cut.pop()
            # It has it, and the client never hears of that.
            collector.sums["seen", "orders"] = 0
            request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
            request.wfile.flush()
            linger = struct.pack("ii", 1, 0)
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            request.connection.close()
            request.close_connection = True
            return False

        collector.behave = cuts
        manager, handler = exporting(collector.url, timeout=5)
        manager.count("orders", 3)
        manager.histogram("price", 7)
        for _ in range(3):
            manager.flush()
        manager.count("orders", 1)

        assert manager.flush()
        manager.close()
        handler.close()

        assert (collector.total("orders"), collector.count("price")) == (4, 1)

    def test_a_slow_collector_slows_no_caller(self, collector: Collector) -> None:
        goes_on = threading.Event()

        def slow(_: Any) -> bool:
            goes_on.wait(20)
            return True

        collector.behave = slow
        manager, handler = exporting(collector.url)
        manager.count("orders")
        began = time.monotonic()
        in_time = manager.flush(0.2)
        for _ in range(10_000):
            manager.count("orders")
        took = time.monotonic() - began
        goes_on.set()

        assert not in_time
        assert took < 5
        assert manager.flush(20)
        assert collector.total("orders") == 10_001
        manager.close()
        handler.close()

    def test_events_that_nobody_takes_are_bounded_and_counted(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        manager, handler = exporting(f"http://127.0.0.1:{port}", timeout=0.1)
        for _ in range(2):
            for number in range(700):
                manager.report_event(f"e.{number}", "info", "m")  # type: ignore[arg-type]
            manager.flush()

        facts = handler.inspect()["facts"]
        manager.close()
        handler.close()

        assert (facts["waiting"], facts["dropped"]) == (1000, 400)
