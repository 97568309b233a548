"""What measures how cost grows runs, on real servers, with small numbers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "docs" / "benchmarks" / "capacity.py"


@pytest.mark.timeout(200)
@pytest.mark.parametrize("words", [["storage"], ["Redis", "drop", "tags", "resilience"]])
def test_every_curve_of_a_server_has_its_points(words: list[str]) -> None:
    command = [sys.executable, str(SCRIPT), "--quick", *words]

    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=180)

    curves = [line for line in done.stdout.splitlines() if line.startswith("  ")]
    assert len(curves) >= 8
    # A number after each place: `  Redis, get, \u00b5s a call: 10: 98.1  100: 97.5`.
    assert all(line.count(": ") >= 2 for line in curves)
