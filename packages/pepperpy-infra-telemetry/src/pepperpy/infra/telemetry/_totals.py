"""The figures of several processes as those of one.  Values in, values out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Final, Literal, TypeAlias

from ._histogram import ExponentialHistogram
from ._reading import Figure
from ._registry import OVERFLOW_NAME
from ._tags import OVERFLOW, Flat, as_dict
from ._types import MetricType

GaugeRule: TypeAlias = Literal["each", "sum", "max", "min"]
"""What a gauge of several processes is: each on its own with the tag ``process.pid``, or one number."""

Key: TypeAlias = tuple[str, MetricType, Flat]
Part: TypeAlias = dict[Key, list[Any]]
"""What one process has counted: of each series the values that make its own."""

PID: Final = "process.pid"


class Totals:
    """What the processes that have ended had counted, and which series there are.

    Sums are exact before they are rounded, so they depend neither on the order of the processes nor
    on when one ends: a total never goes down by the last digit either.
    """

    def __init__(self, *, max_series: int, max_names: int) -> None:
        self.rules: Mapping[str, GaugeRule] = {}
        self.otherwise: GaugeRule = "each"
        self._max_series = max_series
        self._max_names = max_names
        # Only ever added to: a series that has moved to the overflow would be one that goes down.
        self._known: dict[tuple[str, MetricType], dict[Key, list[Any]]] = {}

    def part(self, figures: Iterable[Figure]) -> Part:
        """What a process says of itself, under the keys that have room here."""
        part: Part = {}
        for name, type_, tags, value in figures:
            key = (name, type_, tags)
            if type_ is not MetricType.GAUGE:
                key = self._admitted(key)
            part.setdefault(key, []).append(value)
        return part

    def keep(self, part: Part) -> int:
        """Take over what a process had counted that has ended; how many series these are.

        Its gauges end with it.
        """
        kept = 0
        for key, values in part.items():
            if key[1] is not MetricType.GAUGE:
                ended = self._known[key[:2]]
                ended[key] = _compact(key[1], [*ended[key], *values])
                kept += 1
        return kept

    def figures(self, parts: Sequence[tuple[str, Part]]) -> Iterator[Figure]:
        """The totals of the ended and of *parts*, which are those of the living, with their pid."""
        for series in self._known.values():
            for key, ended in series.items():
                values = list(chain(ended, *(part.get(key, ()) for _, part in parts)))
                yield Figure(*key, _total(key[1], values))
        yield from self._gauges(parts)

    def _gauges(self, parts: Sequence[tuple[str, Part]]) -> Iterator[Figure]:
        by_rule: dict[Key, list[float]] = {}
        for pid, part in parts:
            for key, (*_, value) in part.items():
                name, type_, tags = key
                if type_ is not MetricType.GAUGE:
                    continue
                if self.rules.get(name, self.otherwise) == "each":
                    yield Figure(name, type_, _with_pid(tags, pid), value)
                else:
                    by_rule.setdefault(key, []).append(value)
        for key, values in by_rule.items():
            rule = self.rules.get(key[0], self.otherwise)
            yield Figure(*key, _RULES[rule](values))

    def _admitted(self, key: Key) -> Key:
        name, type_, _ = key
        series = self._known.get((name, type_))
        if series is None:
            if len(self._known) >= self._max_names and name != OVERFLOW_NAME:
                return self._admitted((OVERFLOW_NAME, type_, OVERFLOW))
            series = self._known[name, type_] = {}
        if key not in series:
            if len(series) >= self._max_series:
                key = (name, type_, OVERFLOW)
            series.setdefault(key, [])
        return key


def _with_pid(tags: Flat, pid: str) -> Flat:
    pairs = sorted({**as_dict(tags), PID: pid}.items())
    return (*(name for name, _ in pairs), *(value for _, value in pairs))


def _total(type_: MetricType, values: list[Any]) -> Any:
    """One value of several, rounded once."""
    if len(values) == 1:
        return values[0]
    if type_ is MetricType.COUNTER:
        return _sum(values)
    merged = ExponentialHistogram.merged(values)
    return replace(merged, sum=math.fsum([each.sum for each in values]))


def _compact(type_: MetricType, values: list[Any]) -> list[Any]:
    """As few values as have the same total, whatever comes on top."""
    if type_ is MetricType.COUNTER:
        whole = sum(value for value in values if isinstance(value, int))
        broken = _expansion([value for value in values if not isinstance(value, int)])
        return [whole, *broken] if whole or not broken else broken
    first, *rest = _expansion([each.sum for each in values]) or [0.0]
    merged = replace(ExponentialHistogram.merged(values), sum=first)
    return [merged, *(ExponentialHistogram(sum=more) for more in rest)]


def _expansion(values: list[float]) -> list[float]:
    """The exact sum of *values*, as the few floats that it takes: mostly one or two."""
    parts: list[float] = []
    while rest := math.fsum([*values, *(-part for part in parts)]):
        parts.append(rest)
    return parts


def _sum(values: list[float]) -> float:
    """The sum, rounded once; of whole numbers a whole one."""
    whole = sum(value for value in values if isinstance(value, int))
    broken = [value for value in values if not isinstance(value, int)]
    return math.fsum([*broken, whole]) if broken else whole


_RULES: Final[Mapping[str, Callable[[list[float]], float]]] = {"sum": _sum, "max": max, "min": min}
