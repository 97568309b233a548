"""`MemoryTracker`: how much memory a block needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pepperpy.infra.utils import BothFaces

from ._blocks import Blocks
from ._decorating import DecoratingBlock
from ._errors import NotStartedError
from ._tracing import SESSION, Span

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class MemoryTracker(DecoratingBlock, BothFaces):
    """Measures the memory that Python allocates in a block, in bytes, by tracemalloc.

    It is a block, ``with`` or ``async with``, a decorator, and has `start` and `stop`.  All of
    them share one session of tracemalloc: blocks may nest and overlap, each with a peak of its
    own, and tracing that somebody else has on stays on.  What other threads allocate meanwhile
    is in the figures.  Tracing makes allocations two to four times slower.  `measure_memory` is
    another name for it.

    Args:
        name: What is measured.

    Examples:
        >>> with MemoryTracker("list") as tracker:
        ...     text = "x" * 1_000_000
        ...     short = text[:1000]
        ...     del text
        >>> tracker.memory_used > 1_000_000, tracker.net < 10_000
        (True, True)
    """

    __slots__ = ("_open", "_span", "name")

    _label = "measure_memory"
    name: str

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._open: Blocks[Span] = Blocks()
        self._span = Span()

    def __repr__(self) -> str:
        return f"<MemoryTracker {self.name!r}: {self.memory_used} bytes>"

    @property
    def memory_used(self) -> int:
        """The peak of the block over what was traced when it began; never negative.

        It is that of the block that ended last, and inside of a block the peak so far.
        """
        return self._shown().used

    @property
    def net(self) -> int:
        """What has stayed allocated; negative if more was freed."""
        return self._shown().net

    @property
    def complete(self) -> bool:
        """Whether the figures are whole: nobody has stopped or cleared tracemalloc meanwhile."""
        return self._shown().complete

    def start(self) -> None:
        """Begin to measure; `stop` ends the measurement that began last."""
        span = Span()
        self._open.push(span)  # first, or it would count as part of the block
        try:
            SESSION.begin(span)
        except BaseException:
            self._open.pop()
            raise

    def stop(self) -> int:
        """The `memory_used` since `start`.

        Raises:
            NotStartedError: If the tracker is not running.
        """
        if not self._open:
            raise NotStartedError(
                f"memory tracker {self.name!r} is not running; call start() before stop()",
                name=self.name,
            )
        self._end()
        return self._span.used

    def reset(self) -> None:
        """Begin anew at 0; what is being measured is forgotten."""
        self._open.clear()
        self._span = Span()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        span = self._open.pop()
        if span is not None:  # else it was reset in the midst of the block
            SESSION.end(span)
            self._span = span

    def _shown(self) -> Span:
        span = self._open.peek()
        if span is None:
            return self._span
        SESSION.peek(span)
        return span


measure_memory = MemoryTracker
"""`MemoryTracker`, by the name that reads well: ``with measure_memory("load") as tracker:``."""
