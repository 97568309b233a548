"""`PerformanceTracker`: time, computing time and memory of blocks, together."""

from __future__ import annotations

from collections import deque
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pepperpy.infra.utils import BothFaces

from ._blocks import LOCK, Blocks
from ._decorating import DecoratingBlock
from ._errors import NotStartedError
from ._memory import MemoryTracker
from ._result import PerformanceResult

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from pepperpy.infra.utils import Clock

MOST: Final = 10_000
"""Blocks of a tracker that are kept; older ones are forgotten."""


class _Running(NamedTuple):
    started: float
    cpu: float
    memory: MemoryTracker | None


class _Ended(NamedTuple):
    seconds: float
    cpu: float
    memory: int | None


class PerformanceTracker(DecoratingBlock, BothFaces):
    """Measures the time, the computing time and, if asked to, the memory of blocks.

    It is a block, ``with`` or ``async with``, a decorator, and has `start` and `stop`.  Each
    block is an iteration of its `result`, which keeps the last 10,000.  `performance_tracker`
    is another name for it.

    Args:
        name: What is measured.
        track_memory: Whether each block tracks memory, which makes allocations slower.
        clock: What measures the time; by default the finest clock of the system.

    Examples:
        >>> from pepperpy.infra.utils import FakeClock
        >>> clock = FakeClock()
        >>> tracker = PerformanceTracker("batch", clock=clock)
        >>> for size in (1, 2, 6):
        ...     with tracker:
        ...         clock.advance(size)
        >>> tracker.add_custom_metric("rows", 900)
        >>> tracker.result.median, tracker.result.execution_time
        (2.0, 9.0)
    """

    _label = "performance_tracker"
    name: str

    def __init__(
        self, name: str = "", track_memory: bool = False, *, clock: Clock | None = None
    ) -> None:
        self.name = name
        self._track_memory = track_memory
        self._now = perf_counter if clock is None else clock.monotonic
        self._open: Blocks[_Running] = Blocks()
        self._ended: deque[_Ended] = deque(maxlen=MOST)
        self._custom: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<PerformanceTracker {self.name!r}: {len(self._ended)} iterations>"

    @property
    def result(self) -> PerformanceResult:
        """All blocks that have ended since the tracker was made or reset."""
        with LOCK:
            ended, custom = list(self._ended), dict(self._custom)
        return PerformanceResult(
            self.name,
            iterations=len(ended),
            custom_metrics=custom,
            iteration_times=[each.seconds for each in ended],
            iteration_memory=[each.memory for each in ended],
            cpu_time=sum(each.cpu for each in ended),
        )

    def start(self, track_memory: bool | None = None) -> None:
        """Begin to measure; `stop` ends the measurement that began last.

        Args:
            track_memory: Instead of what the tracker was made with.
        """
        wanted = self._track_memory if track_memory is None else track_memory
        memory = MemoryTracker(self.name) if wanted else None
        if memory is not None:
            memory.start()
        self._open.push(_Running(self._now(), process_time(), memory))

    def stop(self, track_memory: bool | None = None) -> PerformanceResult:  # noqa: ARG002 - as it is known
        """The `result` with this measurement.

        Args:
            track_memory: Says nothing that `start` has not said.

        Raises:
            NotStartedError: If the tracker is not running.
        """
        if not self._open:
            raise NotStartedError(
                f"tracker {self.name!r} is not running; call start() before stop()", name=self.name
            )
        self._end()
        return self.result

    def reset(self) -> None:
        """Begin anew with nothing; what is being measured is forgotten."""
        self._open.clear()
        with LOCK:
            self._ended.clear()
            self._custom.clear()

    def add_custom_metric(self, name: str, value: Any) -> None:
        """Let the `result` have *value* under *name*, until `reset`."""
        with LOCK:
            self._custom[name] = value

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
        cpu, now = process_time(), self._now()
        running = self._open.pop()
        if running is None:  # it was reset in the midst of the block
            return
        used = None if running.memory is None else running.memory.stop()
        with LOCK:
            self._ended.append(_Ended(now - running.started, cpu - running.cpu, used))


performance_tracker = PerformanceTracker
"""`PerformanceTracker`, by the name that reads well: ``with performance_tracker("job") as t:``."""
