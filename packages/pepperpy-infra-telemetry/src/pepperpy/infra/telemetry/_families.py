"""Figures -> the families and samples that Prometheus knows.  Values in, values out."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ._exposed import RESERVED, ExposedNames, Labels, labels_of
from ._tags import sendable
from ._types import MetricType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ._histogram import ExponentialHistogram
    from ._reading import Figure

Sample = tuple[str, str, float]
"""The suffix of the name, the value of the label that is reserved, and the number."""

QUANTILES: Final = (0.5, 0.9, 0.99)
MAX_BOUNDS: Final = 64
_FLOATS: Final = range(-1074, 1024)
"""The exponents of the powers of two that are floats."""


@dataclass(slots=True)
class Family:
    """A metric as Prometheus sees it."""

    name: str
    kind: str
    unit: str
    reported: str
    """The name that the program uses."""
    points: dict[Labels, Any] = field(default_factory=dict[Labels, Any])

    @property
    def help(self) -> str:
        """What to say of it."""
        return f"Reported as {sendable(self.reported)}."

    def samples(self) -> Iterator[tuple[Labels, Iterable[Sample]]]:
        """The labels of each series, and what there is to say of it."""
        if self.kind == "histogram":
            bounds = bounds_for(self.points.values())
            zero = any(seen.min <= 0 for seen in self.points.values())
            for labels, seen in self.points.items():
                yield labels, _histogram(seen, bounds, zero=zero)
        elif self.kind == "summary":
            for labels, seen in self.points.items():
                yield labels, _summary(seen)
        else:
            suffix = "_total" if self.kind == "counter" else ""
            for labels, value in self.points.items():
                yield labels, ((suffix, "", value),)


def families(figures: Iterable[Figure], names: ExposedNames) -> list[Family]:
    """The families, in the order in which their metrics came."""
    found: dict[tuple[str, MetricType], Family] = {}
    for name, type_, tags, value in figures:
        family = found.get((name, type_))
        if family is None:
            exposed = names.of(name, type_)
            family = found[name, type_] = Family(*exposed, reported=name)
        labels, joined = labels_of(tags, RESERVED[family.kind])
        points, known = family.points, labels in family.points
        points[labels] = _together(type_, points[labels], value) if known else value
        if joined or known:
            names.joined_labels(name)
    return list(found.values())


def _together(type_: MetricType, one: Any, other: Any) -> Any:
    """Two series that have the same labels: totals stay right, and of gauges the younger counts."""
    if type_ is MetricType.COUNTER:
        return one + other
    return other if type_ is MetricType.GAUGE else one.merge(other)


def bounds_for(seen: Iterable[ExponentialHistogram]) -> list[int]:
    """The upper bounds of classic buckets for these distributions, as exponents of two, ascending.

    Powers of two are bounds of exponential buckets of every scale, so what is counted below them is
    exact.  Of these, all that enclose a value of any series; the same for all series of a metric,
    since those are added up.  They can only become more while a process lives, until there are too
    many: then only every other one is left.
    """
    listed = list(seen)
    scale = min(0, *(each.scale for each in listed))
    step = 1 << -scale
    used = {index for each in listed for index in each.at_scale(scale).positive}
    exponents = {each * step for index in used for each in (index - 1, index)}
    while len(exponents) > MAX_BOUNDS:
        step *= 2
        exponents = {-(-each // step) * step for each in exponents}
    return sorted(each for each in exponents if each in _FLOATS)


def _histogram(seen: ExponentialHistogram, bounds: list[int], *, zero: bool) -> Iterator[Sample]:
    below = seen.zero_count + sum(seen.negative.values())
    if zero:
        yield "_bucket", "0.0", below
    scale = min(0, seen.scale)
    # Buckets that end at or before a bound are below it.
    buckets = deque(sorted(seen.at_scale(scale).positive.items()))
    for bound in bounds:
        while buckets and buckets[0][0] << -scale <= bound:
            below += buckets.popleft()[1]
        yield "_bucket", repr(math.ldexp(1.0, bound)), below
    yield "_bucket", "+Inf", seen.count
    if seen.min >= 0:  # else the sum can go down, which would count as a restart
        yield "_count", "", seen.count
        yield "_sum", "", seen.sum


def _summary(seen: ExponentialHistogram) -> Iterator[Sample]:
    if seen.min >= 0:
        for share in QUANTILES:
            yield "", repr(share), seen.quantile(share)
        yield "_sum", "", seen.sum
    yield "_count", "", seen.count
