"""How long the gateway took for what, and how much memory: the tables of `pepperpy.infra.metrics`."""

from __future__ import annotations

from evidence import Evidence
from quantiles import MEASURED
from table import Table

from pepperpy.infra import PerformanceResult, format_bytes

SHOWN = {"ms": "a whole request", "validation_ms": "  its validation", "upstream_ms": "  providers"}


def timings(run: Evidence) -> Table:
    """By the gateway's log, in the whole run."""
    rows = []
    for field in MEASURED.values():
        logged = [line[field] / 1000 for line in run.log.requests if line[field] is not None]
        if logged:
            took = PerformanceResult(SHOWN[field], iteration_times=logged)
            shown = (took.median, took.mad, took.percentile(99), took.maximum)
            rows.append((took.name, str(len(logged)), *(f"{each * 1000:.3f}" for each in shown)))
    heads = ("", "how many", "median", "MAD", "p99", "longest")
    return Table("What the gateway took its time for, in ms", heads, rows)


def memory(run: Evidence) -> Table:
    """Of the gateway's process, by what each of its starts said at `/metrics`."""
    told: dict[str, list[int]] = {}
    for reading in run.readings:
        if reading.memory is not None:
            told.setdefault(reading.start, []).append(reading.memory)
    return Table(
        "Memory of the gateway's process",
        ("", "readings", "first", "most", "last"),
        [
            (start, str(len(sizes)), *map(format_bytes, (sizes[0], max(sizes), sizes[-1])))
            for start, sizes in told.items()
        ],
    )
