"""The tables of what capacity was measured, from `docs/benchmarks/capacity.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

FILE = "docs/benchmarks/capacity.json"


def tables(root: Path) -> str:
    """Where and when it was measured, the plot, and a table for each panel."""
    measured: Mapping[str, Any] = json.loads((root / FILE).read_text("utf-8"))
    where = (
        f"Measured on {measured['date']}: {measured['python']}, {measured['processor']}, "
        f"{measured['cpus']} CPUs for servers and clients together, which were busy with other "
        f"things as well (load {measured['load']})."
    )
    parts = [where, "![how cost grows](capacity.svg)"]
    for title, curves in measured["panels"].items():
        rows = "\n".join(_table(curves))
        parts.append(f"**{title[0].upper()}{title[1:]}**\n\n{rows}")
    return "\n\n".join(parts)


def _table(curves: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A row for each curve, a column for each size."""
    places = sorted({x for curve in curves for x, _ in curve["points"]})
    yield f"| {curves[0]['over']} | | {' | '.join(f'{place:,.0f}' for place in places)} |"
    yield f"|---|---|{'---:|' * len(places)}"
    for curve in curves:
        found = dict(curve["points"])
        cells = [_figure(found[place]) if place in found else "" for place in places]
        yield f"| {curve['name']} | {curve['unit']} | {' | '.join(cells)} |"


def _figure(value: float) -> str:
    """Two digits that count: more would say what was not measured."""
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"
