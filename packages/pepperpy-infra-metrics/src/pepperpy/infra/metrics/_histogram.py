"""A histogram in text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._statistics import quantile
from ._units import format_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence


def histogram(seconds: Sequence[float], *, bins: int, width: int) -> str:
    """One line for each of *bins* equal ranges, with a bar of at most *width* signs.

    What is far beyond the others shares a last line, or one slow outlier would leave nothing to
    see of the rest.
    """
    if not seconds:
        return "no iterations"
    low, high = min(seconds), _fence(seconds)
    step = (high - low) / bins
    if step <= 0 or low + step == low:
        return _lines([(f"{format_seconds(low)}", len(seconds))], width)
    counts = [0] * (bins + 1)
    for value in seconds:
        counts[min(int((value - low) / step), bins - 1) if value <= high else bins] += 1
    rows = [(format_seconds(low + index * step), count) for index, count in enumerate(counts)]
    far = rows.pop()
    if far[1]:
        rows.append((f"> {far[0]}", far[1]))
    return _lines(rows, width)


def _fence(seconds: Sequence[float]) -> float:
    """Where outliers begin, or the largest value if there are none."""
    upper = quantile(seconds, 0.75)
    return min(max(seconds), upper + 5 * (upper - quantile(seconds, 0.25)))


def _lines(rows: Sequence[tuple[str, int]], width: int) -> str:
    label = max(len(text) for text, _ in rows)
    number = max(len(str(count)) for _, count in rows)
    most = max(count for _, count in rows)
    return "\n".join(
        f"{text:>{label}} | {count:>{number}} {'#' * -(-count * width // most)}".rstrip()
        for text, count in rows
    )
