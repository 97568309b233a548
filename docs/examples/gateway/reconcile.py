"""Three books about one run: do driver, gateway and log file tell the same story?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from driver import Outcome, Verdict

LogLine = dict[str, Any]


class LogFileError(Exception):
    """A line of a log file is not one JSON object."""


@dataclass(frozen=True, slots=True)
class Count:
    """One thing, counted by three parties."""

    what: str
    driver: int
    gateway: int | None  # None if the gateway could not be asked any more
    log: int

    @property
    def agrees(self) -> bool:
        """Whether all have the same figure."""
        return self.driver == self.log and self.gateway in {None, self.log}


def read_log(path: Path) -> list[LogLine]:
    """Every line of a JSON log.

    Raises:
        LogFileError: For the first line that is not one whole JSON object.
    """
    lines = []
    with path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            try:
                line = json.loads(text)
            except ValueError as error:
                raise LogFileError(f"{path}, line {number}: {error}: {text[:80]!r}") from error
            if not isinstance(line, dict) or not text.endswith(b"\n"):
                raise LogFileError(f"{path}, line {number} is no whole object: {text[:80]!r}")
            lines.append(line)
    return lines


def count(
    outcomes: Sequence[Outcome], stats: Mapping[str, int] | None, log: Sequence[LogLine]
) -> list[Count]:
    """What driver, gateway (its *stats*) and *log* have counted, side by side."""
    seen = Counter(_result(outcome) for outcome in outcomes)
    seen.update(requests=len(outcomes), retries=sum(outcome.retries for outcome in outcomes))
    logged = Counter(line["problem"] or "answered" for line in _requests(log))
    logged.update(
        requests=len(_requests(log)),
        retries=sum(line["message"] == "retry.scheduled" for line in log),
    )
    names = sorted({*seen, *logged, *(stats or {})} - {"requests", "answered", "retries"})
    return [
        Count(name, seen[name], stats.get(name, 0) if stats else None, logged[name])
        for name in ("requests", "answered", *names, "retries")
    ]


def differences(outcomes: Sequence[Outcome], log: Sequence[LogLine]) -> list[str]:
    """Where driver and *log* differ request by request, in words; equal sums can hide that."""
    sent = {outcome.id: outcome for outcome in outcomes}
    logged: dict[str, list[LogLine]] = {}
    for line in _requests(log):
        logged.setdefault(line.get("request_id", "without id"), []).append(line)
    retries = Counter(
        line.get("request_id") for line in log if line["message"] == "retry.scheduled"
    )
    found = [f"the log has a request that nobody sent: {id_}" for id_ in logged.keys() - sent]
    for id_, outcome in sent.items():
        lines = logged.get(id_, [])
        if len(lines) != 1:
            found.append(f"the log has request {id_} {len(lines)} times")
        elif (name := lines[0]["problem"] or "answered") != _result(outcome):
            found.append(f"request {id_}: {name} in the log, {_result(outcome)} at the driver")
        if retries[id_] != outcome.retries:
            found.append(
                f"request {id_}: {retries[id_]} retries in the log, {outcome.retries} at the driver"
            )
    return sorted(found)


def impatience(providers: Mapping[str, Sequence[LogLine]]) -> list[str]:
    """Where the gateway came back to a provider before its Retry-After was over, in words."""
    return [
        f"{name} was asked again too early by {line['request_id']}"
        for name, log in providers.items()
        for line in log
        if line.get("early")
    ]


def failures(outcomes: Sequence[Outcome], counts: Sequence[Count]) -> list[str]:
    """Wrong and lost answers, and counts that disagree, in words; nothing if all is well."""
    bad = [
        f"{outcome.verdict.value}: request {outcome.id} ({outcome.zone}): {outcome.note}"
        for outcome in outcomes
        if outcome.verdict in {Verdict.WRONG, Verdict.LOST}
    ]
    disagreeing = [
        f"{c.what}: driver {c.driver}, gateway {'?' if c.gateway is None else c.gateway}, "
        f"log file {c.log}"
        for c in counts
        if not c.agrees
    ]
    return bad + disagreeing


def _result(outcome: Outcome) -> str:
    if outcome.verdict is Verdict.LOST:
        return "lost"
    return outcome.problem or "answered"


def _requests(log: Sequence[LogLine]) -> list[LogLine]:
    return [line for line in log if line["message"] == "request"]
