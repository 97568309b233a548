"""Who has a connection, and since when: written down where leaks are to be found."""

from __future__ import annotations

from inspect import currentframe
from traceback import StackSummary, walk_stack
from typing import TYPE_CHECKING, Final, NamedTuple

from ._types import Leak

if TYPE_CHECKING:
    from types import FrameType

_FRAMES: Final = 30


class Loan(NamedTuple):
    """Who has a connection."""

    borrower: str
    since: float
    stack: StackSummary
    reported: bool = False

    def leak(self, pool: str, now: float) -> Leak:
        """The same as people are told."""
        stack = "".join(self.stack.format())
        return Leak(pool=pool, borrower=self.borrower, held_for=now - self.since, stack=stack)


def loan_to(borrower: str, since: float, frame: FrameType | None) -> Loan:
    """A loan with the stack of *frame*; its lines are read when they are shown."""
    stack = StackSummary.extract(walk_stack(frame), limit=_FRAMES, lookup_lines=False)
    stack.reverse()
    return Loan(borrower, since, stack)


def caller(depth: int) -> FrameType | None:
    """The frame that is so far above the function that asks, or the outermost one."""
    frame = currentframe()
    while depth >= 0 and frame is not None and frame.f_back is not None:
        frame, depth = frame.f_back, depth - 1
    return frame
