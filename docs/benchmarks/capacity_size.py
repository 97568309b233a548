"""What capacity is measured in: curves, and how far they go."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

CLIENT = Path(__file__).with_name("capacity_client.py")
SERVERS = Path(__file__).parents[2] / "tests-integration"
sys.path.insert(0, str(SERVERS))  # where private servers are started


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What something costs, over what it grows with."""

    name: str
    over: str
    """What it grows with."""
    unit: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How far each curve goes."""

    keys: Sequence[int]
    tasks: Sequence[int]
    processes: Sequence[int]
    batches: Sequence[int]
    tags: Sequence[int]
    breakers: Sequence[int]
    series: Sequence[int]
    calls: int
    """Made for one point."""
    seconds: float
    """For which something is watched that comes by itself."""


FULL = Size(
    keys=(1_000, 10_000, 100_000, 1_000_000),
    tasks=(1, 4, 16, 64),
    processes=(1, 2, 4, 8),
    batches=(1, 10, 100, 1_000),
    tags=(1, 10, 100),
    breakers=(1, 100, 1_000),
    series=(1_000, 10_000, 100_000),
    calls=1_000,
    seconds=10,
)
QUICK = Size(
    keys=(10, 100),
    tasks=(1, 4),
    processes=(1, 2),
    batches=(1, 10),
    tags=(1, 2),
    breakers=(1, 2),
    series=(10, 100),
    calls=20,
    seconds=0.5,
)


class Clients:
    """Processes that begin at the same moment and tell what they found; ended with the block."""

    def __init__(self, count: int, *arguments: object) -> None:
        self._command = [sys.executable, str(CLIENT), *map(str, arguments)]
        self._count = count

    def __enter__(self) -> Self:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._processes: list[Any] = [
            subprocess.Popen(self._command, **pipes)  # noqa: S603 - our own script
            for _ in range(self._count)
        ]
        try:
            self._await_all()
        except BaseException:  # an interrupt as well leaves none behind
            self.__exit__()
            raise
        return self

    def _await_all(self) -> None:
        if any(each.stdout.readline() != "ready\n" for each in self._processes):
            raise RuntimeError(f"{CLIENT.name} did not begin")

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()

    def told(self) -> list[dict[str, float]]:
        """Let them begin, and wait for what they found."""
        for process in self._processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        return [json.loads(process.stdout.readline()) for process in self._processes]
