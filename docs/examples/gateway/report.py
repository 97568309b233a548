"""What a run leaves behind: tables for the terminal, and a page with the tables and a plot."""

from __future__ import annotations

import html
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Template

import fleettables
from checks import Check
from evidence import Evidence
from fleet import metrics_of
from rich.console import Console
from rich.table import Table as RichTable
from table import Table
from tables import tables as of_one

MOST_PROBLEMS = 10


@dataclass(frozen=True, slots=True)
class Report:
    """A run and what came of the checks."""

    run: Evidence
    checks: Sequence[Check]

    @property
    def problems(self) -> list[str]:
        """Everything that is not as it should be."""
        return [problem for check in self.checks for problem in check.problems]

    @property
    def verdict(self) -> str:
        """How it went, in one line."""
        if not self.problems:
            return "Nothing wrong, nothing lost; all the books agree."
        return f"{len(self.problems)} things are not as they should be:"


def tables(run: Evidence) -> list[Table]:
    """All tables of a run, of one gateway or of several."""
    return fleettables.tables(run, run.fleet) if run.fleet else of_one(run)


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


def rich_table(table: Table) -> RichTable:
    """A table for the terminal."""
    result = RichTable(title=table.title, title_justify="left", header_style="bold")
    for head in table.heads:
        result.add_column(head, justify="right" if head else "left")
    for row in table.rows:
        result.add_row(*row)
    return result


def print_report(console: Console, found: Report, tail: Sequence[str], interruption: int) -> None:
    """Tell how the run went, with the last lines of a process that died, and the signal if any."""

    def say(text: str, style: str = "") -> None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    say(found.run.title)
    for table in tables(found.run):
        console.print(rich_table(table))
    if interruption:
        say(f"Interrupted by {signal.Signals(interruption).name}.", "yellow")
    for each in found.checks:
        say(
            f"  {'NOT SO' if each.problems else 'ok    '}  {each.what}",
            "red" if each.problems else "",
        )
    say(found.verdict, "bold red" if found.problems else "bold green")
    for text in found.problems[:MOST_PROBLEMS]:
        say(f"  {text}", "red")
    if len(found.problems) > MOST_PROBLEMS:
        say(f"  ... and {len(found.problems) - MOST_PROBLEMS} more, in the report", "red")
    for line in tail:
        say(f"  {line}")


def write(report: Report, folder: Path) -> Path:
    """Write the page and its plot into *folder*; returns the page's path."""
    draw(report.run, folder / "plot.svg", folder / "plot.png")
    read = [reading.text for reading in report.run.readings if reading.text]
    (folder / "metrics.prom").write_text(read[-1] if read else "", "utf-8")
    # Without its first two lines, which are for a file of its own, an SVG is a part of a page.
    svg = (folder / "plot.svg").read_text("utf-8")
    page = folder / "report.html"
    started = report.run.log.of("gateway.started")
    content = PAGE.substitute(
        title=html.escape(report.run.title),
        verdict=html.escape(report.verdict),
        tone="bad" if report.problems else "good",
        checks="\n".join(_html_check(check) for check in report.checks),
        plot=svg[svg.index("<svg") :],
        tables="\n".join(map(_html_table, tables(report.run))),
        links=_links(report.run),
        settings=html.escape(started[-1]["event.data"]["settings"]) if started else "unknown",
    )
    page.write_text(content, "utf-8")
    return page


def draw(run: Evidence, *files: Path) -> None:
    """The plot of a run, of one gateway or of several."""
    import fleetplot  # matplotlib takes a second to import
    import plot

    if run.fleet:
        fleetplot.draw(run, run.fleet, *files)
    else:
        plot.draw(run, *files)


def _links(run: Evidence) -> str:
    """What is beside the page of the gateways."""
    names = run.fleet.names if run.fleet else ["gateway"]
    shown = [
        f'{name}: its <a href="{name}.jsonl">log</a> and its '
        f'<a href="{metrics_of(name)}.jsonl">metrics file</a>'
        for name in names
    ]
    if not run.fleet:
        shown.append(
            'its <a href="answers.db">last answers</a> and <a href="keys.db">who may ask</a>, two SQLite files'
        )
    return "; ".join(shown)


def _html_check(check: Check) -> str:
    if not check.problems:
        return f'<li class="good">{html.escape(check.what)}</li>'
    problems = "".join(f"<li>{html.escape(problem)}</li>" for problem in check.problems)
    return f'<li class="bad">Not so: {html.escape(check.what)}<ul>{problems}</ul></li>'


def _html_table(table: Table) -> str:
    heads = "".join(f"<th>{_html(head)}</th>" for head in table.heads)
    rows = "\n".join(
        f"<tr><th>{_html(first)}</th>{''.join(f'<td>{_html(cell)}</td>' for cell in others)}</tr>"
        for first, *others in table.rows
    )
    return (
        f"<h2>{_html(table.title)}</h2>\n<table><thead><tr>{heads}</tr></thead>\n{rows}\n</table>"
    )


def _html(text: str) -> str:
    return html.escape(text).replace("  ", "&emsp;").replace("\n", "<br>")


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
  thead th { font-weight: bold; vertical-align: bottom; }
  pre { background: #f4f4f4; padding: .8rem; overflow-x: auto; }
  .good { color: #00684a; } .bad { color: #b3261e; }
  svg { width: 100%; height: auto; }
</style>
<h1>Gateway run</h1>
<p>$title</p>
<p class="$tone"><strong>$verdict</strong></p>
<ul>
$checks
</ul>
$plot
$tables
<h2>How the gateway was configured</h2>
<p>What <code>explain_config("gateway")</code> said when it was started last: each value, and where
it came from.</p>
<pre>$settings</pre>
<p>Beside this page: the <a href="requests.ppz">request log</a>, a dataset; $links; <a href="metrics.prom">/metrics</a> as it was
read last, and the <a href="pepperpy.toml">configuration</a>; the logs of the providers, <a href="north.jsonl">north</a> and <a href="south.jsonl">south</a>; and
<a href="plot.png">the plot as a picture</a>.</p>
</html>
""")
