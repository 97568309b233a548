"""The plot of what grows: a panel for each unit of each measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from capacity_size import Curve
from plots import GREEN, OTHERS, as_plain_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 2


def draw(panels: Mapping[str, Sequence[Curve]], path: Path) -> None:
    """One file with all of them."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "pepperpy"  # the same data, the same file
    mpl.rcParams["svg.fonttype"] = "none"
    from matplotlib import pyplot as plt

    parts = [
        (title, unit, [curve for curve in curves if curve.unit == unit])
        for title, curves in panels.items()
        for unit in dict.fromkeys(curve.unit for curve in curves)
    ]
    rows = -(-len(parts) // COLUMNS)
    figure, axes = plt.subplots(
        rows, COLUMNS, figsize=(9.5, 3.2 * rows), squeeze=False, layout="constrained"
    )
    for axis in axes.flat[len(parts) :]:
        axis.set_visible(False)
    for axis, (title, unit, curves) in zip(axes.flat, parts, strict=False):
        _draw(axis, f"{title}, {unit}", curves)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _draw(axis: Axes, title: str, curves: Sequence[Curve]) -> None:
    axis.set_title(fill(title, 44), fontsize=10.5, loc="left")
    for curve, colour in zip(curves, cycle((GREEN, *OTHERS)), strict=False):
        axis.plot(
            *zip(*curve.points, strict=True),
            color=colour,
            marker="o",
            markersize=4,
            label=curve.name,
        )
    axis.set_xscale("log")
    ys = [y for curve in curves for _, y in curve.points]
    if min(ys) * 10 < max(ys) and min(ys) > 0:
        axis.set_yscale("log")
    else:
        axis.set_ylim(0, max(ys) * 1.2)  # what hardly grows is to look flat
    axis.set_xticks([x for x, _ in curves[0].points])
    as_plain_numbers(axis)
    axis.set_xlabel(curves[0].over, fontsize=9)
    axis.tick_params(labelsize=9)
    axis.grid(axis="y", linewidth=0.5, color="#dddddd")
    axis.spines[["top", "right"]].set_visible(False)
    if len(curves) > 1:
        below = (0.45, -0.18)
        axis.legend(loc="upper center", bbox_to_anchor=below, ncols=2, frameon=False, fontsize=8)
