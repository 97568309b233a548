"""The clock that cores are handed, and the one that tests move by hand."""

from __future__ import annotations

import sys
import time
from threading import Lock
from typing import TYPE_CHECKING

from ._durations import duration

if TYPE_CHECKING:
    from datetime import timedelta


class Clock:
    """The system's time, and sleeping on it: what code asks for so that a test can take it over.

    All methods deal in seconds.  Derive from it to bring another source of time.

    Examples:
        >>> clock = Clock()
        >>> clock.monotonic() <= clock.monotonic()
        True
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def monotonic(self) -> float:
            """A reading that never goes back; only the difference of two of them means anything."""
            ...
    else:
        # A frame of ours around the system's function would cost as much as the reading.
        monotonic = staticmethod(time.monotonic)

    def time(self) -> float:
        """Seconds since 1970, UTC: for moments to store or show.  It may jump."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Block this thread."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Let other tasks run meanwhile, under asyncio and under trio; 0 lets them run once."""
        # A loop that is running has been imported; importing one here would cost those without it.
        trio = sys.modules.get("trio")
        if trio is not None and trio.lowlevel.in_trio_task():
            await trio.sleep(seconds)
            return
        import asyncio

        await asyncio.sleep(seconds)


class FakeClock(Clock):
    """Time that moves when it is told to, and that sleepers move at once.

    It may be shared by threads and tasks.  `asleep` still lets other tasks run once, as any real
    sleep does.

    Args:
        start: The first `monotonic()` reading.
        wall: The first `time()` reading; the default is a moment in September 2001.

    Examples:
        >>> clock = FakeClock()
        >>> clock.sleep(2.5)
        >>> clock.advance(60)
        >>> clock.monotonic(), clock.sleeps
        (62.5, [2.5])
    """

    __slots__ = ("_lock", "_now", "_wall_offset", "sleeps")

    sleeps: list[float]
    """Each sleep so far, in order."""

    def __init__(self, start: float = 0.0, *, wall: float = 1_000_000_000.0) -> None:
        self._now = float(start)
        self._wall_offset = wall - self._now
        self._lock = Lock()
        self.sleeps = []

    def __repr__(self) -> str:
        return f"FakeClock({self._now!r})"

    def monotonic(self) -> float:
        return self._now

    def time(self) -> float:
        return self._now + self._wall_offset

    def sleep(self, seconds: float) -> None:
        """Return at once, *seconds* later."""
        self.advance(seconds)
        self.sleeps.append(seconds)

    async def asleep(self, seconds: float) -> None:
        """Move on by *seconds* and let other tasks run once."""
        self.sleep(seconds)
        await super().asleep(0)

    def advance(self, seconds: float | timedelta) -> None:
        """Move both readings on.

        Raises:
            InvalidDurationError: If *seconds* is negative, infinite or no number: time does not
                go back.
        """
        step = duration(seconds, "what time moves on by", endless=False)
        with self._lock:
            self._now += step

    def jump(self, seconds: float) -> None:
        """Move `time()` alone, forward or back, as setting a wall clock does."""
        with self._lock:
            self._wall_offset += seconds
