"""`StatsDHandler`: metrics to a StatsD server, over UDP."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final, get_args

from pepperpy.infra.utils import register_after_fork, register_inspectable

from ._errors import InvalidOptionError
from ._handlers import TelemetryHandler
from ._settings import check_text, check_whole
from ._statsd import Dialect, event_line, metric_lines

if TYPE_CHECKING:
    import socket

    from ._types import Event, Metric

MAX_LINE: Final = 8192
"""What a server reads of one packet."""
MAX_WAITING: Final = 1000
LOOK_UP_EVERY: Final = 60.0
"""Seconds: a server may come back at another address, and of what is sent to the old one nothing
comes back."""


class StatsDHandler(TelemetryHandler):
    """Sends what changed since the last flush to a StatsD server, as few packets of UDP.

    Counters are exact sums; a distribution is sent as its count, sum, least and greatest value and
    quantiles; nothing is sampled.  What could not be sent waits for the next flush, up to 1,000
    packets; what is dropped beyond that is counted.  UDP itself promises nothing.

    Args:
        host: Where the server is; looked up anew once a minute.  Where nobody listens, the next
            flush tries the next one of its addresses.
        port: Its port.
        dialect: How tags are written: ``datadog`` as ``|#tag:value``, ``graphite`` as
            ``;tag=value`` after the name.  Only to ``datadog`` events are sent as well.
        prefix: Comes before each name, as it is.
        max_packet: Bytes in a packet, unless a single line is longer.  1,432 pass an Ethernet;
            8,192 are good for a server on the same machine.

    Raises:
        InvalidOptionError: If there is no such dialect, *max_packet* is not from 64 to 8,192,
            *port* is none, or *host* or *prefix* is no text.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 8125,
        *,
        dialect: Dialect = "datadog",
        prefix: str = "",
        max_packet: int = 1432,
    ) -> None:
        if dialect not in get_args(Dialect):
            known = " or ".join(get_args(Dialect))
            raise InvalidOptionError(f"dialect must be {known}; got {dialect!r}", option="dialect")
        check_text("host", host)
        check_text("prefix", prefix)
        check_whole("port", port, 1, 65535)
        check_whole("max_packet", max_packet, 64, MAX_LINE)
        self.dropped: int = 0
        """Lines that could not be sent."""
        self._host = host
        self._port = port
        self._dialect: Dialect = dialect
        self._prefix = prefix
        self._max_packet = max_packet
        self._socket: socket.socket | None = None
        self._looked_up = 0.0
        self._addresses = 1
        self._refusals = 0
        self._packets: deque[list[bytes]] = deque()  # the lines of each; the last may be added to
        self._size = 0
        self._refused = False
        register_after_fork(self)
        register_inspectable(self)

    def __repr__(self) -> str:
        return f"<StatsDHandler {self._host}:{self._port}>"

    def handle_metric(self, metric: Metric) -> None:
        """Keep its lines for `flush`."""
        for line in metric_lines(metric, self._prefix, self._dialect):
            self._add(line.encode())

    def handle_event(self, event: Event) -> None:
        """Keep it for `flush`, if the server takes events."""
        if self._dialect == "datadog":
            self._add(event_line(event, self._prefix).encode())

    def flush(self) -> None:
        """Send what there is.

        Raises:
            OSError: If it cannot be sent, or nobody takes it.
        """
        # Where there is nothing to send, what is known of the server has not changed.
        if self._packets:
            if time.monotonic() - self._looked_up >= LOOK_UP_EVERY:
                self.close()
            try:
                self._refused = self._send_all(self._connected())
            except OSError:
                self.close()  # look the host up again next time
                raise
        if self._refused:
            if self._addresses > 1:
                self._refusals += 1
                self.close()
            raise ConnectionRefusedError("nobody takes the packets")

    def close(self) -> None:
        """Close the socket; the next flush opens another one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def after_fork(self) -> None:
        """Leave what waits to the parent, in a child process."""
        self._packets.clear()
        self.dropped = 0
        self.close()

    def inspect(self) -> dict[str, Any]:
        """What was dropped, and what waits."""
        return {
            "kind": "statsd",
            "name": f"{self._host}:{self._port}",
            "state": "waiting" if self._packets else "ok",
            "facts": {"dropped": self.dropped, "waiting_packets": len(self._packets)},
            "config": {"dialect": self._dialect, "max_packet": self._max_packet},
        }

    def _add(self, line: bytes) -> None:
        if len(line) > MAX_LINE:
            self.dropped += 1
            return
        self._size += 1 + len(line)
        if not self._packets or self._size > self._max_packet + 1:
            self._packets.append([])
            self._size = 1 + len(line)
        self._packets[-1].append(line)
        if len(self._packets) > MAX_WAITING:
            self.dropped += len(self._packets.popleft())

    def _send_all(self, connected: socket.socket) -> bool:
        """Send what waits; whether packets came back, of these or of those before."""
        refused = _refused(connected)
        while self._packets:
            refused |= _send(connected, b"\n".join(self._packets[0]))
            self._packets.popleft()
        return refused

    def _connected(self) -> socket.socket:
        if self._socket is None:
            import socket

            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)
            self._looked_up, self._addresses = time.monotonic(), len(found)
            family, type_, proto, _, address = found[self._refusals % len(found)]
            made = socket.socket(family, type_, proto)
            try:
                made.connect(address)
            except OSError:
                made.close()
                raise
            self._socket = made
        return self._socket


def _refused(connected: socket.socket) -> bool:
    """Whether an earlier packet came back."""
    import socket

    return bool(connected.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))


def _send(connected: socket.socket, packet: bytes) -> bool:
    """Send it; whether an earlier one came back, which is what a socket says instead of sending."""
    try:
        connected.send(packet)
    except ConnectionRefusedError:
        connected.send(packet)
        return True
    return False
