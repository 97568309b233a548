"""Figures of a sample of times that a single slow outlier cannot spoil.

Not by the module `statistics`: importing it takes longer than many things that are measured.
"""

from __future__ import annotations

from math import fsum, nan, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean; NaN of nothing, as with all of these."""
    return fsum(values) / len(values) if values else nan


def standard_deviation(values: Sequence[float]) -> float:
    """That of a sample; 0 of one value."""
    if len(values) < 2:
        return 0.0 if values else nan
    middle = mean(values)
    return sqrt(fsum((value - middle) ** 2 for value in values) / (len(values) - 1))


def quantile(values: Sequence[float], fraction: float) -> float:
    """The value below which *fraction* of the sample lies, between two of them in proportion."""
    if not values:
        return nan
    ordered = sorted(values)
    place = fraction * (len(ordered) - 1)
    below = int(place)
    low, high = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
    return low + (high - low) * (place - below)


def median(values: Sequence[float]) -> float:
    """The value in the middle, or the mean of the two there."""
    return quantile(values, 0.5)


def median_deviation(values: Sequence[float]) -> float:
    """The median distance from the median (MAD): half of the sample is nearer to it."""
    middle = median(values)
    return median([abs(value - middle) for value in values])
