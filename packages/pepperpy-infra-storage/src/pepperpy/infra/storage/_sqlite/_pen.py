"""Writing to the file that was opened, and to no other one that has its name by now."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from ._patience import patiently
from ._place import identity, log_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ._driver import Connection, Driver
    from ._faults import Faults
    from ._lane import Lane
    from ._place import Identity

T = TypeVar("T")


class Pen:
    """The connection that writes.

    Args:
        lane: It is in there.
        faults: Makes the errors.
        driver: The library.
        path: The file.
        timeout: Seconds to wait for the lock of another process.
    """

    def __init__(
        self, lane: Lane, faults: Faults, driver: Driver, path: str, *, timeout: float
    ) -> None:
        self.lane = lane
        self._faults = faults
        self._driver = driver
        self._path = path
        self._timeout = timeout
        self._log_path = log_of(path)
        self._known: Connection | None = None
        self._file: Identity | None = None
        self._log: Identity | None = None

    def write(self, work: Callable[[Connection], T], *, single: bool) -> T:
        """Do *work* as one transaction; the caller holds the lane's lock.

        Args:
            single: Whether it is one statement, which is a transaction by itself.
        """
        try:
            connection = self._unmoved()
            return work(connection) if single else _transact(connection, work)
        except self._driver.error as error:
            raise self._faults.told(error) from error

    @contextmanager
    def paused(self) -> Generator[None]:
        """Nobody writes to the file meanwhile, in whatever process.

        Raises:
            Busy: If somebody does, and goes on doing so.
        """
        with self.lane.lock:
            connection = self.lane.open()
            patiently(lambda: self._begin(connection), self._timeout, self._faults)
            try:
                yield
            finally:
                connection.execute("ROLLBACK").fetchall()

    def begin_log(self) -> None:
        """Begin the log anew, when all of it is copied: with a write that changes nothing.

        It has to wait for the disk, and so should be nobody else's.
        """
        statement = "UPDATE floor SET version = version"
        with self.lane.lock:
            self.write(lambda connection: connection.execute(statement).fetchall(), single=True)

    def know(self, connection: Connection) -> None:
        """Note which files a new connection has open; the caller holds the lane's lock."""
        connection.execute("SELECT version FROM floor").fetchall()  # opens the log
        self._known = connection
        self._file = self._file or identity(self._path, filled=True)
        self._log = identity(self._log_path)

    def _unmoved(self) -> Connection:
        """The connection, if its files are where they were; the caller holds the lane's lock.

        What is written to a file that has no name any more, or to an emptied one, is lost.
        """
        connection = self.lane.connection or self.lane.open()
        if connection is not self._known:  # the first one after a fork
            self.know(connection)
        if identity(self._path, filled=True) != self._file or identity(self._log_path) != self._log:
            raise self._faults.moved()
        return connection

    def _begin(self, connection: Connection) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE").fetchall()
        except self._driver.error as error:
            raise self._faults.told(error) from error


def _transact(connection: Connection, work: Callable[[Connection], T]) -> T:
    connection.execute("BEGIN IMMEDIATE").fetchall()
    try:
        result = work(connection)
        connection.execute("COMMIT").fetchall()
    except BaseException:
        if connection.in_transaction:  # SQLite itself may have ended it
            connection.execute("ROLLBACK").fetchall()
        raise
    return result
