"""The port to scrape, and the applications for servers that are there already."""

from __future__ import annotations

import asyncio
import socket
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics

from pepperpy.infra.telemetry import (
    EndpointError,
    TelemetryManager,
    _endpoint,
    _http,
    prometheus_asgi,
    prometheus_text,
    prometheus_wsgi,
    serve_prometheus,
)
from pepperpy.infra.utils import run_closers

from .test_processes import FORKS, run

OPENMETRICS = "application/openmetrics-text;version=1.0.0"


@pytest.fixture
def counting() -> TelemetryManager:
    manager = TelemetryManager()
    manager.count("orders", 3)
    return manager


@pytest.fixture
def server(counting: TelemetryManager):
    with serve_prometheus(0, manager=counting) as server:
        yield server


def scrape(url: str, accept: str = "") -> tuple[str, str]:
    request = urllib.request.Request(url, headers={"Accept": accept})  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=10) as answered:  # noqa: S310
        return answered.headers["Content-Type"], answered.read().decode()


def ask(server, request: bytes) -> bytes:
    """What comes back until the server closes."""
    with socket.create_connection((server.host, server.port), timeout=10) as client:
        client.sendall(request)
        received = b""
        while more := client.recv(65536):
            received += more
        return received


def flood(client: socket.socket) -> None:
    """Send until the other end is closed."""
    while True:
        client.sendall(b"x")


