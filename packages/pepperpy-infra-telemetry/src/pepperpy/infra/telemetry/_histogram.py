"""`ExponentialHistogram`: a distribution in buckets whose bounds grow by a constant factor."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

MAX_SCALE: Final = 5
"""Bounds are 2 ** (1 / 32) = 1.022 apart: the middle of a bucket is within 1.1 % of its values."""
MAX_BUCKETS: Final = 320
"""Buckets in use.  Beyond it neighbours are joined, which halves the resolution."""
MAX_SPAN: Final = 1280
"""Buckets from the lowest to the highest, used or not: what a list of them would hold."""

Buckets = Counter[int]


@dataclass(frozen=True, slots=True)
class ExponentialHistogram:
    """How values are distributed, as base-2 exponential buckets.  Cannot be changed once made.

    The buckets are those of OpenTelemetry's exponential histograms and of Prometheus' native ones:
    with ``base = 2 ** 2 ** -scale``, bucket *i* holds values in ``(base ** (i - 1), base ** i]``.
    So the histograms of any two processes can be merged, exactly.

    Examples:
        >>> seen = ExponentialHistogram.of([0.1, 0.2, 0.3, 5.0])
        >>> seen.count, seen.max, round(seen.quantile(0.5), 1)
        (4, 5.0, 0.2)
    """

    scale: int = MAX_SCALE
    count: int = 0
    sum: float = 0.0
    min: float = math.inf
    max: float = -math.inf
    zero_count: int = 0
    positive: Mapping[int, int] = field(default_factory=Buckets)
    """Values above zero: index of the bucket, as in Prometheus -> how many.  OpenTelemetry's index
    is one less."""
    negative: Mapping[int, int] = field(default_factory=Buckets)
    """Values below zero, by their absolute value."""

    @classmethod
    def of(cls, values: Iterable[float]) -> ExponentialHistogram:
        """The distribution of *values*, which must be finite."""
        listed = list(values)
        return cls().plus(listed, sum(listed))

    def plus(self, values: Sequence[float], total: float) -> ExponentialHistogram:
        """This and *values* as well, whose sum is *total*."""
        if not values:
            return self
        least, most = min(values), max(values)
        negative, zeros = self.negative, 0
        if least > 0:
            positive = _counted(self.positive, values, self.scale)
        else:
            positive = _counted(self.positive, [x for x in values if x > 0], self.scale)
            negative = _counted(self.negative, [-x for x in values if x < 0], self.scale)
            zeros = sum(not x for x in values)
        grew = len(positive) + len(negative) > len(self.positive) + len(self.negative)
        make = _fitting if grew else ExponentialHistogram
        return make(
            scale=self.scale,
            positive=positive,
            negative=negative,
            count=self.count + len(values),
            sum=self.sum + total,
            min=float(min(self.min, least)),
            max=float(max(self.max, most)),
            zero_count=self.zero_count + zeros,
        )

    def merge(self, other: ExponentialHistogram) -> ExponentialHistogram:
        """The distribution of the values of both."""
        scale = min(self.scale, other.scale)
        ours, theirs = self._at(scale), other._at(scale)
        return _fitting(
            scale=scale,
            positive=ours[0] + theirs[0],
            negative=ours[1] + theirs[1],
            count=self.count + other.count,
            sum=self.sum + other.sum,
            min=min(self.min, other.min),
            max=max(self.max, other.max),
            zero_count=self.zero_count + other.zero_count,
        )

    def since(self, earlier: ExponentialHistogram) -> ExponentialHistogram:
        """What came after *earlier*, which is a former state of this one.

        Its `min` and `max` are those of the whole, or the bounds of its outermost buckets where
        these are closer.
        """
        if not earlier.count:
            return self
        if earlier.count == self.count:
            return ExponentialHistogram()
        ours, theirs = self._at(self.scale), earlier._at(self.scale)
        newer = ExponentialHistogram(
            self.scale,
            self.count - earlier.count,
            self.sum - earlier.sum,
            zero_count=self.zero_count - earlier.zero_count,
            positive=ours[0] - theirs[0],
            negative=ours[1] - theirs[1],
        )
        least, most = newer._bounds()
        return replace(newer, min=max(self.min, least), max=min(self.max, most))

    def quantile(self, q: float) -> float:
        """The value below which the share *q* of all values lies; NaN if there are none.

        Off by at most 1.1 % while `scale` is 5: always if the greatest value is up to a thousand
        times the least, and usually far beyond that.
        """
        if not self.count or not 0 <= q <= 1:
            return math.nan
        rank, seen = q * (self.count - 1), 0
        for value, count in self._middles():
            seen += count
            if rank < seen:
                return min(self.max, max(self.min, value))
        return self.max

    @property
    def mean(self) -> float:
        """The average; NaN if there are no values."""
        return self.sum / self.count if self.count else math.nan

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as OpenTelemetry's data model has them: an offset, and dense counts."""
        return {
            "count": self.count,
            "sum": self.sum,
            "min": self.min if self.count else None,
            "max": self.max if self.count else None,
            "scale": self.scale,
            "zero_count": self.zero_count,
            "positive": _dense(self.positive),
            "negative": _dense(self.negative),
        }

    def _at(self, scale: int) -> tuple[Buckets, Buckets]:
        times = self.scale - scale
        return _joined(self.positive, times), _joined(self.negative, times)

    def _middles(self) -> Iterator[tuple[float, int]]:
        """A value for each bucket and the bucket's count, from the least to the greatest."""
        factor = math.ldexp(1.0, self.scale)
        for index in sorted(self.negative, reverse=True):
            yield -_bound(index - 0.5, factor), self.negative[index]
        if self.zero_count:
            yield 0.0, self.zero_count
        for index in sorted(self.positive):
            yield _bound(index - 0.5, factor), self.positive[index]

    def _bounds(self) -> tuple[float, float]:
        """The outer bounds of the outermost buckets."""
        factor = math.ldexp(1.0, self.scale)
        edges = [0.0] if self.zero_count else []
        for sign, buckets in ((1, self.positive), (-1, self.negative)):
            if buckets:
                edges.append(sign * _bound(min(buckets) - 1, factor))
                edges.append(sign * _bound(max(buckets), factor))
        return min(edges), max(edges)


