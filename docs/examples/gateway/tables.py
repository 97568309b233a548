"""The tables of a report: what was counted by whom, quantiles, and what a kill has cost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import acknowledged
import admitted
import exposed
import performance
import refused
import restart
from circuits import calls_of, phases
from driver import Outcome, Verdict
from evidence import Evidence, kind_of_line, kind_of_outcome
from figures import CACHE, pulled, signals
from logbook import Logbook
from names import ANSWERS, CHANGES
from quantiles import SHARES, compare, quantile
from requestlog import FILE
from table import Cells, Table
from telemetrybook import Kind, TelemetryBook


def tables(run: Evidence) -> list[Table]:
    """All of them; those that have nothing to say are left out."""
    found = (
        whole_run(run),
        last_start(run),
        refused.table(run),
        admitted.table(run),
        exposed.table(run),
        providers(run),
        told(run),
        cache(run),
        gap(run),
        acknowledged.table(run),
        restart.table(run),
        latency(run),
        performance.timings(run),
        performance.memory(run),
        faults(run),
        request_log(run),
    )
    return [table for table in found if table.rows]


def whole_run(run: Evidence) -> Table:
    """How often there was what, according to driver and log."""
    seen = Counter(outcome.verdict for outcome in run.outcomes)
    arrived = {outcome.id for outcome in run.complete}
    log = Logbook([line for line in run.log.lines if line.get("request_id") in arrived])

    def of_driver(*verdicts: Verdict, indent: str = "  ") -> list[Cells]:
        return [(f"{indent}{each.value}", str(seen[each]), "") for each in verdicts]

    requests, answers, *others = _rows(
        _of_outcomes(run.complete), (Counter(map(kind_of_line, log.requests)), len(log.retries))
    )
    return Table(
        "The whole run",
        ("", "driver", "log file"),
        [
            ("requests", str(len(run.outcomes)), ""),
            *of_driver(Verdict.LOST, Verdict.CUT_OFF, Verdict.REFUSED),
            requests,
            answers,
            *of_driver(Verdict.RIGHT, Verdict.WRONG, indent="    "),
            *others,
        ],
    )


def last_start(run: Evidence) -> Table:
    """How often there was what since the gateway's last start, according to all who counted."""
    start, log = run.log.last
    books = [run.telemetry, run.files.get(start)]
    return Table(
        "Since the gateway was started last",
        ("", "driver", "log file", "telemetry", "metrics file"),
        _rows(
            _of_outcomes([outcome for outcome in run.complete if outcome.start == start]),
            (Counter(map(kind_of_line, log.requests)), len(log.retries)),
            *((book.kinds, book.retries) if book else None for book in books),
        ),
    )


Tally = tuple[Mapping[Kind, int], int]
"""Completed requests by kind, and the retries for them."""


def _of_outcomes(outcomes: Sequence[Outcome]) -> Tally:
    return Counter(map(kind_of_outcome, outcomes)), sum(each.retries for each in outcomes)


def _rows(*tallies: Tally | None) -> list[Cells]:
    """Rows with a column for each tally; question marks for one that is not known."""
    by_outcome = [None if tally is None else _by_outcome(tally[0]) for tally in tallies]
    errors = sorted({name for kinds in by_outcome if kinds for name in kinds} - {"answered"})

    def row(what: str, *names: str) -> Cells:
        return (
            what,
            *("?" if of is None else str(sum(of[name] for name in names)) for of in by_outcome),
        )

    return [
        row("  completed", "answered", *errors),
        row("  answers", "answered"),
        row("  errors with a name", *errors),
        *(row(f"    {name}", name) for name in errors),
        *(
            (what, *("?" if each is None else str(_by_cache(each[0])[name]) for each in tallies))
            for what, name in BY_CACHE.items()
        ),
        ("  retries for all these", *("?" if each is None else str(each[1]) for each in tallies)),
    ]


def _by_outcome(kinds: Mapping[Kind, int]) -> Counter[str]:
    found: Counter[str] = Counter()
    for kind, count in kinds.items():
        found[kind.outcome] += count
    return found


BY_CACHE = {
    "  served from the cache": "hit",
    "  served from the file": "left",
    "  served by another's load": "coalesced",
    "  asked a provider": "miss",
}


def _by_cache(kinds: Mapping[Kind, int]) -> Counter[str]:
    found: Counter[str] = Counter()
    for kind, count in kinds.items():
        found[kind.cache] += count
    return found


def providers(run: Evidence) -> Table:
    """What happened on the way to each provider, in the whole run, by the gateway's log and its own."""
    columns = [_way_to(provider, run) for provider in run.providers]
    return Table(
        "On the way to the providers",
        ("", *run.providers),
        [(what, *(column[what] for column in columns)) for what in (columns[0] if columns else ())],
    )


def _way_to(provider: str, run: Evidence) -> dict[str, str]:
    lines = run.log.requests
    asked = [line for line in lines if provider in line["providers"]]
    changed = Counter(CHANGES[line["message"]] for line in run.log.changes(provider))
    waited = [line["waited_ms"] for line in asked if line["waits"].get(provider)]
    seconds = sum(
        phase.end - phase.begin
        for phase in phases(run)
        if phase.provider == provider and phase.state != "closed"
    )
    calls, unheard, waits = (
        sum(line[field].get(provider, 0) for line in lines)
        for field in ("calls", "unheard", "waits")
    )
    rows = {
        "requests let through": len(asked),
        "requests rejected": sum(provider in line["rejected"] for line in lines),
        "circuit opened": changed["open"],
        "  tried again": changed["half open"],
        "  closed": changed["closed"],
        "  seconds not closed": f"{seconds:.2f}",
        "calls sent": calls,
        "  nobody listened": unheard,
        "  arrived, by the provider's log": len(calls_of(run.providers[provider])),
        "waits for a connection": waits,
        "  in vain": sum(line["logger"] == provider for line in run.log.of("pool.timeout")),
        "  the longest, ms": f"{max(waited, default=0.0):.1f}",
    }
    return {what: str(value) for what, value in rows.items()}


