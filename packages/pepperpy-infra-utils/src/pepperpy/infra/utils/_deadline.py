"""`deadline`: how much time the caller has left, known to everything that is called."""

from __future__ import annotations

import math
import textwrap
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeAlias

from ._blocks import BothFaces, without
from ._clock import Clock
from ._durations import duration
from ._errors import UtilsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
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

    __slots__ = ("_now", "seconds")

    seconds: float
    """How long the block may take."""

    def __init__(self, seconds: float | timedelta, *, clock: Clock | None = None) -> None:
        self.seconds = duration(seconds, "a deadline")
        self._now: Callable[[], float] = time.monotonic if clock is None else clock.monotonic

    def __repr__(self) -> str:
        return f"deadline({self.seconds!r})"

    def __enter__(self) -> Self:
        _innermost.set((self, self._now, self._now() + self.seconds, _innermost.get()))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _innermost.set(without(_innermost.get(), self))

    def source(self, inner: str, tag: str, *, unless: str = "False") -> str:
        """For `wrapping.compile_wrapper`: the lines *inner* in this block, at half its cost.

        Args:
            inner: Of a plain function, which ends in the context that it began in.
            tag: Ends every name in the lines, so that it is told from its neighbours.
            unless: An expression; where it is true there is no deadline.
        """
        return f"""\
$block{tag} = $none{tag}
try:
    if not ({unless}):
        $block{tag} = ($deadline{tag}, $now{tag}, $now{tag}() + $seconds{tag}, $innermost{tag}())
        $entered{tag} = $enter{tag}($block{tag})
{textwrap.indent(inner, "    ")}
finally:
    if $block{tag} is not $none{tag}:
        if $innermost{tag}() is $block{tag}:
            $reset{tag}($entered{tag})
        else:
            $leave{tag}($none{tag}, $none{tag}, $none{tag})"""

    def names(self, tag: str) -> Mapping[str, object]:
        """What the lines of `source` refer to."""
        return {
            f"none{tag}": None,
            f"deadline{tag}": self,
            f"now{tag}": self._now,
            f"seconds{tag}": self.seconds,
            f"innermost{tag}": _innermost.get,
            f"enter{tag}": _innermost.set,
            f"reset{tag}": _innermost.reset,
            f"leave{tag}": self.__exit__,
        }

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


# One block under way: whose it is, its clock, its end, and the block around it.
_Limit: TypeAlias = "tuple[deadline, Callable[[], float], float, Any]"

_innermost: ContextVar[_Limit | None] = ContextVar("pepperpy.deadline", default=None)

innermost = _innermost.get
"""The block that we are in, if any; quicker to ask for than `remaining`."""


def _left() -> float | None:
    limit = _innermost.get()
    if limit is None:
        return None
    left = math.inf
    while limit is not None:
        _, now, end, limit = limit
        left = min(left, end - now())
    return left
