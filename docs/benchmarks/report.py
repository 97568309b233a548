"""What came of the races: a table for the terminal and the docs, and a plot."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from harness import OURS, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def table(result: Result) -> Iterator[str]:
    """The lines of one race, cheapest first, and its goals."""
    bare = result.race.bare
    yield f"\n{result.race.title}"
    unit = "ns over bare" if bare else "ns"
    yield f"  {'':34} {'min ' + unit:>18} {'median ns':>12} {'ours':>8}"
    for name in sorted(result.minima, key=result.cost):
        shown = "" if name == bare else f"x {result.ratio(name):.2f}"
        cost = result.minima[name] if name == bare else result.cost(name)
        yield f"  {name:34} {cost * 1e9:18,.0f} {result.medians[name] * 1e9:12,.0f} {shown:>8}"
    for goal in result.race.goals:
        reached, unit = result.verdict(goal)
        verdict = "reached" if reached <= goal.at_most else "MISSED"
        yield f"  goal: at most {goal.at_most:.3g} {unit}; measured {reached:.3g}  {verdict}"


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
    for result in results:
        over = " (over bare)" if result.race.bare else ""
        lines += [
            "",
            f"## {result.race.title}",
            "",
            f"| | min ns{over} | times ours |",
            "|---|---:|---:|",
        ]
        for name in sorted(result.minima, key=result.cost):
            if name != result.race.bare:
                bold = f"**{name}**" if name == OURS else name
                lines.append(
                    f"| {bold} | {result.cost(name) * 1e9:,.0f} | {result.ratio(name):.2f} |"
                )
        for goal in result.race.goals:
            reached, unit = result.verdict(goal)
            verdict = "reached" if reached <= goal.at_most else "**missed**"
            lines += [
                "",
                f"Goal: at most {goal.at_most:.3g} {unit}. Measured: {reached:.3g}, {verdict}.",
            ]
    lines += [
        "",
        "## Who took part",
        "",
        ", ".join(f"{name} {version(name)}" for name in modules),
        "",
    ]
    return "\n".join(lines)


def plot(results: Sequence[Result], path: Path) -> None:
    """Bars of the ratios to ours, one panel a race, on a logarithmic scale."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    pairs = [results[at : at + 2] for at in range(0, len(results), 2)]
    heights = [max(len(_shown(result)) for result in pair) for pair in pairs]
    # As wide as a page of the site shows it, so that its letters are as large there as here.
    figure, axes = plt.subplots(
        len(pairs),
        2,
        figsize=(9.5, sum(0.25 * height + 0.75 for height in heights)),
        height_ratios=[height + 0.8 for height in heights],
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat[len(results) :]:
        axis.set_visible(False)
    for at, (axis, result) in enumerate(zip(axes.flat, results, strict=False)):
        _draw(axis, result, heights[at // 2])
    figure.suptitle("Cost as a multiple of ours (green); grey: the least it can cost", fontsize=11)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)
    print(f"plot: {path}", file=sys.stderr)  # noqa: T201 - a command's own output


def _draw(axis: Axes, result: Result, height: int) -> None:
    """The bars of one race, in a panel with room for *height* of them."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    names = _shown(result)
    ratios = [result.ratio(name) for name in names]
    special = dict.fromkeys(result.race.floors, "#9aa5b1") | {OURS: "#1a7f5a"}
    colours = [special.get(name, "#c4622d") for name in names]
    bars = axis.barh([fill(name, 28) for name in names], ratios, color=colours)
    axis.bar_label(bars, [f"{ratio:.2f}" for ratio in ratios], padding=3, fontsize=9)
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_ylim(len(names) - height - 0.5, len(names) - 0.5)  # bars of one height
    axis.set_xlim(min(*ratios, 0.5) / 1.5, max(ratios) * 4)
    axis.set_title(fill(result.race.title, 30), fontsize=10.5, loc="left")
    axis.axvline(1, color="#1a7f5a", linewidth=0.8)
    axis.tick_params(labelsize=9)
    axis.spines[["top", "right"]].set_visible(False)


def _shown(result: Result) -> list[str]:
    """Who has a bar, the dearest at the bottom."""
    names = [name for name in result.minima if name != result.race.bare]
    return sorted(names, key=result.cost, reverse=True)
