"""A block whose duration is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pepperpy.infra.utils import BothFaces, passes_through

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from ._series import Series


class TimedBlock(BothFaces):
    """Reports how long its block takes, in seconds, when it ends; `elapsed_time` has it then.

    It is for one block at a time: ask `time()` for each.
    """

    __slots__ = ("_began", "elapsed_time", "series")

    series: Series
    """What it reports to."""
    elapsed_time: float
    """Seconds, frozen when the block ends; there is none before."""

    def __enter__(self) -> Self:
        self._began = self.series.switch.now()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        series = self.series
        switch = series.switch
        self.elapsed_time = elapsed = switch.now() - self._began
        if error is not None and not passes_through(error):
            series = series.ledger.sibling(series, {"error.type": type(error).__qualname__})
        # The lines of `Series.record`, as in `BoundCounter`.
        if switch.off:
            return
        journal = series.journal
        journal.append(elapsed)
        if len(journal) > series.limit:
            series.settle()
