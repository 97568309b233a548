"""Races of `pepperpy-infra-metrics`: what it costs to measure."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator

import codetiming
import psutil
from harness import OURS, Goal, Loop, Race, repeating

from pepperpy.infra.metrics import Timer, get_memory_usage, measure_memory, measure_time

CODETIMING = "codetiming"
BY_HAND = "tracemalloc by hand"
KEPT = "psutil, a process that was kept"


def races() -> Iterator[Race]:
    """All of them."""
    yield block()
    yield kept()
    yield decorated()
    yield memory()
    yield resident()


def block() -> Race:
    """A new timer for each block."""

    def time_ours() -> None:
        with measure_time("work"):
            pass

    def time_theirs() -> None:
        with codetiming.Timer("work", logger=None):
            pass

    return Race(
        title="measure_time, an empty block",
        contestants={OURS: repeating(time_ours), CODETIMING: repeating(time_theirs)},
        goals=[Goal(at_most=0.5, against=CODETIMING)],
    )


def kept() -> Race:
    """One timer for all blocks."""
    ours, theirs = Timer("work"), codetiming.Timer("work", logger=None)

    def time_ours() -> None:
        with ours:
            pass

    def time_theirs() -> None:
        with theirs:
            pass

    return Race(
        title="a timer that was kept, an empty block",
        contestants={OURS: repeating(time_ours), CODETIMING: repeating(time_theirs)},
        goals=[Goal(at_most=0.5, against=CODETIMING)],
    )


def decorated() -> Race:
    """A function whose calls are measured."""

    def returning(x: int) -> int:
        return x

    return Race(
        title="measure_time, a decorated call",
        contestants={
            "bare": repeating(returning, 1),
            OURS: repeating(measure_time("work")(returning), 1),
            CODETIMING: repeating(codetiming.Timer("work", logger=None)(returning), 1),
        },
        bare="bare",
        goals=[Goal(at_most=0.5, against=CODETIMING)],
    )


def memory() -> Race:
    """A block inside of another one, which keeps tracing on; theirs loses the outer peak."""

    def ours() -> None:
        with measure_memory("work"):
            pass

    def by_hand() -> int:
        tracemalloc.reset_peak()
        start, _ = tracemalloc.get_traced_memory()
        _, peak = tracemalloc.get_traced_memory()
        return peak - start

    def traced(work: Callable[[], object]) -> Loop:
        loop = repeating(work)

        def run(times: int) -> None:
            with measure_memory("outer"):
                loop(times)

        return run

    return Race(
        title="measure_memory, an empty block",
        contestants={OURS: traced(ours), BY_HAND: traced(by_hand)},
        floors=[BY_HAND],
    )


def resident() -> Race:
    """What the process has in memory."""
    process = psutil.Process()
    return Race(
        title="get_memory_usage",
        contestants={
            OURS: repeating(get_memory_usage),
            KEPT: repeating(lambda: process.memory_info().rss),
        },
        floors=[KEPT],
    )
