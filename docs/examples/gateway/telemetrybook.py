"""What the gateway's telemetry says: to whoever asks for `/stats`, and in its metrics file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from figures import Figure
from names import FAILURES, REQUESTS

from pepperpy.infra.telemetry import ExponentialHistogram


class Kind(NamedTuple):
    """What telemetry tells requests apart by."""

    outcome: str  # "answered", or the name of the error
    status: int
    provider: str  # the last one that was asked, or "none"
    cache: str  # "hit", "coalesced", "miss", or "none"

    def __str__(self) -> str:
        return f"{self.outcome} ({self.status}, {self.provider}, {self.cache})"


@dataclass(frozen=True, slots=True)
class TelemetryBook:
    """What one start of the gateway has counted, as records of single series."""

    start: str
    records: tuple[Mapping[str, Any], ...]

    @classmethod
    def from_stats(cls, content: Mapping[str, Any]) -> TelemetryBook:
        """What `/stats` told: everything since the start."""
        return cls(content["start"], tuple(content["metrics"]))

    @classmethod
    def from_file(cls, lines: Iterable[Mapping[str, Any]], start: str) -> TelemetryBook:
        """What was flushed into the metrics file, with one flush after the other."""
        return cls(start, tuple(line for line in lines if line["start"] == start))

    @property
    def kinds(self) -> Counter[Kind]:
        """How many requests of each kind were answered."""
        found: Counter[Kind] = Counter()
        for record in self._named(REQUESTS):
            tags = record["tags"]
            kind = Kind(tags["outcome"], int(tags["status"]), tags["provider"], tags["cache"])
            found[kind] += int(record["value"])
        return found

    @property
    def retries(self) -> int:
        """How many attempts were made again."""
        return int(sum(record["value"] for record in self._named("retry.scheduled")))

    @property
    def failures(self) -> Counter[str]:
        """How often which rule has failed, by its code."""
        found: Counter[str] = Counter()
        for record in self._named(FAILURES):
            found[record["tags"]["code"]] += int(record["value"])
        return found

    @property
    def figures(self) -> dict[Figure, int]:
        """All that is counted of somebody: what was told by signals, and what was pulled last."""
        found: dict[Figure, int] = {}
        for record in self.records:
            figure = Figure(record["name"], record["tags"].get("pepperpy.component.name", ""))
            before = found.get(figure, 0) if record["type"] == "counter" else 0
            found[figure] = before + int(record["value"])
        return found

    def histogram(self, name: str) -> ExponentialHistogram:
        """The distribution of all values of a name; parts of it are put together exactly."""
        records = self._named(name)
        parts = [ExponentialHistogram.from_dict(record["histogram"]) for record in records]
        return ExponentialHistogram.merged(parts)

    def _named(self, name: str) -> list[Mapping[str, Any]]:
        return [record for record in self.records if record["name"] == name]
