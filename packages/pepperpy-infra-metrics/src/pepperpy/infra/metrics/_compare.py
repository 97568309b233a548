"""Whether one of two results is quicker, or the difference is noise."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from math import comb, erfc, inf, sqrt
from typing import TYPE_CHECKING

from ._statistics import median, median_deviation

if TYPE_CHECKING:
    from collections.abc import Sequence


class Verdict(StrEnum):
    """What a comparison says of a result beside its baseline."""

    FASTER = "faster"
    SLOWER = "slower"
    UNDECIDED = "undecided"
    """Noise may be all there is, or the difference is too small to matter."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A result beside a baseline; as text, one line for people."""

    name: str
    baseline: str
    ratio: float
    """Median time of the result in medians of the baseline: below 1 is faster."""
    p_value: float
    """How likely at least such a difference is where there is none (Mann-Whitney, two-sided)."""
    noise: float
    """The larger median deviation of the two, in parts of its median."""
    verdict: Verdict

    def __str__(self) -> str:
        figures = f"ratio {self.ratio:.3g}, p {self.p_value:.2g}, noise {self.noise:.1%}"
        if self.verdict is Verdict.UNDECIDED:
            return f"{self.name}: no difference to {self.baseline} can be told ({figures})"
        factor = self.ratio
        if self.verdict is Verdict.FASTER:
            factor = 1 / factor if factor else inf
        return f"{self.name}: {factor:.3g}x {self.verdict} than {self.baseline} ({figures})"


def judge(
    times: Sequence[float], baseline: Sequence[float], *, significance: float, tolerance: float
) -> tuple[float, float, float, Verdict]:
    """Ratio, p, noise and verdict of two samples of times."""
    ours, theirs = median(times), median(baseline)
    ratio = _parts(ours, theirs)
    noise = max(
        _parts(median_deviation(times), ours, same=0.0),
        _parts(median_deviation(baseline), theirs, same=0.0),
    )
    p_value = mann_whitney(times, baseline)
    if p_value >= significance or abs(ratio - 1) <= tolerance:
        return ratio, p_value, noise, Verdict.UNDECIDED
    return ratio, p_value, noise, Verdict.FASTER if ratio < 1 else Verdict.SLOWER


def _parts(value: float, whole: float, *, same: float = 1.0) -> float:
    if whole:
        return value / whole
    return inf if value else same


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> float:
    """The p-value of the rank test, two-sided, by the normal curve, corrected for ties.

    It asks for ranks only, so neither outliers nor the shape of the samples matter.
    """
    n, m = len(first), len(second)
    total = n + m
    ranks, ties = 0.0, 0
    below = 0
    marked = sorted([*((value, True) for value in first), *((value, False) for value in second)])
    for _, group in groupby(marked, key=lambda pair: pair[0]):
        members = [ours for _, ours in group]
        size = len(members)
        ranks += sum(members) * (below + (size + 1) / 2)
        ties += size**3 - size
        below += size
    distance = abs(ranks - n * (n + 1) / 2 - n * m / 2)
    variance = n * m / 12 * (total + 1 - ties / (total * (total - 1))) if total > 1 else 0.0
    if variance <= 0:
        return 1.0
    by_curve = erfc(max(distance - 0.5, 0.0) / sqrt(2 * variance))
    # So often chance alone has all of one before all of the other.  Of few equal times the curve
    # would make less of it.
    return max(by_curve, 2 / comb(total, n))
