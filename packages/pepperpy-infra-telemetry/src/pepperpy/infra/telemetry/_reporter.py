"""Reporting: from a name, a type and tags to the series, fast where they were seen before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pepperpy.infra.utils import passes_through

from ._bound import (
    MAX_ALIASES,
    CounterFamily,
    GaugeFamily,
    HistogramFamily,
    is_short,
    worth_keeping,
)
from ._tags import OVERFLOW, flat, text
from ._timer import TimedBlock
from ._types import MetricType, metric_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ._registry import Registry
    from ._series import Series, Switch

_SCALARS = frozenset({str, int, float, bool, type(None)})
_ROUTES = frozenset({str, type(None)})


class Reporter:
    """What managers and providers have in common: everything that reports metrics."""

    def __init__(
        self, registry: Registry, switch: Switch, own: Mapping[str, str] | None = None
    ) -> None:
        self._registry = registry
        self._switch = switch
        self._own = own
        self._forget_aliases()

    def _forget_aliases(self) -> None:
        # Single operations on dicts, so no lock; what is lost in a race is found again.
        # name -> (tag names..., tag values...) as given, all of them text -> series
        self._known: dict[str, dict[tuple[Any, ...], Series]] = {}
        # The same for tags that are numbers, for routes, and for names with several types.
        self._known_typed: dict[tuple[Any, ...], Series] = {}
        self._timers: dict[str, Series] = {}  # those without tags
        self._aliases = 0

    def report_metric(
        self,
        name: str,
        value: float,
        type: MetricType,  # noqa: A002
        tags: Mapping[str, Any] | None = None,
        handler_name: str | None = None,
    ) -> None:
        """Report a value.  Whatever the arguments are, this does not raise.

        Args:
            name: Is not changed in any way.
            value: What is no finite number, or a negative one for a counter, is dropped and
                counted.  A `timedelta` counts as its seconds.
            type: How values become one.  One name with two types is two metrics.
            tags: Their order does not matter.  Names and values that are no text become text, and
                secrets are masked.  The mapping is only read.
            handler_name: Only this handler hears of it.
        """
        if self._switch.off:
            return
        # Marked hot path: 0.6 us with two tags.  Found by what was given, before anything is
        # looked at; a series holds all that else would have to be worked out.
        try:
            series = self._known[name][(*tags, *tags.values()) if tags else ()]
            if series.ledger.type is not type or handler_name is not None:
                raise LookupError  # noqa: TRY301 - the same way on
        except Exception:  # noqa: BLE001 - names and tags may be anything; told apart in `_find`
            found = self._find(name, type, tags, handler_name)
            if found is None:
                return
            series = found
        journal = series.journal
        journal.append(value)
        if len(journal) > series.limit:
            series.settle()

    def count(
        self,
        name: str,
        value: float = 1,
        tags: Mapping[str, Any] | None = None,
        handler_name: str | None = None,
    ) -> None:
        """Add *value* to a counter."""
        self.report_metric(name, value, MetricType.COUNTER, tags, handler_name)

    def gauge(
        self,
        name: str,
        value: float,
        tags: Mapping[str, Any] | None = None,
        handler_name: str | None = None,
    ) -> None:
        """Set a gauge."""
        self.report_metric(name, value, MetricType.GAUGE, tags, handler_name)

    def histogram(
        self,
        name: str,
        value: float,
        tags: Mapping[str, Any] | None = None,
        handler_name: str | None = None,
    ) -> None:
        """Add *value* to a distribution."""
        self.report_metric(name, value, MetricType.HISTOGRAM, tags, handler_name)

    def time(
        self, name: str, tags: Mapping[str, Any] | None = None, handler_name: str | None = None
    ) -> TimedBlock:
        """A block, ``with`` or ``async with``, whose duration is reported in seconds.

        It is reported also if the body raises, then with the tag ``error.type``.
        """
        # An `__init__` would cost 90 ns more, and half of an empty block takes no longer than that.
        block = TimedBlock()
        try:
            if tags is None and handler_name is None:
                block.series = self._timers[name]
                return block
        except Exception:  # noqa: BLE001, S110 - as in `report_metric`
            pass
        block.series = series = self._timer(name, tags, handler_name)
        if (
            tags is None
            and handler_name is None
            and worth_keeping(series, (name,), len(self._timers))
        ):
            self._timers[name] = series
        return block

    def counter(self, name: str, labels: Iterable[str] = ()) -> CounterFamily:
        """A counter to keep: ``counter("hits", ["route"]).labels("/a").inc()``."""
        return CounterFamily(self._series, name, labels)

    def gauge_family(self, name: str, labels: Iterable[str] = ()) -> GaugeFamily:
        """A gauge to keep: ``gauge_family("depth", ["queue"]).labels("mail").set(3)``."""
        return GaugeFamily(self._series, name, labels)

    def histogram_family(self, name: str, labels: Iterable[str] = ()) -> HistogramFamily:
        """A histogram to keep: ``histogram_family("size", ["kind"]).labels("a").observe(9)``."""
        return HistogramFamily(self._series, name, labels)

    def _series(self, name: str, type_: MetricType, tags: Mapping[Any, Any]) -> Series:
        return self._registry.find(text(name), type_, flat(tags, self._own), None)

    def _timer(self, name: Any, tags: Any, route: Any) -> Series:
        try:
            series = self._known[name][(*tags, *tags.values())]
            if series.ledger.type is MetricType.TIMER and route is None:
                return series
        except Exception as error:  # a boundary, as in `_find`
            if passes_through(error):
                raise
        return cast("Series", self._find(name, MetricType.TIMER, tags, route))  # there is this type

    def _find(self, name: Any, type_: Any, tags: Any, route: Any) -> Series | None:
        """The long way, once for each way of writing the tags; None if there is no such type."""
        key: tuple[Any, ...] | None = None
        try:
            given = (*tags, *tags.values()) if tags else ()
            key = (name, type_, route, given, tuple(map(type, given)))
            known = self._known_typed.get(key)
            if known is not None:
                return known
        except Exception as error:  # a boundary: anything can be given, and can fail
            if passes_through(error):
                raise
            given = ()
        kind = metric_type(type_)
        if kind is None:
            # Of other objects the class alone: tags in the wrong place may hold a secret.
            shown = type_ if isinstance(type_, str) else f"<{type(type_).__name__}>"
            self._registry.drop(text(name), text(shown))
            return None
        series = self._registry.find(
            text(name), kind, flat(tags, self._own), None if route is None else text(route)
        )
        if key is not None:
            self._keep(series, name, given, key)
        return series

    def _keep(
        self, series: Series, name: Any, given: tuple[Any, ...], key: tuple[Any, ...]
    ) -> None:
        # Whatever is looked up by must not fail or lie when it is compared.
        if type(name) is not str or type(key[2]) not in _ROUTES or not _SCALARS.issuperset(key[-1]):
            return
        if series.tags is OVERFLOW or not all(map(is_short, (name, key[2], *given))):
            return
        if self._aliases >= MAX_ALIASES:
            self._forget_aliases()
        self._aliases += 1
        if series.route is None and set(key[-1]) <= {str}:
            by_tags = self._known.setdefault(name, {})
            if all(each.ledger is series.ledger for each in list(by_tags.values())[:1]):
                by_tags[given] = series
                return
        self._known_typed[key] = series