class TestServer:
    def test_a_scrape_is_answered_on_loopback(self, server, counting: TelemetryManager) -> None:
        kind, text = scrape(server.url)

        assert server.host == "127.0.0.1"
        assert kind == "text/plain; version=0.0.4; charset=utf-8"
        assert text == prometheus_text(counting)

    def test_openmetrics_is_given_to_who_wants_it(self, server) -> None:
        kind, text = scrape(server.url, OPENMETRICS)

        assert kind == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        assert [family.name for family in read_openmetrics(text)] == ["orders"]

    @pytest.mark.parametrize(
        ("request_", "status"),
        [
            (b"GET /metrics HTTP/1.1\r\n\r\n", b"200 OK"),
            (b"GET /metrics?x=1 HTTP/1.0\n\n", b"200 OK"),
            (b"HEAD /metrics HTTP/1.1\r\n\r\n", b"200 OK"),
            (b"GET / HTTP/1.1\r\n\r\n", b"404 Not Found"),
            (b"HEAD / HTTP/1.1\r\n\r\n", b"404 Not Found"),
            (b"POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n", b"405 Method Not Allowed"),
            (b"\r\n\r\n", b"400 Bad Request"),
            (b"\xff\x00 nonsense\r\n\r\n", b"400 Bad Request"),
            (b"GET /metrics HTTP/2\r\n\r\n", b"400 Bad Request"),
            (b"GET /metrics HTTP/1.1\r\n" + b"a" * 9000, b"431 Request Header Fields Too Large"),
        ],
    )
    def test_what_is_asked_is_answered_by_its_status(self, server, request_, status) -> None:
        received = ask(server, request_)

        assert received.startswith(b"HTTP/1.1 " + status + b"\r\n")
        head, body = received.split(b"\r\n\r\n", 1)
        assert (body == b"") == request_.startswith(b"HEAD")
        assert b"Connection: close" in head

    @pytest.mark.parametrize(
        ("head", "status"),
        [
            (b"POST /metrics HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n", b"405"),
            (b"GET /metrics HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n", b"200"),
            (b"GET /metrics HTTP/1.1\r\nX: ", b"431"),
        ],
    )
    def test_what_nobody_asked_for_does_not_take_the_answer_back(self, server, head, status):
        assert ask(server, head + b"x" * 1_000_000).startswith(b"HTTP/1.1 " + status)

    def test_who_does_not_close_is_let_go_after_a_while(
        self, monkeypatch: pytest.MonkeyPatch, server
    ) -> None:
        monkeypatch.setattr(_http, "LINGER", 0.05)
        with socket.create_connection((server.host, server.port), timeout=10) as client:
            client.sendall(b"HEAD /metrics HTTP/1.1\r\n\r\n")
            while client.recv(65536):
                pass
            with pytest.raises(ConnectionError):
                flood(client)

    def test_a_request_may_come_byte_by_byte(self, server) -> None:
        with socket.create_connection((server.host, server.port), timeout=10) as client:
            for byte in b"GET /metrics HTTP/1.1\r\nAccept: text/plain\r\n\r\n":
                client.sendall(bytes([byte]))
            assert client.recv(15) == b"HTTP/1.1 200 OK"

    def test_slow_clients_hold_nobody_up(self, server) -> None:
        with ExitStack() as stack:
            for _ in range(_http.MAX_CLIENTS):
                slow = socket.create_connection((server.host, server.port), timeout=10)
                stack.enter_context(slow).sendall(b"GET /metr")

            assert "orders_total 3" in scrape(server.url)[1]

    def test_of_too_many_clients_the_oldest_has_to_go(
        self, monkeypatch: pytest.MonkeyPatch, server
    ) -> None:
        monkeypatch.setattr(_http, "PATIENCE", 1000.0)
        with ExitStack() as stack:
            first = stack.enter_context(socket.create_connection((server.host, server.port), 10))
            for _ in range(_http.MAX_CLIENTS):
                stack.enter_context(socket.create_connection((server.host, server.port), 10))

            assert first.recv(1) == b""

    def test_who_asks_for_nothing_is_let_go_after_a_while(
        self, monkeypatch: pytest.MonkeyPatch, server
    ) -> None:
        monkeypatch.setattr(_http, "PATIENCE", 0.05)
        with socket.create_connection((server.host, server.port), timeout=10) as client:
            assert client.recv(1) == b""

    def test_who_does_not_take_the_answer_holds_nobody_up(self, counting: TelemetryManager) -> None:
        for number in range(1500):
            counting.count("many", tags={"number": number, "filling": "x" * 490})
        with serve_prometheus(0, manager=counting) as server, ExitStack() as stack:
            for _ in range(8):
                deaf = socket.socket()
                deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                deaf.connect((server.host, server.port))
                stack.enter_context(deaf).sendall(b"GET /metrics HTTP/1.1\r\n\r\n")

            assert len(scrape(server.url)[1]) > 700_000

    def test_clients_that_go_away_harm_nobody(self, server) -> None:
        for request in (b"", b"GET /metrics HTTP/1.1\r\n\r\n"):
            client = socket.create_connection((server.host, server.port), timeout=10)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.sendall(request)
            client.close()

        assert "orders_total 3" in scrape(server.url)[1]

    def test_a_scrape_that_fails_is_not_the_last_one(
        self, monkeypatch: pytest.MonkeyPatch, server, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(*_: object) -> None:
            raise RuntimeError("token=abc")

        with monkeypatch.context() as patch:
            patch.setattr(_http, "answer", fail)
            with pytest.raises(urllib.error.HTTPError, match="500"):
                scrape(server.url)

        assert "orders_total 3" in scrape(server.url)[1]
        assert caplog.messages == ["a scrape could not be answered: RuntimeError"]

    def test_a_port_that_is_taken_is_a_named_error(self, server) -> None:
        with pytest.raises(EndpointError, match=r"cannot listen on 127\.0\.0\.1 port") as caught:
            serve_prometheus(server.port)

        assert isinstance(caught.value, OSError)
        assert caught.value.port == server.port

    @pytest.mark.parametrize(
        "wrong",
        [
            *({"port": 70_000}, {"port": -1}, {"port": "80"}, {"port": None}, {"port": 80.0}),
            *({"host": None}, {"host": b"::"}, {"host": "x" * 300}, {"host": "\ud800"}),
            *({"host": "a\0b"}, {"host": "192.0.2.1"}),
        ],
        ids=str,
    )
    def test_where_nobody_can_listen_is_one_too(self, wrong) -> None:
        with pytest.raises(EndpointError, match="cannot listen on"):
            serve_prometheus(**{"port": 0, **wrong})

    def test_where_no_thread_can_be_started_the_port_is_free(
        self, monkeypatch: pytest.MonkeyPatch, counting: TelemetryManager
    ) -> None:
        def refuse(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            with pytest.raises(RuntimeError, match="new thread"):
                serve_prometheus(port, manager=counting)

        serve_prometheus(port, manager=counting).close()

    @pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="there is no IPv6")
    def test_it_listens_on_all_addresses_of_both_kinds(self, counting: TelemetryManager) -> None:
        with serve_prometheus(0, "::", manager=counting) as server:
            for host in ("127.0.0.1", "[::1]"):
                assert "orders_total 3" in scrape(f"http://{host}:{server.port}/metrics")[1]

    def test_a_scrape_that_hangs_holds_up_neither_close_nor_the_port(
        self, monkeypatch: pytest.MonkeyPatch, server, counting: TelemetryManager
    ) -> None:
        entered, leave, answer = threading.Event(), threading.Event(), _http.answer

        def hang(*args):
            entered.set()
            leave.wait(20)
            return answer(*args)

        monkeypatch.setattr(_endpoint, "WAITS", 0.01)
        monkeypatch.setattr(_http, "answer", hang)
        with socket.create_connection((server.host, server.port), timeout=10) as client:
            client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            assert entered.wait(20)

            server.close()

            serve_prometheus(server.port, manager=counting).close()
            leave.set()
            server._thread.join(20)
            assert not server._thread.is_alive()

    def test_closing_frees_the_port_and_ends_the_thread(self, counting) -> None:
        threads = threading.active_count()
        server = serve_prometheus(0, manager=counting)
        server.close()
        server.close()

        assert threading.active_count() == threads
        serve_prometheus(server.port, manager=counting).close()

    def test_closers_close_it(self, counting) -> None:
        server = serve_prometheus(0, manager=counting)

        run_closers()

        with pytest.raises(urllib.error.URLError):
            scrape(server.url)

    @FORKS
    def test_a_child_leaves_the_port_to_its_parent(self, tmp_path: Path) -> None:
        lines = run(
            tmp_path,
            """
            import os, urllib.request, socket
            from pepperpy.infra.telemetry import *
            telemetry = get_provider_telemetry("p")
            telemetry.count("n", 5)
            server = serve_prometheus(0)
            held = socket.create_connection((server.host, server.port))
            pid = os.fork()
            if pid == 0:
                telemetry.count("n", 1)
                with serve_prometheus(0) as own:
                    text = urllib.request.urlopen(own.url).read().decode()
                server.close()
                os.write(1, text.splitlines()[1].encode() + b"\\n")
                os._exit(0)
            os.waitpid(pid, 0)
            text = urllib.request.urlopen(server.url).read().decode()
            print(text.splitlines()[1], flush=True)
            server.close()
            try:
                serve_prometheus(server.port).close()
                print("free")
            except EndpointError as error:
                print(error)
            """,
        )

        assert [line.split()[-1] for line in lines] == ["1", "5", "free"]


class TestApplications:
    def test_a_wsgi_server_can_serve_it(self, counting: TelemetryManager) -> None:
        started: list = []
        environ: dict = {"HTTP_ACCEPT": OPENMETRICS, "QUERY_STRING": ""}
        setup_testing_defaults(environ)

        answered = validator(prometheus_wsgi(counting))(
            environ, lambda status, headers, error=None: started.append((status, dict(headers)))
        )

        assert b"".join(answered).decode() == prometheus_text(counting, openmetrics=True)
        answered.close()
        ((status, headers),) = started
        assert status == "200 OK"
        assert headers["Content-Type"].startswith("application/openmetrics-text")

    @pytest.mark.asyncio
    async def test_an_asgi_server_can_serve_it(self, counting: TelemetryManager) -> None:
        sent: list = []

        async def send(message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "headers": [(b"accept", b"*/*")]}
        await prometheus_asgi(counting)(scope, asyncio.Event().wait, send)

        start, body = sent
        assert start["status"] == 200
        assert (b"content-type", b"text/plain; version=0.0.4; charset=utf-8") in start["headers"]
        assert body["body"].decode() == prometheus_text(counting)

    @pytest.mark.asyncio
    async def test_its_lifespan_is_empty(self) -> None:
        sent: list = []
        events = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive():
            return next(events)

        async def send(message) -> None:
            sent.append(message["type"])

        await prometheus_asgi()({"type": "lifespan"}, receive, send)

        assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]

    @pytest.mark.asyncio
    async def test_it_serves_no_websockets(self) -> None:
        with pytest.raises(ValueError, match="websocket"):
            await prometheus_asgi()({"type": "websocket"}, asyncio.Event().wait, print)
