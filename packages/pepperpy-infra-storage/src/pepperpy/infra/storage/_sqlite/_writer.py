"""Group commit: what waits while one transaction is written to disk shares the next one."""

from __future__ import annotations

from functools import partial
from math import inf
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.storage._errors import (
    InvalidValueError,
    LockedError,
    StorageError,
    StorageFullError,
)

from ._faults import Busy, again
from ._patience import patiently
from ._statements import OVERHEAD, Missed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._driver import Connection
    from ._faults import Faults
    from ._pen import Pen
    from ._statements import Write

_BATCH_WRITES: Final = 512
_BATCH_BYTES: Final = 4 << 20
_OF_ONE_WRITE: Final = (StorageFullError, InvalidValueError)


class Job:
    """A write that waits for its turn, and then what came of it.

    Args:
        write: What to do.
        wake: Called in the writer's thread with all the jobs of its own that are done.
        waiter: Whatever *wake* needs.
    """

    __slots__ = ("answer", "dropped", "error", "since", "size", "waiter", "wake", "write")

    def __init__(self, write: Write, wake: Callable[[list[Job]], None], waiter: Any) -> None:
        self.write = write
        self.wake = wake
        self.waiter = waiter
        self.size = write.size
        self.since = monotonic()
        self.answer: Any = None
        self.error: Exception | None = None
        self.dropped = False
        """Nobody waits any more, so it need not begin."""

    def run(self, connection: Connection) -> None:
        """Do it, or keep the reason why it was refused."""
        self.error = None
        try:
            self.answer = self.write.run(connection)
        except (Missed, StorageError) as error:
            self.error = error


