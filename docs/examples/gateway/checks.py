"""What a run has to stand: every check, and what it found."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import circuits
import reconcile
from acknowledged import acknowledged
from admitted import admitted
from driver import Verdict
from evidence import Evidence
from exposed import exposed
from interferer import REFUSED, RELOADED, SHORT
from logbook import moment
from quantiles import compare
from refused import refused
from remembered import remembered
from requestlog import FILE, json_lines, reopen
from restart import left_over

from pepperpy.infra import CompressionError

SLACK = 0.5 if os.name == "posix" else 3.0
"""Seconds until a client knows that nobody is there; Windows tries for two of them."""


ROUNDING = 1e-9

SIGHT = 2.0
"""Seconds in which an edited file has to be seen."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something that has to be so, and where it is not."""

    what: str
    problems: tuple[str, ...]


def check(run: Evidence) -> list[Check]:
    """All that can be checked about the books of a run."""
    checks: dict[str, Iterable[str]] = {
        "the request log gives back each row that the driver kept": request_log(run),
        "every answer is right, and none is lost": answers(run),
        "what was wrong on purpose got a 422 with all its paths, and reached no provider": (
            refused(run)
        ),
        "who may not ask got exactly the 401 or 403 that is due, and reached no provider": (
            admitted(run)
        ),
        "requests were cut off or refused only while the gateway was away": cut_off(run),
        "driver and log file agree about every answer": reconcile.driver_and_log(run),
        "log file and telemetry agree since the last start": reconcile.log_and_telemetry(run),
        "/metrics says what the driver has counted, during the run and in the end": exposed(run),
        "log and metrics file agree, but for what the kill took": reconcile.log_and_metrics_file(
            run
        ),
        "the cache served what had been loaded in time, and nothing that had changed": remembered(
            run
        ),
        "all that the gateway said it had kept was there after the kill, and in the end": (
            acknowledged(run)
        ),
        "what was served from the file had been loaded before, and was good enough": (
            left_over(run)
        ),
        "circuits opened, tried and closed in turn, and none of it is missing or told twice": (
            circuits.changes(run)
        ),
        "providers were asked in turn, and each circuit let pass and rejected whom it should": [
            *circuits.turns(run),
            *circuits.exhausted(run),
        ],
        "nobody was called past an open circuit, and all calls that went out arrived": [
            *circuits.past_the_circuit(run),
            *circuits.arrivals(run),
        ],
        "telemetry's quantiles are within 1.1 % of the log's": quantiles(run),
        "an edited file counted at once, and one with a mistake not at all": reloads(run),
        "every provider was shown its key, and asked again only when it said": patience(run),
    }
    return [Check(what, tuple(found)) for what, found in checks.items()]


def request_log(run: Evidence) -> Iterator[str]:
    """Where the request log that was read again is not what the driver had put into it."""
    found = {outcome.id: asdict(outcome) for outcome in run.outcomes}
    for outcome in run.kept:
        if outcome.id not in found:
            yield f"the request log has lost request {outcome.id}"
            continue
        row = found[outcome.id]
        for name, value in asdict(outcome).items():
            if row[name] != value:
                yield f"request {outcome.id}: {name} was {value}, and is {row[name]} in its log"
    if [outcome.id for outcome in run.outcomes] != [outcome.id for outcome in run.kept]:
        yield (
            f"{len(run.kept)} rows went into the request log, and the {len(run.outcomes)} that came "
            "out are not the same in the same order"
        )


def answers(run: Evidence) -> Iterator[str]:
    """Wrong and lost answers, and requests that were never sent."""
    for outcome in run.with_verdict(Verdict.WRONG, Verdict.LOST):
        yield f"{outcome.verdict.value}: request {outcome.id} ({outcome.zone}): {outcome.note}"
    # Deletions that are no trespasses are the demo's own, and not of the load.
    sent = sum(
        (bool(outcome.trespass) or not outcome.is_deletion) and not outcome.is_own
        for outcome in run.outcomes
    )
    if run.expected not in {None, sent}:
        yield f"{sent} of {run.expected} requests were sent"


