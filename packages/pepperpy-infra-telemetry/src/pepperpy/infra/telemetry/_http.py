"""As much of HTTP as a scrape needs, in one thread that waits for nobody."""

from __future__ import annotations

import logging
import selectors
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.utils import passes_through

from ._log import log, reason
from ._scrape import answer, plain

if TYPE_CHECKING:
    from ._readable import Readable
    from ._scrape import Answer

PATIENCE: Final = 10.0
"""Seconds that a client has for its request, and again for taking the answer."""
LINGER: Final = 2.0
"""Seconds that it has to close once it has the answer."""
MAX_HEAD: Final = 8192
MAX_CLIENTS: Final = 64


class Client:
    """A connection: a request that comes, an answer that goes, and what nobody asked for."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.head = b""
        self.left: memoryview | None = None
        self.until: float = time.monotonic() + PATIENCE


class Server:
    """Answers clients of a listening socket until it is stopped."""

    def __init__(self, listening: socket.socket, manager: Readable | None) -> None:
        self._manager = manager
        self._listening = listening
        self._wakes, self._waker = socket.socketpair()
        for each in (listening, self._wakes, self._waker):
            each.setblocking(False)
        # Not epoll: of that, a forked child would share the state.
        self._selector = getattr(selectors, "PollSelector", selectors.SelectSelector)()
        self._selector.register(listening, selectors.EVENT_READ)
        self._selector.register(self._wakes, selectors.EVENT_READ)
        self._clients: dict[socket.socket, Client] = {}  # the oldest first

    def run(self) -> None:
        """Serve; returns once `stop` was called."""
        try:
            while self._turn():
                pass
        finally:
            self.abandon()

    def stop(self) -> None:
        """Have `run` return, and the port free even if that waits for an answer to be written."""
        with suppress(OSError):  # it has been stopped already
            self._waker.send(b"\0")
        self._listening.close()

    def abandon(self) -> None:
        """Close all sockets of this process."""
        for client in list(self._clients.values()):
            client.connection.close()
        self._clients.clear()
        for each in (self._listening, self._wakes, self._waker, self._selector):
            each.close()

    def _turn(self) -> bool:
        """Wait, and do what can be done; False to stop."""
        waits = [client.until for client in self._clients.values()]
        timeout = max(0.0, min(waits) - time.monotonic()) if waits else None
        found: list[Any] = [key.fileobj for key, _ in self._selector.select(timeout)]
        if self._wakes in found:
            return False
        for ready in found:
            if ready is self._listening:
                self._accept()
            elif ready in self._clients:
                self._serve(self._clients[ready])
        now = time.monotonic()
        for client in [each for each in self._clients.values() if each.until <= now]:
            self._drop(client)
        return True

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except (BlockingIOError, ConnectionError):  # it has gone already
            return
        except OSError:  # there are no descriptors left
            if self._clients:
                self._drop(next(iter(self._clients.values())))
            else:
                time.sleep(0.1)  # the client is still there, and would keep us busy
            return
        if len(self._clients) >= MAX_CLIENTS:
            self._drop(next(iter(self._clients.values())))
        connection.setblocking(False)
        self._clients[connection] = Client(connection)
        self._selector.register(connection, selectors.EVENT_READ)

    def _drop(self, client: Client) -> None:
        del self._clients[client.connection]
        self._selector.unregister(client.connection)
        client.connection.close()

    def _serve(self, client: Client) -> None:
        try:
            if client.left is None:
                done = self._receive(client)
            else:
                done = self._send(client) if client.left else self._drain(client)
        except BlockingIOError:
            done = False
        except OSError:  # the client has gone
            done = True
        if done:
            self._drop(client)

    def _receive(self, client: Client) -> bool:
        more = client.connection.recv(MAX_HEAD)
        client.head += more
        if b"\r\n\r\n" in client.head or b"\n\n" in client.head:
            answered = self._answer(client.head)
        elif len(client.head) > MAX_HEAD:
            answered = plain("431 Request Header Fields Too Large")
        else:
            return not more
        body = b"" if client.head.startswith(b"HEAD ") else answered.body
        client.left = memoryview(_head(answered) + body)
        client.until = time.monotonic() + PATIENCE
        self._selector.modify(client.connection, selectors.EVENT_WRITE)
        return self._send(client)

    def _send(self, client: Client) -> bool:
        left = client.left or memoryview(b"")
        client.left = left[client.connection.send(left) :]
        if client.left:
            return False
        client.left = memoryview(b"")  # lets go of the answer
        # To close while something of the client is unread would take the answer back.
        client.connection.shutdown(socket.SHUT_WR)
        client.until = time.monotonic() + LINGER
        self._selector.modify(client.connection, selectors.EVENT_READ)
        return self._drain(client)

    def _drain(self, client: Client) -> bool:
        return not client.connection.recv(65536)

    def _answer(self, head: bytes) -> Answer:
        first, *lines = head.decode("latin-1").splitlines()
        parts = first.split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            return plain("400 Bad Request")
        if parts[1].partition("?")[0] != "/metrics":
            return plain("404 Not Found")
        pairs = [line.partition(":")[::2] for line in lines]
        accept = ",".join(value for name, value in pairs if name.strip().lower() == "accept")
        try:
            return answer(self._manager, parts[0], accept)
        except Exception as error:  # a boundary: the next scrape may be answered
            if passes_through(error):
                raise
            log(logging.ERROR, f"a scrape could not be answered: {reason(error)}")
            return plain("500 Internal Server Error")


def _head(answered: Answer) -> bytes:
    headers = [*answered.headers, ("Connection", "close")]
    lines = [f"HTTP/1.1 {answered.status}", *(f"{name}: {value}" for name, value in headers)]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")