class Writer:
    """The only one in this process who writes to the file.

    Args:
        pen: What it writes with.
        faults: Makes the errors.
        timeout: Seconds to wait for the lock of another process.
        capacity: Bytes that may wait.
    """

    def __init__(
        self,
        pen: Pen,
        faults: Faults,
        *,
        timeout: float,
        capacity: int,
    ) -> None:
        self.wrote: Callable[[int], None] = _nothing
        """Told after each transaction how many bytes that were, about."""
        self.commits = 0
        self.writes = 0
        self._pen = pen
        self._lane = pen.lane
        self._faults = faults
        self._timeout = timeout
        self._capacity = capacity
        self._renew()

    def _renew(self) -> None:
        self._gate = Lock()  # guards all that follows
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._waiting = 0  # jobs in the queue or under way
        self._bytes = 0
        self._outside: list[Job] = []  # wait for room
        self._thread: Thread | None = None
        self._closed = False
        self._blocked = inf  # since when somebody else has had the file locked
        self._batch = 1  # jobs of the last transaction from the queue

    # Called by those who write.

    @property
    def crowded(self) -> bool:
        """Whether the last time more than one write waited, so that sharing pays."""
        return self._batch > 1

    @property
    def waiting(self) -> int:
        """How many writes are in the queue or under way."""
        return self._waiting

    @property
    def queued(self) -> bool:
        """Whether there is one that nobody has begun with."""
        return not self._queue.empty()

    def now(self, write: Write) -> Any:
        """Do it in this thread, if nobody is at it and nobody else in the queue.

        Raises:
            Busy: If that is not so; nothing was done.
        """
        lock = self._lane.lock
        if self._waiting or lock.locked():
            raise Busy
        # Not acquire(): an interrupt between that and `try` would leave it locked for ever.
        with lock:
            answer = self._pen.write(write.run, single=write.single)
        self._account(1, write.size)
        return answer

    def submit(self, job: Job) -> bool:
        """Put it in the queue; False if there is no room, and then it is woken when there is."""
        with self._gate:
            if self._closed:
                raise self._faults.closed()
            if self._bytes > self._capacity:
                self._outside.append(job)
                return False
            if self._thread is None:
                self._start()
            self._bytes += job.size
            self._waiting += 1
            self._queue.put(job)
        return True

    def execute(self, write: Write) -> Any:
        """Do it, and wait until it is done; not for threads with an event loop.

        Raises:
            StorageError: If it cannot be done.
        """
        try:
            return self.now(write)
        except Busy:
            job = Job(write, _set_events, Event())
        while not self.submit(job):
            job.waiter.wait()
            job.waiter.clear()
        job.waiter.wait()
        if job.error is not None:
            raise job.error
        return job.answer

    def close(self) -> None:
        """Do all that waits, and take no more."""
        with self._gate:
            self._closed = True
            thread = self._thread
            if thread is not None:
                self._queue.put(None)
        if thread is not None:
            thread.join()

    def serves(self, thread: Thread) -> bool:
        """Whether that is its own thread."""
        return thread is self._thread

    def after_fork(self) -> None:
        """Begin anew in a child: what waits is done by the parent."""
        self._renew()

    # Runs in the writer's thread.

    def _start(self) -> None:
        queue: SimpleQueue[Job | None] = SimpleQueue()
        thread = Thread(
            target=self._serve, args=(queue,), name="pepperpy-storage-writer", daemon=True
        )
        try:
            thread.start()
            self._queue, self._thread = queue, thread
        except BaseException:
            queue.put(None)  # an interrupt: it may run all the same, and is to end
            raise

    def _serve(self, queue: SimpleQueue[Job | None]) -> None:
        going = True
        batch: list[Job] = []
        while going or batch:
            if not batch:
                job = queue.get()
                if job is None:
                    return
                batch.append(job)
            going = _fill(batch, queue) and going
            batch = self._finish(batch)

    def _finish(self, batch: list[Job]) -> list[Job]:
        """Give those that are still to be written, which come first the next time."""
        wanted = [job for job in batch if not job.dropped]
        rest = self._commit(wanted) if wanted else []
        if rest:
            kept = set(rest)
            batch = [job for job in batch if job not in kept]
            wanted = [job for job in wanted if job not in kept]
        if wanted:
            self._account(len(wanted), sum(job.size for job in wanted))
        with self._gate:
            self._batch = len(batch)
            self._waiting -= len(batch)
            self._bytes -= sum(job.size for job in batch)
            if self._bytes <= self._capacity:
                wanted += self._outside
                self._outside = []
        for wake, jobs in _by_waker(wanted).items():
            wake(jobs)
        return rest

    def _account(self, writes: int, size: int) -> None:
        self.commits += 1
        self.writes += writes
        self.wrote(size + OVERHEAD)

    def _commit(self, jobs: list[Job]) -> list[Job]:
        """All in one transaction; if there is one too many each in its own, so that it fails alone.

        Gives those that are still to be written: they have not waited for long enough.
        """
        try:
            patiently(
                lambda: self._locked(jobs), self._timeout, self._faults, lambda: self._first(jobs)
            )
        except LockedError as error:
            return self._give_up(jobs, error)
        except Exception as error:  # noqa: BLE001 - whoever waits for the jobs gets it
            if len(jobs) > 1 and _is_of_one_write(error):
                for job in jobs:
                    self._commit([job])
            else:
                for job in jobs:
                    job.error = again(error)
        return []

    def _locked(self, jobs: list[Job]) -> None:
        try:
            with self._lane.lock:
                self._together(jobs)
        except Busy:
            self._blocked = min(self._blocked, monotonic())
            raise
        self._blocked = inf

    def _first(self, jobs: list[Job]) -> float:
        """Since when the one who waits longest has been waiting for a lock, and not for its turn."""
        return max(self._blocked, min(job.since for job in jobs))

    def _give_up(self, jobs: list[Job], error: LockedError) -> list[Job]:
        """Those who have waited long enough get the error; the others are given back."""
        end = monotonic() - self._timeout
        for job in jobs:
            if job.since <= end:
                job.error = again(error)
        return [job for job in jobs if job.since > end]

    def _together(self, jobs: list[Job]) -> None:
        """Run them as one transaction.  The caller holds the lane's lock."""
        if len(jobs) == 1:
            self._pen.write(jobs[0].run, single=jobs[0].write.single)
        else:
            self._pen.write(partial(_run_all, jobs), single=False)


def _fill(batch: list[Job], queue: SimpleQueue[Job | None]) -> bool:
    """Add what waits, as much as one transaction takes; False if that was the end of the queue."""
    size = sum(job.size for job in batch)
    while len(batch) < _BATCH_WRITES and size < _BATCH_BYTES:
        try:
            job = queue.get_nowait()
        except Empty:
            break
        if job is None:
            return False
        batch.append(job)
        size += job.size
    return True


def _is_of_one_write(error: Exception) -> bool:
    """Whether the other writes of the transaction may have nothing to do with it."""
    return isinstance(error, _OF_ONE_WRITE) or not isinstance(error, StorageError)


def _run_all(jobs: list[Job], connection: Connection) -> None:
    for job in jobs:
        job.run(connection)


def _by_waker(jobs: list[Job]) -> dict[Callable[[list[Job]], None], list[Job]]:
    groups: dict[Callable[[list[Job]], None], list[Job]] = {}
    for job in jobs:
        groups.setdefault(job.wake, []).append(job)
    return groups


def _set_events(jobs: list[Job]) -> None:
    for job in jobs:
        job.waiter.set()


def _nothing(size: int) -> None: ...