def told(run: Evidence) -> Table:
    """What breakers, pools and the fallback say of themselves, beside what they should say."""
    start, log = run.log.last
    books = [run.telemetry, run.files.get(start)]
    wanted = {**signals(log), **pulled(log)}
    return Table(
        "Breakers, pools and fallback since the gateway was started last",
        ("", "log file", "telemetry", "metrics file"),
        [
            (
                f"  {figure.of}: {_short(figure.name)}",
                str(count),
                *(str(book.figures.get(figure, 0)) if book else "?" for book in books),
            )
            for figure, count in sorted(wanted.items())
            if figure.of != ANSWERS and count
        ],
    )


def _short(name: str) -> str:
    for prefix in ("pepperpy.", "circuit_", "provider_"):
        name = name.removeprefix(prefix)
    return name.replace("_", " ")


def cache(run: Evidence) -> Table:
    """What the cache says of itself, beside what it should say."""
    start, log = run.log.last
    books = [run.telemetry, run.files.get(start)]
    told = [_of_cache(book) for book in books]
    wanted = log.answers
    rows = [*wanted, *(["removed.expired"] if any(told) else [])]
    return Table(
        "The cache since the gateway was started last",
        ("", "log file", "telemetry", "metrics file"),
        [
            (
                f"  {name.removeprefix('removed.').replace('_', ' ')}",
                str(wanted.get(name, "")),
                *(str(each.get(name, 0)) if each else "?" for each in told),
            )
            for name in rows
        ],
    )


def _of_cache(book: TelemetryBook | None) -> dict[str, int]:
    return {
        figure.name.removeprefix(f"{CACHE}."): count
        for figure, count in (book.figures if book else {}).items()
        if figure.of == ANSWERS
    }


def latency(run: Evidence) -> Table:
    """How long it took: exact quantiles, and telemetry's beside them."""
    seen = [outcome.seconds * 1000 for outcome in run.complete]
    rows: list[Cells] = [
        ("driver, whole run", *(_ms(quantile(seen, share)) for share in SHARES)),
    ]
    compared = compare(run)
    for name in dict.fromkeys(each.name for each in compared):
        some = [each for each in compared if each.name == name]
        rows += [
            (f"{name}: log file, last start", *(_ms(each.exact) for each in some)),
            ("  telemetry, last start", *(_ms(each.telemetry) for each in some)),
            ("  off by", *(f"{each.error:.2%}" for each in some)),
        ]
    return Table("Latency in ms", ("", *(f"p{share * 100:.0f}" for share in SHARES)), rows)


def _ms(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.{2 if value >= 1 else 3}f}"


def gap(run: Evidence) -> Table:
    """What the kill has cost; no rows if there was none."""
    if run.outage is None:
        return Table("", (), ())
    killed = [start for start in run.log.starts if start != run.log.last[0]]
    logged = sum(len(run.log.starts[start].requests) for start in killed)
    flushed = sum(run.files[start].kinds.total() for start in killed)
    cut_off = {outcome.id for outcome in run.with_verdict(Verdict.CUT_OFF)}
    never_arrived = sum(line.get("request_id") in cut_off for line in run.log.requests)
    away = run.outage
    return Table(
        f"The gap: killed {away.begin:.2f} s after the start, away for {away.end - away.begin:.2f} s",
        ("", "requests"),
        [
            ("refused while nobody listened", str(len(run.with_verdict(Verdict.REFUSED)))),
            ("cut off in the middle", str(len(cut_off))),
            ("  of these in the log: the answer was on its way", str(never_arrived)),
            ("logged before the kill, and forgotten by telemetry", str(logged)),
            ("  of these in the metrics file, flushed in time", str(flushed)),
            ("  of these only in the log", str(logged - flushed)),
        ],
    )


def request_log(run: Evidence) -> Table:
    """How long the request log is, and how long the same rows are as JSON lines."""
    log = run.requests
    sizes = {
        "JSON lines": log.lines_size,
        "JSON lines, gzip": log.zipped_lines_size,
        f"{FILE}, a dataset with {log.algorithm}": log.size,
    }
    count = len(log.outcomes)
    return Table(
        f"The request log: {count} rows",
        ("", "bytes", "bytes a row", "ratio"),
        [
            (what, str(size), f"{size / count:.1f}", f"{log.lines_size / size:.1f}")
            for what, size in sizes.items()
            if count
        ],
    )


def faults(run: Evidence) -> Table:
    """How often each provider did what to whom."""
    return Table(
        "Faults that the gateway met",
        ("", "how often"),
        [
            (name, in_words(Counter(line["fault"] for line in log if line.get("fault"))))
            for name, log in run.providers.items()
        ],
    )


def in_words(met: Counter[str]) -> str:
    """Counts as a phrase, the greatest first."""
    return ", ".join(f"{number} {fault}" for fault, number in met.most_common()) or "none"
