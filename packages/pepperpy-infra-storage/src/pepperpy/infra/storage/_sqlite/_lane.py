"""A connection for one thread at a time, which no forked process inherits.

SQLite's locks belong to a process, and its notes about them to the library in that process.  A
child that inherited an open connection would believe to hold locks that it has not, for every
connection to that file.  So all are closed before a fork, and opened again when they are needed.
"""

from __future__ import annotations

import os
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from pepperpy.infra.utils import Weakly

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._driver import Connection

_FORK_WAITS = 30.0  # seconds for a statement to end, which mostly takes less than one thousandth


class Lane:
    """A connection that is opened when it is needed.  Hold *lock* while you use it.

    Args:
        connect: Opens it.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self.lock = Lock()
        self.connection: Connection | None = None
        self._connect = connect
        self._stopped = False  # the lock is held for a fork
        _listen()
        _lanes.add(self)

    def open(self) -> Connection:
        """The connection; the caller holds the lock."""
        if self.connection is None:
            self.connection = self._connect()
        return self.connection

    def close(self) -> None:
        """Close the connection, if there is one; the caller holds the lock."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def before_fork(self) -> None:
        """Have no connection while the process forks."""
        self._stopped = self.lock.acquire(timeout=_FORK_WAITS)
        if self._stopped:
            self.close()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        if self._stopped:
            self._stopped = False
            self.lock.release()

    def after_fork_in_child(self) -> None:
        """Begin anew."""
        self.lock = Lock()
        if not self._stopped and self.connection is not None:
            _inherited.append(self.connection)  # neither used nor closed here
            self.connection = None
        self._stopped = False


_lanes: Weakly[Lane] = Weakly()
_inherited: list[object] = []


@cache
def _listen() -> None:
    """Hear of forks from now on."""
    if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
        os.register_at_fork(
            before=lambda: _each(Lane.before_fork),
            after_in_parent=lambda: _each(Lane.after_fork_in_parent),
            after_in_child=lambda: _each(Lane.after_fork_in_child),
        )


def _each(do: Callable[[Lane], None]) -> None:
    for lane in _lanes.alive():
        do(lane)
