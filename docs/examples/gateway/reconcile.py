"""Four books about one run: do driver, log file, telemetry and metrics file tell the same story?

Each function yields what does not fit, in words and with the ids of the requests it is about.
"""

from __future__ import annotations

import operator
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

import figures
from driver import Outcome, Verdict
from evidence import Evidence, kind_of_line, kind_of_outcome
from figures import Figure
from logbook import Line, Logbook, moment
from quantiles import MEASURED
from telemetrybook import Kind, TelemetryBook

MOST_IDS = 5

FLUSHED = timedelta(seconds=3)
"""What was counted longer ago is in the metrics file: it is flushed once a second."""


def driver_and_log(run: Evidence) -> Iterator[str]:
    """Where driver and log differ, request by request: equal sums could hide that."""
    logged: dict[str, list[tuple[str, Line]]] = defaultdict(list)
    for start, part in run.log.starts.items():
        for line in part.requests:
            logged[line.get("request_id", "without id")].append((start, line))
    retries = Counter(line.get("request_id") for line in run.log.retries)
    sent = {outcome.id: outcome for outcome in run.outcomes}
    for id_ in sorted(logged.keys() - sent):
        yield f"the log has a request that nobody sent: {id_}"
    for outcome in run.outcomes:
        if outcome.verdict in {Verdict.CUT_OFF, Verdict.REFUSED}:
            yield from _unanswered(outcome, [start for start, _ in logged[outcome.id]], run)
        elif len(logged[outcome.id]) != 1:
            yield f"the log has request {outcome.id} {len(logged[outcome.id])} times"
        else:
            yield from _complete(outcome, *logged[outcome.id][0], retries[outcome.id])


def _complete(outcome: Outcome, start: str, line: Line, retries: int) -> Iterator[str]:
    waits = sum(line["waits"].values())
    for in_log, at_driver in (
        (kind_of_line(line), kind_of_outcome(outcome)),
        (f"{retries} retries", f"{outcome.retries} retries"),
        (f"rejected by {line['rejected']}", f"rejected by {list(outcome.rejected)}"),
        (f"called {_calls(line['calls'])}", f"called {_calls(Counter(outcome.calls))}"),
        (f"wrong is {_pairs(line['invalid'])}", f"wrong is {_pairs(outcome.invalid)}"),
        (f"{waits} waits for a connection", f"{outcome.waits} waits for a connection"),
        (start, outcome.start),
    ):
        if in_log != at_driver:
            yield f"request {outcome.id}: {in_log} in the log, {at_driver} at the driver"


def _calls(calls: Mapping[str, int]) -> dict[str, int]:
    return {provider: count for provider, count in sorted(calls.items()) if count}


def _pairs(invalid: Iterable[Sequence[str]]) -> list[tuple[str, ...]]:
    return [tuple(each) for each in invalid]


def _unanswered(outcome: Outcome, starts: list[str], run: Evidence) -> Iterator[str]:
    # One that was cut off may be there: the gateway was killed when it had written the line, and
    # had not answered yet.
    may_be_there = outcome.verdict is Verdict.CUT_OFF and run.log.last[0] not in starts
    if len(starts) > may_be_there:
        yield (
            f"the log has request {outcome.id} {len(starts)} times ({', '.join(starts)}), "
            f"and it was {outcome.verdict.value}"
        )


def log_and_telemetry(run: Evidence) -> Iterator[str]:
    """Where telemetry differs from the log since the gateway's last start."""
    start, log = run.log.last
    if run.telemetry is None:
        yield "the gateway did not tell its counts"
    elif run.telemetry.start != start:
        yield f"telemetry counts since {run.telemetry.start}, and the last one in the log is {start}"
    else:
        yield from _counts("telemetry", run.telemetry, log, is_shared=run.fleet is not None)


def log_and_metrics_file(run: Evidence) -> Iterator[str]:
    """Where the metrics file differs from the log: nowhere but in what a kill took with it."""
    books = run.files
    for start in books.keys() - run.log.starts.keys():
        yield f"the metrics file has {start}, and the log has not"
    for start, part in run.log.starts.items():
        yield from _counts(
            "metrics file",
            books[start],
            part,
            killed=start in run.killed,
            is_shared=run.fleet is not None,
        )


def _counts(
    who: str,
    book: TelemetryBook,
    log: Logbook,
    *,
    killed: bool = False,
    is_shared: bool = False,
) -> Iterator[str]:
    """Where a book differs from a part of the log; that of a killed process may know less."""
    fits = operator.le if killed else operator.eq
    ids: dict[Kind, list[str]] = defaultdict(list)
    for line in log.requests:
        ids[kind_of_line(line)].append(line.get("request_id", "without id"))
    counted = book.kinds
    for kind in sorted(ids.keys() | counted):
        if not fits(counted[kind], len(ids[kind])):
            yield f"{kind}: {who} {counted[kind]}, log file {len(ids[kind])}{_some(ids[kind])}"
    if not fits(book.retries, len(log.retries)):
        again = [line.get("request_id", "without id") for line in log.retries]
        yield f"retries: {who} {book.retries}, log file {len(again)}{_some(again)}"
    for code in sorted(book.failures.keys() | log.failures):
        if not fits(told := book.failures[code], logged := log.failures[code]):
            yield f"validation failures, {code}: {who} {told}, log file {logged}"
    for name, field in MEASURED.items():
        logged = sum(line[field] is not None for line in log.requests)
        if not fits(samples := book.histogram(name).count, logged):
            yield f"{name}: {who} {samples} values, log file {logged}"
    yield from _signals(who, book.figures, log, killed=killed)
    if not killed:  # what was under way then, they had counted, and the log had not
        yield from _differing(who, book.figures, figures.pulled(log, is_shared=is_shared))


def _signals(who: str, told: Mapping[Figure, int], log: Logbook, *, killed: bool) -> Iterator[str]:
    logged = figures.signals(log)
    least = logged
    if killed:  # what came shortly before may not have been flushed yet
        end = moment(log.lines[-1]) - FLUSHED
        least = figures.signals(Logbook([line for line in log.lines if moment(line) < end]))
    for figure in sorted(logged.keys() | {each for each in told if each.name in figures.SIGNALS}):
        if not least[figure] <= told.get(figure, 0) <= logged[figure]:
            yield _differs(figure, who, told, logged)


def _differing(who: str, told: Mapping[Figure, int], logged: Mapping[Figure, int]) -> Iterator[str]:
    for figure, count in logged.items():
        if told.get(figure, 0) != count:
            yield _differs(figure, who, told, logged)


def _differs(
    figure: Figure, who: str, told: Mapping[Figure, int], logged: Mapping[Figure, int]
) -> str:
    return f"{figure.name} of {figure.of}: {who} {told.get(figure, 0)}, log file {logged[figure]}"


def _some(ids: Iterable[str]) -> str:
    listed = list(dict.fromkeys(ids))
    more = ", ..." if len(listed) > MOST_IDS else ""
    return f" ({', '.join(listed[:MOST_IDS])}{more})" if listed else ""
