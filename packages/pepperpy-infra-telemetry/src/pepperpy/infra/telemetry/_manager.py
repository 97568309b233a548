"""`TelemetryManager`: counts, reads back, and delivers to handlers."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import Clock, register_inspectable

from ._engine import Engine
from ._histogram import ExponentialHistogram
from ._log import COMPONENT
from ._reading import record_of
from ._reporter import Reporter
from ._settings import Settings
from ._tags import flat, text
from ._types import DISTRIBUTIONS, EventLevel, MetricType, metric_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta

    from ._book import Book
    from ._series import Series


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
        settings = Settings(
            interval=interval,
            max_series=max_series,
            max_names=max_names,
            max_events=max_events,
            flush_timeout=flush_timeout,
            log_events=log_events,
        )
        self._engine = Engine(settings, clock or Clock(), pull=pull)
        super().__init__(self._engine.registry, self._engine.switch)
        self.name: str = name or "telemetry"
        if name is not None:
            register_inspectable(self)

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
        self._engine.take_event(name, level, message, data, tags, handler_name)

    # Handlers

    def register_handler(self, name: str, handler: Any) -> None:
        """Deliver to *handler* from now on; first of all what was counted so far.

        A handler that comes back hears of what came since it was unregistered.

        Args:
            name: For `handler_name=`, and to unregister it.  Another handler that has the name is
                flushed and replaced.
            handler: A `TelemetryHandler`, or anything with its methods.

        Raises:
            InvalidHandlerError: If it has not, they are coroutine functions, or it is a class.
            InvalidOptionError: If *name* is no text.
        """
        self._engine.deliveries.add(name, handler)

    def unregister_handler(self, name: str) -> None:
        """Flush the handler and forget it.

        Raises:
            UnknownHandlerError: If there is none of this name.
        """
        self._engine.deliveries.known(name)
        self._engine.deliveries.end(name)

    def set_default_handler(self, name: str | None) -> None:
        """Send what names no handler to this one alone; None means to all of them, as at first.

        Raises:
            UnknownHandlerError: If there is none of this name.
        """
        self._engine.deliveries.set_default(name)

    def get_handler(self, name: str | None = None) -> Any:
        """The handler of this name; without a name the default one, or None if there is none.

        Raises:
            UnknownHandlerError: If there is none of this name.
        """
        name = self._engine.deliveries.default if name is None else name
        return None if name is None else self._engine.deliveries.known(name).handler

    def flush(self, timeout: float | timedelta | None = None) -> bool:
        """Deliver now what was reported so far; whether all handlers had it in time.

        Args:
            timeout: Seconds to wait for slow handlers, which go on in their threads; by default
                the manager's *flush_timeout*.

        Raises:
            InvalidOptionError: If *timeout* is negative or no duration.
        """
        return self._engine.flush(timeout)

    def close(self) -> None:
        """Flush, forget the handlers and end their threads.  What was counted stays."""
        self._engine.close()

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
        wanted = MetricType if type is None else {metric_type(type)}
        return sum(s.ledger.kind.number(s.read()) for s in self._find_series(name, tags, wanted))

    def get_histogram(
        self,
        name: str,
        tags: Mapping[str, Any] | None = None,
        type: MetricType | None = None,  # noqa: A002
    ) -> ExponentialHistogram:
        """The distribution of what was reported under *name*: of all its series together.

        Empty if nothing was, and for counters and gauges.

        Args:
            name: The metric: a histogram, summary or timer.
            tags: As for `get_value`.
            type: As for `get_value`.

        Examples:
            >>> manager = TelemetryManager()
            >>> for size in range(1, 101):
            ...     manager.histogram("size", size, tags={"even": size % 2 == 0})
            >>> seen = manager.get_histogram("size")
            >>> seen.count, seen.max, round(seen.quantile(0.5))
            (100, 100.0, 50)
        """
        wanted = DISTRIBUTIONS if type is None else DISTRIBUTIONS & {metric_type(type)}
        return ExponentialHistogram.merged(s.read() for s in self._find_series(name, tags, wanted))

    def snapshot(self) -> list[dict[str, Any]]:
        """All series as they are now, as plain values that JSON can hold.

        Each record has ``name``, ``type``, ``tags`` and ``value``; those of histograms, summaries
        and timers ``histogram`` as well, of which `ExponentialHistogram.from_dict` makes one again;
        those for one handler alone its name as ``handler``.
        """
        records = [record_of(series, state) for series, state in self._engine.shown()]
        records.extend(
            {"name": name, "type": "gauge", "tags": {COMPONENT: of}, "value": value}
            for name, of, value in self._engine.facts()
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
        books, deliveries = self._registry.books(), self._engine.deliveries.all()
        settings = self._engine.settings
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
            "config": {each.name: getattr(settings, each.name) for each in fields(settings)},
        }

    def _find_series(
        self, name: object, tags: object, types: Iterable[MetricType | None]
    ) -> Iterable[Series]:
        """The series of *name* with *tags*, of the first of *types* that it was reported with."""
        books = self._registry.books(text(name))
        book: Book | None = next((book for book in books if book.type in types), None)
        if book is None:
            return ()
        return book if tags is None else book.get(flat(tags))


def engine_of(manager: TelemetryManager) -> Engine:
    """For the rest of the package; users of managers should not see it."""
    return manager._engine  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
