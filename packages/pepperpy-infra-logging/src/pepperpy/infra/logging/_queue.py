"""Lines that wait to be written by a thread of their own."""

from __future__ import annotations

import sys
import threading
from collections import deque
from contextlib import contextmanager, suppress
from contextvars import Context
from math import ceil
from threading import get_ident
from time import monotonic
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

from pepperpy.infra.utils import register_after_fork, to_seconds

from ._amounts import size_of
from ._at_exit import at_exit
from ._levels import parse_level

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from ._queue_policy import QueuePolicy

_PATIENCE = 10.0  # seconds without any line getting written after which nobody waits any longer
_TELL_EVERY = 10.0  # seconds between two lines that tell of dropped ones
_GLANCE = 1.0  # seconds after which who waits looks for himself


class Target(Protocol):
    """What the queue needs of its sink."""

    def joins(self, size: int, at: float) -> bool: ...
    def deliver(self, data: bytes, at: float, lines: Sequence[bytes]) -> None: ...
    def tell_dropped(self, dropped: int) -> None: ...


class LineQueue:
    """Takes lines from any thread and has them written, in order, by one thread.

    A line may come from a signal handler or a finaliser that interrupts this very code, and the
    thread that writes must never have to wait for one that logs.  So the lock is re-entrant, the
    writer does not take it, and bells are plain locks that are rung by releasing them.

    Its life: lines wait until `settle`.  From then on they are written by their callers, after all
    that waited; and once that is done, with no lock at all.
    """

    def __init__(self, policy: QueuePolicy, sink: Target) -> None:
        self.policy = policy
        self._sink = sink
        self._max_lines, self._max_size = policy.max_lines, size_of(policy.max_size) or 1
        # Up to here nobody asks for a line's level.
        share = 0.8 if policy.overflow == "drop_below" else 1.0
        # Whole numbers: to compare them with others would cost each line 40 ns.
        self._free_lines = ceil(self._max_lines * share)
        self._free_size = int(self._max_size * share)
        self._level = parse_level("WARNING" if policy.level is None else policy.level)
        self._timeout = None if policy.timeout is None else to_seconds(policy.timeout)
        self._direct = self._settled = False
        self.after_fork()
        register_after_fork(self)
        _queues.add(self)

    def after_fork(self) -> None:
        """Begin empty: what waits is the parent's to write, and its thread did not come along."""
        # Guarded by _lock.
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._put = self._put_size = self._dropped = 0
        # Changed only by who holds _writing.
        self._writing = threading.RLock()
        self._writer = 0  # its identity
        self._done = self._done_size = self._told = 0
        self._tell_at = 0.0
        # Appended to under _lock, taken from under _writing; the ends of a deque are independent.
        self._lines: deque[tuple[bytes, float]] = deque()
        self._waiters: deque[threading.Lock] = deque()
        self._bell = _silent_bell()
        self._asleep = False  # the thread's to change

    def put(self, line: bytes, at: float, level: int) -> None:
        """Have *line* written; whether that may take long is a question of the policy."""
        if self._settled:
            self._sink.deliver(line, at, (line,))
            return
        size = len(line)
        with self._lock:
            fits = (
                self._thread is not None
                and not self._direct
                and self._put - self._done < self._free_lines
                and self._put_size - self._done_size + size <= self._free_size
            )
            if fits:
                self._lines.append((line, at))
                self._put += 1
                self._put_size += size
        if not fits:
            self._put_slowly(line, at, level)
        # Not `_asleep = False` as well: interrupted in between, nobody would ever ring again.
        elif self._asleep and self._bell.locked():
            _ring(self._bell)

    def flush(self) -> None:
        """Wait until all that waits now is written; in vain only if nothing moves for 10 s."""
        if self._writer == get_ident():
            return  # whoever writes cannot wait for himself
        goal = self._put
        if self._thread is not None:
            self._wait(lambda: self._done >= goal)

    def settle(self) -> None:
        """Write all that waits.  From now on lines are written at once."""
        with self._lock:
            self._direct = True
        _ring(self._bell)
        self._ring_waiters()
        if self._writer == get_ident():
            return  # it goes on until nothing waits, and ends then
        with self._turn() as mine:
            if mine:
                self._write_waiting(at_once=True)
            else:
                _complain(f"{self._put - self._done} lines of a log still wait to be written")
        self._settled = True
        if self._thread is not None:
            self._thread.join(_GLANCE)

    def facts(self) -> dict[str, object]:
        """Figures for `inspect`."""
        return {
            "waiting_lines": max(0, self._put - self._done),
            "waiting_bytes": max(0, self._put_size - self._done_size),
            "dropped_lines": self._dropped,
        }

    # The caller's side.

    def _put_slowly(self, line: bytes, at: float, level: int) -> None:
        ends = None if self._timeout is None else monotonic() + self._timeout
        while True:
            with self._lock:
                if self._direct or not (self._thread or self._start()):
                    break
                if self._has_room(len(line), level):
                    self._append(line, at)
                    return
                if self._writer == get_ident():
                    break  # logged by what writes the log, which would wait for itself
                if not self._may_wait(level, ends):
                    self._drop()
                    return
            if self._lock._is_owned():  # type: ignore[attr-defined]  # noqa: SLF001
                # A signal handler has interrupted a `put` of this thread.  While it waited here,
                # nobody else could log, not even what writes the log.
                self._append(line, at)
                return
            try:
                self._listen(lambda: self._direct or self._has_room(len(line), level), ends)
            except BaseException:  # interrupted
                self._drop()
                raise
        self._write_now(line, at)

    def _append(self, line: bytes, at: float) -> None:
        with self._lock:
            self._lines.append((line, at))
            self._put += 1
            self._put_size += len(line)
        _ring(self._bell)

    def _drop(self) -> None:
        with self._lock:
            self._dropped += 1
        _ring(self._bell)  # so that it is told

    def _has_room(self, size: int, level: int) -> bool:
        lines, size = self._put - self._done, self._put_size - self._done_size + size
        if lines <= 0 or (lines < self._free_lines and size <= self._free_size):
            return True
        return lines < self._max_lines and size <= self._max_size and not self._is_low(level)

    def _may_wait(self, level: int, ends: float | None) -> bool:
        if self.policy.overflow == "drop_newest" or self._is_low(level):
            return False
        # Two that write, each of which logs to the other one's queue, would wait for each other.
        return not _is_writing() and (ends is None or monotonic() < ends)

    def _is_low(self, level: int) -> bool:
        try:
            return self.policy.overflow == "drop_below" and level < self._level
        except TypeError:  # records may come from anywhere
            return False

    def _start(self) -> bool:
        """Start the thread; False where none can be had."""
        if not threading.main_thread().is_alive():
            return False  # the interpreter is about to end, and would take the thread with it
        thread = threading.Thread(
            # In no context: the thread outlives that of the line that happens to be the first.
            target=Context().run,
            args=(self._run,),
            name="pepperpy-logging",
            daemon=True,
        )
        self._thread = thread  # first, lest a signal handler that logs meanwhile starts another one
        try:
            thread.start()
        except RuntimeError:
            self._thread = None
            return False
        at_exit(_finish)
        return True

    def _write_now(self, line: bytes, at: float) -> None:
        if self._writer == get_ident():
            self._sink.deliver(line, at, (line,))
            return
        with self._turn() as mine:
            if mine:
                self._write_waiting()
            self._sink.deliver(line, at, (line,))

    def _wait(self, ready: Callable[[], bool]) -> None:
        done, patience_ends = self._done, monotonic() + _PATIENCE
        while not ready() and monotonic() < patience_ends:
            self._listen(ready)
            if self._done != done:
                done, patience_ends = self._done, monotonic() + _PATIENCE

    def _listen(self, ready: Callable[[], bool], ends: float | None = None) -> None:
        """Wait until some lines were written, for a moment at most."""
        bell = _silent_bell()
        self._waiters.append(bell)
        _ring(self._bell)  # who put the last line may have been interrupted before he did
        if not ready():
            left = _GLANCE if ends is None else min(_GLANCE, ends - monotonic())
            bell.acquire(timeout=max(0.0, left))
        with suppress(ValueError, IndexError):  # rung and forgotten already
            self._waiters.remove(bell)

    # The writer's side.

    def _run(self) -> None:
        while not self._direct or self._lines:
            try:
                self._work()
            except BaseException as error:  # noqa: BLE001 - without the thread all would wait
                _complain(f"what writes a log goes on after a {type(error).__name__}")

    def _work(self) -> None:
        with self._turn() as mine:
            if mine:
                self._write_waiting()
        self._asleep = True  # first, then look again: who puts a line looks the other way round
        if not self._lines and not self._direct:
            untold = self._dropped != self._told
            self._bell.acquire(timeout=max(0.0, self._tell_at - monotonic()) if untold else -1)
        self._asleep = False

    @contextmanager
    def _turn(self) -> Generator[bool, None, None]:
        """The right to write; False if who has it does not get on."""
        writing, done, writes = self._writing, self._done, _is_writing()
        while not writing.acquire(timeout=0.0 if writes else _PATIENCE):
            if writes or self._done == done:
                yield False
                return
            done = self._done
        before, self._writer, _this_thread.writes = self._writer, get_ident(), True
        try:
            yield True
        finally:
            self._writer, _this_thread.writes = before, writes
            writing.release()

    def _write_waiting(self, *, at_once: bool = False) -> None:
        lines, sink = self._lines, self._sink
        while lines:
            line, at = lines.popleft()
            piece, size = [line], len(line)
            while lines:
                line, latest = lines[0]
                if not sink.joins(size + len(line), latest):
                    break
                piece.append(line)
                size += len(line)
                lines.popleft()
            try:
                sink.deliver(b"".join(piece), at, piece)
            finally:
                self._done += len(piece)
                self._done_size += size
                self._ring_waiters()
            self._tell()
        self._tell(at_once=at_once)

    def _tell(self, *, at_once: bool = False) -> None:
        dropped = self._dropped - self._told
        if dropped and (at_once or monotonic() >= self._tell_at):
            self._told += dropped
            self._tell_at = monotonic() + _TELL_EVERY
            self._sink.tell_dropped(dropped)

    def _ring_waiters(self) -> None:
        while self._waiters:
            with suppress(IndexError):
                _ring(self._waiters.popleft())


_queues: WeakSet[LineQueue] = WeakSet()
_this_thread = threading.local()


def _is_writing() -> bool:
    """Whether what this thread does now is to write the lines of some queue."""
    return getattr(_this_thread, "writes", False)


def _silent_bell() -> threading.Lock:
    """A lock that is held: acquiring it waits until somebody releases it, once."""
    bell = threading.Lock()
    bell.acquire()
    return bell


def _ring(bell: threading.Lock) -> None:
    with suppress(RuntimeError):  # it has been rung already
        bell.release()


def _complain(text: str) -> None:
    with suppress(Exception):  # there is nowhere left to tell it
        sys.stderr.write(text + "\n")


def _finish() -> None:
    for queue in list(_queues):
        queue.settle()
