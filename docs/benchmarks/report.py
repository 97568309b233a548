"""What came of the races: a table for the terminal and the docs, and a plot."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from harness import NANOSECONDS, OURS, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GREEN, GREY, ORANGE = "#1a7f5a", "#9aa5b1", "#c4622d"
# Okabe and Ito's colours but for green, which is ours.
OTHERS = ("#0072b2", "#d55e00", "#cc79a7", "#56b4e9", "#e69f00", "#000000")


def table(result: Result) -> Iterator[str]:
    """The lines of one race, the best first, and its goals."""
    bare, unit = result.race.bare, result.race.unit
    yield f"\n{result.race.title}"
    head = f"{'min ' if unit == NANOSECONDS else ''}{unit.name}{' over bare' if bare else ''}"
    yield f"  {'':34} {head:>18} {'median ' + unit.name:>18} {'ours':>8}"
    for name in result.in_order:
        shown = "" if name == bare else _beside(result, name)
        cost = result.minima[name] if name == bare else result.cost(name)
        median = unit.show(result.medians[name])
        yield f"  {name:34} {unit.show(cost):>18} {median:>18} {shown:>8}"
    for goal in result.race.goals:
        verdict = result.verdict(goal)
        reached = "reached" if verdict.reached else "MISSED"
        yield f"  goal: {verdict.goal}; measured {verdict.measured}  {reached}"


def _beside(result: Result, name: str) -> str:
    """How a contestant stands to ours: times what ours costs, or how much more it has."""
    if result.race.unit.more_is_better:
        difference = (result.cost(name) - result.cost(OURS)) * result.race.unit.factor
        return f"{difference:+.{result.race.unit.digits}f}"
    return f"x {result.ratio(name):.2f}"


def markdown(results: Sequence[Result], modules: Sequence[str]) -> str:
    """The page of results."""
    lines = [
        "# Results",
        "",
        f"CPython {platform.python_version()}, {platform.system()} {platform.machine()}.",
        "Ratios of minima in one interleaved run; times are only orders of magnitude.",
        "Written by `nox -s bench`.",
        "",
        "![ratios](results.svg)",
    ]
    for group in groups(results):
        first = group[0].race
        lines += ["", f"## {first.series or first.title}", ""]
        lines += _series_table(group) if first.series else _table(group[0])
        for result in group:
            lines += _goals(result)
    lines += [
        "",
        "## Who took part",
        "",
        ", ".join(f"{name} {version(name)}" for name in modules),
        "",
    ]
    return "\n".join(lines)


def groups(results: Sequence[Result]) -> list[list[Result]]:
    """The races one by one, but those of a series together."""
    by_series = groupby(results, lambda result: result.race.series or result.race.title)
    return [list(group) for _, group in by_series]


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
            beside = _beside(result, name).removeprefix("x ")
            last = f" {across[name]:.1f} |" if across else ""
            yield f"| {_bold(name)} | {unit.show(result.cost(name))} | {beside} |{last}"


def _series_table(group: Sequence[Result]) -> Iterator[str]:
    """A row for each contestant, a column for each race of the series."""
    unit = group[0].race.unit
    yield f"| {unit.name} | {' | '.join(_at(result) for result in group)} |"
    yield f"|---|{'---:|' * len(group)}"
    for name in group[0].in_order:
        cells = [unit.show(result.cost(name)) for result in group]
        yield f"| {_bold(name)} | {' | '.join(cells)} |"


def _at(result: Result) -> str:
    at = result.race.at
    return at if isinstance(at, str) else f"{at:,}"


def _bold(name: str) -> str:
    return f"**{name}**" if name == OURS else name


def _goals(result: Result) -> Iterator[str]:
    where = f" ({_at(result)})" if result.race.series else ""
    for goal in result.race.goals:
        verdict = result.verdict(goal)
        reached = "reached" if verdict.reached else "**missed**"
        yield ""
        yield f"Goal{where}: {verdict.goal}. Measured: {verdict.measured}, {reached}."


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the plot: one race, or the races of a series."""

    group: Sequence[Result]

    @property
    def rows(self) -> int:
        """How high it has to be, in bars."""
        if self.group[0].race.across:
            return len(self.group[0].race.across) + 6
        if self.group[0].race.series:
            return 2 * len(self.group) + 4
        return len(_shown(self.group[0]))

    def draw(self, axis: Axes, rows: int) -> None:
        """Draw it into an axis that has room for so many *rows*."""
        race = self.group[0].race
        axis.set_title(fill(race.series or race.title, 34), fontsize=10.5, loc="left")
        axis.tick_params(labelsize=9)
        axis.spines[["top", "right"]].set_visible(False)
        if race.across:
            _draw_across(axis, self.group[0])
        elif not race.series:
            _draw_bars(axis, self.group[0], rows)
        elif isinstance(race.at, str):
            _draw_dots(axis, self.group)
        else:
            _draw_lines(axis, self.group)


