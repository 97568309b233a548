"""The race of coroutines: the next one starts when the earlier ones take too long, or fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pepperpy.infra.utils import passes_through

if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import Callable, Coroutine, Sequence

    from pepperpy.infra.utils import Clock


class Outcome(NamedTuple):
    """How a race ended."""

    winner: int | None
    """Which one answered first; `None` if all failed."""
    result: Any
    errors: list[Exception]
    """Of those that failed, in the order of their starting."""


async def first_answer(
    starts: Sequence[Callable[[], Coroutine[Any, Any, Any]]],
    after: float,
    clock: Clock,
    moves_on: Callable[[Exception], bool] = lambda error: not passes_through(error),
) -> Outcome:
    """What the first coroutine to succeed returns; all others are cancelled, and seen to their end.

    Args:
        starts: Make the coroutines, each called once at most.  One that raises counts as failed.
        after: Seconds until the next one starts beside those that run.
        clock: What sleeps.
        moves_on: Whether an error is a failure; any other ends the race.
    """
    import asyncio

    race = _Race(moves_on)
    waiting = list(enumerate(starts))
    sleeper: Task[None] | None = None
    try:
        while True:
            if waiting and not race.start(*waiting.pop(0)):
                continue
            if not race.running:
                return Outcome(None, None, race.in_order())
            if waiting and sleeper is None:
                sleeper = asyncio.ensure_future(clock.asleep(after))
            failed = False
            while not failed and race.running:
                watched = {*race.running, *([sleeper] if sleeper else [])}
                await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
                winner = race.winner()
                if winner is not None:
                    return Outcome(winner[0], winner[1], race.in_order())
                failed = race.collect()
                if sleeper is not None and sleeper.done():
                    sleeper = None
                    break
    finally:
        await _end([*race.running, *([sleeper] if sleeper else [])])


class _Race:
    """Those that run, and the errors of those that do not any more."""

    def __init__(self, moves_on: Callable[[Exception], bool]) -> None:
        self._moves_on = moves_on
        self.running: dict[Task[Any], int] = {}
        self._errors: dict[int, Exception] = {}

    def start(self, number: int, start: Callable[[], Coroutine[Any, Any, Any]]) -> bool:
        import asyncio

        try:
            work = start()
        except Exception as error:
            if not self._moves_on(error):
                raise
            self._errors[number] = error
            return False
        self.running[asyncio.ensure_future(work)] = number
        return True

    def winner(self) -> tuple[int, Any] | None:
        for task, number in self.running.items():
            if task.done() and not task.cancelled() and task.exception() is None:
                return number, task.result()
        return None

    def collect(self) -> bool:
        """Take out those that failed; whether there were any."""
        failed = [task for task in self.running if task.done()]
        for task in failed:
            number = self.running.pop(task)
            error = task.exception()  # raises what passes through: a cancellation from inside
            if not isinstance(error, Exception) or not self._moves_on(error):
                raise error  # type: ignore[misc] # not None: it did not win
            self._errors[number] = error
        return bool(failed)

    def in_order(self) -> list[Exception]:
        return [self._errors[number] for number in sorted(self._errors)]


async def _end(tasks: list[Task[Any]]) -> None:
    import asyncio

    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.gather(*tasks, return_exceptions=True)
