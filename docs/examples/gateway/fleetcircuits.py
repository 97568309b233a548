"""Did several gateways leave a provider together, and did only one of them at a time try it again?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from circuits import calls_of, phases
from evidence import Evidence
from faults import PROVIDERS
from fleet import Fleet
from logbook import Line, moment
from names import CHANGES

POLL = 5.0
"""Seconds in which a gateway hears of what another one did, even if a message was lost."""

SETTLED = {"circuit.closed", "circuit.opened"}


class Trip(NamedTuple):
    """A circuit that one gateway opened, and how many seconds later each of the others had it open."""

    provider: str
    worker: int
    at: float
    heard: dict[int, float]


class Probe(NamedTuple):
    """A request that tried a provider, from its first call until the circuit was decided on."""

    provider: str
    worker: int
    request_id: str
    begin: float
    end: float


def trips(run: Evidence, fleet: Fleet) -> list[Trip]:
    """What each gateway found out itself, and when the others knew."""
    found = []
    for provider in PROVIDERS:
        opened = _opened(run, fleet, provider)
        for at, worker, line in opened:
            if line.get("shared") or _is_echo(at, opened):
                continue
            until = min([each for each, _, _ in _decided(run, fleet, provider) if each > at] + [at + POLL])
            heard: dict[int, float] = {}
            for other, who, _ in opened:
                if who != worker and at <= other <= until:
                    heard.setdefault(who, other - at)
            found.append(Trip(provider, worker, at, heard))
    return sorted(found, key=lambda trip: trip.at)


def _is_echo(at, opened):
    return False


def _opened(run, fleet, provider):
    return []


def _decided(run, fleet, provider):
    return []


def probes(run, fleet):
    return []


def spread(run, fleet):
    return []
