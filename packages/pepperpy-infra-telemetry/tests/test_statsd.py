"""What a StatsD server gets, read from a socket."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.telemetry import (
    EventLevel,
    InvalidOptionError,
    MetricType,
    StatsDHandler,
    TelemetryManager,
)
from pepperpy.infra.telemetry import _statsd_handler as module
from pepperpy.infra.telemetry._statsd import event_line, metric_lines
from pepperpy.infra.telemetry._types import Event, Metric
from pepperpy.infra.utils import FakeClock

from .test_processes import FORKS, run


class Server:
    """Takes packets."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]

    def packets(self) -> list[bytes]:
        taken = []
        while True:
            try:
                taken.append(self.socket.recv(65536))
            except BlockingIOError:
                return taken

    def lines(self) -> list[str]:
        return [line for packet in self.packets() for line in packet.decode().split("\n")]


class Lookup:
    """What a host name stands for."""

    def __init__(self, *servers: Server) -> None:
        self.servers = list(servers)

    def __call__(self, *_: object, **__: object) -> list:
        kind = (socket.AF_INET, socket.SOCK_DGRAM, 0, "")
        return [(*kind, ("127.0.0.1", server.port)) for server in self.servers]


@pytest.fixture
def server():
    server = Server()
    yield server
    server.socket.close()


@pytest.fixture
def handler(server: Server, manager: TelemetryManager):
    handler = StatsDHandler(port=server.port, prefix="shop.")
    manager.register_handler("statsd", handler)
    yield handler
    manager.close()
    handler.close()


def closed_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class TestLines:
    def test_metrics_are_these_lines(
        self, handler: StatsDHandler, manager: TelemetryManager, server: Server
    ) -> None:
        manager.count("orders", 3, tags={"country": "br", "b": 2})
        manager.gauge("depth", -2.5)
        for value in (1, 2, 3):
            manager.histogram("size", value)

        assert manager.flush()

        quantiles = [manager.get_histogram("size").quantile(q) for q in (0.5, 0.9, 0.99)]
        assert server.lines() == [
            "shop.orders:3|c|#b:2,country:br",
            "shop.depth:-2.5|g",
            "shop.size.count:3|c",
            "shop.size.sum:6.0|c",
            "shop.size.min:1.0|g",
            "shop.size.max:3.0|g",
            *(
                f"shop.size.{name}:{value!r}|g"
                for name, value in zip(("p50", "p90", "p99"), quantiles, strict=True)
            ),
        ]

    def test_counters_are_exact_over_flushes(
        self, handler: StatsDHandler, manager: TelemetryManager, server: Server
    ) -> None:
        for amount in (1, 2.5, 1000):
            manager.count("n", amount)
            manager.flush()
        manager.flush()

        assert server.lines() == ["shop.n:1|c", "shop.n:2.5|c", "shop.n:1000.0|c"]

    def test_graphite_has_tags_after_the_name(
        self, manager: TelemetryManager, server: Server
    ) -> None:
        handler = StatsDHandler(port=server.port, dialect="graphite")
        manager.register_handler("statsd", handler)
        manager.count("n", tags={"a": "x:y;z"})
        manager.count("pattern", tags={"a": "~x", "b": "~~"})
        manager.gauge("g", -1)
        manager.report_event("e", EventLevel.ERROR, "not sent")
        manager.flush()

        # A signed gauge would be a change.
        assert server.lines() == [
            "n;a=x_y_z:1|c", "pattern;a=x;b=_:1|c", "g:0|g", "g:-1|g",
        ]  # fmt: skip
        manager.close()
        handler.close()

    def test_events_are_sent_with_sizes_in_bytes(
        self, handler: StatsDHandler, manager: TelemetryManager, server: Server
    ) -> None:
        manager.report_event("paid", EventLevel.ERROR, "é\n|x", tags={"via": "pix"})
        manager.flush()

        assert server.lines() == ["_e{9,6}:shop.paid|é\\n/x|t:error|#via:pix"]

    def test_secrets_are_masked(
        self, handler: StatsDHandler, manager: TelemetryManager, server: Server
    ) -> None:
        manager.count("n", tags={"api_key": "k-1"})
        manager.report_event("e", EventLevel.INFO, "password=hunter2")
        manager.flush()

        assert not any("k-1" in line or "hunter2" in line for line in server.lines())

    @given(
        name=st.text(max_size=8),
        tags=st.dictionaries(st.text(max_size=4), st.text(max_size=8), max_size=3),
        dialect=st.sampled_from(["datadog", "graphite"]),
    )
    def test_no_name_or_tag_breaks_a_line(self, name: str, tags: dict, dialect) -> None:
        metric = Metric(name, MetricType.COUNTER, 1, tags)

        (line,) = metric_lines(metric, "", dialect)

        line.encode()
        head, _, tail = line.partition("|")
        assert head.count(":") == 1
        assert head.endswith(":1")
        assert tail == "c" or tail.startswith("c|#")
        assert not set("\n\r ") & set(line)
        shown = sum(1 for value in tags.values() if value)
        parts = tail[3:].split(",") if tail != "c" else head.split(";")[1:]
        assert len(parts) == shown

    @given(name=st.text(max_size=8), message=st.text(max_size=20))
    def test_no_event_breaks_a_line(self, name: str, message: str) -> None:
        line = event_line(Event(name, EventLevel.INFO, message), "")

        sizes, _, rest = line.partition("}:")
        title, text, level = rest.split("|")
        assert sizes == f"_e{{{len(title.encode())},{len(text.encode())}"
        assert level == "t:info"
        assert not set("\n\r") & set(line)


