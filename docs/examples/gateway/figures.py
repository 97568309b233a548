"""What breakers, pools, fallback and cache should have counted, by the log."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from faults import PROVIDERS
from logbook import Line, Logbook
from names import ANSWERS, CHANGES
from trespasses import AUDITED

FIRST, SECOND = PROVIDERS

SIGNALS = (*CHANGES, "pool.timeout", "fallback.exhausted", *AUDITED.values())
"""What they tell by themselves, to log and telemetry alike."""

BREAKER, POOL, FALLBACK, CACHE = (
    f"pepperpy.{kind}" for kind in ("circuit_breaker", "pool", "provider_fallback", "cache")
)
"""What the figures are called that telemetry pulls, before the dot."""


class Figure(NamedTuple):
    """The name of something that is counted, and whose it is."""

    name: str
    of: str


def signals(log: Logbook) -> Counter[Figure]:
    """How often the log has which signal of whom."""
    return Counter(Figure(kind, line["logger"]) for kind in SIGNALS for line in log.of(kind))


def pulled(log: Logbook, *, is_shared: bool = False) -> dict[Figure, int]:
    """What telemetry should have been told when it asked them last.

    Of a cache that is shared by a Redis, the log cannot tell hits in memory from those that came from there.
    """
    told = signals(log)
    opened = Counter(line["logger"] for line in log.of("circuit.opened") if not line.get("shared"))
    wanted = {
        Figure(f"{FALLBACK}.served_by_{SECOND}", FIRST): sum(map(fell_back, log.requests)),
        Figure(f"{FALLBACK}.exhausted", FIRST): told[Figure("fallback.exhausted", FIRST)],
    }
    for name in PROVIDERS:
        own = {
            f"{BREAKER}.trips": opened[name],
            f"{BREAKER}.rejected": sum(name in line["rejected"] for line in log.requests),
            f"{POOL}.acquired": _sum(log, "calls", name),
            f"{POOL}.max_size_reached": _sum(log, "waits", name),
            f"{POOL}.timeouts": told[Figure("pool.timeout", name)],
            f"{POOL}.in_use": 0,  # now that all is over
        }
        wanted |= {Figure(figure, name): count for figure, count in own.items()}
    cache = log.loads if is_shared else log.answers
    return wanted | {Figure(f"{CACHE}.{name}", ANSWERS): count for name, count in cache.items()}


def fell_back(line: Line) -> bool:
    """Whether the second provider answered, since the first one did not; also that there is none."""
    asked = line["providers"]
    answered = line["problem"] in {None, "unknown-zone"}
    return line["cache"] == "miss" and answered and asked[-1:] == [SECOND]


def _sum(log: Logbook, field: str, provider: str) -> int:
    return sum(line[field].get(provider, 0) for line in log.requests)
