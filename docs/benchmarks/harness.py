"""Timing contestants side by side: interleaved rounds, minimum and median, ratios.

Machines are noisy and get slower and faster while one looks.  So all contestants of a race run in
turn, in every round in another order, each for about the same time; and a race is judged by ratios
of minima.  Absolute times mean nothing and are shown only to give the order of magnitude.
"""

from __future__ import annotations

import gc
import random
import statistics
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, repeat
from time import perf_counter
from typing import Any

Loop = Callable[[int], object]

OURS = "ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What a race measures."""

    name: str
    factor: float = 1.0
    """What turns a measured figure into this unit."""
    digits: int = 0
    more_is_better: bool = False
    """Then figures are compared by their difference, not by their ratio."""
    step: str = ""
    """What such a difference is counted in, where it is called otherwise."""

    def show(self, value: float) -> str:
        """A figure as tables have it."""
        return f"{value * self.factor:,.{self.digits}f}"


NANOSECONDS = Unit(name="ns", factor=1e9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What our contestant has to reach against another one, or against the best of several.

    One of *at_most*, *at_least* and *within* is given.
    """

    at_most: float | None = None
    """Ours divided by theirs; a figure as it is measured where it is against nobody."""
    at_least: float | None = None
    """A figure as it is measured, against nobody."""
    within: float | None = None
    """How far ours may be behind theirs, as a difference of figures."""
    against: str | Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """A goal in words, what was measured, and whether that is enough."""

    goal: str
    measured: str
    reached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """Contestants that do the same work.

    A contestant is a function that does the work as often as its argument says; one that returns a
    float has measured by itself, because only a part of what it does counts, or because it is not
    the time that counts.  Where *bare* is
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
    rounds: int | None = None
    """The most rounds that are worth their time; with 1 there is none to warm up either."""
    unit: Unit = NANOSECONDS
    series: str | None = None
    """Several races that are one table and one plot together."""
    at: float | str = ""
    """Where in its series this race stands: a size, or a name."""
    across: Mapping[str, float] = field(default_factory=dict)
    """Another figure of each contestant, which the plot shows beside what was measured."""

    @property
    def place(self) -> str:
        """Where in its series it stands, in words."""
        return self.at if isinstance(self.at, str) else f"{self.at:,}"

    @property
    def name(self) -> str:
        """The title; in a series with the place in it."""
        return f"{self.series} ({self.place})" if self.series else self.title


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a race: seconds for one repetition, or what its contestants measured."""

    race: Race
    minima: Mapping[str, float]
    medians: Mapping[str, float]
    package: str
    """The short name of the wheel that it is about."""

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
        """The contestants that are neither ours nor there for comparison only.

        None where a race shows what is had for what: the quickest is not the best there.
        """
        if self.race.across:
            return []
        others = {self.race.bare, *self.race.floors}
        return [name for name in self.minima if name not in others and not name.startswith(OURS)]

    @property
    def best_rival(self) -> str | None:
        """The best of them, if there is one."""
        rivals = self.rivals
        return next((name for name in self.in_order if name in rivals), None)

    @property
    def lost(self) -> bool:
        """Whether a rival is better by more than a timing is exact."""
        if self.best_rival is None:
            return False
        if self.race.unit.more_is_better:
            return self.cost(self.best_rival) > self.cost(OURS)
        return self.ratio(self.best_rival) < 1 / 1.02

    @property
    def verdicts(self) -> list[Verdict]:
        """What came of its goals."""
        return [self.verdict(goal) for goal in self.race.goals]

    @property
    def in_order(self) -> list[str]:
        """All contestants, the best first."""
        return sorted(self.minima, key=self.cost, reverse=self.race.unit.more_is_better)

    def verdict(self, goal: Goal) -> Verdict:
        """Whether ours is good enough."""
        unit, ours = self.race.unit, self.cost(OURS)
        names = [goal.against] if isinstance(goal.against, str) else goal.against
        best = next((name for name in self.in_order if name in names), None)
        if goal.within is not None and best is not None:
            behind = self.cost(best) - ours
            return Verdict(
                f"no more than {unit.show(goal.within)} {unit.step or unit.name} behind {best}",
                f"{unit.show(abs(behind))} {'behind' if behind > 0 else 'ahead'}",
                behind <= goal.within,
            )
        if goal.at_least is not None:
            wanted = f"at least {unit.show(goal.at_least)} {unit.name}"
            return Verdict(wanted, unit.show(ours), ours >= goal.at_least)
        most = goal.at_most or 0.0
        if best is None:
            wanted = f"at most {unit.show(most)} {unit.name}"
            return Verdict(wanted, unit.show(ours), ours <= most)
        ratio = 1 / self.ratio(best)
        return Verdict(f"at most {most:.3g} x {best}", f"{ratio:.3g}", ratio <= most)


def in_series(results: Sequence[Result]) -> list[list[Result]]:
    """The races one by one, but those of a series together."""
    by_series = groupby(results, lambda result: result.race.series or result.race.title)
    return [list(group) for _, group in by_series]


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


def over(call: Callable[[Any], object], keys: Sequence[object]) -> Loop:
    """A contestant that calls *call* with one of *keys* after the other, and begins anew."""

    def loop(times: int) -> None:
        whole, rest = divmod(times, len(keys))
        for _ in repeat(None, whole):
            for key in keys:
                call(key)
        for key in keys[:rest]:
            call(key)

    return loop


def through(call: Callable[[Any], object], keys: Callable[[], Iterable[object]]) -> Loop:
    """A contestant that is timed over all *keys* at once, and tells the seconds for one of them."""

    def loop(_: int) -> float:
        trace = list(keys())
        start = perf_counter()
        for key in trace:
            call(key)
        return (perf_counter() - start) / len(trace)

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
        # Asked twice before it is believed: if the machine paused once, a few repetitions would look
        # like enough, and each timing would be one of cold caches.
        while (spent := self._once()) < target / 4 or (spent := self._once()) < target / 4:
            self.times *= 4
        self.times = max(1, int(self.times * target / spent))

    def run(self) -> None:
        """Add one timing."""
        self.seconds.append(self._once() / self.times)

    def _once(self) -> float:
        start = perf_counter()
        own = self.loop(self.times)
        return own if isinstance(own, float) else perf_counter() - start


def run(race: Race, *, package: str, rounds: int, target: float, seed: int = 1) -> Result:
    """Run *race* of *package* in interleaved *rounds*, each timing taking about *target* seconds."""
    timings = {name: Timing(loop) for name, loop in race.contestants.items()}
    order = list(timings.values())
    shuffle = random.Random(seed).shuffle  # noqa: S311 - fairness, not security
    for timing in order if race.rounds != 1 else ():
        timing.run()  # caches, lazy imports and the interpreter's specialisation are not the race
        timing.seconds.clear()
        if race.calibrate:
            timing.calibrate(target)
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(min(rounds, race.rounds or rounds)):
            shuffle(order)
            for timing in order:
                timing.run()
            gc.collect()
    finally:
        if collecting:
            gc.enable()
    return Result(
        replace(race, contestants={}),  # what they hold may be large
        {name: min(timing.seconds) for name, timing in timings.items()},
        {name: statistics.median(timing.seconds) for name, timing in timings.items()},
        package,
    )
