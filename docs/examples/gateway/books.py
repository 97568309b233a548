"""Bringing the books of a run together: what the demo has seen itself, and what is in the files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import faults
import fleetchecks
from checks import Check, check
from driver import Outcome
from evidence import Evidence
from fleet import Fleet, joined, metrics_of, name_of
from interferer import Interferer
from inventory import Inventory
from logbook import Line, Logbook, LogFileError, read_lines
from processes import ChildError
from report import Report
from requestlog import FILE, RequestLog, reopen
from scraper import Scraper
from telemetrybook import TelemetryBook
from troublemaker import Troublemaker

from pepperpy.infra import CompressionError


@dataclass(slots=True)
class Notes:
    """What the demo knows first-hand when its processes are gone."""

    at: datetime
    began: datetime
    outcomes: list[Outcome] = field(default_factory=list)
    telemetry: TelemetryBook | None = None
    scrapers: list[Scraper] = field(default_factory=list)
    interferer: Interferer | None = None
    troublemaker: Troublemaker | None = None
    workers: int = 0  # if they share a Redis
    books: list[TelemetryBook] = field(default_factory=list)  # of each
    inventories: list[Inventory] = field(default_factory=list)
    crash: ChildError | None = None
    trouble: list[str] = field(default_factory=list)


def gather(
    notes: Notes, folder: Path, *, seed: int, expected: int | None
) -> tuple[Evidence, list[str]]:
    """Everything that is known about the run, with the files in *folder*, and what went amiss.

    Args:
        expected: How many requests there should be, `None` for an interrupted run.
    """
    trouble = [*([str(notes.crash)] if notes.crash else []), *notes.trouble]

    def read(name: str) -> list[Line] | None:
        try:
            return read_lines(folder / f"{name}.jsonl")
        except (LogFileError, OSError) as error:
            if not notes.crash:
                trouble.append(str(error))
            return None

    try:
        requests = reopen(folder / FILE)
    except (CompressionError, OSError) as error:
        trouble.append(f"{folder / FILE}: {error}")
        requests = RequestLog()
    names = [name_of(worker) for worker in range(notes.workers)] or ["gateway"]
    logs = [Logbook(read(name) or []) for name in names]
    run = Evidence(
        seed=seed,
        at=notes.at,
        began=notes.began,
        kept=notes.outcomes,
        requests=requests,
        log=Logbook(joined(logs)),
        telemetry=notes.telemetry,
        metrics=[line for name in names for line in read(metrics_of(name)) or []],
        readings=[each for scraper in notes.scrapers for each in scraper.readings],
        providers={name: log for name in faults.PROVIDERS if (log := read(name)) is not None},
        inventories=notes.inventories,
        edits=notes.interferer.edits if notes.interferer else (),
        changes=notes.interferer.changes if notes.interferer else (),
        outage=notes.interferer.outage if notes.interferer else None,
        fleet=_fleet(notes, logs) if notes.workers else None,
        expected=expected,
    )
    return run, trouble


def _fleet(notes: Notes, logs: Sequence[Logbook]) -> Fleet:
    seen = notes.troublemaker
    return Fleet(
        workers=notes.workers,
        logs=logs,
        books={book.start: book for book in notes.books},
        ended=seen.ended if seen else (),
        told=seen.told if seen else (),
        away=seen.away if seen else {},
        frozen=seen.frozen if seen else None,
        down=seen.down if seen else None,
    )


def judge(run: Evidence, trouble: Iterable[str], leaked: Iterable[str]) -> Report:
    """The run with the results of all checks."""
    checked = fleetchecks.check(run, run.fleet) if run.fleet else check(run)
    checks = [
        Check("no process died by itself, and every file is whole", tuple(trouble)),
        *checked,
        Check("no key is in any file of the run, or in any output", tuple(leaked)),
    ]
    return Report(run, checks)
