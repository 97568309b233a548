"""`deadline`: how much time the caller has left, known to everything that is called."""

from __future__ import annotations

import math
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from ._blocks import BothFaces, without
from ._clock import Clock
from ._durations import duration
from ._errors import UtilsError

if TYPE_CHECKING:
    from datetime import timedelta
    from types import TracebackType
    from typing import Self


class DeadlineExceededError(UtilsError, TimeoutError):
    """The time that a `deadline` gave is over.

    *overdue* tells for how many seconds.
    """

    code = "utils-deadline"

    overdue: float


class deadline(BothFaces):  # noqa: N801 - reads as a statement: `with deadline(2.0):`
    """Give the block, and all that it calls, so much time; ``async with`` does the same.

    It interrupts nothing.  Whatever waits inside (a retry, a pool, a rate limiter) asks how much
    is left and does not wait beyond it.  Inside another deadline it can only shorten the time.
    Tasks inherit it; so does a thread that is started in a copy of the context.

    The time runs from entering the block.  One object may be entered again and again, also by
    many tasks at once.

    Args:
        seconds: How long, or a `timedelta`; 0 means that the time is over at once.
        clock: What measures it.

    Raises:
        InvalidDurationError: If *seconds* is negative or no number; it is a `ValueError`.

    Examples:
        >>> deadline.remaining() is None
        True
        >>> with deadline(2.0):
        ...     with deadline(60):
        ...         deadline.remaining() <= 2.0
        True
    """

    __slots__ = ("_clock", "seconds")

    seconds: float
    """How long the block may take."""

    def __init__(self, seconds: float | timedelta, *, clock: Clock | None = None) -> None:
        self.seconds = duration(seconds, "a deadline")
        self._clock = clock or _SYSTEM

    def __repr__(self) -> str:
        return f"deadline({self.seconds!r})"

    def __enter__(self) -> Self:
        end = self._clock.monotonic() + self.seconds
        _innermost.set(_Limit(self, self._clock, end, _innermost.get()))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _innermost.set(without(_innermost.get(), self))

    @staticmethod
    def remaining() -> float | None:
        """Seconds until the nearest deadline around us: 0 when it is over, `None` without one."""
        left = _left()
        return left if left is None or left > 0 else 0.0

    @staticmethod
    def at_most(seconds: float | timedelta) -> float:
        """*seconds*, or what is left if that is less: a timeout for a call that takes one.

        Raises:
            InvalidDurationError: If *seconds* is negative or no number.

        Examples:
            >>> with deadline(0):
            ...     deadline.at_most(5.0)
            0.0
        """
        length = duration(seconds, "a timeout")
        left = deadline.remaining()
        return length if left is None else min(length, left)

    @staticmethod
    def check() -> None:
        """Go on only if there is time left.

        Raises:
            DeadlineExceededError: If the time is over.
        """
        left = _left()
        if left is not None and left <= 0:
            raise DeadlineExceededError(
                f"the deadline passed {-left:.3g} s ago; allow more time, or do less in it",
                overdue=-left,
            )


class _Limit(NamedTuple):
    """One block under way, and those around it."""

    owner: deadline
    clock: Clock
    end: float
    outer: _Limit | None


_SYSTEM = Clock()

_innermost: ContextVar[_Limit | None] = ContextVar("pepperpy.deadline", default=None)

innermost = _innermost.get
"""The block that we are in, if any; quicker to ask for than `remaining`."""


def _left() -> float | None:
    limit = _innermost.get()
    if limit is None:
        return None
    left = math.inf
    while limit is not None:
        left = min(left, limit.end - limit.clock.monotonic())
        limit = limit.outer
    return left
