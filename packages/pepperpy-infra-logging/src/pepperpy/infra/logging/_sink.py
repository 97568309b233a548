"""Where lines go: what the sinks for files and for the console have in common."""

from __future__ import annotations

import logging
import os
import select
import sys
from contextlib import suppress
from contextvars import Context
from time import time
from typing import TYPE_CHECKING, Any, ClassVar

from pepperpy.infra.utils import ForkSafeLock, Signal, emit, register_inspectable

from ._json import encode, stamp
from ._queue import LineQueue
from ._record import Record
from ._values import safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from ._queue_policy import QueuePolicy
    from ._record import ExcInfo

    class Renderer(Protocol):
        """Makes the bytes of a line from a record."""

        needs_caller: bool

        def line(self, record: logging.LogRecord) -> bytes: ...


_PATIENCE = 0.25  # seconds that a line waits for a pipe that is full


class Sink(logging.Handler):
    """A handler that renders a line and writes it at once, in the caller's thread, without a lock.

    So there is nothing to flush at exit, and nothing that a fork could inherit locked.  With a
    queue the caller still renders, and a thread writes.
    """

    kind: ClassVar[str]

    def __init__(self, name: str, render: Renderer) -> None:
        super().__init__()
        self.set_name(name)
        self._use(render)
        # Not the handler's own lock: `logging.shutdown` holds that one while it waits for `flush`.
        self._guard = ForkSafeLock()
        self._lost = 0  # guarded by _guard
        self._failure: str | None = None
        self._torn = False
        self._missing = 0  # bytes of the last short write that are not there yet
        self._queue: LineQueue | None = None
        register_inspectable(self)

    def take(  # noqa: PLR0917 - the hot path: keywords would cost 50 ns
        self,
        at: float,
        name: str,
        level: int,
        msg: Any,
        args: Any,
        exc_info: ExcInfo,
        fields: dict[Any, Any],
    ) -> None:
        """Write the line of a call, without a record where that can be."""
        try:
            line = None
            if self._render_call is not None and exc_info is None and not self.filters:
                line = self._render_call(at, name, level, msg, args, fields)
        except Exception:  # noqa: BLE001 - a boundary: `handle` finds it out again, and tells it
            line = None
        if line is None:
            self.handle(Record.make(at, name, level, msg, args, exc_info, fields))
            return
        try:
            if self._queue is None:
                self.write(line, at)
            else:
                self._queue.put(line, at, level)
        except Exception as error:  # noqa: BLE001 - a boundary: a line must not take its caller down
            self._count_lost(error)

    def handle(self, record: logging.LogRecord) -> bool:
        """Write the record's line; whatever goes wrong stays in here."""
        at = record.created
        try:
            if self.filters:
                kept: Any = self.filter(record)
                if not kept:
                    return False
                record = kept if isinstance(kept, logging.LogRecord) else record
            line = self._render(record)
        except Exception as error:  # noqa: BLE001 - a boundary: a line must not take its caller down
            at = time()  # what stands in the record may be no time at all
            line = _line_of_failure(record, error, at)
        try:
            if self._queue is None:
                self.write(line, at)
            else:
                self._queue.put(line, at, record.levelno)
        except Exception as error:  # noqa: BLE001 - as above
            self._count_lost(error)
        return True

    def addFilter(self, filter: Any) -> None:  # noqa: A002, N802 - the standard library's names
        """Add a filter, which may look at all of a record."""
        super().addFilter(filter)
        self.needs_caller = True

    def emit(self, record: logging.LogRecord) -> None:
        """Do what `handle` does."""
        self.handle(record)

    def write(self, line: bytes, at: float) -> None:
        """Write one whole line of a record that was created *at* this time."""
        raise NotImplementedError

    def write_behind(self, policy: QueuePolicy) -> None:
        """From now on have a thread write the lines."""
        self._queue = LineQueue(policy, self)

    def joins(self, size: int, at: float) -> bool:
        """Whether lines of this *size* together, the last one from *at*, may be one write."""
        raise NotImplementedError

    def deliver(self, data: bytes, at: float, lines: Sequence[bytes]) -> None:
        """Write *lines* that were joined to *data*; those that do not get there are counted."""
        try:
            self._missing = len(data)
            self.write(data, at)
        except BaseException as error:  # as in `handle`
            self._count_lost(error, _cut_off(lines, self._missing))
            if not isinstance(error, Exception):
                raise

    def tell_dropped(self, dropped: int) -> None:
        """Say in the log, and to who listens, that the queue was full."""
        text, args = "%d lines dropped: the queue was full", (dropped,)
        record = logging.LogRecord(__package__ or "", 30, "", 0, text, args, None)
        # This thread may be that of a caller, whose context is not that of this line.
        line = Context().run(self._render, record)
        self.deliver(line, record.created, (line,))
        emit(Signal(kind="logging.dropped", source=str(self.name), facts={"dropped": dropped}))

    def flush(self) -> None:
        """Wait until what waits in the queue is written, for as long as it gets shorter."""
        if self._queue is not None:
            self._queue.flush()

    def settle(self) -> None:
        """Write what waits in the queue; from now on lines are written at once, by their callers."""
        if self._queue is not None:
            self._queue.settle()

    def inspect(self) -> dict[str, object]:
        """How the sink is: what it lost and why, and what waits in its queue."""
        return {
            "kind": "log_sink",
            "name": self.get_name(),
            "state": "ok" if self._failure is None else "failing",
            "facts": self._facts(),
            "config": self._config(),
        }

    def retire(self) -> None:
        """Close for good: this is no handler any more."""
        self.settle()
        self.close()

    def _facts(self) -> dict[str, object]:
        waiting = {} if self._queue is None else self._queue.facts()
        return {"lost_lines": self._lost, "last_failure": self._failure, **waiting}

    def _config(self) -> dict[str, object]:
        queue = {} if self._queue is None else {"queue": self._queue.policy.overflow}
        return {"target": self.kind, "format": self._format, **queue}

    def _use(self, render: Renderer) -> None:
        self._format = type(render).__name__
        self._render = render.line
        self._render_call: Any = getattr(render, "line_of_call", None)  # only JSON is that quick
        self.needs_caller = render.needs_caller or bool(self.filters)

    def _put(self, fd: int, line: bytes, written: int) -> None:
        """Write what is left of *line* after the first attempt."""
        rest = line[written:]
        while rest:
            # If this is all that ever gets there, the next line must not be glued to it.
            self._torn = self._torn or len(rest) < len(line)
            self._missing = len(rest)
            # Whoever reads at the other end has had his chance: only the first line waits for him.
            rest = write_some(fd, rest, 0.0 if self._failure else _PATIENCE)
        self._torn = False
        self._failure = None

    def _count_lost(self, error: BaseException, lines: int = 1) -> None:
        with self._guard:
            self._lost += lines
            first, self._failure = self._failure is None, f"{type(error).__name__}: {error}"
        if first:
            self._report(f"logging to {self.get_name()} fails, lines are lost: {self._failure}")
            facts = {"lost": self._lost, "error": self._failure}
            emit(Signal(kind="logging.lost", source=str(self.name), level=40, facts=facts))

    def _report(self, text: str) -> None:
        with suppress(Exception):  # there is nowhere left to tell it; inspect() does
            sys.stderr.write(text + "\n")


def write_some(fd: int, data: bytes, patience: float) -> bytes:
    """Write what the system takes, once; what is left of *data* is returned.

    Where a pipe is full, it is given *patience* seconds.
    """
    try:
        return data[os.write(fd, data) :]
    except BlockingIOError:
        if not patience or not select.select([], [fd], [], patience)[1]:
            raise
        return data


def _cut_off(lines: Sequence[bytes], missing: int) -> int:
    """How many of *lines*, from the last one on, lie in the last *missing* bytes."""
    lost = 0
    for line in reversed(lines):
        if missing <= 0:
            break
        lost += 1
        missing -= len(line)
    return lost


def _line_of_failure(record: logging.LogRecord, error: Exception, at: float) -> bytes:
    """What can still be said of a record that could not be rendered; never the record's values."""
    return (
        encode(
            {
                "timestamp": stamp(at),
                "level": safe_text(record.levelname),
                "logger": safe_text(record.name),
                "message": f"<a line that could not be rendered: {type(error).__name__}>",
            }
        )
        + b"\n"
    )
