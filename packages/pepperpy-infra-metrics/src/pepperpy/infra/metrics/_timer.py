"""`Timer`: how long a block takes."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from pepperpy.infra.utils import BothFaces

from ._blocks import LOCK, Blocks
from ._decorating import DecoratingBlock
from ._errors import NotStartedError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from pepperpy.infra.utils import Clock


class Timer(DecoratingBlock, BothFaces):
    """Measures how long something takes, in seconds of a clock that never goes back.

    It is a block, ``with`` or ``async with``, a decorator, and a stopwatch with `start` and
    `stop`.  It may be used again, blocks of it may nest, and threads and tasks may share it:
    each block gets its own time.  `measure_time` is another name for it.

    Args:
        name: What is measured.
        clock: What measures the time; by default the finest clock of the system.

    Examples:
        >>> from pepperpy.infra.utils import FakeClock
        >>> clock = FakeClock()
        >>> with Timer("operation", clock=clock) as timer:
        ...     clock.advance(0.25)
        >>> timer.elapsed_time
        0.25
    """

    __slots__ = ("_clock", "_elapsed", "_open", "name")

    _label = "measure_time"

    name: str
    _clock: Clock
    _elapsed: float
    # None, the start of the only block that is open, or all of them where there are several.
    _open: float | Blocks[float] | None

    def __init__(self, name: str = "", *, clock: Clock | None = None) -> None:
        self.name = name
        self._elapsed = 0.0
        self._open = None
        if clock is not None:
            # A clock in a slot of every timer would make each block a tenth slower.
            self._clock = clock
            self.__class__ = _ClockedTimer  # pyright: ignore[reportAttributeAccessIssue]

    def __repr__(self) -> str:
        return f"<Timer {self.name!r}: {self.elapsed_time:.9g} s>"

    @property
    def elapsed_time(self) -> float:
        """Seconds of the block that ended last, and inside of a block of it those so far."""
        started = self._open
        if started is None:
            return self._elapsed
        if isinstance(started, Blocks):
            own = started.peek()
            return self._elapsed if own is None else self._read() - own
        return self._read() - started

    def start(self) -> None:
        """Begin to measure; `stop` ends the measurement that began last."""
        self.__enter__()

    def stop(self) -> float:
        """The seconds since `start`, which may have been called in another thread.

        Raises:
            NotStartedError: If the timer is not running.
        """
        now = self._read()
        if self._open is None:
            raise NotStartedError(
                f"timer {self.name!r} is not running; call start() before stop()", name=self.name
            )
        return self._end(now)

    def reset(self) -> None:
        """Begin anew at 0; what is being measured is forgotten."""
        with LOCK:
            if isinstance(self._open, Blocks):
                self._open.clear()
            self._open = None
            self._elapsed = 0.0

    # Marked hot path: a block costs about 240 ns more than the two readings of the clock.
    def __enter__(self) -> Self:
        now = perf_counter()
        if self._open is None:
            self._open = now
        else:
            self._begin_another(now)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        now = perf_counter()
        try:
            self._elapsed = now - self._open  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
        except TypeError:
            self._end(now)
        else:
            self._open = None

    def _read(self) -> float:
        return perf_counter()

    def _begin_another(self, now: float) -> None:
        made: Blocks[float] = Blocks()
        with LOCK:
            # Nothing is called between reading and writing, so no other thread comes in between.
            first = self._open
            self._open = made
            if isinstance(first, Blocks):
                self._open = made = first
            elif first is not None:
                made.push(first, anywhere=True)
            made.push(now)

    def _end(self, now: float) -> float:
        with LOCK:
            started = self._open
            if isinstance(started, Blocks):
                own = started.pop()
                if not started:
                    self._open = None
            else:
                own, self._open = started, None
        if own is not None:  # else it was reset in the midst of the block
            self._elapsed = now - own
        return self._elapsed


class _ClockedTimer(Timer):
    """The same by a clock that was given."""

    __slots__ = ()

    def __enter__(self) -> Self:
        self._begin_another(self._read())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end(self._read())

    def _read(self) -> float:
        return self._clock.monotonic()


measure_time = Timer
"""`Timer`, by the name that reads well: ``with measure_time("operation") as timer:``."""
