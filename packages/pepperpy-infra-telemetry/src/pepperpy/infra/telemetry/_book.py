"""The series of one metric, as many as are allowed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ._series import Ledger, Series
from ._tags import OVERFLOW, as_dict, flat

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ._registry import Registry
    from ._tags import Flat
    from ._types import MetricType


class Book(Ledger):
    """One name and type: its series by tags."""

    __slots__ = ("_by_key", "_registry", "full")

    def __init__(self, name: str, type_: MetricType, registry: Registry) -> None:
        super().__init__(name, type_)
        self._registry = registry
        self.full = False
        self._by_key: dict[object, Series] = {}

    def __iter__(self) -> Iterator[Series]:
        return iter(list(self._by_key.values()))

    def __len__(self) -> int:
        return len(self._by_key)

    def find(
        self, tags: Flat, route: str | None, make: type[Series], at_most: int, journal: int
    ) -> Series:
        """The series with these tags, or the one for all that are too many.

        Args:
            tags: Names and values.
            route: The only handler that is to hear of it.
            make: The class of a new series.
            at_most: How many series there may be; the one for the rest comes on top.
            journal: How many reports a new series keeps unfolded.
        """
        key = tags if route is None else (route, tags)
        series = self._by_key.get(key)
        if series is not None:
            return series
        with self.lock:
            if key not in self._by_key and len(self._by_key) >= at_most:
                self.full = True
                key, tags, route = OVERFLOW, OVERFLOW, None
            made = make(self, self._registry.switch, tags, route, journal)
            # A signal handler or a finalizer may have been here meanwhile, in this very thread.
            return self._by_key.setdefault(key, made)

    def get(self, tags: Flat) -> list[Series]:
        """The series with exactly these tags, whichever handlers they go to."""
        return [series for series in self if series.tags == tags]

    def exploded(self) -> tuple[str, int]:
        """The tag with the most different values, and how many it has."""
        kept = [as_dict(series.tags) for series in self if series.tags is not OVERFLOW]
        values = {pair for tags in kept for pair in tags.items()}
        counts = Counter(name for name, _ in values)
        return counts.most_common(1)[0] if counts else ("", 0)

    def revive(self, series: Series) -> None:
        self._registry.revive(series)

    def sibling(self, series: Series, more: Mapping[str, str]) -> Series:
        tags = flat({**as_dict(series.tags), **more})
        return self._registry.find(self.name, self.type, tags, series.route)

    def forget(self) -> None:
        """Be as new, in a child process."""
        self.renew_lock()
        self.dropped = 0
        for series in self:
            series.forget()