class TestPackets:
    def test_lines_share_packets_up_to_the_size(
        self, manager: TelemetryManager, server: Server
    ) -> None:
        handler = StatsDHandler(port=server.port, max_packet=100)
        for number in range(50):
            manager.count(f"n{number}")
        manager.register_handler("statsd", handler)
        manager.flush()

        packets = server.packets()
        assert all(len(packet) <= 100 for packet in packets)
        assert len(packets) <= 5
        assert sum(packet.count(b"\n") + 1 for packet in packets) == 50
        manager.close()
        handler.close()

    def test_a_line_that_no_server_reads_is_dropped_and_counted(
        self, handler: StatsDHandler, manager: TelemetryManager, server: Server
    ) -> None:
        manager.count("long", tags={f"tag{number}": "x" * 490 for number in range(20)})
        manager.count("n")
        assert manager.flush()

        assert server.lines() == ["shop.n:1|c"]
        assert handler.dropped == 1
        assert handler.inspect()["facts"]["dropped"] == 1

    def test_wrong_options_are_refused_at_once(self) -> None:
        with pytest.raises(InvalidOptionError, match="dialect must be"):
            StatsDHandler(dialect="plain")  # type: ignore[arg-type]
        for option, values in {
            "max_packet": (10, 10**6, "1432", 100.5, True),
            "port": (0, 70_000, -1, "8125", None, True),
            "host": (None, 5, b"localhost"),
            "prefix": (None, 5),
        }.items():
            for value in values:
                with pytest.raises(InvalidOptionError, match=f"{option} must be"):
                    StatsDHandler(**{option: value})  # type: ignore[arg-type]


