"""Two lanes of the plot: what was not valid, and how much memory the gateway took."""

from __future__ import annotations

from itertools import cycle

from drawing import legend
from evidence import Evidence
from matplotlib.axes import Axes

ROWS = ("zone", "query.at", "other keys")
CODES = {
    # of what is wrong: colour, and a height of its own, so that two at one path can be seen
    "required": ("#0072b2", -0.18),
    "instant": ("#d55e00", 0.18),
    "zone": ("#009e73", -0.18),
    "max_length": ("#cc79a7", 0.18),
    "unknown": ("#000000", 0.0),
}
STARTS = ("#0072b2", "#e69f00")
NO_ANSWER = "#7b3294"
MIB = 2**20
LEAST_RANGE = 10.0  # MiB: what is next to nothing has to look like it


def draw_validation(axes: Axes, run: Evidence) -> None:
    """A row for each path, with a mark for each 422 that names it; its colour says why."""
    for code, (colour, height) in CODES.items():
        marks = [
            (outcome.sent, ROWS.index(path if path in ROWS else ROWS[-1]))
            for outcome in run.outcomes
            for path, found in outcome.invalid
            if found == code
        ]
        axes.plot(
            [sent for sent, _ in marks],
            [row + height for _, row in marks],
            "|",
            color=colour,
            markersize=7,
            markeredgewidth=1.4,
            label=f"{code} ({len(marks)})",
        )
    silent = [each.sent for each in run.outcomes if each.mistake and not each.is_complete]
    axes.plot(
        silent,
        [len(ROWS) - 0.6] * len(silent),
        "v",
        color=NO_ANSWER,
        markersize=4,
        label=f"cut off or refused ({len(silent)})",
    )
    axes.set_yticks(range(len(ROWS)), ROWS)
    axes.set_ylim(len(ROWS) - 0.4, -0.5)
    axes.set_title("What was not valid, by the 422s", loc="left")
    legend(axes, shades=False)


def draw_memory(axes: Axes, run: Evidence) -> None:
    """A line for each start of the gateway: what `/metrics` said, each time that it was read."""
    told = [reading for reading in run.readings if reading.memory is not None]
    starts = dict.fromkeys(reading.start for reading in told)
    for start, colour in zip(starts, cycle(STARTS), strict=False):
        own = [reading for reading in told if reading.start == start]
        sizes = [(reading.memory or 0) / MIB for reading in own]
        axes.plot(
            [reading.came for reading in own],
            sizes,
            ".-",
            color=colour,
            lw=1,
            markersize=5,
            label=f"{start}, {max(sizes):.0f} MiB at most",
        )
    low, high = axes.get_ylim()
    more = max(0.0, LEAST_RANGE - (high - low)) / 2
    axes.set_ylim(low - more, high + more)
    axes.set_ylabel("MiB")
    axes.set_title("Memory of the gateway's process", loc="left")
    legend(axes, shades=False)
