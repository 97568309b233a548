"""Was what the gateway before had left still right to serve, and how soon was it served?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from driver import Outcome
from evidence import Evidence
from logbook import HASTE, Line, Logbook, began, moment
from table import Table

FIRST = 10

SOURCES = {
    # what an answer's "x-cache" means
    "left": "the file",
    "hit": "memory",
    "coalesced": "another",
    "miss": "a provider",
}

CLOCKS = timedelta(milliseconds=20)
"""How far the age of an answer may be off: it is the difference of two looks at the clock, by two
processes, and a request has begun some time before it looks."""


def left_over(run: Evidence) -> Iterator[str]:
    """Answers from the file that no gateway before had loaded, or that were too old, or not wanted."""
    loads: dict[str, Line] = {}
    changes: list[Line] = []
    gone = {outcome.id for outcome in run.outcomes if not outcome.is_complete}
    for log in run.log.starts.values():
        settings = log.of("gateway.started")[0]["event.data"]
        for line in log.requests:
            if line["cache"] == "left":
                yield from _told(line, loads.get(line["loaded_by"]), gone, changes)
                yield from _in_time(line, log, settings)
        changes += log.of("invalidated")
        for line in log.requests:
            if line["cache"] == "miss" and line["problem"] is None:
                loads[line.get("request_id", "without id")] = line


def _told(line: Line, load: Line | None, gone: set[str], changes: list[Line]) -> Iterator[str]:
    """Where it is not what a request to a gateway before had loaded."""
    if load is None:
        if line["loaded_by"] not in gone:
            yield f"{_name(line)} got what {line['loaded_by']} loaded, whom no start before knows"
        return
    if load["zone"] != line["zone"]:
        yield f"{_name(line)} about {line['zone']} got an answer about {load['zone']}"
    age = timedelta(seconds=line["age"])
    if not began(line) - moment(load) - CLOCKS <= age <= moment(line) - began(load) + CLOCKS:
        yield f"{_name(line)} got an answer of {line['age']:.2f} s ago by its age, and it was not"
    for change in changes:
        if change["name"] == f"zone:{line['zone']}" and began(load) <= moment(change):
            yield f"{_name(line)} got an answer about {line['zone']} from before it changed"


def _in_time(line: Line, log: Logbook, settings: Mapping[str, float]) -> Iterator[str]:
    """Where it was too old, or the gateway had been there for long enough to ask itself."""
    if line["age"] > settings["keep_last"]:
        yield (
            f"{_name(line)} got an answer of {line['age']:.2f} s ago, and "
            f"{settings['keep_last']} s are allowed"
        )
    since = began(line) - moment((log.of("serving") or log.lines)[0]) - HASTE
    if since.total_seconds() > settings["warm_up"]:
        yield f"{_name(line)} got what was left {since.total_seconds():.2f} s after it began to serve"
    news = [each for each in log.of("invalidated") if each["name"] == f"zone:{line['zone']}"]
    if any(moment(each) <= began(line) - HASTE for each in news):
        yield f"{_name(line)} got an answer about {line['zone']} from before it changed"


def _name(line: Line) -> str:
    return f"request {line.get('request_id')} ({line['cache']})"


def first_answers(run: Evidence) -> list[Outcome]:
    """What the gateway said first after it had come back."""
    start = run.log.last[0]
    own = [each for each in run.complete if each.start == start and each.cache in SOURCES]
    return sorted(own, key=lambda outcome: outcome.ended) if run.outage else []


def table(run: Evidence) -> Table:
    """The first answers after the kill, where they came from, and how old they were."""
    killed = run.outage.begin if run.outage else 0.0
    took = {line.get("request_id"): line["ms"] for line in run.log.last[1].requests}
    return Table(
        "The first answers after the kill",
        ("", "s after\nthe kill", "from", "age, s", "gateway,\nms"),
        [
            (
                outcome.zone,
                f"{outcome.ended - killed:.3f}",
                SOURCES[outcome.cache or ""],
                f"{outcome.age:.2f}",
                f"{took[outcome.id]:.2f}" if outcome.id in took else "?",
            )
            for outcome in first_answers(run)[:FIRST]
        ],
    )
