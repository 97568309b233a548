"""One session of tracemalloc for all blocks that measure memory.

tracemalloc knows one peak for the whole process.  So whenever a block begins, what the peak was is
noted for those that are open, and the peak starts again from what is in use.
"""

from __future__ import annotations

import weakref
from threading import get_ident
from typing import TYPE_CHECKING, Final

from pepperpy.infra.utils import register_after_fork

from ._blocks import LOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Span:
    """What one block has seen of the memory; bytes."""

    __slots__ = ("__weakref__", "complete", "peak", "start", "stop", "thread")

    def __init__(self) -> None:
        self.thread = get_ident()
        self.start = self.peak = self.stop = 0
        self.complete = True

    @property
    def used(self) -> int:
        """The peak over what was traced at the start."""
        return max(0, self.peak - self.start)

    @property
    def net(self) -> int:
        """What is traced at the end and was not at the start."""
        return self.stop - self.start


class TracingSession:
    """Traces while there are spans, and leaves tracing to others that was on before.

    All of it happens under the lock of the blocks: with two locks, a block that is ended by the
    garbage collector could take them in the other order.  The lock is re-entrant, and a finalizer
    or a signal handler may have blocks of its own in the midst of each step.
    """

    def __init__(self) -> None:
        # Weak, so that tracing ends with the last span that somebody could still end.
        self._spans: list[weakref.ref[Span]] = []
        self._ours = False
        self._others_peak = 0
        self._mark: object = None  # traced for as long as nobody stops tracing or clears it
        self._stand_in = self._started  # for `tracemalloc.start`: always the same object
        self._start: Callable[[int], None]
        register_after_fork(self)

    def begin(self, span: Span) -> None:
        """Open *span*."""
        from tracemalloc import get_traced_memory, reset_peak

        reference = weakref.ref(span, self._gone)
        with LOCK:
            try:
                self._spans.append(reference)  # first, so that no block in between is the last one
                if not self._is_on():
                    self._open()
                self._fold()
                reset_peak()
                span.start = span.peak = get_traced_memory()[0]
                span.complete = True
            except BaseException:  # an interrupt: nobody will end it
                self._gone(reference)
                raise

    def end(self, span: Span) -> None:
        """Close *span* and let it have its figures."""
        with LOCK:
            try:
                self._look(span)
            finally:
                for reference in [each for each in self._spans if each() is span]:
                    self._gone(reference)

    def peek(self, span: Span) -> None:
        """Let an open *span* have its figures so far."""
        with LOCK:
            self._look(span)

    def after_fork(self) -> None:
        """Forget the spans of threads that the child has not."""
        with LOCK:
            for reference in list(self._spans):
                span = reference()
                if span is None or span.thread != get_ident():
                    self._gone(reference)

    def _look(self, span: Span) -> None:
        from tracemalloc import get_traced_memory

        if not self._is_on():
            span.complete = False
        if span.complete:
            self._fold()
            span.stop = get_traced_memory()[0]

    def _gone(self, reference: weakref.ref[Span]) -> None:
        with LOCK:
            if reference in self._spans:
                self._spans.remove(reference)
                if not self._spans:
                    self._close()

    def _fold(self) -> None:
        from tracemalloc import get_traced_memory

        peak = get_traced_memory()[1]
        self._others_peak = max(self._others_peak, peak)
        for span in self._open_spans():
            span.peak = max(span.peak, peak)

    def _open_spans(self) -> Iterator[Span]:
        return (span for reference in list(self._spans) if (span := reference()) is not None)

    def _is_on(self) -> bool:
        """Whether tracing has gone on since it was opened: somebody may have stopped it."""
        from tracemalloc import get_object_traceback

        return self._mark is not None and get_object_traceback(self._mark) is not None

    def _open(self) -> None:
        import tracemalloc

        for span in self._open_spans():  # they have missed something
            span.complete = False
        ours = not tracemalloc.is_tracing()
        if ours:
            self._watch()  # first, or it would be traced
            tracemalloc.start()
        elif self._is_on():  # a block in between has opened it
            return
        self._mark = object()
        self._others_peak = 0
        self._ours = ours

    def _watch(self) -> None:
        """Hear of who switches tracing on while it is ours: from then on it is theirs."""
        import tracemalloc

        # In the module's dictionary: whoever has taken the function out before is not heard of.
        names = tracemalloc.__dict__
        if names["start"] is not self._stand_in:
            self._start = names["start"]
            names["start"] = self._stand_in

    def _unwatch(self) -> None:
        import tracemalloc

        names = tracemalloc.__dict__
        if names["start"] is self._stand_in:
            names["start"] = self._start

    def _started(self, nframe: int = 1, /) -> None:
        self._start(nframe)
        self._ours = False

    def _close(self) -> None:
        import tracemalloc

        ours, on = self._ours, self._is_on()
        if self._spans:  # a block in between has begun
            return
        self._unwatch()
        self._mark = None
        if on and ours:
            tracemalloc.stop()
        elif on:
            _raise_peak(self._others_peak)


def _raise_peak(peak: int) -> None:
    """Give back the peak that others had, by being as large for a moment.

    The zeros are never touched, so the system has no pages to find for them.
    """
    from tracemalloc import get_traced_memory

    current, now = get_traced_memory()
    if now < peak:
        try:
            bytes(peak - current)
        except MemoryError:  # the peak stays lower than it was
            return


SESSION: Final = TracingSession()
