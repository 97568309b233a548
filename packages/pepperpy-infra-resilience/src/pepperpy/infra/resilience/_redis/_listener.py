"""The thread that hears what other processes did, so that nobody has to ask."""

from __future__ import annotations

from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.utils import passes_through

from . import _wire as wire
from ._jobs import Changed, Missed, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._connection import Connection

_PATIENCE: Final = 0.5  # seconds after which it looks whether it is to end
_RETRY: Final = 1.0


class Listener:
    """Hands on what is said on a channel; `run` is what the thread runs, until `stop`."""

    def __init__(
        self, connection: Connection, channel: str, hand_on: Callable[[Work], object]
    ) -> None:
        self._connection = connection
        self._channel = channel
        self._hand_on = hand_on
        self._stopped = Event()
        self._again = Event()

    def stop(self) -> None:
        """End the thread soon."""
        self._stopped.set()
        self._again.set()

    def reconnect(self) -> None:
        """Make a new connection soon: the server went away, and the old one may not know."""
        self._again.set()

    def run(self) -> None:
        """Listen until `stop`."""
        while not self._stopped.is_set():
            self._again.clear()
            try:
                self._listen()
            except Exception as error:  # a boundary: the worker asks for itself now and then
                if passes_through(error):
                    raise
                self._stopped.wait(_RETRY)
        self._connection.close()

    def _listen(self) -> None:
        pubsub = self._connection.subscribed(self._channel)
        try:
            while not self._again.is_set():
                message: Any = pubsub.get_message(timeout=_PATIENCE)
                if message is None:
                    continue
                if message["type"] == "subscribe":
                    self._hand_on(Missed())
                elif message["type"] == "message":
                    with suppress(ValueError):  # said by somebody else
                        self._hand_on(Changed(*wire.read_message(message["data"])))
        finally:
            pubsub.close()
