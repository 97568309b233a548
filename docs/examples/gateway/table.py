"""A table of a report, for the terminal and the page alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Cells = Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A title, the heads of the columns, and rows; the first column is text."""

    title: str
    heads: Cells
    rows: Sequence[Cells]