class TestFailures:
    def test_a_server_that_is_not_there_is_told_of_once_and_nobody_waits(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        manager = TelemetryManager(clock=FakeClock())
        handler = StatsDHandler(port=closed_port())
        manager.register_handler("statsd", handler)
        well = []
        for _ in range(6):
            manager.count("n")
            well.append(manager.flush())

        # The first packet is only known to be lost when the second is sent.
        assert well[0] is True
        assert not any(well[2:])
        assert caplog.messages == [
            "telemetry.handler_failed of statsd: error=ConnectionRefusedError"
        ]
        manager.close()
        handler.close()

    def test_it_is_not_told_again_because_there_was_nothing_to_send(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        manager = TelemetryManager(clock=FakeClock())
        handler = StatsDHandler(port=closed_port())
        manager.register_handler("statsd", handler)
        for _ in range(4):
            manager.count("n")
            manager.flush()
            manager.flush()
            manager.flush()

        assert len(caplog.messages) == 1
        manager.close()
        handler.close()

    def test_a_server_that_comes_back_is_well_again(self, caplog: pytest.LogCaptureFixture) -> None:
        port = closed_port()
        manager = TelemetryManager(clock=FakeClock())
        handler = StatsDHandler(port=port)
        manager.register_handler("statsd", handler)
        for _ in range(3):
            manager.count("n")
            manager.flush()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
            back.bind(("127.0.0.1", port))
            well = []
            for _ in range(3):
                manager.count("n", 10)
                well.append(manager.flush())
            received = [back.recv(100) for _ in range(3)]

        assert well == [False, True, True]  # what was sent before it came back is lost
        assert received == [b"n:10|c"] * 3
        assert len(caplog.messages) == 1
        manager.close()
        handler.close()

    def test_what_could_not_be_sent_waits_for_the_next_flush(
        self,
        handler: StatsDHandler,
        manager: TelemetryManager,
        server: Server,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def unreachable(*_: object, **__: object) -> None:
            raise socket.gaierror("no such host")

        manager.count("n", 3)
        with monkeypatch.context() as patch:
            patch.setattr(socket, "getaddrinfo", unreachable)
            assert not manager.flush()
        manager.count("n", 4)
        assert manager.flush()

        assert server.lines() == ["shop.n:3|c", "shop.n:4|c"]

    def test_a_server_that_moves_is_looked_up_anew(
        self, server: Server, manager: TelemetryManager, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        moved = Server()
        monkeypatch.setattr(socket, "getaddrinfo", lookup := Lookup(server))
        handler = StatsDHandler("statsd.internal", 8125)
        manager.register_handler("statsd", handler)
        for every in (60, 60, 0):
            monkeypatch.setattr(module, "LOOK_UP_EVERY", every)
            manager.count("n")
            assert manager.flush()
            lookup.servers = [moved]

        assert (server.lines(), moved.lines()) == (["n:1|c"] * 2, ["n:1|c"])
        manager.close()
        handler.close()
        moved.socket.close()

    def test_where_nobody_listens_the_next_address_is_tried(
        self, server: Server, manager: TelemetryManager, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nobody = Server()
        nobody.socket.close()
        monkeypatch.setattr(socket, "getaddrinfo", Lookup(nobody, server))
        handler = StatsDHandler("localhost", 8125)
        manager.register_handler("statsd", handler)
        well = []
        for _ in range(5):
            manager.count("n")
            well.append(manager.flush())

        assert well == [True, False, True, True, True]
        assert server.lines() == ["n:1|c"] * 3
        manager.close()
        handler.close()

    def test_what_waits_is_bounded_and_the_rest_counted(
        self, monkeypatch: pytest.MonkeyPatch, server: Server
    ) -> None:
        monkeypatch.setattr(module, "MAX_WAITING", 2)
        handler = StatsDHandler(port=server.port, max_packet=64)
        for number in range(10):
            handler.handle_metric(Metric(f"{'n' * 50}{number}", MetricType.COUNTER, 1, {}))

        assert handler.dropped == 8
        assert handler.inspect()["facts"]["waiting_packets"] == 2
        handler.flush()
        assert len(server.lines()) == 2
        handler.close()


class TestProcesses:
    def test_what_was_reported_last_is_sent_at_exit(self, tmp_path: Path, server: Server) -> None:
        run(
            tmp_path,
            f"""
            from pepperpy.infra.telemetry import *
            manager = TelemetryManager.get_instance()
            manager.register_handler("statsd", StatsDHandler(port={server.port}))
            manager.count("n", 3)
            """,
        )

        assert "n:3|c" in server.lines()

    @FORKS
    def test_what_waits_is_sent_by_the_parent_alone(self, tmp_path: Path, server: Server) -> None:
        run(
            tmp_path,
            f"""
            import os
            from pepperpy.infra.telemetry import *
            from pepperpy.infra.telemetry._types import Metric
            handler = StatsDHandler(port={server.port})
            handler.handle_metric(Metric("n", MetricType.COUNTER, 3, {{}}))
            pid = os.fork()
            handler.flush()
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)
            handler.close()
            """,
        )

        assert server.lines() == ["n:3|c"]
