"""The plots of the races: one for all, and one for each package."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from harness import NANOSECONDS, OURS, Result, in_series
from record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GREEN, GREY, ORANGE = "#1a7f5a", "#9aa5b1", "#c4622d"
# Okabe and Ito's colours but for green, which is ours.
OTHERS = ("#0072b2", "#d55e00", "#cc79a7", "#56b4e9", "#e69f00", "#000000")


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

    @property
    def is_large(self) -> bool:
        """Whether it has curves or dots, which need more room than bars."""
        race = self.group[0].race
        return bool(race.across or race.series)

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


def draw_all(record: Record, folder: Path) -> None:
    """`results.svg` of all packages, and `results-<package>.svg` of each."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "pepperpy"  # the same run, the same file
    mpl.rcParams["svg.fonttype"] = "none"
    _save(overview(record), folder / "results.svg")
    for package in record.packages:
        _save(panels(record.of(package)), folder / f"results-{package}.svg")


def _save(figure: Figure, path: Path) -> None:
    from matplotlib import pyplot as plt

    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    print(f"plot: {path}", file=sys.stderr)  # noqa: T201 - a command's own output


def overview(record: Record) -> Figure:
    """A row for each package, with a dot for each race that has rivals."""
    from matplotlib import pyplot as plt

    rows = [name for name in record.packages if any(_compared(each) for each in record.of(name))]
    figure, axis = plt.subplots(figsize=(9.5, 0.32 * len(rows) + 1.1), layout="constrained")
    for row, package in enumerate(rows):
        ratios = sorted(_against_best(each) for each in record.of(package) if _compared(each))
        for at, ratio in enumerate(ratios):
            # Neighbours stand a little above and below each other.
            height = row + (at % 3 - 1) * 0.16
            axis.scatter(ratio, height, s=30, alpha=0.8, color=GREEN if ratio <= 1 else ORANGE)
    axis.axvline(1, color=GREY, linewidth=1)
    axis.set_xscale("log")
    as_plain_numbers(axis)
    axis.set_yticks(range(len(rows)), rows, fontsize=10)
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.grid(axis="x", linewidth=0.5, color="#dddddd")
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_title(
        "What ours costs, as a multiple of the best other library: a dot is a race, left of 1 is ours",
        fontsize=10.5,
        loc="left",
    )
    return figure


def _compared(result: Result) -> bool:
    return result.best_rival is not None and not result.race.unit.more_is_better


def _against_best(result: Result) -> float:
    return 1 / result.ratio(result.best_rival or OURS)


def panels(results: Sequence[Result]) -> Figure:
    """A panel for each race and each series; of costs the ratios to ours, on a logarithmic scale."""
    from matplotlib import pyplot as plt

    every = [Panel(group) for group in in_series(results)]
    bars = [panel for panel in every if not panel.is_large]
    large = [panel for panel in every if panel.is_large]
    # Beside a curve, bars would leave most of their panel empty.
    parts = [*bars, *([None] * (len(bars) % 2) if large else []), *large]
    columns = min(2, len(parts))
    pairs = [parts[at : at + columns] for at in range(0, len(parts), columns)]
    heights = [max(panel.rows for panel in pair if panel) for pair in pairs]
    # As wide as a page of the site shows it, so that its letters are as large there as here.
    figure, axes = plt.subplots(
        len(pairs),
        columns,
        figsize=(9.5, sum(0.25 * height + 0.75 for height in heights) + 0.3),
        height_ratios=[height + 0.8 for height in heights],
        squeeze=False,
        layout="constrained",
    )
    for at, axis in enumerate(axes.flat):
        panel = parts[at] if at < len(parts) else None
        if panel is None:
            axis.set_visible(False)
        else:
            panel.draw(axis, heights[at // columns])
    figure.suptitle(
        "Cost as a multiple of ours (green), where no unit is named; grey: the least it can cost",
        fontsize=10.5,
    )
    return figure


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
        as_plain_numbers(axis)
        axis.set_xlim((min(least, 0.5) if unit == NANOSECONDS else least) / 1.5, max(values) * 4)
    if unit == NANOSECONDS:
        axis.axvline(1, color=GREEN, linewidth=0.8)


def as_plain_numbers(axis: Axes) -> None:
    """Numbers at its logarithmic scales, not powers of ten."""
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
    figures = [result.cost(name) for result in group for name in names]
    if not unit.more_is_better and 0 < 10 * min(figures) < max(figures):
        axis.set_xscale("log")
        as_plain_numbers(axis)
    axis.set_yticks(range(len(group)), [fill(result.race.place, 14) for result in group])
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
    as_plain_numbers(axis)
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
    as_plain_numbers(axis)
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
    others = cycle(OTHERS)
    return [_colour(result, name, "") or next(others) for name in names]


def _colour(result: Result, name: str, otherwise: str) -> str:
    if name == OURS:
        return GREEN
    return GREY if name in result.race.floors else otherwise


def _shown(result: Result) -> list[str]:
    """Who has a bar, the worst at the bottom."""
    return [name for name in reversed(result.in_order) if name != result.race.bare]
