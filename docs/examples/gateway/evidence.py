"""Everything that is known about a run when it is over: the books of all who took part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import zones
from driver import Outcome, Verdict
from faults import Outage
from fleet import Fleet
from interferer import Change, Edit
from inventory import Inventory
from logbook import Line, Logbook
from requestlog import RequestLog
from scraper import Reading
from telemetrybook import Kind, TelemetryBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One run, as driver, gateway, providers and files tell of it."""

    seed: int
    at: datetime  # what was asked about
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    kept: Sequence[Outcome] = ()  # what the driver saw, as it put it into the request log
    requests: RequestLog = field(default_factory=RequestLog)  # that log, read again
    log: Logbook = field(default_factory=Logbook)
    telemetry: TelemetryBook | None = None  # None if the gateway could not be asked any more
    metrics: Sequence[Line] = ()  # of the metrics file
    readings: Sequence[Reading] = ()  # of /metrics, by the driver
    providers: Mapping[str, Sequence[Line]] = field(
        default_factory=dict
    )  # the log of each that can be read
    edits: Sequence[Edit] = ()
    inventories: Sequence[Inventory] = ()  # what the gateway has kept, each time that it was asked
    changes: Sequence[Change] = ()  # of which the gateway was told
    outage: Outage | None = None  # of the gateway, on purpose
    fleet: Fleet | None = None  # if there were several, which shared a Redis
    expected: int | None = None  # how many requests there should be; None if it was interrupted

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """What the driver saw, by its request log: all that is said of a run is said of these."""
        return self.requests.outcomes

    @property
    def title(self) -> str:
        """What was run, in one line."""
        seconds = max((outcome.ended for outcome in self.outcomes), default=0.0)
        return (
            f"{len(self.outcomes)} requests in {seconds:.1f} s, seed {self.seed}, "
            f"about {self.at:%Y-%m-%d %H:%M:%S} UTC, time-zone database {zones.version()}"
        )

    @property
    def complete(self) -> list[Outcome]:
        """The requests that got their answer, whatever it was."""
        return [outcome for outcome in self.outcomes if outcome.is_complete]

    def with_verdict(self, *verdicts: Verdict) -> list[Outcome]:
        """The requests that ended so."""
        return [outcome for outcome in self.outcomes if outcome.verdict in verdicts]

    @property
    def files(self) -> dict[str, TelemetryBook]:
        """What each start of the gateway flushed into the metrics file."""
        lines: dict[str, list[Line]] = {start: [] for start in self.log.starts}
        for line in self.metrics:
            lines.setdefault(line["start"], []).append(line)
        return {start: TelemetryBook.from_file(own, start) for start, own in lines.items()}

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the gateway said of its settings when it was started last."""
        started = self.log.of("gateway.started")
        return started[-1]["event.data"] if started else {}

    @property
    def killed(self) -> list[str]:
        """The starts that were ended by a kill, so that what they had counted is gone."""
        living = self.fleet.living if self.fleet else {self.log.last[0]}
        return [start for start in self.log.starts if start not in living]

    def of_start(self, start: str) -> Evidence:
        """What there is about one start of a gateway alone, as if nothing else had been logged."""
        books = self.fleet.books if self.fleet else {}
        return replace(self, log=self.log.starts[start], telemetry=books.get(start, self.telemetry))

    def seconds_of(self, moment: datetime) -> float:
        """A moment on the clock, in seconds after the start of the run."""
        return (moment - self.began) / timedelta(seconds=1)


def kind_of_outcome(outcome: Outcome) -> Kind:
    """What the driver saw, in telemetry's terms."""
    return Kind(
        outcome.problem or "answered",
        outcome.status,
        outcome.provider or "none",
        outcome.cache or "none",
    )


def kind_of_line(line: Line) -> Kind:
    """What a line of the log says about a request, in telemetry's terms."""
    providers = line["providers"]
    return Kind(
        line["problem"] or "answered",
        line["status"],
        providers[-1] if providers else "none",
        line["cache"],
    )
