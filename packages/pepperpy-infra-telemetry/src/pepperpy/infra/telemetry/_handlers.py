"""Handlers: where metrics and events go on a flush."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import passes_through

from ._deliveries import check_handler
from ._errors import InvalidOptionError
from ._log import LOGGER, log, reason
from ._settings import check_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ._types import Event, Metric


class TelemetryHandler:
    """Takes metrics and events, in a thread of its own and one after the other.

    It may be slow, hang or raise: who reports, and the other handlers, do not notice.  What raised
    is counted, told once by a signal or else in the log, and a metric is told again on the next flush, with what
    came since.  Any object with the first two methods will do.
    """

    def handle_metric(self, metric: Metric) -> None:
        """Take a metric that changed since the last flush."""

    def handle_event(self, event: Event) -> None:
        """Take an event."""

    def flush(self) -> None:
        """All of this flush was handed over."""


class LoggingTelemetryHandler(TelemetryHandler):
    """Writes each metric as a line of the log.

    Events are in the log already; only those that are not are written.

    Args:
        logger: A logger or its name.
        level: The level of the lines about metrics, a number or a name as of `logging`.

    Raises:
        InvalidOptionError: If there is no such level, or *logger* is neither.
    """

    def __init__(
        self, logger: logging.Logger | str = LOGGER, level: int | str = logging.INFO
    ) -> None:
        found = logging.getLogger(logger) if isinstance(logger, str) else logger
        if not callable(getattr(found, "log", None)):
            raise InvalidOptionError(
                f"logger must be a logger or its name; got {logger!r}", option="logger"
            )
        self._logger = found
        self._level = _level(level)

    def handle_metric(self, metric: Metric) -> None:
        """Write one line; the tags and the quantiles are in its ``extra``."""
        extra: dict[str, Any] = {"metric.type": str(metric.type), "metric.tags": dict(metric.tags)}
        seen = metric.histogram
        if seen is None:
            self._logger.log(self._level, "%s = %g", metric.name, metric.value, extra=extra)
            return
        for share in (50, 90, 99):
            extra[f"metric.p{share}"] = seen.quantile(share / 100)
        self._logger.log(
            self._level,
            "%s: %d values, mean %.3g, p50 %.3g, p99 %.3g, max %.3g",
            metric.name,
            seen.count,
            seen.mean,
            extra["metric.p50"],
            extra["metric.p99"],
            seen.max,
            extra=extra,
        )

    def handle_event(self, event: Event) -> None:
        """Write what is not in the log yet."""
        if not event.logged:
            self._logger.log(
                event.level.number,
                "%s: %s",
                event.name,
                event.message,
                extra={"event.data": dict(event.data), "event.tags": dict(event.tags)},
            )


def _level(given: int | str) -> int:
    level = logging.getLevelNamesMapping().get(given.upper()) if isinstance(given, str) else given
    if not isinstance(level, int) or isinstance(level, bool):
        raise InvalidOptionError(
            f"level must be a number or a name as of logging; got {given!r}", option="level"
        )
    return level


class MemoryTelemetryHandler(TelemetryHandler):
    """Keeps the last metrics and events.

    Args:
        max_size: How many of each.

    Raises:
        InvalidOptionError: If *max_size* is no whole number from 1 on.
    """

    def __init__(self, max_size: int = 10_000) -> None:
        check_whole("max_size", max_size)
        self.metrics: deque[Metric] = deque(maxlen=max_size)
        self.events: deque[Event] = deque(maxlen=max_size)

    def handle_metric(self, metric: Metric) -> None:
        """Keep it."""
        self.metrics.append(metric)

    def handle_event(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)

    def clear(self) -> None:
        """Forget all."""
        self.metrics.clear()
        self.events.clear()


class CompositeTelemetryHandler(TelemetryHandler):
    """Several handlers under one name.

    They run in one thread, so that a slow one holds up the others; registered under names of their
    own they would not.  One that raises does not hold up the others; `failures` counts that.

    Raises:
        InvalidHandlerError: If one of them is no handler.
    """

    def __init__(self, handlers: Sequence[Any] | Iterable[Any]) -> None:
        self.handlers: list[Any] = list(handlers)
        for handler in self.handlers:
            check_handler(handler)
        self.failures: int = 0

    def handle_metric(self, metric: Metric) -> None:
        """Hand it to each."""
        self._each("handle_metric", metric)

    def handle_event(self, event: Event) -> None:
        """Hand it to each."""
        self._each("handle_event", event)

    def flush(self) -> None:
        """Tell each."""
        self._each("flush")

    def _each(self, method: str, *args: object) -> None:
        for handler in self.handlers:
            take = getattr(handler, method, None)
            try:
                if take is not None:
                    take(*args)
            except Exception as error:  # a boundary: the others must have theirs
                if passes_through(error):
                    raise
                self.failures += 1
                if self.failures == 1:
                    log(logging.WARNING, f"a part of a telemetry handler failed: {reason(error)}")