def cut_off(run: Evidence) -> Iterator[str]:
    """Requests without an answer at a time when the gateway was there to give one."""
    away = run.outage
    for outcome in run.with_verdict(Verdict.CUT_OFF, Verdict.REFUSED):
        if not (
            away and outcome.sent <= away.end and away.begin <= outcome.ended <= away.end + SLACK
        ):
            yield (
                f"{outcome.verdict.value}: request {outcome.id}, {outcome.ended:.2f} s after the "
                f"start, when the gateway was there: {outcome.note}"
            )


def quantiles(run: Evidence) -> Iterator[str]:
    """Quantiles of telemetry that are further off than a histogram may be."""
    for each in compare(run):
        if not each.error <= each.promised + ROUNDING:
            yield (
                f"p{each.share * 100:.0f} of {each.name} is {each.telemetry:.3f} ms by telemetry "
                f"and {each.exact:.3f} ms by the log"
            )


def reloads(run: Evidence) -> Iterator[str]:
    """Where the gateway did not follow its file: too late, not at all, or into a mistake."""
    events = [
        (run.seconds_of(moment(line)), kind)
        for kind in (RELOADED, REFUSED)
        for line in run.log.of(kind)
    ]
    end = max((outcome.ended for outcome in run.outcomes), default=0.0)
    moments = [edit.moment for edit in run.edits]
    for edit, until in zip(run.edits, [*moments[1:], math.inf], strict=False):
        came = sorted({kind for at, kind in events if edit.moment <= at < until})
        if set(came) - {edit.event}:
            what = ", ".join(came)
            yield f"the file was {edit.what} at {edit.moment:.2f} s, and {what} came of it"
        # In a run that was interrupted there was no time to see the last edit.
        if not came and end - edit.moment > SIGHT:
            yield f"the file was {edit.what} at {edit.moment:.2f} s, and the gateway did not see it"
    yield from _attempts(run, moments)


def _attempts(run: Evidence, moments: list[float]) -> Iterator[str]:
    """The edit asks for lines about attempts, and for shorter ones."""
    begin = moments[0] if moments else math.inf
    undone = moments[2] if len(moments) > 2 else math.inf
    lines = [(run.seconds_of(moment(line)), line) for line in run.log.of("attempt")]
    for at, line in lines:
        if not begin <= at <= undone + SIGHT:
            yield f"the log has an attempt by {line.get('request_id')} at {at:.2f} s, unasked for"
        elif at < undone and line["timeout"] > SHORT:
            yield f"an attempt by {line.get('request_id')} at {at:.2f} s had {line['timeout']} s"
    if undone < math.inf and not lines:
        yield "the level of a logger was changed, and nothing came of it"


def patience(run: Evidence) -> Iterator[str]:
    """Where the gateway came back to a provider before its Retry-After was over."""
    for name, log in run.providers.items():
        for line in log:
            if line.get("early"):
                yield f"{name} was asked again too early by {line['request_id']}"
            if line["message"] == "wrong key":
                yield f"{name} was asked without its key by {line['request_id']}"


def leaks(secrets: Mapping[str, Iterable[str]], places: Mapping[str, bytes]) -> Iterator[str]:
    """Where a secret, or a piece of it, can be read."""
    for what, pieces in secrets.items():
        for place, content in places.items():
            if any(piece.encode() in content for piece in pieces):
                yield f"{what} is in {place}"


def places(folder: Path, **outputs: str) -> dict[str, bytes]:
    """Where to look: everything that a run has left in its folder, and what was printed."""
    files = {file.name: _readable(file) for file in folder.iterdir() if file.is_file()}
    return files | {name.replace("_", " "): text.encode() for name, text in outputs.items()}


def _readable(file: Path) -> bytes:
    """What is in a file; that of the request log is compressed, and would hide what we look for."""
    if file.name == FILE:
        with suppress(CompressionError):  # it counts as trouble already
            return json_lines(reopen(file).outcomes)
    return file.read_bytes()
