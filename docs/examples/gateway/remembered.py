"""Was what the gateway remembered still right to serve?"""

from __future__ import annotations

from collections.abc import Iterator

from driver import Verdict
from evidence import Evidence
from logbook import HASTE, Line, Logbook, began, moment


def remembered(run: Evidence) -> Iterator[str]:
    """Answers that nobody loaded, that were too old, or that were about what had changed since."""
    told = [(line["name"], line["dropped"]) for line in run.log.of("invalidated")]
    done = [(change.name, change.dropped) for change in run.changes]
    if told != done:
        yield f"the gateway was told of {done}, and its log has {told}"
    # The line of whoever loaded may be missing if the gateway was killed before it could write it.
    gone = {outcome.id for outcome in run.with_verdict(Verdict.CUT_OFF)}
    for start, part in run.log.starts.items():
        yield from _remembered(start, part, gone)


def _remembered(start: str, log: Logbook, gone: set[str]) -> Iterator[str]:
    keep = log.of("gateway.started")[0]["event.data"]["keep"]
    loads = {line.get("request_id"): line for line in log.requests if line["cache"] == "miss"}
    changes: list[Line] = []
    for line in log.lines:
        if line.get("message") == "invalidated":
            changes.append(line)
        if line.get("message") != "request" or line["cache"] not in {"hit", "coalesced"}:
            continue
        if line["loaded_by"] is None:  # the load that it waited for has failed
            continue
        load = loads.get(line["loaded_by"])
        if load is None and line["loaded_by"] not in gone:
            yield f"{_name(line)} got what {line['loaded_by']} loaded, who is not in {start}"
        if load is not None and load["zone"] != line["zone"]:
            yield f"{_name(line)} about {line['zone']} got an answer about {load['zone']}"
        if line["age"] > keep:
            yield f"{_name(line)} got an answer of {line['age']:.2f} s ago, and {keep} s are allowed"
        yield from _stale(line, load, changes)


def _stale(line: Line, load: Line | None, changes: list[Line]) -> Iterator[str]:
    """Whether a change came between the load and the request that was served by it."""
    if load is None:
        return
    for change in changes:
        # A hit writes its line in the same breath, so that here it came after the change.
        was_before = line["cache"] != "hit" and began(line) - HASTE <= moment(change)
        is_about_it = change["name"] == f"zone:{line['zone']}"
        if is_about_it and not was_before and began(load) <= moment(change):
            yield f"{_name(line)} got an answer about {line['zone']} from before it changed"


def _name(line: Line) -> str:
    return f"request {line.get('request_id')} ({line['cache']})"
