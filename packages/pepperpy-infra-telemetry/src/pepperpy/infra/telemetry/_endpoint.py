"""`serve_prometheus`: a port to scrape, for programs that have no web server."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from pepperpy.infra.utils import register_after_fork, register_closer

from ._errors import EndpointError
from ._settings import check_text, check_whole

if TYPE_CHECKING:
    import socket
    from typing import Self

    from ._readable import Readable

CLOSES_AT: Final = 750  # after what is measured, before telemetry itself
WAITS: Final = 5.0


class PrometheusServer:
    """An open port that answers scrapes, in a thread of its own.  Made by `serve_prometheus`."""

    def __init__(self, listening: socket.socket, manager: Readable | None) -> None:
        self.host: str
        self.port: int
        self.host, self.port = listening.getsockname()[:2]
        from ._http import Server  # brings sockets and selectors

        self._server = Server(listening, manager)
        self._withdraw = register_closer(CLOSES_AT, self.close)
        self._thread = threading.Thread(
            target=self._server.run, name="pepperpy-telemetry-prometheus", daemon=True
        )
        register_after_fork(self)
        try:
            self._thread.start()
        except BaseException:  # there is no room for a thread
            self.after_fork()
            raise

    def __repr__(self) -> str:
        return f"<PrometheusServer {self.url}>"

    @property
    def url(self) -> str:
        """Where to scrape."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/metrics"

    def close(self) -> None:
        """Close the port and end the thread; whoever waits for an answer gets none.

        It waits up to 5 seconds for one that is being written.
        """
        self._withdraw()
        self._server.stop()
        if self._thread is not threading.current_thread():
            self._thread.join(WAITS)  # an inspectable that hangs holds it up

    def after_fork(self) -> None:
        """Leave the port to the parent: a child that is to be scraped opens one of its own."""
        self._withdraw()
        self._server.abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve_prometheus(
    port: int = 9464, host: str = "127.0.0.1", *, manager: Readable | None = None
) -> PrometheusServer:
    """Answer scrapes of ``/metrics`` from now on, until `close` or `run_closers`.

    One thread answers all.  A client has 10 seconds and 8 KiB for its request, and 10 seconds to take the answer; where 64 are
    connected, the next one takes the place of the one that came first.  A forked child does not
    answer: it counts from zero, and opens a port of its own.

    Args:
        port: 0 takes any that is free; the server's `port` says which.
        host: The address to listen on, ``::`` for all of both kinds.  The metrics are for
            everybody who can reach it.
        manager: The default one if it is left out; or what `share_metrics` returns.

    Raises:
        EndpointError: If nobody can listen there.
    """
    try:
        listening = _listen(host, port)
    except (OSError, ValueError) as error:  # the latter for what can be the name of no host
        raise EndpointError(
            f"cannot listen on {host!s:.300} port {port!r}: {error}; port 0 takes one that is free",
            host=host,
            port=port,
        ) from error
    return PrometheusServer(listening, manager)


def _listen(host: str, port: int) -> socket.socket:
    import socket

    check_text("host", host)
    check_whole("port", port, 0, 65535)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Looked up first, since of a wrong name `create_server` would leave a socket open.
    found = socket.getaddrinfo(
        host or None, port, family, socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    both = host == "::" and socket.has_dualstack_ipv6()
    return socket.create_server(found[0][4], family=family, dualstack_ipv6=both)
