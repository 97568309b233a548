"""The two threads of one process."""

from __future__ import annotations

from threading import Thread, current_thread
from time import monotonic
from typing import TYPE_CHECKING

from ._jobs import Stop
from ._listener import Listener
from ._worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._connection import Connection
    from ._jobs import Work
    from ._status import Status
    from ._store import Settings


class Threads:
    """The two threads of one process."""

    def __init__(
        self, settings: Settings, status: Status, connect: Callable[[], Connection]
    ) -> None:
        self._worker = Worker(settings, status, connect())
        self._listener = Listener(connect(), settings.channel, self._worker.jobs.put)
        self._worker.on_recovery = self._listener.reconnect
        self._threads = [
            Thread(target=self._worker.run, name="pepperpy-resilience-store", daemon=True),
            Thread(target=self._listener.run, name="pepperpy-resilience-listener", daemon=True),
        ]

    def put(self, work: Work) -> None:
        """Have the worker do it."""
        self._worker.jobs.put(work)

    def begin(self) -> None:
        """Start them."""
        for thread in self._threads:
            thread.start()

    def end(self, patience: float) -> None:
        """Let them do what there is to do, and end."""
        self._listener.stop()
        self._worker.jobs.put(Stop())
        end = monotonic() + 2 * patience + 1
        for thread in self._threads:
            if thread is not current_thread():
                thread.join(max(0.0, end - monotonic()))
        self._worker.give_up()
