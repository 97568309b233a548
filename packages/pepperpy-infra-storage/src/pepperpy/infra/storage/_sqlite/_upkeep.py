"""What nobody should wait for: checkpoints, and taking away what has expired."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.storage._errors import StorageError
from pepperpy.infra.utils import Signal, emit

from ._faults import Busy
from ._statements import NEXT_EXPIRY, Sweep

if TYPE_CHECKING:
    from collections.abc import Callable

    from pepperpy.infra.utils import Clock

    from ._driver import Driver
    from ._faults import Faults
    from ._lane import Lane
    from ._pen import Pen
    from ._writer import Writer

DUE_BYTES: Final = 4 << 20
"""Written since the last checkpoint, about."""
LONG_LOG: Final = 4096
"""Pages (of 4 KB) in the log from which on a checkpoint stops the writers for a moment."""
_EVERY: Final = 30.0  # seconds between looks for what has expired
_SWEPT: Final = 500  # in one transaction


class Upkeep:
    """Copies the log into the file, and removes what has expired, in a thread of its own.

    Args:
        name: The provider's.
        lane: Its connection.
        pen: Stops while it must.
        writer: Removes what expired.
        faults: Makes the errors.
        driver: The library.
        clock: What expiry goes by.
    """

    def __init__(
        self,
        name: str,
        lane: Lane,
        pen: Pen,
        writer: Writer,
        *,
        faults: Faults,
        driver: Driver,
        clock: Clock,
    ) -> None:
        self.checkpoints = 0
        self.swept = 0
        self._name = name
        self._lane = lane
        self._faults = faults
        self._driver = driver
        self._clock = clock
        self._pen = pen
        self._writer = writer
        self._renew()

    def _renew(self) -> None:
        self._gate = Lock()  # guards the two below
        self._thread: Thread | None = None
        self._closed = False
        self._due = Event()
        self._written = 0

    def wrote(self, size: int) -> None:
        """Take in that so many bytes were written, about, and begin when that is due."""
        self._written += size
        if self._thread is None:
            self.start()
        if self._written >= DUE_BYTES and not self._due.is_set():
            self._due.set()

    def start(self) -> None:
        """Begin, if that was not done before."""
        with self._gate:
            if self._thread is None and not self._closed:
                thread = Thread(target=self._serve, name="pepperpy-storage-upkeep", daemon=True)
                with suppress(RuntimeError):  # no more threads now; the next write tries again
                    thread.start()
                    self._thread = thread

    def close(self) -> None:
        """Stop."""
        with self._gate:
            self._closed = True
            thread = self._thread
        self._due.set()
        if thread is not None:
            thread.join()

    def serves(self, thread: Thread) -> bool:
        """Whether that is its own thread."""
        return thread is self._thread

    def after_fork(self) -> None:
        """Begin anew in a child."""
        self._renew()

    def _serve(self) -> None:
        while True:
            due = self._due.wait(_EVERY)
            if self._closed:
                return
            self._due.clear()
            if due:
                self._report(self.checkpoint)
            else:
                self._report(self.sweep)

    def _report(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Busy:
            pass  # whoever has the lock does it, or it is done the next time
        except StorageError as error:
            # Nobody waits for this, and what was written is safe in the log.
            emit(
                Signal(
                    kind="storage.upkeep_failed",
                    source=self._name,
                    facts={"work": work.__name__, "error": str(error)},
                )
            )

    def checkpoint(self) -> None:
        """Copy the log into the file.

        Writers go on meanwhile.  When they are quicker than that, so that the log only grows, and
        on a library where it would not be safe, they are stopped while (the rest of) it is copied:
        nobody can begin a new log then.
        """
        self._written = 0
        with self._lane.lock:
            pages = self._copy() if self._driver.resets_safely else LONG_LOG
            if pages >= LONG_LOG:
                with self._pen.paused():
                    self._copy()
        self._pen.begin_log()

    def _copy(self) -> int:
        """Copy what can be, and tell how many pages the log has."""
        _, pages, _ = self._rows("PRAGMA wal_checkpoint(PASSIVE)")[0]
        self.checkpoints += 1
        return int(pages)

    def sweep(self) -> None:
        """Remove all that has expired, some of it at a time, so that writers get their turns."""
        while not self._closed:
            now = self._clock.time()
            with self._lane.lock:
                soonest = self._rows(NEXT_EXPIRY)[0][0]
            if soonest is None or soonest > now:
                return
            self.swept += self._writer.execute(Sweep(now, _SWEPT))

    def _rows(self, sql: str) -> list[Any]:
        """What a statement gives; the caller holds the lane's lock."""
        try:
            return self._lane.open().execute(sql).fetchall()
        except self._driver.error as error:
            raise self._faults.told(error) from error
