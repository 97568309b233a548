"""The side that is asked: a process that tells the hub what it has counted."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from typing import TYPE_CHECKING, Final

from pepperpy.infra.utils import passes_through

from ._errors import SharingError
from ._log import reason, tell
from ._wire import line, lines, packed, unpacked

if TYPE_CHECKING:
    from ._engine import Engine
    from ._reading import Figure

PATIENCE: Final = 5.0
"""Seconds that a process waits for the hub, also when it ends."""


class Member:
    """A process that has joined, until it leaves."""

    def __init__(self, address: str, engine: Engine, pid: int) -> None:
        self._address = address
        self._engine = engine
        self._pid = pid
        self._connection: socket.socket | None = None
        self._connected = threading.Event()
        # Held from the reading of figures until they are sent, so that the younger come later.
        self._sending = threading.Lock()
        self._has_left = False
        self._thread = threading.Thread(
            target=self._run, name="pepperpy-telemetry-member", daemon=True
        )

    def connect(self) -> None:
        """Join, and wait until the hub asks for the first time: from then on it counts us.

        Raises:
            SharingError: If there is no hub at the address, or it does not know the key.
        """
        connection = self._connection = _connected(self._address, pid=self._pid)
        self._connected.set()
        if not _is_welcome(connection):
            connection.close()
            raise _gone(None)

    def start(self) -> None:
        """Answer from now on, in a thread that also connects if that was not done."""
        self._thread.start()

    def figures(self) -> list[Figure]:
        """What all processes have counted.

        Raises:
            SharingError: If the hub does not say.
        """
        connection = _connected(self._address, reads=True)
        try:
            for message in lines(connection):
                return list(unpacked(message["figures"]))
        except (OSError, ValueError) as error:
            raise _gone(error) from error
        finally:
            connection.close()
        raise _gone(None)

    def leave(self) -> None:
        """Say for the last time what was counted, and wait until the hub has it; twice is once."""
        until = time.monotonic() + PATIENCE
        self._connected.wait(PATIENCE)
        if self._sending.acquire(timeout=max(0.0, until - time.monotonic())):
            try:
                self._say_last()
            finally:
                self._sending.release()
        else:
            tell("telemetry.unshared", str(self._pid), error="TimeoutError")
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(max(0.0, until - time.monotonic()))

    def abandon(self) -> None:
        """Close the socket of this process: a forked child opens one of its own."""
        if self._connection is not None:
            self._connection.close()

    def _say_last(self) -> None:
        connection = self._connection
        if self._has_left or connection is None:
            return
        self._has_left = True
        try:
            connection.settimeout(PATIENCE)
            figures = packed(self._engine.counted())
            connection.sendall(line(figures=figures, answers=0, last=True))
            connection.shutdown(socket.SHUT_WR)  # the hub closes when it has read this far
        except OSError as error:
            tell("telemetry.unshared", str(self._pid), error=reason(error))

    def _run(self) -> None:
        try:
            if self._connection is None:
                self.connect()
            if self._connection is not None:
                self._answer(self._connection)
        except Exception as error:  # a boundary: counting goes on, and the reason is told
            if passes_through(error):
                raise
            if not self._has_left:
                tell("telemetry.hub_gone", str(self._pid), error=reason(error))
        finally:
            self._connected.set()
            self.abandon()

    def _answer(self, connection: socket.socket) -> None:
        while asked := connection.recv(4096):
            with self._sending:
                if not self._has_left:
                    figures = packed(self._engine.figures())
                    connection.sendall(line(figures=figures, answers=len(asked), last=False))
        if not self._has_left:
            raise ConnectionResetError("the hub has closed")


def _connected(address: str, **hello: object) -> socket.socket:
    host, port, key = address.split(":")
    # `create_connection` would look up the host, which imports a codec: in a child that was forked
    # in the midst of that import it fails for ever.
    connection = socket.socket()
    try:
        connection.settimeout(PATIENCE)
        connection.connect((host, int(port)))
        connection.sendall(line(key=key, **hello))
    except OSError as error:
        connection.close()
        raise _gone(error) from error
    if "pid" in hello:
        with suppress(OSError):
            connection.settimeout(None)
    return connection


def _is_welcome(connection: socket.socket) -> bool:
    """Wait for the hub; one that stands still for longer will ask once it goes on."""
    with DefaultSelector() as selector:
        selector.register(connection, EVENT_READ)
        if not selector.select(PATIENCE):
            return True
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except ConnectionError:
        return False


def _gone(error: Exception | None) -> SharingError:
    why = "it closed the connection" if error is None else f"{type(error).__name__}: {error}"
    return SharingError(
        f"the process that shares the metrics does not answer: {why}; it is the one that called"
        " share_metrics(), and has to live as long as its workers"
    )
