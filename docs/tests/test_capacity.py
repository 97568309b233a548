"""What the page about deployment says of capacity is what was measured, and can be measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from docs.building import capacity
from tools import workspace

ROOT = workspace.load().root
FOLDER = ROOT / "docs" / "benchmarks"
MEASURED = json.loads((FOLDER / "capacity.json").read_text("utf-8"))


def test_the_tables_have_every_curve_that_was_measured() -> None:
    text = capacity.tables(ROOT)

    for curves in MEASURED["panels"].values():
        for curve in curves:
            (row,) = [
                line
                for line in text.splitlines()
                if line.startswith(f"| {curve['name']} | {curve['unit']} | ")
                and line.count("|") > len(curve["points"])
                and all(capacity._figure(y) in line for _, y in curve["points"])
            ]
            assert row


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, "0"), (0.1234, "0.12"), (9.94, "9.9"), (123_456, "120,000")]
)
def test_a_figure_has_two_digits_that_count(value: float, shown: str) -> None:
    assert capacity._figure(value) == shown


@pytest.mark.timeout(120)
def test_what_needs_no_server_can_be_measured_anew(tmp_path: Path) -> None:
    command = [sys.executable, str(FOLDER / "capacity.py"), "--quick", "--write", str(tmp_path)]

    subprocess.run([*command, "telemetry", "memory"], check=True, timeout=100)

    measured = json.loads((tmp_path / "capacity.json").read_text("utf-8"))
    assert [*measured["panels"]] == [
        title for title in MEASURED["panels"] if "telemetry" in title or "memory" in title
    ]
    for curves in measured["panels"].values():
        assert all(y > 0 for curve in curves for _, y in curve["points"])
    assert (tmp_path / "capacity.svg").read_text("utf-8").startswith("<?xml")
