"""Every series of one manager."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from pepperpy.infra.utils import ForkSafeLock, did_you_mean

from ._book import Book
from ._bound import CLASSES
from ._log import tell
from ._tags import OVERFLOW
from ._types import MetricType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ._series import Series, Switch
    from ._settings import Settings
    from ._tags import Flat

OVERFLOW_NAME: Final = "pepperpy.telemetry.overflow"
"""The metric that stands for all beyond the limit on names."""

# Journals of 256 entries make a fold cheap, but 10,000 of them would take 20 MB while they idle.
_LONG, _SHORT = 256, 16
_MANY = 256

_TYPES = [type_.value for type_ in MetricType]
_MOST_TOLD = 100  # wrong types of so many names are told


class Registry:
    """Books by name and type, made on first use and bounded in number."""

    def __init__(self, switch: Switch, settings: Settings, revive: Callable[[], None]) -> None:
        self.settings = settings
        self.switch = switch
        self._on_revival = revive
        # name -> type -> book; changed under the lock, and only ever added to.
        self._books: dict[str, dict[MetricType, Book]] = {}
        self.dropped: int = 0  # reports of no type that exists
        self._told: set[str] = set()  # names that such reports had
        self._made = 0
        self._forked = False
        self._names_are_full = False
        self._lock = ForkSafeLock()

    def books(self, name: str | None = None) -> list[Book]:
        """All books, or those of one name: the type that was reported first comes first."""
        if name is not None:
            return list(self._books.get(name, {}).values())
        return [book for by_type in list(self._books.values()) for book in list(by_type.values())]

    def __iter__(self) -> Iterator[Series]:
        return chain.from_iterable(self.books())

    def find(self, name: str, type_: MetricType, tags: Flat, route: str | None) -> Series:
        """The series of this name, type and tags; one for what is too much if that is reached."""
        self.begin()
        book = self._books.get(name, {}).get(type_) or self._open(name, type_)
        if book.name != name:
            tags, route = OVERFLOW, None
        before, was_full = len(book), book.full
        series = book.find(
            tags, route, CLASSES[type_], self.settings.max_series, self._journal_limit()
        )
        self._made += len(book) - before  # nearly right is enough
        if book.full and not was_full:
            tag, values = book.exploded()
            tell(
                "telemetry.series_limit",
                name,
                limit=self.settings.max_series,
                tag=tag,
                values=values,
            )
        return series

    def drop(self, name: str, type_: str) -> None:
        """Count a report of no type that exists, and tell once of its name."""
        self.dropped += 1
        if name not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(name)
            tell("telemetry.unknown_type", name, type=type_, hint=did_you_mean(type_, _TYPES))

    def revive(self, series: Series) -> None:
        """Start again what ended in a fork."""
        series.limit = self._journal_limit()
        self._forked = False
        self._on_revival()

    def begin(self) -> None:
        """Start again what ended in a fork, on the first report of something new."""
        if self._forked:
            self._forked = False
            self._on_revival()

    def forget(self) -> None:
        """Be as new, in a child process."""
        self._forked = True
        for book in self.books():
            book.forget()

    def _journal_limit(self) -> int:
        return _LONG if self._made < _MANY else _SHORT

    def _open(self, name: str, type_: MetricType) -> Book:
        with self._lock:
            by_type = self._books.get(name, {})
            if type_ in by_type:
                return by_type[type_]
            others = list(by_type)
            is_known = bool(others) or name == OVERFLOW_NAME
            if is_known or len(self._books) < self.settings.max_names:
                made = Book(name, type_, self)
                # As in `Book.find`: this thread may have been interrupted, and by a report.
                book = self._books.setdefault(name, {}).setdefault(type_, made)
            else:
                book = None
        if book is None:
            return self._overflow(name, type_)
        if others and name != OVERFLOW_NAME:
            types = [each.value for each in (*others, type_)]
            tell("telemetry.type_conflict", name, types=types)
        return book

    def _overflow(self, name: str, type_: MetricType) -> Book:
        first, self._names_are_full = not self._names_are_full, True
        if first:
            tell("telemetry.name_limit", name, limit=self.settings.max_names)
        return self._books.get(OVERFLOW_NAME, {}).get(type_) or self._open(OVERFLOW_NAME, type_)
