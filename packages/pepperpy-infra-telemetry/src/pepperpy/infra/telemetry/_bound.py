"""Metrics that are asked for once and written to often: families, and their series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar, cast

from ._series import Series
from ._tags import MAX_TEXT, OVERFLOW
from ._types import MetricType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


MAX_ALIASES: Final = 20_000
"""Ways of writing the tags of a series that a reporter or a family remembers."""


class BoundCounter(Series):
    """One series of a counter: the cheapest way to count."""

    __slots__ = ()

    # The same lines as `Series.record`: to call it would cost half as much again.
    def inc(self, amount: float = 1) -> None:
        """Add *amount*.  What is no number >= 0 is dropped and counted."""
        if self.switch.off:
            return
        journal = self.journal
        journal.append(amount)
        if len(journal) > self.limit:
            self.settle()


class BoundGauge(Series):
    """One series of a gauge; ``set(value)`` makes *value* the current one."""

    __slots__ = ()

    if TYPE_CHECKING:

        def set(self, value: float) -> None:
            """Make *value* the current one."""
    else:
        set = Series.record


class BoundHistogram(Series):
    """One series of a histogram; ``observe(value)`` adds a value."""

    __slots__ = ()

    if TYPE_CHECKING:

        def observe(self, value: float) -> None:
            """Add *value*."""
    else:
        observe = Series.record


CLASSES: dict[MetricType, type[Series]] = {
    MetricType.COUNTER: BoundCounter,
    MetricType.GAUGE: BoundGauge,
    MetricType.HISTOGRAM: BoundHistogram,
    MetricType.SUMMARY: BoundHistogram,
    MetricType.TIMER: BoundHistogram,
}

S = TypeVar("S", bound=Series)


class Family(Generic[S]):
    """A metric with named labels, and its series by their values."""

    type: ClassVar[MetricType]

    def __init__(
        self,
        find: Callable[[str, MetricType, Mapping[Any, Any]], Series],
        name: str,
        labels: Iterable[str] = (),
    ) -> None:
        self._find = find
        self._name = name
        self._labels = (labels,) if isinstance(labels, str) else tuple(labels)
        self._known: dict[tuple[Any, ...], S] = {}

    def labels(self, *values: str, **named: str) -> S:
        """The series with these label values: in the order of the names, or by name.

        A value that is missing is empty; one too many is left out.  Keep the series where it is
        written to in a loop.
        """
        if not named:
            try:
                return self._known[values]
            except Exception:  # noqa: BLE001, S110 - a value may be anything, and may not compare
                pass
        tags: dict[Any, Any] = dict.fromkeys(self._labels, "")
        tags.update(zip(self._labels, values, strict=False))
        tags.update((name, value) for name, value in named.items() if name in tags)
        # The class of the series comes from our type.
        series = cast("S", self._find(self._name, self.type, tags))
        if not named and worth_keeping(series, values, len(self._known)):
            self._known[values] = series
        return series


def worth_keeping(series: Series, key: Iterable[Any], others: int) -> bool:
    """Whether to remember that *key* is this series: not if it takes ever new ones."""
    plain = all(type(part) is str and is_short(part) for part in key)
    return plain and series.tags is not OVERFLOW and others < MAX_ALIASES


def is_short(part: Any) -> bool:
    """Whether a text or a number is worth its place in a memory of limited length."""
    if type(part) is int:
        return part.bit_length() <= 64
    return type(part) is not str or len(part) <= MAX_TEXT


class CounterFamily(Family[BoundCounter]):
    """A counter with named labels."""

    type = MetricType.COUNTER

    def inc(self, amount: float = 1) -> None:
        """Add to the series without label values."""
        self.labels().inc(amount)


class GaugeFamily(Family[BoundGauge]):
    """A gauge with named labels."""

    type = MetricType.GAUGE

    def set(self, value: float) -> None:
        """Set the series without label values."""
        self.labels().set(value)


class HistogramFamily(Family[BoundHistogram]):
    """A histogram with named labels."""

    type = MetricType.HISTOGRAM

    def observe(self, value: float) -> None:
        """Add a value to the series without label values."""
        self.labels().observe(value)
