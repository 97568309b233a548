"""What is kept is written a moment later, by a thread."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pepperpy.infra.utils import register_after_fork

if TYPE_CHECKING:
    from collections.abc import Callable

    from pepperpy.infra.cache._memo import Memo
    from pepperpy.infra.cache._tier import Kept

_AT_ONCE: Final = 200
_MOST: Final = 10_000
"""How many may wait; what is loaded faster than it is written need not be kept."""


class Waiting(NamedTuple):
    """A result that is to be written."""

    memo: Memo
    kept: Kept
    keys: list[str]
    """That of the result, and those of its names."""
    data: bytes

    def is_wanted(self) -> bool:
        """Whether nothing was dropped since that may be this."""
        memo, kept = self.memo, self.kept
        return memo.drops == kept.drops or memo.store.entries.get(kept.key) is kept.entry


class Queue:
    """Hands what waits to *write*, some at a time, in a thread that begins with the first.

    Args:
        write: Called with what waits; raises nothing.
    """

    def __init__(self, write: Callable[[list[Waiting]], None]) -> None:
        self._write = write
        self.after_fork()
        register_after_fork(self)

    def after_fork(self) -> None:
        """Begin anew in a child: what waits is written by the parent."""
        self._gate = Lock()
        self._queue: SimpleQueue[Waiting | Event | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._closed = False

    def put(self, waiting: Waiting) -> bool:
        """Have it written, and tell so, unless far too much waits already."""
        with self._gate:
            if self._closed or self._queue.qsize() >= _MOST:
                return False
            self._start()
            self._queue.put(waiting)
            return True

    def flush(self) -> None:
        """Wait until all is written that was put before."""
        done = Event()
        with self._gate:
            if self._thread is None or self._closed:
                return
            self._queue.put(done)
        done.wait()

    def close(self) -> None:
        """Write what waits, and take no more."""
        with self._gate:
            thread, self._thread = self._thread, None
            self._closed = True
            if thread is not None:
                self._queue.put(None)
        if thread is not None:
            thread.join()

    def _start(self) -> None:
        if self._thread is None:
            thread = Thread(target=self._serve, name="pepperpy-cache-file", daemon=True)
            thread.start()
            self._thread = thread

    def _serve(self) -> None:
        queue: Any = self._queue
        going = True
        while going:
            found = [queue.get()]
            while len(found) < _AT_ONCE:
                try:
                    found.append(queue.get_nowait())
                except Empty:
                    break
            self._write([each for each in found if isinstance(each, Waiting)])
            for each in found:
                if isinstance(each, Event):
                    each.set()
                going = going and each is not None
