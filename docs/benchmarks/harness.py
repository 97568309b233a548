"""Timing contestants side by side: interleaved rounds, minimum and median, ratios.

Machines are noisy and get slower and faster while one looks.  So all contestants of a race run in
turn, in every round in another order, each for about the same time; and a race is judged by ratios
of minima.  Absolute times mean nothing and are shown only to give the order of magnitude.
"""

from __future__ import annotations

import gc
import random
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from time import perf_counter

Loop = Callable[[int], object]

OURS = "ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What our contestant has to reach against another one, or against the best of several."""

    at_most: float
    """Ours divided by theirs; seconds where it is against nobody."""
    against: str | Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """Contestants that do the same work.

    A contestant is a function that does the work as often as its argument says; one that returns a
    float has taken the time itself, because only a part of what it does counts.  Where *bare* is
    named, its time is taken off every other one: what is compared is then the overhead.
    """

    title: str
    contestants: Mapping[str, Loop]
    goals: Sequence[Goal] = ()
    bare: str | None = None
    floors: Sequence[str] = ()
    """Contestants that are no rivals: the least that the work can cost."""
    calibrate: bool = True
    """Repeat the work until a timing takes a few milliseconds; off for what takes long anyway."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a race, in seconds for one repetition."""

    race: Race
    minima: Mapping[str, float]
    medians: Mapping[str, float]

    def cost(self, name: str) -> float:
        """The minimum of *name*, less that of the bare one.

        Less than a hundredth of the bare one cannot be told from nothing, and counts as that.
        """
        bare = self.minima[self.race.bare] if self.race.bare else 0.0
        return max(self.minima[name] - bare, bare / 100)

    def ratio(self, name: str) -> float:
        """How many times ours *name* costs."""
        return self.cost(name) / self.cost(OURS)

    @property
    def rivals(self) -> list[str]:
        """The contestants that are neither ours nor there for comparison only."""
        others = {OURS, self.race.bare, *self.race.floors}
        return [name for name in self.minima if name not in others]

    def verdict(self, goal: Goal) -> tuple[float, str]:
        """What was reached, and its unit: seconds, or times the best of those it is against."""
        if not goal.against:
            return self.cost(OURS), "seconds"
        names = [goal.against] if isinstance(goal.against, str) else goal.against
        best = min((name for name in names if name in self.minima), key=self.cost)
        return 1 / self.ratio(best), f"x {best}"


def repeating(call: Callable[..., object], *args: object) -> Loop:
    """A contestant that calls *call* with *args*."""
    if len(args) == 1:
        (only,) = args

        def loop_one(times: int) -> None:
            for _ in repeat(None, times):
                call(only)

        return loop_one

    def loop(times: int) -> None:
        for _ in repeat(None, times):
            call(*args)

    return loop


def awaiting(call: Callable[[object], Awaitable[object]], arg: object) -> Loop:
    """A contestant that awaits ``call(arg)``, which must not really wait for anything."""

    async def spin(times: int) -> None:
        for _ in repeat(None, times):
            await call(arg)

    def loop(times: int) -> None:
        spinning = spin(times)
        try:
            spinning.send(None)
        except StopIteration:
            return
        raise AssertionError("the coroutine waited for something; time it on an event loop")

    return loop


@dataclass(slots=True)
class Timing:
    """The timings of one contestant, and how often it repeats its work for each."""

    loop: Loop
    times: int = 1
    seconds: list[float] = field(default_factory=list)

    def calibrate(self, target: float) -> None:
        """Find the number of repetitions that takes about *target* seconds."""
        while (spent := self._once()) < target / 4:
            self.times *= 4
        self.times = max(1, int(self.times * target / spent))

    def run(self) -> None:
        """Add one timing."""
        self.seconds.append(self._once() / self.times)

    def _once(self) -> float:
        start = perf_counter()
        own = self.loop(self.times)
        return own if isinstance(own, float) else perf_counter() - start


def run(race: Race, *, rounds: int, target: float, seed: int = 1) -> Result:
    """Run *race* in interleaved *rounds*, each timing taking about *target* seconds."""
    timings = {name: Timing(loop) for name, loop in race.contestants.items()}
    order = list(timings.values())
    shuffle = random.Random(seed).shuffle  # noqa: S311 - fairness, not security
    for timing in order:
        timing.run()  # caches, lazy imports and the interpreter's specialisation are not the race
        timing.seconds.clear()
        if race.calibrate:
            timing.calibrate(target)
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rounds):
            shuffle(order)
            for timing in order:
                timing.run()
            gc.collect()
    finally:
        if collecting:
            gc.enable()
    return Result(
        race,
        {name: min(timing.seconds) for name, timing in timings.items()},
        {name: statistics.median(timing.seconds) for name, timing in timings.items()},
    )
