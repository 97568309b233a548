"""Does `/metrics` of each of several gateways, and their sum, say what the driver has counted itself?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import exposed as single
from evidence import Evidence
from exposed import HITS, by_driver, by_gateway
from fleet import Fleet
from scraper import Reading
from table import Table

SHARED = (HITS,)
"""What the driver cannot know: whether a hit was in memory, or on the Redis."""


def exposed(run: Evidence, fleet: Fleet) -> Iterator[str]:
    """Where it is not what it has to be, whenever it was read."""
    for worker in range(fleet.workers):
        readings = [each for each in run.readings if each.worker == worker]
        for problem in (*single.falling(readings), *_own(run, fleet, worker, readings)):
            yield f"{fleet.names[worker]}: {problem}"
    yield from _sum(run, fleet)


def _own(run: Evidence, fleet: Fleet, worker: int, readings: list[Reading]) -> Iterator[str]:
    away = fleet.away.get(worker)
    for reading in readings:
        if not reading.trouble:
            yield from single.differing(run, reading, at_most=SHARED)
        elif not (away and away.begin <= reading.came and reading.asked <= away.end):
            yield f"it was there at {reading.asked:.2f} s, and was not read: {reading.trouble}"
    if readings and not readings[-1].trouble:
        last = readings[-1]
        yield from single.buckets(run.of_start(last.start), last)


def last_of_living(run: Evidence, fleet: Fleet) -> list[Reading]:
    """The last reading of each gateway, in their order."""
    last = {each.worker: each for each in run.readings if not each.trouble}
    return [last[worker] for worker in sorted(last) if last[worker].start in fleet.living]


def summed(run: Evidence, fleet: Fleet) -> tuple[Counter[str], Counter[str]]:
    """In the end and of the starts that live, added up: what driver and `/metrics` have counted."""
    read = last_of_living(run, fleet)
    starts = {reading.start for reading in read}
    driver = by_driver(each for each in run.complete if each.start in starts)
    told: Counter[str] = Counter()
    for reading in read:
        told.update(by_gateway(reading))
    return driver, told


def _sum(run: Evidence, fleet: Fleet) -> Iterator[str]:
    missing = fleet.living - {each.start for each in last_of_living(run, fleet)}
    for start in sorted(missing):
        yield f"/metrics of {fleet.names[fleet.starts[start]]} was not read in the end"
    driver, told = summed(run, fleet)
    for figure in sorted((driver | told).keys() - set(SHARED)):
        if driver[figure] != told[figure]:
            yield f"{figure}: /metrics {told[figure]} in sum, driver {driver[figure]}"


def table(run: Evidence, fleet: Fleet) -> Table:
    """What each said last, and their sum beside the driver's count."""
    read = last_of_living(run, fleet)
    counts = [by_gateway(each) for each in read]
    driver, told = summed(run, fleet)
    rows = [
        (
            f"  {figure}",
            *(str(each[figure]) for each in counts),
            str(told[figure]),
            str(driver[figure]),
        )
        for figure in sorted((driver | told).keys() - set(SHARED))
    ]
    heads = ("", *(f"{fleet.names[each.worker]},\n{each.start}" for each in read), "sum", "driver")
    return Table("What /metrics said in the end, gateway by gateway", heads, rows)
