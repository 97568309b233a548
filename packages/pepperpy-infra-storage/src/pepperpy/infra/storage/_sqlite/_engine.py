"""One SQLite file: opened, read, written, kept in order, and closed."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Thread, current_thread
from typing import TYPE_CHECKING, Any, Final, Literal

from pepperpy.infra.utils import register_after_fork

from ._backup import write_copy
from ._driver import driver
from ._faults import Faults
from ._lane import Lane
from ._observer import Observer
from ._patience import patiently
from ._pen import Pen
from ._place import log_of, make_file, size
from ._schema import VERSION, prepare
from ._statements import COUNT, Row
from ._upkeep import Upkeep
from ._writer import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pepperpy.infra.utils import Clock

    from ._driver import Connection

Durability = Literal["full", "process", "memory"]

_SYNCHRONOUS: Final[dict[str, str]] = {"full": "FULL", "process": "NORMAL", "memory": "OFF"}
_CACHE: Final = 32 << 10  # KB at most
_SMALL_CACHE: Final = 2 << 10
_LOG_BYTES: Final = 64 << 20  # of a log that once was long


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a file is used."""

    name: str
    path: str
    durability: Durability
    timeout: float
    capacity: int
    clock: Clock


class Engine:
    """A file from `open` to `close`.  Any thread may use it, and a forked child as well.

    One connection reads and one writes; a third one does the upkeep, and one looks for changes.

    Args:
        settings: How.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._driver = driver()
        self.faults = Faults(settings.name, settings.path, self._driver)
        self._open = False
        # In the order in which their locks are taken.
        self._tender = Lane(lambda: self._connect(_SMALL_CACHE))
        written = Lane(lambda: self._connect(_CACHE))
        self._reader = Lane(lambda: self._connect(_CACHE))
        self._looker = Lane(lambda: self._connect(_SMALL_CACHE))
        self._pen = Pen(written, self.faults, self._driver, settings.path, timeout=settings.timeout)
        self.writer = Writer(
            self._pen,
            self.faults,
            timeout=settings.timeout,
            capacity=settings.capacity,
        )
        self.upkeep = Upkeep(
            settings.name,
            self._tender,
            self._pen,
            self.writer,
            faults=self.faults,
            driver=self._driver,
            clock=settings.clock,
        )
        self.writer.wrote = self.upkeep.wrote
        self.observer = Observer(self._looker, self.faults, self._driver, settings.clock)
        register_after_fork(self)

    def open(self) -> None:
        """Open the file, or make it.

        Raises:
            Busy: If somebody has it locked now; try again.
            CorruptStoreError: If the file is something else.
            StorageConnectionError: If it cannot be opened or made.
        """
        make_file(self.settings.path, self.faults)
        self._open = True
        try:
            with self._pen.lane.lock:
                connection = self._pen.lane.open()
                try:
                    prepare(connection, self.faults)
                    self._pen.know(connection)
                except self._driver.error as error:
                    raise self.faults.told(error) from error
            expiring = self._expiring()
        except BaseException:
            self._leave()  # so that it may be tried again
            raise
        if expiring:
            self.upkeep.start()

    def _expiring(self) -> bool:
        """Whether there is anything that expires at all, so that somebody has to look."""
        return bool(self.read("SELECT 1 FROM entries WHERE expires IS NOT NULL LIMIT 1"))

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """The rows that a query gives, read in this thread.

        Raises:
            Busy: If somebody has the file locked as a whole; try again.
            StorageError: If it cannot be read.
        """
        lane = self._reader
        with lane.lock:
            connection = lane.connection or lane.open()
            try:
                return connection.execute(sql, parameters).fetchall()
            except self._driver.error as error:
                raise self.faults.told(error) from error

    def close(self) -> None:
        """Write what waits, and close the file."""
        thread = current_thread()
        if any(part.serves(thread) for part in (self.writer, self.upkeep, self.observer)):
            # The one who used it was found to be garbage in a thread of ours, which may hold any
            # of the locks, and cannot wait for itself.
            Thread(target=self.close, name="pepperpy-storage-close").start()
            return
        self.writer.close()
        self.upkeep.close()
        self.observer.close()
        self._leave()

    def _leave(self) -> None:
        self._open = False
        for lane in (self._tender, self._reader, self._looker, self._pen.lane):
            with lane.lock:
                lane.close()

    def backup(self, target: str) -> None:
        """Copy all that is stored to a new file.

        Raises:
            StorageConnectionError: If there is one already, or it cannot be made.
        """
        lane = Lane(lambda: self._connect(_SMALL_CACHE))

        def copy() -> None:
            with lane.lock:
                try:
                    write_copy(lane.open(), target)
                except self._driver.error as error:
                    raise self.faults.told(error) from error
                except OSError as error:
                    raise self.faults.no_backup(target, error) from error
                finally:
                    lane.close()

        patiently(copy, self.settings.timeout, self.faults)

    def figures(self) -> dict[str, Any]:
        """What is known about the file, which is read for that."""
        return {
            "path": self.settings.path,
            "durability": self.settings.durability,
            "engine": self._driver.name,
            "sqlite": ".".join(map(str, self._driver.version)),
            "checkpoints_stop_writers": not self._driver.resets_safely,
            "format": VERSION,
            "keys": self.read(COUNT, (self.settings.clock.time(),))[0][0],
            "file_bytes": size(self.settings.path),
            "log_bytes": size(log_of(self.settings.path)),
            **self.counts(),
        }

    def counts(self) -> dict[str, int]:
        """What was done since it was opened."""
        return {
            "writes": self.writer.writes,
            "commits": self.writer.commits,
            "checkpoints": self.upkeep.checkpoints,
            "swept": self.upkeep.swept,
        }

    def after_fork(self) -> None:
        """Begin anew in a child: the connections are closed, and the threads are the parent's."""
        self.writer.after_fork()
        self.upkeep.after_fork()
        self.observer.after_fork()

    def _connect(self, cache: int) -> Connection:
        """One more connection, set up; the caller holds its lane's lock."""
        if not self._open:
            raise self.faults.closed()
        try:
            connection = self._driver.connect(self.settings.path)
        except self._driver.error as error:
            raise self.faults.told(error) from error
        try:
            for pragma in self._pragmas(cache):
                connection.execute(f"PRAGMA {pragma}").fetchall()
        except BaseException as error:
            connection.close()
            if isinstance(error, self._driver.error):
                raise self.faults.told(error) from error
            raise
        return connection

    def _pragmas(self, cache: int) -> tuple[str, ...]:
        return (
            f"synchronous = {_SYNCHRONOUS[self.settings.durability]}",
            "fullfsync = ON",  # on macOS a plain one stops at the drive's cache
            "checkpoint_fullfsync = ON",
            f"cache_size = -{cache}",
            "wal_autocheckpoint = 0",  # the upkeep's
            f"journal_size_limit = {_LOG_BYTES}",
            "trusted_schema = OFF",  # a file from elsewhere calls no functions
        )