def plot(results: Sequence[Result], path: Path) -> None:
    """A panel for each race and each series; of costs the ratios to ours, on a logarithmic scale."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    panels = [Panel(group) for group in groups(results)]
    pairs = [panels[at : at + 2] for at in range(0, len(panels), 2)]
    heights = [max(panel.rows for panel in pair) for pair in pairs]
    # As wide as a page of the site shows it, so that its letters are as large there as here.
    figure, axes = plt.subplots(
        len(pairs),
        2,
        figsize=(9.5, sum(0.25 * height + 0.75 for height in heights)),
        height_ratios=[height + 0.8 for height in heights],
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    for at, (axis, panel) in enumerate(zip(axes.flat, panels, strict=False)):
        panel.draw(axis, heights[at // 2])
    figure.suptitle(
        "Cost as a multiple of ours (green), where no unit is named; grey: the least it can cost",
        fontsize=11,
    )
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)
    print(f"plot: {path}", file=sys.stderr)  # noqa: T201 - a command's own output


def _draw_bars(axis: Axes, result: Result, rows: int) -> None:
    """The bars of one race: ratios, or the figures themselves where more is better."""
    names, unit = _shown(result), result.race.unit
    colours = [_colour(result, name, ORANGE) for name in names]
    labels = [fill(name, 28) for name in names]
    if unit == NANOSECONDS:
        values = [result.ratio(name) for name in names]
        texts = [f"{value:.2f}" for value in values]
    else:
        values = [result.cost(name) * unit.factor for name in names]
        texts = [f"{value:,.{unit.digits}f}" for value in values]
        axis.set_xlabel(unit.name, fontsize=9)
    bars = axis.barh(labels, values, color=colours)
    axis.bar_label(bars, texts, padding=3, fontsize=9)
    axis.set_ylim(len(names) - rows - 0.5, len(names) - 0.5)  # bars of one height
    least = min(values)
    if unit.more_is_better or (unit != NANOSECONDS and max(values) < 10 * least):
        axis.set_xlim(0, max(values) * 1.2)
    else:
        axis.set_xscale("log")
        _plain_numbers(axis)
        axis.set_xlim((min(least, 0.5) if unit == NANOSECONDS else least) / 1.5, max(values) * 4)
    if unit == NANOSECONDS:
        axis.axvline(1, color=GREEN, linewidth=0.8)


def _plain_numbers(axis: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    for scale in (axis.xaxis, axis.yaxis):
        if scale.get_scale() == "log":
            scale.set_major_formatter(FuncFormatter(_as_number))
            scale.set_minor_formatter(NullFormatter())


def _as_number(value: float, _: object) -> str:
    """A number of a scale, short enough to stand beside its neighbours."""
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g}{letter}"
    return f"{value:g}"


def _draw_dots(axis: Axes, group: Sequence[Result]) -> None:
    """A band for each race of a series, with a dot for each contestant, the best on top."""
    names, unit = group[0].in_order, group[0].race.unit
    for place, (name, colour) in enumerate(zip(names, _colours(group[0], names), strict=True)):
        axis.scatter(
            [result.cost(name) * unit.factor for result in group],
            [at + 0.7 * (place + 0.5) / len(names) - 0.35 for at in range(len(group))],
            s=60 if name == OURS else 24,
            color=colour,
            marker="o" if name == OURS else "sD^vPX"[place % 6],
            label=name,
        )
    for border in range(1, len(group)):
        axis.axhline(border - 0.5, linewidth=0.6, color="#cccccc")
    axis.set_yticks(range(len(group)), [fill(_at(result), 14) for result in group])
    axis.set_ylim(len(group) - 0.5, -0.5)
    axis.grid(axis="x", linewidth=0.5, color="#dddddd")
    axis.set_axisbelow(True)
    axis.set_xlabel(unit.name, fontsize=9)
    _legend(axis)


def _draw_lines(axis: Axes, group: Sequence[Result]) -> None:
    """A curve for each contestant over the sizes of a series."""
    names, unit = group[0].in_order, group[0].race.unit
    for name, colour in zip(names, _colours(group[0], names), strict=True):
        axis.plot(
            [result.race.at for result in group],
            [result.cost(name) * unit.factor for result in group],
            color=colour,
            marker="o",
            markersize=4,
            linewidth=2.2 if name == OURS else 1.3,
            label=name,
        )
    axis.set_xscale("log")
    axis.set_yscale("log")
    _plain_numbers(axis)
    axis.set_title(f"{axis.get_title('left')}, {unit.name}", fontsize=10.5, loc="left")
    axis.grid(axis="y", linewidth=0.5, color="#dddddd")
    _legend(axis)


def _draw_across(axis: Axes, result: Result) -> None:
    """A dot for each contestant: what it took, and what came of it."""
    race = result.race
    costs = {name: result.cost(name) * race.unit.factor for name in result.in_order}
    # Labels climb from the best to the worst, none nearer to the one below than its height.
    gap = (max(costs.values()) / min(costs.values())) ** 0.05
    label = min(costs.values()) / gap
    for name, cost in costs.items():
        label, x = max(cost, label * gap), race.across[name]
        axis.scatter([x], [cost], s=36, color=GREEN if name.startswith(OURS) else ORANGE)
        line = {"arrowstyle": "-", "linewidth": 0.5, "color": GREY}
        axis.annotate(
            name, (x, cost), (x * 1.15, label), fontsize=7.5, va="center", arrowprops=line
        )
    axis.set_yscale("log")
    axis.set_xscale("log")
    _plain_numbers(axis)
    axis.set_xlim(min(race.across.values()) / 1.3, max(race.across.values()) * 2.5)
    axis.set_xlabel("times smaller", fontsize=9)
    axis.set_ylabel(race.unit.name, fontsize=9)
    axis.grid(linewidth=0.5, color="#dddddd")
    axis.set_axisbelow(True)


def _legend(axis: Axes) -> None:
    axis.legend(
        loc="upper center", bbox_to_anchor=(0.45, -0.15), ncols=2, frameon=False, fontsize=9
    )


def _colours(result: Result, names: Sequence[str]) -> list[str]:
    """Ours in green, what is no rival in grey, and one for each of the others."""
    others = iter(OTHERS)
    return [_colour(result, name, "") or next(others) for name in names]


def _colour(result: Result, name: str, otherwise: str) -> str:
    if name == OURS:
        return GREEN
    return GREY if name in result.race.floors else otherwise


def _shown(result: Result) -> list[str]:
    """Who has a bar, the worst at the bottom."""
    return [name for name in reversed(result.in_order) if name != result.race.bare]
