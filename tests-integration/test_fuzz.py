"""The fuzzers of `nox -s fuzz`, without a fuzzer: their seeds, and what they would keep."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
FAULTS = {
    "ValueError": "int('x')",
    "slow": "all(iter(lambda: process_time() < end, False))",
    "ran os.system": "__import__('os').system('exit')",
}


def run(code: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(FOLDER)}
    return subprocess.run(
        [sys.executable, *code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_seeds_show_nothing(tmp_path: Path) -> None:
    done = run(["-m", "fuzz", "--replay"], tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(("kind", "fault"), FAULTS.items())
def test_a_decoder_that_does_what_it_must_not_is_found(
    kind: str, fault: str, tmp_path: Path
) -> None:
    code = f"""
from pathlib import Path
from time import process_time
from fuzz.guard import Guard
guard = Guard(Path("found"))
guard.begin(b"input")
end = process_time() + 1.5
def read(data): {fault}
guard.call(read, b"input")
"""
    done = run(["-c", code], tmp_path)

    assert f"FOUND {kind}" in done.stdout
    assert [path.read_bytes() for path in (tmp_path / "found").glob("*[!t]")] == [b"input"]


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (0.0, -0.0), ([1], [1.0]), ({"a": 1}, {"b": 1}), ((), [])]
)
def test_values_that_differ_are_told_apart(
    one: Any, other: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(FOLDER)
    from fuzz.sameness import same

    assert same(one, one)
    assert not same(one, other)
