"""What a run leaves behind: a table for the terminal, and a page with the table and a plot."""

from __future__ import annotations

import html
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Template

import zones
from driver import Outcome, Verdict
from reconcile import Count, LogLine
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that is known about a run when it is over."""

    seed: int
    at: datetime
    outcomes: Sequence[Outcome]
    counts: Sequence[Count]
    log: Sequence[LogLine]
    providers: Mapping[str, Sequence[LogLine]]  # the log of each
    failures: Sequence[str]

    @property
    def title(self) -> str:
        """What was run, in one line."""
        seconds = max((outcome.sent + outcome.seconds for outcome in self.outcomes), default=0.0)
        return (
            f"{len(self.outcomes)} requests in {seconds:.1f} s, seed {self.seed}, "
            f"about {self.at:%Y-%m-%d %H:%M:%S} UTC, time-zone database {zones.version()}"
        )

    @property
    def verdict(self) -> str:
        """How it went, in one line."""
        if not self.failures:
            return "Nothing wrong, nothing lost; driver, gateway and log file agree."
        return f"{len(self.failures)} things are not as they should be:"


def make_folder(parent: Path) -> Path:
    """A new folder for one run under *parent*, named after the time; older ones are left alone."""
    name = datetime.now().astimezone().strftime("%Y-%m-%d_%H-%M-%S")
    number = 1
    while True:
        folder = parent / (name if number == 1 else f"{name}_{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return folder


def rows(run: Run) -> list[tuple[str, str, str, str]]:
    """The table: what, and how often according to driver, gateway and log file."""
    verdicts = Counter(outcome.verdict for outcome in run.outcomes)
    by_name = {count.what: count for count in run.counts}
    errors = [c for c in run.counts if c.what not in {"requests", "answered", "retries", "lost"}]
    sums = Count(
        "named error responses",
        sum(c.driver for c in errors),
        None if by_name["requests"].gateway is None else sum(c.gateway or 0 for c in errors),
        sum(c.log for c in errors),
    )
    ms = [outcome.seconds * 1000 for outcome in run.outcomes]
    logged = [line["ms"] for line in run.log if "ms" in line]
    return [
        _row("requests", by_name["requests"]),
        _row("answers", by_name["answered"]),
        ("  right", str(verdicts[Verdict.RIGHT]), "", ""),
        ("  wrong", str(verdicts[Verdict.WRONG]), "", ""),
        _row("named error responses", sums),
        *(_row(f"  {count.what}", count) for count in errors),
        ("lost", str(verdicts[Verdict.LOST]), "", ""),
        _row("retries", by_name["retries"]),
        *(
            (f"p{q} ms", _round(percentile(ms, q)), "", _round(percentile(logged, q)))
            for q in (50, 99)
        ),
        ("log lines", "", "", str(len(run.log))),
    ]


def _row(what: str, count: Count) -> tuple[str, str, str, str]:
    gateway = "?" if count.gateway is None else str(count.gateway)
    return what, str(count.driver), gateway, str(count.log)


def _round(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1f}"


def percentile(values: Iterable[float], q: float) -> float:
    """The value that *q* percent of *values* do not exceed; not a number if there is none.

    Examples:
        >>> percentile([3.0, 1.0, 2.0, 4.0], 50)
        2.0
    """
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * q / 100) - 1)] if ordered else math.nan


def faults_met(run: Run) -> dict[str, Counter[str]]:
    """How often each provider did what to whom."""
    return {
        name: Counter(line["fault"] for line in log if line.get("fault"))
        for name, log in run.providers.items()
    }


def table(run: Run) -> Table:
    """The table for the terminal."""
    result = Table(header_style="bold")
    for column in ("", "driver", "gateway", "log file"):
        result.add_column(column, justify="right" if column else "left")
    for row in rows(run):
        result.add_row(*row)
    return result


def write(run: Run, folder: Path) -> Path:
    """Write the page and its plot into *folder*; returns the page's path."""
    from plot import draw  # matplotlib takes a second to import

    draw(run, folder / "plot.svg", folder / "plot.png")
    # Without its first two lines, which are for a file of its own, an SVG is a part of a page.
    svg = (folder / "plot.svg").read_text("utf-8")
    page = folder / "report.html"
    content = PAGE.substitute(
        title=html.escape(run.title),
        verdict=html.escape(run.verdict),
        tone="bad" if run.failures else "good",
        rows="\n".join(_html_row(row) for row in rows(run)),
        faults="\n".join(_html_row((name, in_words(met))) for name, met in faults_met(run).items()),
        failures="\n".join(f"<li>{html.escape(text)}</li>" for text in run.failures),
        plot=svg[svg.index("<svg") :],
    )
    page.write_text(content, "utf-8")
    return page


def _html_row(cells: Sequence[str]) -> str:
    first, *others = (html.escape(cell).replace("  ", "&emsp;") for cell in cells)
    return f"<tr><th>{first}</th>{''.join(f'<td>{cell}</td>' for cell in others)}</tr>"


def in_words(met: Counter[str]) -> str:
    """Counts as a phrase, the greatest first."""
    return ", ".join(f"{number} {fault}" for fault, number in met.most_common()) or "none"


PAGE = Template("""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Gateway run</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; margin: 1rem 0; }
  th, td { padding: .15rem .9rem; border-bottom: 1px solid #ddd; text-align: right; }
  th:first-child { text-align: left; font-weight: normal; }
  thead th { font-weight: bold; }
  .good { color: #00684a; } .bad { color: #b3261e; }
  svg { width: 100%; height: auto; }
</style>
<h1>Gateway run</h1>
<p>$title</p>
<p class="$tone"><strong>$verdict</strong></p>
<ul>$failures</ul>
$plot
<h2>Counts</h2>
<table>
<thead><tr><th></th><th>driver</th><th>gateway</th><th>log file</th></tr></thead>
$rows
</table>
<h2>Faults that requests met</h2>
<table>$faults</table>
<p>Beside this page: <a href="gateway.jsonl">the gateway's log</a>, the providers'
<a href="north.jsonl">north</a> and <a href="south.jsonl">south</a>, and
<a href="plot.png">the plot as a picture</a>.</p>
</html>
""")
