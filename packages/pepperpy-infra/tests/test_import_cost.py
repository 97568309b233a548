"""Importing the facade stays far below the cheapest way to get it wrong."""

from __future__ import annotations

import runpy
from pathlib import Path

quickest_starts = runpy.run_path(str(Path(__file__).with_name("import_cost.py")))["quickest_starts"]

# The aim is 3 ms, and the facade takes less than one where nothing else runs.  Eager imports or
# pkgutil cost 9 ms and more; this bound tells them apart on a busy machine as well.
BOUND = 6.0


def test_import_costs_less_than_any_eager_one_would() -> None:
    best = quickest_starts(["pass", "import pepperpy.infra"])

    assert best["import pepperpy.infra"] - best["pass"] < BOUND


def test_the_bound_would_catch_an_import_of_asyncio() -> None:
    best = quickest_starts(["pass", "import asyncio"], starts=5)

    assert best["import asyncio"] - best["pass"] > BOUND
