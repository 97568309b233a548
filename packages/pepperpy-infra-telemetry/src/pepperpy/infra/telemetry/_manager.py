"""`TelemetryManager`: counts, reads back, and delivers to handlers."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import Clock, register_after_fork, register_inspectable

from ._deliveries import Deliveries
from ._events import log_event, make_event
from ._log import COMPONENT
from ._pull import pulled
from ._reading import metric_of, record_of
from ._registry import Registry
from ._reporter import Reporter
from ._series import Switch
from ._settings import Settings
from ._tags import flat, text
from ._types import EventLevel, Metric, MetricType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import timedelta

    from ._book import Book
    from ._delivery import Delivery
    from ._series import Series
    from ._types import Event


class TelemetryManager(Reporter):
    """Everything that was reported to it, and the handlers that hear of it.

    Managers share nothing.  `TelemetryManager.get_instance()` is the one that the functions of
    this package use.

    Args:
        name: With a name it registers itself as an inspectable.
        interval: Seconds between two flushes, if there are handlers.
        max_series: How many series a name may have; all further ones are counted as one.
        max_names: How many names there may be; all further ones are counted as one.
        max_events: How many events wait for a handler; further ones are dropped and counted.
        flush_timeout: Seconds that a flush waits for slow handlers, also when the program ends.
        log_events: Whether events are written to the log, by ``pepperpy.telemetry``.
        pull: Whether the figures of all inspectables of the process are in it too.
        clock: Times blocks and dates what is delivered.

    Examples:
        >>> manager = TelemetryManager()
        >>> manager.count("orders", tags={"country": "br"})
        >>> manager.count("orders", 2, tags={"country": "pt"})
        >>> manager.get_value("orders"), manager.get_value("orders", {"country": "br"})
        (3, 1)
    """

    def __init__(
        self,
        *,
        name: str | None = None,
        interval: float | timedelta = 10.0,
        max_series: int = 2000,
        max_names: int = 2000,
        max_events: int = 1000,
        flush_timeout: float | timedelta = 5.0,
        log_events: bool = True,
        pull: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.settings: Settings = Settings(
            interval=interval,
            max_series=max_series,
            max_names=max_names,
            max_events=max_events,
            flush_timeout=flush_timeout,
            log_events=log_events,
        )
        self._clock = clock or Clock()
        switch = Switch(self._clock)
        self._deliveries = Deliveries(self)
        super().__init__(Registry(switch, self.settings, self._deliveries.start), switch)
        self.name: str = name or "telemetry"
        self._pull = pull
        if name is not None:
            register_inspectable(self)
        register_after_fork(self)

    def __repr__(self) -> str:
        return f"<TelemetryManager {self.name!r}: {len(self._registry.books())} metrics>"

    @classmethod
    def get_instance(cls) -> TelemetryManager:
        """The manager that the functions of this package use."""
        from ._default import default

        return default

    # Whether it takes reports

    def enable(self) -> None:
        """Take reports again."""
        self._switch.enabled = True
        self._switch.update()

    def disable(self) -> None:
        """Take no reports: each costs hardly more than a call.  What was counted stays."""
        self._switch.enabled = False
        self._switch.update()

    def is_enabled(self) -> bool:
        """Whether reports are taken."""
        return self._switch.enabled

    # Events

    def report_event(  # noqa: PLR0917 - as it is known
        self,
        name: str,
        level: EventLevel,
        message: str,
        data: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        handler_name: str | None = None,
    ) -> None:
        """Write an event to the log now, and to the handlers on the next flush.

        Whatever the arguments are, this does not raise.  *data* is copied, and secrets in it, in
        the message and in the tags are masked.
        """
        self.take_event(name, level, message, data, tags, handler_name)

    def take_event(  # noqa: PLR0917 - as it is known
        self,
        name: object,
        level: object,
        message: object,
        data: object = None,
        tags: object = None,
        route: object = None,
        *,
        own: Mapping[str, str] | None = None,
        logs: bool = True,
        depth: int = 3,
    ) -> None:
        if self._switch.off:
            return
        logs = logs and self.settings.log_events
        event = make_event(
            name, level, message, data, tags, own=own, now=self._clock.time(), logged=logs
        )
        for capture in list(self._switch.captures.values()):
            capture(event)
        for delivery in self._deliveries.receivers(None if route is None else text(route)):
            delivery.put(event)
        if logs:
            log_event(event, depth)

    # Handlers

    def register_handler(self, name: str, handler: Any) -> None:
        """Deliver to *handler* from now on; first of all what was counted so far.

        Args:
            name: For `handler_name=`, and to unregister it.  Another handler that has the name is
                flushed and replaced.
            handler: A `TelemetryHandler`, or anything with its methods.

        Raises:
            InvalidHandlerError: If it has not, or they are coroutine functions.
        """
        self._deliveries.add(name, handler)

    def unregister_handler(self, name: str) -> None:
        """Flush the handler and forget it.

        Raises:
            UnknownHandlerError: If there is none of this name.
        """
        self._deliveries.known(name)
        self._deliveries.end(name)

    def set_default_handler(self, name: str | None) -> None:
        """Send what names no handler to this one alone; None means to all of them, as at first.

        Raises:
            UnknownHandlerError: If there is none of this name.
        """
        self._deliveries.set_default(name)

    def get_handler(self, name: str | None = None) -> Any:
        """The handler of this name; without a name the default one, or None if there is none.

        Raises:
            UnknownHandlerError: If there is none of this name.
        """
        name = self._deliveries.default if name is None else name
        return None if name is None else self._deliveries.known(name).handler

    def flush(self, timeout: float | None = None) -> bool:
        """Deliver now what was reported so far; whether all handlers had it in time.

        Args:
            timeout: Seconds to wait for slow handlers; they go on in their threads.
        """
        for series in self._registry:
            series.settle()
        return self._deliveries.flush(timeout)

    def close(self) -> None:
        """Flush, forget the handlers and end their threads.  What was counted stays."""
        self.flush()
        self._deliveries.close()

    # Reading

    def get_value(
        self,
        name: str,
        tags: Mapping[str, Any] | None = None,
        type: MetricType | None = None,  # noqa: A002
    ) -> float:
        """What was reported under *name*: the sum over all its series, overflow included.

        0 if nothing was.  A histogram's value is the sum of what it was given.

        Args:
            name: The metric.
            tags: Only the series with exactly these tags, a provider's tag included.
            type: Which one, if the name is used with several types; else the first one.
        """
        book = self._book(name, type)
        if book is None:
            return 0
        chosen = book if tags is None else book.get(flat(tags))
        return sum(book.kind.number(series.read()) for series in chosen)

    def snapshot(self) -> list[dict[str, Any]]:
        """All series as they are now, as plain values that JSON can hold.

        Each record has ``name``, ``type``, ``tags`` and ``value``; those of histograms, summaries
        and timers ``histogram`` as well, with OpenTelemetry's exponential buckets; those for one
        handler alone its name as ``handler``.
        """
        states = ((series, series.read()) for series in self._registry)
        # A gauge that was not set has no value, and a timer none before its first block has ended.
        records = [
            record_of(series, state)
            for series, state in states
            if series.ledger.type is MetricType.COUNTER or state != series.ledger.kind.nothing
        ]
        if self._pull:
            records.extend(
                {"name": name, "type": "gauge", "tags": {COMPONENT: of}, "value": value}
                for name, of, value in pulled()
            )
        return records

    def largest(self, count: int = 10) -> list[tuple[str, int]]:
        """The names with the most series, and how many they have: what to look at first."""
        sizes: dict[str, int] = {}
        for book in self._registry.books():
            sizes[book.name] = sizes.get(book.name, 0) + len(book)
        return sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:count]

    def inspect(self) -> dict[str, Any]:
        """How telemetry itself is, for consoles and for `snapshot`."""
        books, deliveries = self._registry.books(), self._deliveries.all()
        return {
            "kind": "telemetry",
            "name": self.name,
            "state": "ok" if self._switch.enabled else "disabled",
            "facts": {
                "names": len({book.name for book in books}),
                "series": sum(map(len, books)),
                "overflowing": sum(book.full for book in books),
                "dropped_values": self._registry.dropped + sum(book.dropped for book in books),
                "dropped_events": sum(each.lost for each in deliveries),
                "handlers": len(deliveries),
                "handler_failures": sum(each.failures for each in deliveries),
            },
            "config": {
                each.name: getattr(self.settings, each.name) for each in fields(self.settings)
            },
        }

    # For the rest of the package

    @property
    def insides(self) -> tuple[Registry, Switch]:
        """What providers share with their manager."""
        return self._registry, self._switch

    def configure(self, settings: Settings) -> None:
        """Take over *settings*, at once."""
        self.settings = self._registry.settings = settings

    def states(self) -> dict[Series, Any]:
        """The state of every series."""
        return {series: series.read() for series in self._registry}

    def add_capture(self, key: object, take: Callable[[Event], None]) -> None:
        """Hand each event to *take* at once, and be on meanwhile."""
        self._switch.captures[key] = take
        self._switch.update()

    def remove_capture(self, key: object) -> None:
        """Undo `add_capture`."""
        self._switch.captures.pop(key, None)
        self._switch.update()

    def changes(self, delivery: Delivery) -> Iterator[tuple[Metric, Callable[[], None]]]:
        """What *delivery* has not told its handler yet."""
        at = datetime.fromtimestamp(self._clock.time(), UTC)
        routed_here = self._deliveries.default in {None, delivery.name}
        for series in self._registry:
            if series.route != delivery.name and (series.route is not None or not routed_here):
                continue
            kind, state = series.ledger.kind, series.read()
            change = kind.since(state, delivery.told.get(series, kind.nothing))
            if change != kind.nothing:
                yield metric_of(series, change, at), _told(delivery.told, series, state)
        if self._pull and routed_here:
            for name, of, value in pulled():
                if delivery.facts.get((name, of)) != value:
                    metric = Metric(name, MetricType.GAUGE, value, {COMPONENT: of}, at)
                    yield metric, _told(delivery.facts, (name, of), value)

    def after_fork(self) -> None:
        """Begin from zero in a child process: the parent reports what it has counted itself."""
        self._registry.forget()
        self._deliveries.renew()

    def _book(self, name: str, type_: MetricType | None) -> Book | None:
        books = self._registry.books(name)
        return next((book for book in books if type_ is None or book.type == type_), None)


def _told(told: dict[Any, Any], key: Any, state: Any) -> Callable[[], None]:
    def done() -> None:
        told[key] = state

    return done
