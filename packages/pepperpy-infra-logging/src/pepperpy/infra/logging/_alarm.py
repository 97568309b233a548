"""Calling something later, also in a program that is idle then."""

from __future__ import annotations

import threading
from itertools import count
from typing import TYPE_CHECKING

from pepperpy.infra.utils import Clock, register_after_fork

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_WAIT = 3600.0  # a lock refuses to wait for a century


class Alarms:
    """Calls functions at their time, from one daemon thread that lives while any is due.

    A forked child begins without the parent's alarms.

    Args:
        clock: Tells when it is time.
        threaded: Whether there is a thread; in tests `ring` is called instead.
    """

    # All guarded by _changed.  Its lock is re-entrant: a signal handler may log, and so set an alarm,
    # in the midst of it.
    _changed: threading.Condition
    _due: dict[int, tuple[float, Callable[[], None]]]
    _thread: threading.Thread | None

    def __init__(self, clock: Clock | None = None, *, threaded: bool = True) -> None:
        self.clock = clock or Clock()
        self._threaded = threaded
        self._sequence = count()
        self.after_fork()
        register_after_fork(self)

    def at(self, moment: float, call: Callable[[], None]) -> Callable[[], None]:
        """Have *call* called at this reading of the monotonic clock, or soon after it.

        Returns:
            A function that calls it off, which may be done twice or too late.

        Raises:
            RuntimeError: If the system has no thread for it, or the interpreter is ending.
        """
        key = next(self._sequence)
        with self._changed:
            if self._threaded and self._thread is None:
                thread = threading.Thread(target=self._run, name="pepperpy-logging", daemon=True)
                thread.start()
                self._thread = thread
            self._due[key] = (moment, call)
            self._changed.notify()

        def call_off() -> None:
            with self._changed:
                self._due.pop(key, None)
                self._changed.notify()

        return call_off

    def ring(self) -> None:
        """Call what is due, the earliest first."""
        while (call := self._next_due()) is not None:
            try:
                call()
            except Exception:  # a boundary: the other alarms must still ring
                import logging

                logging.getLogger(__name__).exception("an alarm failed: %r", call)

    @property
    def waiting(self) -> int:
        """How many alarms there are."""
        return len(self._due)

    def after_fork(self) -> None:
        """Begin anew, in a child whose parent's thread is not there."""
        self._changed, self._due, self._thread = threading.Condition(), {}, None

    def _next_due(self) -> Callable[[], None] | None:
        with self._changed:
            first = min(((moment, key) for key, (moment, _) in self._due.items()), default=None)
            if first is None or first[0] > self.clock.monotonic():
                return None
            return self._due.pop(first[1])[1]

    def _run(self) -> None:
        while True:
            self.ring()
            with self._changed:
                if not self._due:
                    self._thread = None  # told under the lock: the next alarm starts another one
                    return
                first = min(moment for moment, _ in self._due.values())
                left = first - self.clock.monotonic()
                if left > 0:
                    self._changed.wait(min(left, _LONGEST_WAIT))


shared_alarms = Alarms()
