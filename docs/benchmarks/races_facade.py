"""Races of `pepperpy-infra`: what an import costs, in a fresh interpreter each time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from harness import OURS, Goal, Loop, Race

BARE = "a bare interpreter"
PKGUTIL = "import pkgutil"
JSON = "import json"


def races() -> Iterator[Race]:
    """The one of the facade."""
    yield Race(
        title="import pepperpy.infra, over a bare interpreter",
        contestants={
            BARE: starting("pass"),
            OURS: starting("import pepperpy.infra"),
            JSON: starting("import json"),
            PKGUTIL: starting("import pkgutil"),
        },
        bare=BARE,
        goals=[Goal(at_most=0.003)],
        calibrate=False,
    )


def starting(code: str) -> Loop:
    """A contestant that starts an interpreter for *code*."""

    def loop(times: int) -> None:
        for _ in range(times):
            subprocess.run([sys.executable, "-I", "-c", code], check=True)  # noqa: S603

    return loop
