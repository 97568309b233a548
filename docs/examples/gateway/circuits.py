"""What the circuits did by the log, and whether it was right."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import NamedTuple

from evidence import Evidence
from faults import PROVIDERS
from logbook import HASTE, Line, began, moment
from names import CHANGES

LATE = timedelta(milliseconds=50)
"""By how much later than it was a change may be told: on a busy machine, a line has to wait."""
FOLLOWS = {"closed": {"open"}, "open": {"half open"}, "half open": {"open", "closed"}}
IN_VAIN = {"providers-failed", "providers-unavailable"}
"""Errors after everybody's turn has come."""


class Phase(NamedTuple):
    """A circuit in one state, in seconds after the start of the run."""

    provider: str
    state: str
    begin: float
    end: float


def phases(run: Evidence) -> list[Phase]:
    """What the circuit of each provider was, from each start of the gateway to its end."""
    found = []
    end = max((outcome.ended for outcome in run.outcomes), default=0.0)
    for start, log in run.log.starts.items():
        over = run.outage.begin if run.outage and start != run.log.last[0] else end
        for provider in PROVIDERS:
            state, begin = "closed", run.seconds_of(moment(log.lines[0]))
            for line in log.changes(provider):
                at = run.seconds_of(moment(line))
                found.append(Phase(provider, state, begin, at))
                state, begin = CHANGES[line["message"]], at
            found.append(Phase(provider, state, begin, over))
    return found


def changes(run: Evidence) -> Iterator[str]:
    """Changes that cannot follow each other: one is missing, or told twice, or came too soon."""
    for log in run.log.starts.values():
        recovery = log.of("gateway.started")[0]["event.data"]["recovery"]
        for provider in PROVIDERS:
            state, since = "closed", moment(log.lines[0])
            for line in log.changes(provider):
                was, state = state, CHANGES[line["message"]]
                passed, since = moment(line) - since, moment(line)
                at = f"at {run.seconds_of(since):.2f} s"
                if line.get("shared"):  # another gateway has decided, in its own time
                    was = "half open" if was == "open" else was
                if state not in FOLLOWS[was]:
                    yield f"the circuit of {provider} became {state} {at}, and had been {was}"
                elif was == "open" and passed.total_seconds() < recovery - LATE.total_seconds():
                    yield f"the circuit of {provider} became {state} {at}, before {recovery} s were over"


def turns(run: Evidence) -> Iterator[str]:
    """Providers that were asked out of turn, or were passed over with a closed circuit."""
    all_ = phases(run)
    for line in run.log.requests:
        id_, asked, rejected = line.get("request_id"), line["providers"], line["rejected"]
        if line["cache"] != "miss":
            if asked or rejected:
                yield f"request {id_} ({line['cache']}) went to {[*asked, *rejected]}"
            continue
        came_to = [name for name in PROVIDERS if name in {*asked, *rejected}]
        due = list(PROVIDERS)[: None if line["problem"] in IN_VAIN else len(came_to)]
        if came_to != due or [name for name in came_to if name in asked] != asked:
            yield f"request {id_} asked {asked} and passed over {rejected}: not in turn"
        yield from _let_through(line, run, all_)


def _let_through(line: Line, run: Evidence, all_: Iterable[Phase]) -> Iterator[str]:
    """Where a circuit let pass what it should not, or rejected without a reason."""
    begin, end = run.seconds_of(began(line) - HASTE), run.seconds_of(moment(line) + HASTE)
    met: dict[str, set[str]] = defaultdict(set)  # what its circuit was in this time
    for phase in all_:
        if phase.begin <= end and begin <= phase.end:
            met[phase.provider].add(phase.state)
    for provider in line["rejected"]:
        if met[provider] == {"closed"}:
            yield f"{_name(line)} was rejected by the circuit of {provider}, which was closed"
    for provider in line["providers"]:
        if met[provider] == {"open"}:
            yield f"{_name(line)} was let through by the circuit of {provider}, which was open"


def _name(line: Line) -> str:
    return f"request {line.get('request_id')}"


def exhausted(run: Evidence) -> Iterator[str]:
    """Requests that got no answer from anybody, and where that was not told once, and no others."""
    told = Counter(line.get("request_id") for line in run.log.of("fallback.exhausted"))
    logged = {line.get("request_id"): line for line in run.log.requests}
    for id_, line in logged.items():
        in_vain = line["cache"] == "miss" and line["problem"] in IN_VAIN
        may_be = in_vain or line["problem"] == "out-of-time"  # with somebody left to be asked
        if not in_vain <= told[id_] <= may_be:
            yield f"request {id_} ({line['problem']}): fallback.exhausted {told[id_]} times"
    gone = {outcome.id for outcome in run.outcomes if not outcome.is_complete}
    for id_ in told.keys() - logged.keys() - gone:
        yield f"fallback.exhausted by {id_}, who is not in the log"


def past_the_circuit(run: Evidence) -> Iterator[str]:
    """Calls to a provider whose circuit was open, or beside the one that was to try."""
    requests = {line.get("request_id"): line for line in run.log.requests}
    arrivals = {name: calls_of(log) for name, log in run.providers.items()}
    opened: dict[str, float] = {}
    for phase in phases(run):
        if phase.state == "closed":
            continue
        if phase.state == "open" or phase.provider not in opened:
            opened[phase.provider] = phase.begin
        # What had been let through before it opened may go on, with its retries.
        new = defaultdict(list)
        for call in arrivals.get(phase.provider, []):
            at, line = run.seconds_of(moment(call)), requests.get(call["request_id"])
            is_new = line and run.seconds_of(began(line) - HASTE) > opened[phase.provider]
            if line and is_new and phase.begin < at < phase.end:
                new[call["request_id"]].append((at, run.seconds_of(moment(line))))
        if phase.state == "open":
            for id_ in new:
                yield f"request {id_} called {phase.provider}, whose circuit was open"
        else:
            yield from _one_at_a_time(phase.provider, new)


def _one_at_a_time(provider: str, probes: dict[str, list[tuple[float, float]]]) -> Iterator[str]:
    over = 0.0
    for id_, calls in sorted(probes.items(), key=lambda probe: probe[1]):
        if calls[0][0] < over:
            yield f"request {id_} called {provider} beside the one that was to try it"
        over = calls[0][1]


def arrivals(run: Evidence) -> Iterator[str]:
    """Calls that went out and did not arrive, and those that came from nowhere."""
    sent = {line.get("request_id"): line for line in run.log.requests}
    gone = {outcome.id for outcome in run.outcomes if not outcome.is_complete}
    for provider, log in run.providers.items():
        got = Counter(call["request_id"] for call in calls_of(log))
        outages = [moment(line) for line in log if line["message"] == "outage begins"]
        for id_ in got.keys() - sent.keys() - gone:
            yield f"{provider} was called by {id_}, who is not in the log"
        for id_, line in sent.items():
            wanted = line["calls"].get(provider, 0) - line["unheard"].get(provider, 0)
            # What was on its way when the outage began has not arrived.
            torn = any(began(line) - HASTE <= each <= moment(line) for each in outages)
            if not (got[id_] == wanted or (torn and got[id_] < wanted)):
                yield f"request {id_}: {wanted} calls to {provider} by the log, {got[id_]} arrived"


def calls_of(log: Iterable[Line]) -> list[Line]:
    """The lines of a provider's log about the calls that it got."""
    return [line for line in log if line["message"] == "request"]
