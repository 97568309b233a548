"""One handler: its thread, what it was told so far, and the events that wait for it."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from pepperpy.infra.utils import passes_through, to_seconds

from ._log import reason, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ._series import Series
    from ._settings import Settings
    from ._types import Event, Metric

# True in a thread that is in a handler: what it causes must not come back to it, and it must not
# wait for itself.
_delivering = threading.local()


def is_delivering() -> Delivery | None:
    """The delivery that this thread is busy with."""
    return getattr(_delivering, "by", None)


class Source(Protocol):
    """Where a delivery gets its metrics, and how often."""

    @property
    def settings(self) -> Settings: ...

    def changes(self, delivery: Delivery) -> Iterable[tuple[Metric, Callable[[], None]]]:
        """What changed since the last time, each with what to call once it is delivered."""
        ...

    def flush(self) -> bool:
        """Deliver now what there is to deliver."""
        ...

    def close(self) -> None:
        """Flush, and forget the handlers."""
        ...


class Delivery:
    """Hands a handler what there is, every so often and when asked."""

    def __init__(self, name: str, handler: Any, source: Source) -> None:
        self.name = name
        self.handler = handler
        self.told: dict[Series, Any] = {}
        """The states that the handler knows of."""
        self.facts: dict[tuple[str, str], float] = {}
        """The same for figures of inspectables."""
        self.failures: int = 0
        self.lost: int = 0
        self._source = source
        self._failing = False
        self._closed = False
        self.renew()

    def renew(self) -> None:
        """Begin with nothing, also in a child process, where the thread has not come along."""
        _delivering.by = None
        self.told.clear()
        self.facts.clear()
        self._events: deque[Event] = deque()
        self._thread: threading.Thread | None = None
        # Guards the thread, and the three below.
        self._turn = threading.Condition()
        self._asked = self._done = 0
        self._well = True  # whether the last one that was done got all of it across
        self._busy = threading.Lock()

    def start(self) -> None:
        """Have the thread run, if it does not."""
        with self._turn:
            if self._closed or (self._thread is not None and self._thread.is_alive()):
                return
            self._thread = threading.Thread(
                target=self._run, name=f"pepperpy-telemetry-{self.name}", daemon=True
            )
            try:
                self._thread.start()
            except RuntimeError:  # the interpreter is ending: `finish` delivers in its own thread
                self._thread = None

    def put(self, event: Event) -> None:
        """Keep *event* for the next flush, if there is room and the handler did not cause it."""
        if is_delivering() is self:
            return
        if len(self._events) >= self._source.settings.max_events:
            self.lost += 1
            return
        self._events.append(event)
        if self._thread is None:  # after a fork
            self.start()

    def ask(self) -> int:
        """Ask for a flush; what is returned is for `finish`."""
        self.start()
        with self._turn:
            self._asked += 1
            self._turn.notify_all()
            return self._asked

    def finish(self, ticket: int, until: float) -> bool:
        """Wait for that flush; whether the handler had everything in time."""
        left = min(max(0.0, until - time.monotonic()), threading.TIMEOUT_MAX)
        with self._turn:
            # The thread itself may ask: a finalizer runs wherever the garbage collector does.
            runs = self._thread not in {None, threading.current_thread()}
            if runs or self._done >= ticket:
                return self._turn.wait_for(lambda: self._done >= ticket, left) and self._well
        return self._deliver()

    def close(self) -> None:
        """End the thread."""
        with self._turn:
            self._closed = True
            self._turn.notify_all()

    def _run(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(
                    lambda: self._closed or self._asked > self._done,
                    min(to_seconds(self._source.settings.interval), threading.TIMEOUT_MAX),
                )
                if self._closed and self._asked <= self._done:
                    return
                ticket = self._asked
            thread, well = None, False
            try:
                well = self._deliver()
                thread = self._thread
            finally:
                with self._turn:
                    # Where the handler has ended this thread, the next flush begins another one.
                    self._thread, self._done, self._well = thread, ticket, well
                    self._turn.notify_all()

    def _deliver(self) -> bool:
        if not self._busy.acquire(blocking=False):
            return False
        _delivering.by = self
        try:
            failures = self.failures
            for _ in range(len(self._events)):  # those that come meanwhile have the next turn
                self._try(self.handler.handle_event, self._events.popleft())
            for metric, done in self._source.changes(self):
                if self._try(self.handler.handle_metric, metric):
                    done()
            flush = getattr(self.handler, "flush", None)
            if flush is not None:
                self._try(flush)
            self._failing = self._failing and failures != self.failures
            return failures == self.failures
        finally:
            _delivering.by = None
            self._busy.release()

    def _try(self, call: Callable[..., object], *args: object) -> bool:
        try:
            call(*args)
        except Exception as error:  # a boundary: the handler's failure is nobody else's
            if passes_through(error):
                raise
            self.failures += 1
            if not self._failing:
                self._failing = True
                tell("telemetry.handler_failed", self.name, error=reason(error))
            return False
        return True
