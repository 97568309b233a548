"""The plot of a run: what went wrong, and what of it the clients felt."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from circuits import phases
from drawing import legend
from driver import Outcome, Verdict
from evidence import Evidence
from faults import Outage
from figures import FIRST, SECOND, fell_back
from interferer import RELOADED
from keptlanes import draw_door, draw_kept
from lanes import draw_memory, draw_validation
from logbook import moment
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's colours, which most colour-blind people can tell apart.
PROVIDERS = {"north": "#0072b2", "south": "#e69f00"}
FAULTS = {"slow": "#56b4e9", "drop": "#d55e00", "cut": "#f0e442", "busy": "#cc79a7"}
CIRCUITS = {"closed": "#b7dfcf", "open": "#e8998d", "half open": "#f6d55c"}
MARKS = {
    # on the bands of the circuits: colour, label, place
    "rejected": ("#000000", "request rejected", -0.35),
    "waits": ("#0072b2", "waited for a connection", 0.15),
}
EDITS = "#555555"
CACHE = {
    # what a request was to the cache: colour, label
    "miss": ("#d9d9d9", "asked a provider"),
    "coalesced": ("#e69f00", "waited for another's load"),
    "hit": ("#009e73", "hit"),
    "left": ("#7b3294", "left in the file"),
}
FAILED = "failed, and said so"
ASKED_WRONGLY = {
    "unknown-zone": "unknown zone",
    "invalid-request": "not valid",
    "unauthenticated": "turned away",
    "forbidden": "turned away",
}
KINDS = {
    # what clients saw: colour, marker, size
    "right": ("#009e73", ".", 10),
    "unknown zone": ("#888888", "+", 28),
    "not valid": ("#0072b2", "1", 28),
    "turned away": ("#cc79a7", "2", 28),
    FAILED: ("#d55e00", "x", 22),
    "cut off": ("#7b3294", "v", 26),
    "refused": ("#7b3294", "|", 26),
    "wrong": ("#000000", "D", 30),
    "lost": ("#000000", "X", 40),
}


def draw(run: Evidence, *files: Path) -> None:
    """Draw *run* into *files*; their suffixes tell the formats."""
    figure = Figure(figsize=(11, 18.5), layout="constrained")
    lanes = figure.subplots(10, sharex=True, height_ratios=(3, *[1.2] * 9))
    latency, faults, circuits, detours, cache, kept, door, validation, memory, effects = lanes
    moments = [outcome.ended for outcome in run.outcomes]
    end = max([0.1, *moments, *(inventory.came + 0.2 for inventory in run.inventories)])
    for axes in lanes:
        shade_outages(axes, run)
        _mark_edits(axes, run)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlim(0, end)
    _name_edits(latency, run)
    draw_latency(latency, run)
    draw_faults(faults, run, step=end / 60)
    _draw_circuits(circuits, run)
    _draw_detours(detours, run, step=end / 60)
    draw_cache(cache, run, step=end / 60)
    draw_kept(kept, run)
    draw_door(door, run)
    draw_validation(validation, run)
    draw_memory(memory, run)
    _draw_effects(effects, run, step=end / 60)
    for file in files:
        figure.savefig(file, dpi=120)


def shade_outages(axes: Axes, run: Evidence) -> None:
    """Shade when providers, and the gateway, were gone."""
    for name, log in run.providers.items():
        moments = [line["t"] for line in log if line["message"].startswith("outage")]
        for begin, end in zip(moments[::2], moments[1::2], strict=False):
            shade(axes, Outage(begin, end), f"{name} is gone", PROVIDERS[name])
    if run.outage:
        shade(axes, run.outage, "the gateway is killed", "#333333", hatch="///")


def shade(axes: Axes, outage: Outage, label: str, colour: str, hatch: str | None = None) -> None:
    """Shade a time when something was not there."""
    axes.axvspan(outage.begin, outage.end, color=colour, alpha=0.18, lw=0, hatch=hatch, label=label)


def _mark_edits(axes: Axes, run: Evidence) -> None:
    for edit in run.edits:
        axes.axvline(edit.moment, color=EDITS, lw=0.9, ls=(0, (4, 3)))


def _name_edits(axes: Axes, run: Evidence) -> None:
    """What each edit was, and from when till when the gateway went by them."""
    for edit in run.edits:
        axes.annotate(
            f"file {edit.what}",
            (edit.moment, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(2, -4),
            textcoords="offset points",
            rotation=90,
            va="top",
            fontsize=8,
            color=EDITS,
            bbox={"facecolor": "white", "alpha": 0.8, "lw": 0, "pad": 0.5},
        )
    moments = [run.seconds_of(moment(line)) for line in run.log.of(RELOADED)]
    if moments:
        begin, end = min(moments), max(moments)
        axes.axvspan(begin, end, 0, 0.025, color=EDITS, lw=0, label="edited file is in force")


def draw_latency(axes: Axes, run: Evidence) -> None:
    """A point for each request: when it was sent, and how long it took."""
    for kind, (colour, marker, size) in KINDS.items():
        some = [outcome for outcome in run.outcomes if kind_of(outcome) == kind]
        if some:
            axes.scatter(
                [outcome.sent for outcome in some],
                [outcome.seconds * 1000 for outcome in some],
                c=colour,
                marker=marker,
                s=size,
                linewidths=1,
                label=f"{kind} ({len(some)})",
                rasterized=True,  # as shapes, thousands of them would make the page heavy
            )
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_ylabel("latency, ms")
    axes.set_title("What clients saw", loc="left")
    legend(axes)


def draw_faults(axes: Axes, run: Evidence, step: float) -> None:
    """How often providers did what."""
    bottom: Counter[int] = Counter()
    for fault, colour in FAULTS.items():
        counts = Counter(
            int(line["t"] / step)
            for log in run.providers.values()
            for line in log
            if line.get("fault") == fault
        )
        axes.bar(
            [(slot + 0.5) * step for slot in counts],
            list(counts.values()),
            bottom=[bottom[slot] for slot in counts],
            color=colour,
            width=step * 0.9,
            label=fault,
        )
        bottom.update(counts)
    axes.set_ylabel(f"per {step:.1f} s")
    axes.set_title("What providers did", loc="left")
    legend(axes, shades=False)


def draw_cache(axes: Axes, run: Evidence, step: float) -> None:
    """Where answers came from."""
    bottom: Counter[int] = Counter()
    for kind, (colour, label) in CACHE.items():
        some = [outcome for outcome in run.complete if outcome.cache == kind]
        counts = Counter(int(outcome.sent / step) for outcome in some)
        axes.bar(
            [(slot + 0.5) * step for slot in counts],
            list(counts.values()),
            bottom=[bottom[slot] for slot in counts],
            color=colour,
            width=step * 0.9,
            label=f"{label} ({len(some)})",
        )
        bottom.update(counts)
    top = max(bottom.values(), default=1)
    for number, change in enumerate(run.changes):
        axes.plot(
            [change.moment],
            [top * 1.12],
            "v",
            color=EDITS,
            markersize=7,
            label=None if number else f"{change.name} changed",
        )
    axes.set_ylim(0, top * 1.25)
    axes.set_ylabel(f"per {step:.1f} s")
    axes.set_title("Where answers came from", loc="left")
    legend(axes, shades=False)


def _draw_circuits(axes: Axes, run: Evidence) -> None:
    """A band for each provider: what its circuit was, whom it rejected, and who had to wait."""
    for phase in phases(run):
        length = phase.end - phase.begin
        axes.barh(phase.provider, length, 0.8, phase.begin, color=CIRCUITS[phase.state], lw=0)
    for state, colour in CIRCUITS.items():
        axes.barh(FIRST, 0, color=colour, label=f"circuit {state}")
    for field, (colour, label, place) in MARKS.items():
        for number, provider in enumerate(PROVIDERS):
            moments = [
                run.seconds_of(moment(line))
                for line in run.log.requests
                if provider in (+Counter(line[field]))
            ]
            axes.vlines(moments, number + place, number + place + 0.2, color=colour, lw=0.8)
        axes.plot([], [], "|", color=colour, markersize=7, label=label)
    axes.set_ylim(1.5, -0.5)  # the first one above
    axes.set_title("What circuits and pools did", loc="left")
    legend(axes, shades=False)


def _draw_detours(axes: Axes, run: Evidence, step: float) -> None:
    retries, instead, rejected, waits = (Counter[int]() for _ in range(4))
    for line in run.log.requests:
        slot = int(run.seconds_of(moment(line)) / step)
        retries[slot] += line["retries"]
        instead[slot] += fell_back(line)
        rejected[slot] += len(line["rejected"])
        waits[slot] += sum(line["waits"].values())
    draw_steps(
        axes,
        step,
        ("rejections", rejected, MARKS["rejected"][0]),
        (f"answered by {SECOND} instead", instead, PROVIDERS[SECOND]),
        ("waits for a connection", waits, MARKS["waits"][0]),
        ("retries", retries, "#cc79a7"),
    )
    axes.set_title("What the gateway did", loc="left")


def _draw_effects(axes: Axes, run: Evidence, step: float) -> None:
    failed: Counter[int] = Counter()
    unheard: Counter[int] = Counter()
    for outcome in run.outcomes:
        slot = int(outcome.sent / step)
        failed[slot] += kind_of(outcome) == FAILED
        unheard[slot] += not outcome.is_complete
    draw_steps(
        axes,
        step,
        (FAILED, failed, "#d55e00"),
        ("cut off, refused or lost", unheard, "#7b3294"),
    )
    axes.set_xlabel("seconds since the start")
    axes.set_title("What clients missed", loc="left")


def draw_steps(axes: Axes, step: float, *lines: tuple[str, Counter[int], str]) -> None:
    """Lines of counts, one for each name."""
    for name, counts, colour in lines:
        axes.step(
            [slot * step for slot in range(61)],
            [counts[slot] for slot in range(61)],
            where="post",
            color=colour,
            label=f"{name} ({counts.total()})",
        )
    axes.set_ylabel(f"per {step:.1f} s")
    legend(axes, shades=False)


def kind_of(outcome: Outcome) -> str:
    """What a request is to whoever looks at the plot."""
    if outcome.verdict is Verdict.NAMED_ERROR:
        return ASKED_WRONGLY.get(outcome.problem or "", FAILED)
    return str(outcome.verdict.value)
