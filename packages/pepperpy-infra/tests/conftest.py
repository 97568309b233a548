"""A fresh interpreter that sees the wheels under test and no more than a test asks for."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

import pepperpy.infra

Run = Callable[..., str]


@pytest.fixture(scope="session")
def roots() -> list[str]:
    """The path entries that hold `pepperpy`: site-packages, or source trees while editing."""
    found = [Path(entry) for entry in pepperpy.infra.__path__]
    sources = [str(entry.parent.parent) for entry in found if entry.exists()]
    return list(dict.fromkeys([*sources, sysconfig.get_path("purelib")]))


@pytest.fixture(scope="session")
def run(roots: list[str]) -> Run:
    """Run code in a new interpreter, without site-packages but for *path*, and return its output."""

    def run(code: str, path: Iterable[str | Path] = roots) -> str:
        entries = [str(entry) for entry in path]
        done = subprocess.run(
            [sys.executable, "-ISB", "-c", f"import sys; sys.path[:0] = {entries}\n{code}"],
            capture_output=True,
            text=True,
            timeout=25,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run