def _counted(buckets: Mapping[int, int], values: Sequence[float], scale: int) -> Mapping[int, int]:
    """*buckets* with more values, which are above zero."""
    if not values:
        return buckets
    # Marked hot path: 145 ns a value, nearly all of it in C.  To sort the values and look for the
    # ends of the buckets is faster only where they come in order.
    factor = math.ldexp(1.0, scale)
    counted = Buckets(buckets)
    counted.update(map(math.ceil, [exponent * factor for exponent in map(math.log2, values)]))
    return counted


def _fitting(
    *, scale: int, positive: Mapping[int, int], negative: Mapping[int, int], **rest: Any
) -> ExponentialHistogram:
    """The histogram, with as many buckets joined as it takes to be small enough."""
    while _too_many(positive) or _too_many(negative):
        scale -= 1
        positive, negative = _joined(positive, 1), _joined(negative, 1)
    return ExponentialHistogram(scale=scale, positive=positive, negative=negative, **rest)


def _too_many(buckets: Mapping[int, int]) -> bool:
    if len(buckets) > MAX_BUCKETS:
        return True
    return len(buckets) > 1 and max(buckets) - min(buckets) >= MAX_SPAN


def _joined(buckets: Mapping[int, int], times: int) -> Buckets:
    """The buckets at a scale that is less by *times*."""
    if not times:
        return Buckets(buckets)
    joined = Buckets()
    for index, count in buckets.items():
        joined[-(-index >> times)] += count  # upper bounds are rounded up
    return joined


def _bound(index: float, factor: float) -> float:
    """The upper bound of a bucket, where *factor* is 2 ** scale."""
    try:
        return math.exp2(index / factor)
    except OverflowError:  # the upper bound of the highest bucket that there can be
        return math.inf


def _dense(buckets: Mapping[int, int]) -> dict[str, Any]:
    if not buckets:
        return {"offset": 0, "counts": []}
    first, last = min(buckets), max(buckets)
    return {
        "offset": first - 1,
        "counts": [buckets.get(index, 0) for index in range(first, last + 1)],
    }
