"""The request log: a row for each request as the driver saw it, in a file of few bytes."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from driver import Outcome, Verdict

from pepperpy.infra import OptimizedDataset, optimize_dataset, serialize_json

FILE = "requests.ppz"


@dataclass(frozen=True, slots=True)
class RequestLog:
    """What is in the file, how long that is, and how long it would be as JSON lines."""

    outcomes: Sequence[Outcome] = ()
    algorithm: str = ""  # with which the dataset is compressed
    size: int = 0  # bytes
    lines_size: int = 0
    zipped_lines_size: int = 0


def keep(outcomes: Iterable[Outcome], path: Path) -> None:
    """Write the log."""
    optimize_dataset(map(_row, outcomes)).save(path)


def reopen(path: Path) -> RequestLog:
    """Read all of a log.

    Raises:
        CompressionError: It is damaged.
    """
    with OptimizedDataset.open(path) as dataset:
        outcomes = [Outcome(**row | {"verdict": Verdict(row["verdict"])}) for row in dataset]
        lines = json_lines(outcomes)
        return RequestLog(
            outcomes,
            algorithm=dataset.algorithm.value,
            size=dataset.compressed_size,
            lines_size=len(lines),
            zipped_lines_size=len(gzip.compress(lines)),
        )


def json_lines(outcomes: Iterable[Outcome]) -> bytes:
    """The same rows as lines of JSON."""
    return b"".join(serialize_json(_row(outcome)) + b"\n" for outcome in outcomes)


def _row(outcome: Outcome) -> dict[str, Any]:
    # A dataset gives back what it got, so it takes no value of a class that it does not know.
    return asdict(outcome) | {"verdict": outcome.verdict.value}
