"""What other processes dropped, told by the server, and whether it can be told at all."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol

from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

if TYPE_CHECKING:
    from ._server import Server

_TICK: Final = 0.25
"""Seconds after which the thread looks around."""
_QUIET: Final = 1.0
"""Seconds of silence after which the server has to show that it is there."""
_AGAIN: Final = 0.5
"""Seconds between two attempts to reach it."""


class Reader(Protocol):
    """Who is told of all that; in the thread."""

    def came(self, message: bytes) -> None:
        """Take a message."""
        ...

    def lost(self, error: Exception) -> None:
        """Know that messages are missed from now on, or may have been for a moment."""
        ...

    def is_back(self) -> bool:
        """Know that none is missed from now on; False to try once more."""
        ...

    def tick(self) -> None:
        """Do what is to be done now and then."""
        ...


class News:
    """Listens to a channel in a thread, for as long as it is not closed."""

    def __init__(self, server: Server, channel: str, reader: Reader) -> None:
        self._server = server
        self._channel = channel
        self._reader = reader
        self._gate = Lock()
        self._thread: Thread | None = None
        self._broken: Exception | None = None
        self._is_closed = Event()

    def start(self) -> None:
        """Begin to listen, if that has not begun yet."""
        with self._gate:
            if self._thread is None and not self._is_closed.is_set():
                thread = Thread(target=self._serve, name="pepperpy-cache-redis-news", daemon=True)
                thread.start()
                self._thread = thread

    def break_off(self, error: Exception) -> None:
        """Take what comes as lost because of *error*, and begin anew."""
        self._broken = error

    def close(self) -> None:
        """Listen no more."""
        with self._gate:
            self._is_closed.set()
            thread = self._thread
        if thread is not None:
            thread.join(5)

    # The rest runs in the thread.

    def _serve(self) -> None:
        while not self._is_closed.is_set():
            self._broken = None
            connection: Any = None
            try:
                connection = self._server.connect()
                connection.send_command("SUBSCRIBE", self._channel)
                connection.read_response()
                if self._reader.is_back():
                    self._listen(connection)
            except Exception as error:  # noqa: BLE001 - a boundary: who hears nothing must know
                self._reader.lost(error)
            finally:
                if connection is not None:
                    with suppress(RedisError, OSError):
                        connection.disconnect()
            until = monotonic() + _AGAIN
            while monotonic() < until and not self._is_closed.wait(_TICK):
                self._reader.tick()

    def _listen(self, connection: Any) -> None:
        heard = monotonic()
        asked = False
        while not self._is_closed.is_set():
            if self._broken is not None:
                raise self._broken
            if connection.can_read(timeout=_TICK):
                reply: Any = connection.read_response()
                heard, asked = monotonic(), False
                if reply[0] == b"message":
                    self._reader.came(reply[2])
            elif monotonic() - heard > _QUIET:
                if asked:
                    raise RedisTimeoutError("the server is silent")
                connection.send_command("PING")
                heard, asked = monotonic(), True
            self._reader.tick()
