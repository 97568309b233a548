"""Did several gateways leave a provider together, and did one of them at a time try it again?

Their logs have each call that they send, with its time, and each change of a circuit; a change that another
gateway has decided on is marked as shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from circuits import LATE, Phase, phases
from evidence import Evidence
from faults import PROVIDERS
from fleet import Fleet
from logbook import HASTE, Line, Logbook, moment

POLL = 5.0
"""Seconds in which a gateway hears of what another one did, even if a message was lost, or the Redis was."""


class Trip(NamedTuple):
    """A circuit that one gateway opened, and how many seconds later each of the others had it open."""

    provider: str
    worker: int
    at: float
    heard: dict[int, float]


class Probe(NamedTuple):
    """A request that tried a provider, from its first call until it was clear what came of it."""

    provider: str
    worker: int
    request_id: str
    begin: float
    end: float


def trips(run: Evidence, fleet: Fleet) -> list[Trip]:
    """What each gateway found out itself, and when those of the others had it open that had not.

    One whose circuit is open already tells nothing of another time for which it is.
    """
    found = []
    for provider in PROVIDERS:
        changes = _changes(run, fleet, provider)
        own = [each for each in changes if not each.line.get("shared")]
        decisions = [each for each in own if each.line["message"] != "circuit.half_opened"]
        for change in decisions:
            if change.line["message"] != "circuit.opened":
                continue
            until = min(
                (each.at for each in decisions if each.at > change.at), default=change.at + POLL
            )
            heard = {
                each.worker: each.at - change.at
                for each in changes
                if each.line.get("shared") and change.at <= each.at < until
            }
            found.append(Trip(provider, change.worker, change.at, heard))
    return sorted(found, key=lambda trip: trip.at)


class _Change(NamedTuple):
    """A line about the circuit of a provider."""

    at: float
    worker: int
    line: Line


def _changes(run: Evidence, fleet: Fleet, provider: str) -> list[_Change]:
    found = [
        _Change(run.seconds_of(moment(line)), worker, line)
        for worker, log in enumerate(fleet.logs)
        for line in log.changes(provider)
    ]
    return sorted(found, key=lambda each: each.at)


def spread(run: Evidence, fleet: Fleet) -> Iterator[str]:
    """Gateways that went on with a provider that another one had left, for longer than news take."""
    for trip in trips(run, fleet):
        if _is_alone(fleet, trip.at, trip.at + POLL):
            continue
        for start, worker in fleet.starts.items():
            own = _phases(run, start)
            was_closed = any(
                each.provider == trip.provider
                and each.state == "closed"
                and each.begin < trip.at
                and trip.at + POLL < each.end
                for each in own
            )
            if worker not in {trip.worker, *fleet.away} and was_closed:
                yield (
                    f"{fleet.names[trip.worker]} left {trip.provider} at {trip.at:.2f} s, and "
                    f"{fleet.names[worker]} went on for more than {POLL} s"
                )


def probes(run: Evidence, fleet: Fleet) -> Iterator[str]:
    """Two requests that tried a provider at the same time, and those that called one past its circuit."""
    tried, past = _tried(run, fleet)
    for worker, provider, id_, at in past:
        yield f"{fleet.names[worker]} called {provider} at {at:.2f} s by {id_}, and its circuit was open"
    for provider in PROVIDERS:
        own = sorted(
            (each for each in tried if each.provider == provider), key=lambda each: each.begin
        )
        for one, other in pairwise(own):
            overlap = one.end - other.begin
            if overlap > HASTE.total_seconds() and not _is_alone(fleet, other.begin, one.end):
                yield (
                    f"{provider} was tried by {fleet.names[other.worker]} ({other.request_id}) at "
                    f"{other.begin:.3f} s beside {fleet.names[one.worker]} ({one.request_id}), whose "
                    f"try ended {overlap:.3f} s later"
                )


def all_probes(run: Evidence, fleet: Fleet) -> list[Probe]:
    """Each request that tried a provider whose circuit was half open."""
    return _tried(run, fleet)[0]


def _tried(run: Evidence, fleet: Fleet) -> tuple[list[Probe], list[tuple[int, str, str, float]]]:
    tried: list[Probe] = []
    past: list[tuple[int, str, str, float]] = []
    for start, worker in fleet.starts.items():
        log, own = run.log.starts[start], _phases(run, start)
        for (provider, id_), at in _first_calls(run, log).items():
            phase = next(
                (each for each in own if each.provider == provider and each.begin < at < each.end),
                None,
            )
            if phase is None or phase.state == "closed":
                continue
            if phase.state == "half open":
                end = _settled(run, log, provider, id_, at)
                tried.append(Probe(provider, worker, id_, at, end))
            elif at - phase.begin > LATE.total_seconds():
                past.append((worker, provider, id_, at))
    return tried, past


def _first_calls(run: Evidence, log: Logbook) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for line in log.of("attempt"):
        found.setdefault((line["provider"], line["request_id"]), run.seconds_of(moment(line)))
    return found


def _settled(run: Evidence, log: Logbook, provider: str, id_: str, at: float) -> float:
    """When it was clear what came of a request that tried: the circuit was decided on, or it was over."""
    for line in log.lines:
        if line.get("request_id") == id_ and _is_end(line, provider):
            end = run.seconds_of(moment(line))
            if end > at:
                return end
    return at  # it was cut off by the kill


def _is_end(line: Line, provider: str) -> bool:
    if line["message"] in {"circuit.opened", "circuit.closed"}:
        return bool(line["logger"] == provider)
    return bool(line["message"] == "request")


def _phases(run: Evidence, start: str) -> list[Phase]:
    return phases(run.of_start(start))


def _is_alone(fleet: Fleet, begin: float, end: float) -> bool:
    """Whether gateways could not hear of each other in this time: each decides alone then."""
    return any(each.begin <= end and begin <= each.end + POLL for each in fleet.without_redis)
