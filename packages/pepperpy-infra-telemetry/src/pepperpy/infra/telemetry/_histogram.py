"""`ExponentialHistogram`: a distribution in buckets whose bounds grow by a constant factor."""

from __future__ import annotations

import math
import operator
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING, Any, Final

from ._errors import InvalidHistogramError
from ._numbers import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

MAX_SCALE: Final = 5
"""Bounds are 2 ** (1 / 32) = 1.022 apart: the middle of a bucket is within 1.1 % of its values."""
MAX_BUCKETS: Final = 640
"""Buckets in use, a million-fold range without a gap.  Beyond it neighbours are joined, which halves
the resolution.  How far apart they are does not matter: one odd value must not blur all others."""

MOST_SCALE: Final = 64
"""What is read of others; OpenTelemetry has -10 to 20."""

Buckets = Counter[int]


@dataclass(frozen=True, slots=True)
class ExponentialHistogram:
    """How values are distributed, as base-2 exponential buckets.  Cannot be changed once made.

    The buckets are those of OpenTelemetry's exponential histograms and of Prometheus' native ones:
    with ``base = 2 ** 2 ** -scale``, bucket *i* holds values in ``(base ** (i - 1), base ** i]``.
    So the histograms of any two processes can be merged, exactly; `to_dict` and `from_dict` take them
    there.

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
        """The distribution of *values*.

        Raises:
            InvalidHistogramError: If one of them is no finite number.
        """
        given = list(values)
        useful = clean(given)
        if len(useful) < len(given):
            raise InvalidHistogramError(
                f"values must be finite numbers; {len(given) - len(useful)} of {len(given)} are not"
            )
        return cls().plus(useful, sum(useful))

    @staticmethod
    def merged(parts: Iterable[ExponentialHistogram]) -> ExponentialHistogram:
        """The distribution of the values of all *parts*."""
        return reduce(ExponentialHistogram.merge, parts, ExponentialHistogram())

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> ExponentialHistogram:
        """The histogram of which `to_dict` has made *data*, in this or another process.

        Raises:
            InvalidHistogramError: If it was made of none.
        """
        try:
            made = _read(data)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise _unreadable(f"{type(error).__name__}: {error}") from error
        filled = made.zero_count + sum(made.positive.values()) + sum(made.negative.values())
        if filled != made.count:
            raise _unreadable(f"its count is {made.count}, its buckets hold {filled}")
        return made

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
        return _fitting(
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
        if not (self.count and other.count):
            return self if self.count else other
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

    def at_scale(self, scale: int) -> ExponentialHistogram:
        """The same distribution in wider buckets, joined to *scale*; as it is if that is not less.

        Examples:
            >>> ExponentialHistogram.of([3, 4, 5]).at_scale(0).positive == {2: 2, 3: 1}
            True
        """
        if scale >= self.scale:
            return self
        positive, negative = self._at(scale)
        return replace(self, scale=scale, positive=positive, negative=negative)

    def quantile(self, q: float) -> float:
        """The value below which the share *q* of all values lies; NaN if there are none.

        Off by at most 1.1 % while `scale` is 5: always if the greatest value is up to a million
        times the least, and mostly far beyond that, since only buckets that are used count.
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
        """Plain values that JSON can hold, for `from_dict`.

        ``positive`` and ``negative`` are lists of an index and a count for each bucket in use.
        """
        return {
            "count": self.count,
            "sum": self.sum,
            "min": self.min if self.count else None,
            "max": self.max if self.count else None,
            "scale": self.scale,
            "zero_count": self.zero_count,
            "positive": [list(bucket) for bucket in sorted(self.positive.items())],
            "negative": [list(bucket) for bucket in sorted(self.negative.items())],
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
    # Marked hot path: 90 ns a value, half of it to count them.  To sort the values and look for the
    # ends of the buckets is faster only where they come in order.
    ceil, log2, factor = math.ceil, math.log2, math.ldexp(1.0, scale)
    counted = Buckets(buckets)
    counted.update([ceil(log2(value) * factor) for value in values])
    return counted


def _fitting(
    *, scale: int, positive: Mapping[int, int], negative: Mapping[int, int], **rest: Any
) -> ExponentialHistogram:
    """The histogram, with as many buckets joined as it takes to be small enough."""
    while len(positive) > MAX_BUCKETS or len(negative) > MAX_BUCKETS:
        scale -= 1
        positive, negative = _joined(positive, 1), _joined(negative, 1)
    return ExponentialHistogram(scale=scale, positive=positive, negative=negative, **rest)


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


def _read(data: Mapping[str, Any]) -> ExponentialHistogram:
    count = _natural(data["count"])
    scale = operator.index(data["scale"])
    if not -MOST_SCALE <= scale <= MOST_SCALE:
        raise ValueError(f"scale {scale} is beyond {MOST_SCALE}")
    return ExponentialHistogram(
        scale=scale,
        count=count,
        sum=_finite(data["sum"]),
        min=_finite(data["min"]) if count else math.inf,
        max=_finite(data["max"]) if count else -math.inf,
        zero_count=_natural(data["zero_count"]),
        positive=_read_buckets(data["positive"], scale),
        negative=_read_buckets(data["negative"], scale),
    )


def _read_buckets(given: Any, scale: int) -> Buckets:
    read = Buckets({operator.index(at): _natural(filled) for at, filled in given})
    far = 1100 << max(scale, 0)  # the exponents of floats are -1074 to 1024
    if read and not -far <= min(read) <= max(read) <= far:
        raise ValueError("a bucket lies where there are no numbers")
    return read


def _natural(value: Any) -> int:
    number = operator.index(value)
    if number < 0:
        raise ValueError(f"{number} is below 0")
    return number


def _finite(value: Any) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{value} is not finite")
    return float(value)


def _unreadable(why: str) -> InvalidHistogramError:
    return InvalidHistogramError(f"this is not what to_dict() of a histogram gives: {why}")
