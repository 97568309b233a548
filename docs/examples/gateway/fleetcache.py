"""Was what several gateways remember together still right to serve?

A gateway that was told of a change serves nothing from before; the others serve nothing of it as soon
as the news have come, which takes `NEWS` seconds at most while the Redis is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from evidence import Evidence
from fleet import Fleet, Told
from logbook import HASTE, Line, began, moment
from restart import CLOCKS

NEWS = 2.5
"""Seconds: a gateway to which no news come notices it by then, and forgets all that it remembers."""

FROM_MEMORY = {"hit", "coalesced", "left"}


class Served(NamedTuple):
    """A request that got what another one had loaded."""

    worker: int
    line: Line
    load: Line


def remembered(run: Evidence, fleet: Fleet) -> Iterator[str]:
    """Answers that nobody loaded, that were too old, or that were about what had changed since."""
    loads = _loads(run)
    gone = {outcome.id for outcome in run.outcomes if not outcome.is_complete}
    for _, line in _remembering(run, fleet):
        by = line["loaded_by"]
        load = loads.get(by)
        if load is None and by not in gone:
            yield f"{_name(line)} got what {by} loaded, whom no log has"
        if load is not None and load["zone"] != line["zone"]:
            yield f"{_name(line)} about {line['zone']} got an answer about {load['zone']}"
        kind = "keep_last" if line["cache"] == "left" else "keep"
        keep = run.settings[kind] + CLOCKS.total_seconds()
        if line["age"] > keep:
            yield f"{_name(line)} got an answer of {line['age']:.2f} s ago, and {keep} s are allowed"
    yield from _after_the_start(run)
    for told, served, late in stale(run, fleet):
        allowed = 0.0 if served.worker == told.worker or served.line["cache"] == "left" else NEWS
        if late > allowed:
            yield (
                f"{_name(served.line)} got an answer from before a change from "
                f"{fleet.names[served.worker]}, {late:.3f} s after {fleet.names[told.worker]} had said "
                f"that it forgets it"
            )


def _after_the_start(run: Evidence) -> Iterator[str]:
    """Last answers that were served when the gateway had been there for long enough to ask itself."""
    for log in run.log.starts.values():
        since = run.seconds_of(moment((log.of("serving") or log.lines)[0]))
        for line in log.requests:
            late = run.seconds_of(began(line) - HASTE) - since
            if line["cache"] == "left" and late > run.settings["warm_up"]:
                yield f"{_name(line)} got what was left {late:.2f} s after its gateway began to serve"


def stale(run: Evidence, fleet: Fleet) -> Iterator[tuple[Told, Served, float]]:
    """Every answer from before a change that was asked for after it; and how long after, in seconds."""
    loads = _loads(run)
    for worker, line in _remembering(run, fleet):
        load = loads.get(line["loaded_by"])
        if load is None:
            continue
        for told in fleet.told:
            asked = run.seconds_of(began(line))
            is_about_it = told.is_done and told.name == f"zone:{line['zone']}"
            was_before = run.seconds_of(moment(load)) < told.asked
            if is_about_it and was_before and asked > told.acknowledged:
                yield told, Served(worker, line, load), asked - told.acknowledged


def shared_answers(run: Evidence, fleet: Fleet) -> Iterator[tuple[str, int, int]]:
    """Each request that got what another gateway had loaded: its id, who served it, and who loaded it."""
    owners = {
        line.get("request_id"): fleet.starts[start]
        for start, log in run.log.starts.items()
        for line in log.requests
        if line["cache"] == "miss"
    }
    for worker, line in _remembering(run, fleet):
        owner = owners.get(line["loaded_by"], worker)
        if owner != worker:
            yield line.get("request_id", "without id"), worker, owner


def _loads(run: Evidence) -> Mapping[str, Line]:
    return {
        line.get("request_id", "without id"): line
        for line in run.log.requests
        if line["cache"] == "miss"
    }


def _remembering(run: Evidence, fleet: Fleet) -> Iterator[tuple[int, Line]]:
    starts = fleet.starts
    for start, log in run.log.starts.items():
        for line in log.requests:
            if line["cache"] in FROM_MEMORY and line["loaded_by"] is not None:
                yield starts[start], line


def _name(line: Line) -> str:
    return f"request {line.get('request_id')} ({line['cache']})"
