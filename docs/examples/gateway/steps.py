"""Doing things at their times during a run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

Step = tuple[float, Callable[[], Awaitable[object]]]
"""A moment in seconds after the start of the run, and what to do then."""


class Steps:
    """Does each of *steps*, by the clock *now*; after all of it, *done* is set."""

    def __init__(
        self, steps: Sequence[Step], *, now: Callable[[], float], done: asyncio.Event
    ) -> None:
        self._steps = steps
        self._now = now
        self._done = done
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stop.set()

    async def run(self) -> None:
        """Do everything in its time.

        Raises:
            ChildError: If a process that was killed did not come back.
        """
        try:
            for moment, step in self._steps:
                if await self._is_stopped_before(moment):
                    break
                await step()
        finally:
            self._done.set()

    async def _is_stopped_before(self, moment: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), max(0.0, moment - self._now()))
        return self._stop.is_set()
