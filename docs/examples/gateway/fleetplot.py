"""The plot of a run of several gateways that share a Redis."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from circuits import phases
from drawing import legend
from driver import Verdict
from evidence import Evidence
from faults import PROVIDERS
from fleet import Fleet
from fleetcache import shared_answers
from fleetcircuits import all_probes
from keptlanes import draw_kept
from lanes import draw_memory
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from plot import (
    CACHE,
    CIRCUITS,
    EDITS,
    KINDS,
    draw_cache,
    draw_faults,
    draw_latency,
    draw_steps,
    kind_of,
    shade,
    shade_outages,
)

FROZEN, DOWN, AWAY = "#56b4e9", "#d55e00", "#333333"
STORE = "store-unavailable"


def draw(run: Evidence, fleet: Fleet, *files: Path) -> None:
    """Draw *run* into *files*; their suffixes tell the formats."""
    figure = Figure(figsize=(11, 17), layout="constrained")
    heights = (3, 1.2, 2.4, 1.2, 1.2, 1.6, 1.2, 1.2)
    lanes = figure.subplots(len(heights), sharex=True, height_ratios=heights)
    latency, faults, circuits, cache, shared, missed, kept, memory = lanes
    end = max([0.1, *(each.ended for each in run.outcomes)])
    for axes in lanes:
        _shade(axes, run, fleet)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlim(0, end)
    _mark(latency, fleet)
    draw_latency(latency, run)
    draw_faults(faults, run, step=end / 60)
    _draw_circuits(circuits, run, fleet)
    draw_cache(cache, run, step=end / 60)
    _draw_shared(shared, run, fleet, step=end / 60)
    _draw_missed(missed, run, fleet)
    draw_kept(kept, run)
    draw_memory(memory, run)
    memory.set_xlabel("seconds since the start")
    for file in files:
        figure.savefig(file, dpi=120)


def _shade(axes: Axes, run: Evidence, fleet: Fleet) -> None:
    shade_outages(axes, run)
    for worker, away in fleet.away.items():
        shade(axes, away, f"{fleet.names[worker]} is killed", AWAY, hatch="///")
    if fleet.frozen:
        shade(axes, fleet.frozen, "the Redis is frozen", FROZEN, hatch="...")
    if fleet.down:
        shade(axes, fleet.down, "the Redis is killed", DOWN, hatch="xx")


def _mark(axes: Axes, fleet: Fleet) -> None:
    """When somebody was told of a change, or ended a key."""
    marks = [
        (
            told.asked,
            f"{fleet.names[told.worker]}: zone changed{'' if told.is_done else ', refused'}",
        )
        for told in fleet.told
    ]
    marks += [(key.asked, f"{fleet.names[key.worker]}: key ended") for key in fleet.ended]
    for moment, text in marks:
        axes.axvline(moment, color=EDITS, lw=0.9, ls=(0, (4, 3)))
        axes.annotate(
            text,
            (moment, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(2, -4),
            textcoords="offset points",
            rotation=90,
            va="top",
            fontsize=8,
            color=EDITS,
            bbox={"facecolor": "white", "alpha": 0.8, "lw": 0, "pad": 0.5},
        )


def _draw_circuits(axes: Axes, run: Evidence, fleet: Fleet) -> None:
    """A band for each provider at each gateway, and a mark where one of them tried it."""
    rows = [(provider, worker) for provider in PROVIDERS for worker in range(fleet.workers)]
    for start, worker in fleet.starts.items():
        for phase in phases(run.of_start(start)):
            end = phase.end
            if start not in fleet.living and worker in fleet.away:
                end = min(end, fleet.away[worker].begin)
            row = rows.index((phase.provider, worker))
            axes.barh(row, end - phase.begin, 0.8, phase.begin, color=CIRCUITS[phase.state], lw=0)
    for state, colour in CIRCUITS.items():
        axes.barh(0, 0, color=colour, label=f"circuit {state}")
    tried = all_probes(run, fleet)
    axes.plot(
        [each.begin for each in tried],
        [rows.index((each.provider, each.worker)) for each in tried],
        "k.",
        markersize=5,
        label=f"tried again ({len(tried)})",
    )
    names = [f"{provider}, {fleet.names[worker]}" for provider, worker in rows]
    axes.set_yticks(range(len(rows)), names, fontsize=7)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_title("What circuits did, gateway by gateway", loc="left")
    legend(axes, shades=False)


def _draw_shared(axes: Axes, run: Evidence, fleet: Fleet, step: float) -> None:
    """Answers that a gateway gave and another one had loaded."""
    moments = {outcome.id: outcome.sent for outcome in run.outcomes}
    ids = [id_ for id_, _, _ in shared_answers(run, fleet)]
    counts = Counter(int(moments[id_] / step) for id_ in ids if id_ in moments)
    draw_steps(axes, step, ("loaded by another gateway", counts, CACHE["hit"][0]))
    axes.set_title("What gateways knew from each other", loc="left")


def _draw_missed(axes: Axes, run: Evidence, fleet: Fleet) -> None:
    """A row for each gateway, with a mark for each request that got no answer from it."""
    for verdict in (Verdict.REFUSED, Verdict.CUT_OFF):
        colour, marker, _ = KINDS[verdict.value]
        own = [each for each in run.outcomes if each.verdict is verdict]
        _marks(axes, [(each.sent, each.worker) for each in own], marker, colour, verdict.value)
    failed = [each for each in run.outcomes if kind_of(each) == "failed, and said so"]
    for name in sorted({each.problem or "" for each in failed}):
        colour = {"out-of-time": "#e69f00", STORE: "#000000"}.get(name, "#d55e00")
        own = [each for each in failed if each.problem == name]
        _marks(axes, [(each.sent, each.worker + 0.25) for each in own], "x", colour, name)
    axes.set_yticks(range(fleet.workers), fleet.names)
    axes.set_ylim(fleet.workers - 0.4, -0.6)
    axes.set_title("What clients missed", loc="left")
    legend(axes, shades=False)


def _marks(
    axes: Axes, points: list[tuple[float, float]], marker: str, colour: str, name: str
) -> None:
    axes.plot(
        [moment for moment, _ in points],
        [row for _, row in points],
        marker,
        color=colour,
        markersize=5,
        label=f"{name} ({len(points)})",
    )
