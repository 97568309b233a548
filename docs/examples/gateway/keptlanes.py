"""Two lanes of the plot: what the gateway has promised to keep, and whom it turned away."""

from __future__ import annotations

from acknowledged import due
from drawing import legend
from evidence import Evidence
from matplotlib.axes import Axes
from restart import SOURCES, first_answers
from trespasses import ALL, TRESPASSES

WRITES, FOUND, LEFT = "#0072b2", "#000000", "#7b3294"
STATUSES = {401: "#d55e00", 403: "#0072b2"}
AWAY = "#7b3294"


def draw_kept(axes: Axes, run: Evidence) -> None:
    """How many zones have an acknowledged answer, and how many of those were found; who came first."""
    moments: dict[str, float] = {}
    for outcome in sorted(run.outcomes, key=lambda outcome: outcome.ended):
        if outcome.stored is not None:
            moments.setdefault(outcome.zone, outcome.ended)
    axes.step(
        [0.0, *moments.values()],
        range(len(moments) + 1),
        where="post",
        color=WRITES,
        label=f"acknowledged ({len(moments)})",
    )
    axes.plot(
        [inventory.came for inventory in run.inventories],
        [_found(run, number) for number in range(len(run.inventories))],
        "o",
        color=FOUND,
        markersize=6,
        markerfacecolor="none",
        markeredgewidth=1.5,
        label="found when asked",
    )
    left = [each for each in run.complete if each.cache == "left"]
    axes.plot(
        [each.ended for each in left],
        [0] * len(left),
        "|",
        color=LEFT,
        markersize=9,
        label=f"served from the file ({len(left)})",
    )
    _name_first(axes, run)
    axes.set_ylabel("zones")
    axes.set_title("Zones whose last answer is in the file", loc="left")
    legend(axes, shades=False)


def _found(run: Evidence, number: int) -> int:
    """How many of the zones with an acknowledged write an inventory has."""
    inventory = run.inventories[number]
    promised = {f"zone:{each.zone} {run.at.isoformat()}" for each in due(run, inventory)}
    return len(promised & inventory.versions.keys())


def _name_first(axes: Axes, run: Evidence) -> None:
    """Where the first answer after the kill came from."""
    first = first_answers(run)
    if first:
        source = SOURCES[first[0].cache or ""]
        axes.annotate(
            f"first answer: from {source}",
            (first[0].ended, 0),
            xytext=(-4, 9),
            textcoords="offset points",
            ha="right",
            bbox={"facecolor": "white", "alpha": 0.8, "lw": 0, "pad": 0.5},
            fontsize=8,
            color=LEFT,
        )


def draw_door(axes: Axes, run: Evidence) -> None:
    """A row for each trespass, with a mark for each time; its colour is what came of it."""
    made = [outcome for outcome in run.outcomes if outcome.trespass]
    rows = [*TRESPASSES, *(ALL.keys() & {each.trespass for each in made} - TRESPASSES.keys())]
    for status, colour in STATUSES.items():
        marks = [
            (each.sent, rows.index(each.trespass or "")) for each in made if each.status == status
        ]
        axes.plot(
            *_points(marks), "|", color=colour, label=f"{status} ({len(marks)})", ms=6, mew=1.4
        )
    silent = [(each.sent, rows.index(each.trespass or "")) for each in made if not each.is_complete]
    label = f"cut off or refused ({len(silent)})"
    axes.plot(*_points(silent), "v", color=AWAY, label=label, ms=4)
    axes.set_yticks(range(len(rows)), rows, fontsize=7)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_title("Whom the gateway turned away", loc="left")
    legend(axes, shades=False)


def _points(marks: list[tuple[float, int]]) -> tuple[list[float], list[int]]:
    return [sent for sent, _ in marks], [row for _, row in marks]
