"""Several gateways that share a Redis: what the demo has seen of them beside their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from faults import Outage
from logbook import Line, Logbook
from telemetrybook import TelemetryBook


@dataclass(frozen=True, slots=True)
class Ended:
    """A key that one gateway was told to end, and said it had; moments as ever."""

    name: str
    worker: int
    asked: float
    acknowledged: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A change of which one gateway was told, and whether it said that it had dropped what it knew."""

    name: str
    worker: int
    asked: float
    acknowledged: float
    is_done: bool


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """The gateways of one run, and what befell them and their Redis; outages are on purpose."""

    workers: int
    logs: Sequence[Logbook] = ()  # of each
    books: Mapping[str, TelemetryBook] = field(default_factory=dict)  # of each start that lived
    ended: Sequence[Ended] = ()
    told: Sequence[Told] = ()
    away: Mapping[int, Outage] = field(default_factory=dict)  # gateways that were killed
    frozen: Outage | None = None  # the Redis
    down: Outage | None = None

    @property
    def names(self) -> list[str]:
        """What the gateways are called."""
        return [name_of(worker) for worker in range(self.workers)]

    @cached_property
    def starts(self) -> dict[str, int]:
        """Which gateway each start is one of."""
        return {start: worker for worker, log in enumerate(self.logs) for start in log.starts}

    @cached_property
    def living(self) -> set[str]:
        """The starts that were there in the end."""
        return {log.last[0] for log in self.logs}

    @property
    def without_redis(self) -> list[Outage]:
        """When nobody could ask the Redis."""
        return [each for each in (self.frozen, self.down) if each]


def name_of(worker: int) -> str:
    """What a gateway is called, and its files."""
    return f"gateway-{worker + 1}"


def metrics_of(name: str) -> str:
    """What the metrics file of a gateway is called."""
    return name.replace("gateway", "metrics")


def joined(logs: Sequence[Logbook]) -> list[Line]:
    """The lines of all, one gateway after the other: so each start is in one piece."""
    return [line for log in logs for line in log.lines]
