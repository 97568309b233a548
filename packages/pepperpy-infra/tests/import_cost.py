"""Print what an import of `pepperpy.infra` adds to the start of an interpreter.

    python packages/pepperpy-infra/tests/import_cost.py [STATEMENT ...]

Every statement runs in new interpreters, which take turns with bare ones, and the quickest of each
counts.  What is counted is processor time, so that waiting for a busy machine does not.
"""

from __future__ import annotations

import compileall
import subprocess
import sys
from collections.abc import Sequence

import pepperpy.infra

BARE = "pass"
STARTS = 21
CLOCK = "import time; print(time.process_time_ns())"


def quickest_starts(statements: Sequence[str], starts: int = STARTS) -> dict[str, float]:
    """Milliseconds that the quickest new interpreter needed until each statement was done."""
    for folder in pepperpy.infra.__path__:  # as pip does; uv leaves it to the first import
        compileall.compile_dir(folder, quiet=2)
    best = dict.fromkeys(statements, float("inf"))
    for _ in range(starts):
        for statement in statements:
            command = [sys.executable, "-c", f"{statement}\n{CLOCK}"]
            done = subprocess.run(command, capture_output=True, check=True)
            best[statement] = min(best[statement], int(done.stdout) / 1e6)
    return best


def main(statements: Sequence[str]) -> None:
    """Print the cost of each statement over a bare interpreter."""
    best = quickest_starts([BARE, *statements])
    for statement in statements:
        extra = best[statement] - best[BARE]
        print(f"{extra:6.2f} ms over {best[BARE]:.2f} ms  {statement}")  # noqa: T201 - a script


if __name__ == "__main__":
    main(sys.argv[1:] or ["import pepperpy.infra", "from pepperpy.infra import retry"])
