"""What came of the races, for the terminal and as a page."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness import NANOSECONDS, OURS, Result, in_series
from record import Record

NOTES: dict[str, str] = tomllib.loads(Path(__file__).with_name("notes.toml").read_text("utf-8"))


def table(result: Result) -> Iterator[str]:
    """The lines of one race for the terminal, the best first, and its goals."""
    bare, unit = result.race.bare, result.race.unit
    yield f"\n{result.race.title}"
    head = f"{'min ' if unit == NANOSECONDS else ''}{unit.name}{' over bare' if bare else ''}"
    yield f"  {'':34} {head:>18} {'median ' + unit.name:>18} {'ours':>8}"
    for name in result.in_order:
        shown = "" if name == bare else beside(result, name)
        cost = result.minima[name] if name == bare else result.cost(name)
        median = unit.show(result.medians[name])
        yield f"  {name:34} {unit.show(cost):>18} {median:>18} {shown:>8}"
    for verdict in result.verdicts:
        reached = "reached" if verdict.reached else "MISSED"
        yield f"  goal: {verdict.goal}; measured {verdict.measured}  {reached}"


def beside(result: Result, name: str) -> str:
    """How a contestant stands to ours: times what ours costs, or how much more it has."""
    if result.race.unit.more_is_better:
        difference = (result.cost(name) - result.cost(OURS)) * result.race.unit.factor
        return f"{difference:+.{result.race.unit.digits}f}"
    return f"x {result.ratio(name):.2f}"


def markdown(record: Record) -> str:
    """The page of results."""
    return "\n".join(
        [
            "# Results",
            "",
            *_summary(record),
            "",
            "![ours beside the best of the others](results.svg)",
            "",
            *_losses(record),
            *(
                line
                for package in record.packages
                for line in _package(package, record.of(package))
            ),
            "## Who took part",
            "",
            ", ".join(f"{name} {version}" for name, version in record.versions.items()) + ".",
            "",
        ]
    )


def _summary(record: Record) -> Iterator[str]:
    against = [result for result in record.results if result.rivals]
    lost = sum(result.lost for result in against)
    verdicts = [verdict for result in record.results for verdict in result.verdicts]
    missed = sum(not verdict.reached for verdict in verdicts)
    yield (
        f"{len(record.results)} races; in {len(against)} of them other libraries take part, and in "
        f"{len(against) - lost} of those none is better by more than 2 %. Of {len(verdicts)} goals that we set "
        f"ourselves, {len(verdicts) - missed} are reached. The rest comes first: [where we lose](#where-we-lose), and "
        "[which goals are missed](#goals-that-are-missed)."
    )
    yield ""
    yield (
        f"Measured on {record.date}: {record.python}, {record.system}, {record.processor} "
        f"({record.cpus} CPUs, {record.memory_gib} GiB). Ratios are those of minima in one "
        "interleaved run; times give the order of magnitude only, and are others elsewhere. Written by "
        "`nox -s bench` from `results.json`, which has the medians too."
    )


def _losses(record: Record) -> Iterator[str]:
    """The races in which another one is better, and the goals that were missed."""
    yield "## Where we lose"
    yield ""
    yield "Another library is better by more than 2 %:"
    yield ""
    yield "| | race | ours | best of the others | ours / best | why |"
    yield "|---|---|---:|---|---:|---|"
    for result in record.results:
        if result.lost:
            name = result.race.name
            yield f"| {result.package} | {name} | {' | '.join(_standing(result))} | {_why(name)} |"
    yield ""
    yield "## Goals that are missed"
    yield ""
    yield "| | race | goal | measured | why |"
    yield "|---|---|---|---:|---|"
    for result in record.results:
        for verdict in result.verdicts:
            if not verdict.reached:
                name, measured = result.race.name, verdict.measured
                yield (
                    f"| {result.package} | {name} | {verdict.goal} | {measured} | {_why(name)} |"
                )
    yield ""


def _why(name: str) -> str:
    """What is known of a race's causes: `notes.toml` has them by how its name begins."""
    return next((why for start, why in NOTES.items() if name.startswith(start)), "")


def _standing(result: Result) -> tuple[str, str, str]:
    """Ours, the best of the others, and how they stand to each other."""
    unit, best = result.race.unit, result.best_rival
    ours = f"{unit.show(result.cost(OURS))} {unit.name}"
    if best is None:
        return ours, "", ""
    theirs = f"{best}, {unit.show(result.cost(best))}"
    if unit.more_is_better:
        return ours, theirs, beside(result, best)
    return ours, theirs, f"{1 / result.ratio(best):.2f}"


def _package(package: str, results: Sequence[Result]) -> Iterator[str]:
    """The section of one package: who won, the plot, and all figures."""
    yield f"## {package}"
    yield ""
    yield "| race | ours | best of the others | ours / best | least it can cost |"
    yield "|---|---:|---|---:|---|"
    for result in results:
        yield f"| {result.race.name} | {' | '.join(_standing(result))} | {_floor(result)} |"
    yield ""
    yield f"![{package}: what each contestant costs](results-{package}.svg)"
    yield ""
    yield '<details markdown="1">'
    yield f"<summary>All figures and goals of {package}</summary>"
    yield ""
    for group in in_series(results):
        first = group[0].race
        yield from (f"#### {first.series or first.title}", "")
        yield from _series_table(group) if first.series else _table(group[0])
        for result in group:
            yield from _goals(result)
        yield ""
    yield from ("</details>", "")


def _floor(result: Result) -> str:
    """The cheapest of what is there for comparison only."""
    floors = [name for name in result.in_order if name in result.race.floors]
    return f"{floors[0]}, {result.race.unit.show(result.cost(floors[0]))}" if floors else ""


def _table(result: Result) -> Iterator[str]:
    """The best first, with ours as the measure."""
    unit, bare = result.race.unit, result.race.bare
    across = result.race.across
    head = f"{'min ' if unit == NANOSECONDS else ''}{unit.name}{' (over bare)' if bare else ''}"
    last = " times smaller |" if across else ""
    yield f"| | {head} | {'more than ours' if unit.more_is_better else 'times ours'} |{last}"
    yield f"|---|---:|---:|{'---:|' if across else ''}"
    for name in result.in_order:
        if name != bare:
            last = f" {across[name]:.1f} |" if across else ""
            ratio = beside(result, name).removeprefix("x ")
            yield f"| {_bold(name)} | {unit.show(result.cost(name))} | {ratio} |{last}"


def _series_table(group: Sequence[Result]) -> Iterator[str]:
    """A row for each contestant, a column for each race of the series."""
    unit = group[0].race.unit
    yield f"| {unit.name} | {' | '.join(result.race.place for result in group)} |"
    yield f"|---|{'---:|' * len(group)}"
    for name in group[0].in_order:
        cells = [unit.show(result.cost(name)) for result in group]
        yield f"| {_bold(name)} | {' | '.join(cells)} |"


def _bold(name: str) -> str:
    return f"**{name}**" if name == OURS else name


def _goals(result: Result) -> Iterator[str]:
    where = f" ({result.race.place})" if result.race.series else ""
    for verdict in result.verdicts:
        reached = "reached" if verdict.reached else "**missed**"
        yield ""
        yield f"Goal{where}: {verdict.goal}. Measured: {verdict.measured}, {reached}."
