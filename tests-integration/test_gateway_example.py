"""The gateway example, several of them: what its own demo proves has to hold on a real Redis."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from servers import Redis

DEMO = Path(__file__).parents[1] / "docs" / "examples" / "gateway" / "demo.py"


@pytest.mark.timeout(240)
def test_gateways_that_share_a_redis_lose_nothing_when_it_and_one_of_them_are_killed(
    tmp_path: Path,
) -> None:
    Redis.program()  # or it says how to get it

    done = subprocess.run(
        [
            sys.executable,
            str(DEMO),
            "--redis",
            "--workers",
            "2",
            "--requests",
            "880",
            "--rate",
            "40",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )

    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    assert "the Redis is back, with its data" in done.stdout
    assert "Nothing wrong, nothing lost; all the books agree." in done.stdout
