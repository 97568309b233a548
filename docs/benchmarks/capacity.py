"""How cost grows: with keys, tags, tasks, processes, breakers and series.

Run by hand, with Redis and PostgreSQL on the machine::

    python docs/benchmarks/capacity.py                  # all of it, some ten minutes
    python docs/benchmarks/capacity.py "series" --write docs/benchmarks

Only panels whose title has one of the words are measured then, and the others stay what they were.
The page about deployment has the tables and the plot.  Times are those of one machine, and say how
they grow; on another one they are others.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import capacity_local
import capacity_plot
import capacity_redis
import capacity_storage
from capacity_size import FULL, QUICK, Curve, Size
from record import processor

from pepperpy.infra.utils import dict_to_object, load_json, object_to_dict, save_json

Panel: TypeAlias = Callable[[Size], Iterator[Curve]]

PANELS: dict[str, Panel] = {
    **capacity_storage.PANELS,
    **capacity_redis.PANELS,
    **capacity_local.PANELS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a run found, and where."""

    date: str
    python: str
    processor: str
    cpus: int
    load: float
    """Of the machine in the minute before the last panel: others' work is in it."""
    panels: dict[str, Sequence[Curve]]

    def save(self, folder: Path) -> None:
        """Write the data and the plot."""
        save_json(object_to_dict(self), folder / "capacity.json", indent=1)
        capacity_plot.draw(self.panels, folder / "capacity.svg")

    @classmethod
    def load_from(cls, folder: Path) -> Measured | None:
        """What `save` wrote, if it did."""
        path = folder / "capacity.json"
        return dict_to_object(load_json(path), cls) if path.exists() else None


def measure(words: Sequence[str], size: Size, before: Measured | None = None) -> Iterator[Measured]:
    """Measure each panel that has one of *words* in its title, or all; after each, all there is.

    Args:
        before: What the panels are that are not measured, or not yet.
    """
    panels = dict(before.panels) if before else {}
    for title, panel in PANELS.items():
        if not words or any(word in title for word in words):
            panels[title] = [*panel(size)]
            _show(title, panels[title])
            yield _measured(panels)


def _measured(panels: dict[str, Sequence[Curve]]) -> Measured:
    return Measured(
        date=datetime.now(UTC).date().isoformat(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        processor=processor(),
        cpus=os.cpu_count() or 1,
        load=round(os.getloadavg()[0], 1),
        panels={title: panels[title] for title in PANELS if title in panels},
    )


def _show(title: str, curves: Sequence[Curve]) -> None:
    print(title)  # noqa: T201 - a command's own output
    for curve in curves:
        points = "  ".join(f"{x:g}: {y:,.4g}" for x, y in curve.points)
        print(f"  {curve.name}, {curve.unit}: {points}", flush=True)  # noqa: T201 - the same


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description="How cost grows.")
    parser.add_argument("words", nargs="*", help="of the titles of the panels to measure")
    parser.add_argument("--quick", action="store_true", help="small numbers, to see that it works")
    parser.add_argument("--write", type=Path, help="the folder of capacity.json and capacity.svg")
    chosen = parser.parse_args(arguments)
    before = Measured.load_from(chosen.write) if chosen.write else None
    for measured in measure(chosen.words, QUICK if chosen.quick else FULL, before):
        if chosen.write:
            measured.save(chosen.write)  # one that fails takes nothing along


if __name__ == "__main__":
    main(sys.argv[1:])
