"""What a manager consists of, and shares with its providers, captures and deliveries."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import register_after_fork

from ._deliveries import Deliveries
from ._events import log_event, make_event
from ._exposed import ExposedNames
from ._log import COMPONENT
from ._pull import pulled
from ._reading import Figure, figure_of, metric_of
from ._registry import Registry
from ._series import Switch
from ._tags import text
from ._types import Metric, MetricType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import timedelta

    from pepperpy.infra.utils import Clock

    from ._delivery import Delivery
    from ._series import Series
    from ._settings import Settings
    from ._sharing import SharedMetrics
    from ._types import Event


class Engine:
    """Series, events and handlers.  The public methods of the manager say what it does."""

    def __init__(self, settings: Settings, clock: Clock, *, pull: bool) -> None:
        self.settings: Settings = settings
        self.switch: Switch = Switch(clock)
        self.deliveries: Deliveries = Deliveries(self)
        self.registry: Registry = Registry(self.switch, settings, self.deliveries.start)
        self.exposed: ExposedNames = ExposedNames()
        self.since: float = clock.time()
        """When counting began, as seconds of the epoch."""
        self.sharing: SharedMetrics | None = None
        """What other processes are told by, or ask."""
        self._clock = clock
        self._pull = pull
        register_after_fork(self)

    def configure(self, settings: Settings) -> None:
        """Take over *settings*, at once."""
        self.settings = self.registry.settings = settings

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
        if self.switch.off:
            return
        logs = logs and self.settings.log_events
        event = make_event(
            name, level, message, data, tags, own=own, now=self._clock.time(), logged=logs
        )
        for capture in list(self.switch.captures.values()):
            capture(event)
        self.registry.begin()
        for delivery in self.deliveries.receivers(None if route is None else text(route)):
            delivery.put(event)
        if logs:
            log_event(event, depth)

    def flush(self, timeout: float | timedelta | None = None) -> bool:
        for series in self.registry:
            series.settle()
        return self.deliveries.flush(timeout)

    def close(self) -> None:
        self.flush()
        self.deliveries.close()

    def states(self) -> dict[Series, Any]:
        """The state of every series."""
        return {series: series.read() for series in self.registry}

    def shown(self) -> Iterator[tuple[Series, Any]]:
        """Every series that has something to show, and its state."""
        for series in self.registry:
            state, ledger = series.read(), series.ledger
            # A gauge that was not set has no value, and a timer none before its first block ended.
            if ledger.type is MetricType.COUNTER or state != ledger.kind.nothing:
                yield series, state

    def figures(self) -> Iterator[Figure]:
        """What is exposed to whoever asks: all but what is for one handler alone."""
        yield from self.counted()
        for name, of, value in self.facts():
            yield Figure(name, MetricType.GAUGE, (COMPONENT, of), value)

    def counted(self) -> Iterator[Figure]:
        """The same without the figures of inspectables."""
        for series, state in self.shown():
            if series.route is None:
                yield figure_of(series, state)

    def facts(self) -> Iterator[tuple[str, str, float]]:
        """The figures of all inspectables, where they are wanted."""
        return pulled() if self._pull else iter(())

    def add_capture(self, key: object, take: Callable[[Event], None]) -> None:
        """Hand each event to *take* at once, and be on meanwhile."""
        self.switch.captures[key] = take
        self.switch.update()

    def remove_capture(self, key: object) -> None:
        """Undo `add_capture`."""
        self.switch.captures.pop(key, None)
        self.switch.update()

    def changes(self, delivery: Delivery) -> Iterator[tuple[Metric, Callable[[], None]]]:
        """What *delivery* has not told its handler yet."""
        at = datetime.fromtimestamp(self._clock.time(), UTC)
        routed_here = self.deliveries.default in {None, delivery.name}
        for series in self.registry:
            if series.route != delivery.name and (series.route is not None or not routed_here):
                continue
            kind, state = series.ledger.kind, series.read()
            change = kind.since(state, delivery.told.get(series, kind.nothing))
            if change != kind.nothing:
                yield metric_of(series, change, at), _told(delivery.told, series, state)
        for name, of, value in self.facts() if routed_here else ():
            if delivery.facts.get((name, of)) != value:
                metric = Metric(name, MetricType.GAUGE, value, {COMPONENT: of}, at)
                yield metric, _told(delivery.facts, (name, of), value)

    def after_fork(self) -> None:
        """Begin from zero in a child process: the parent reports what it has counted itself."""
        self.since = self._clock.time()
        self.registry.forget()
        self.deliveries.renew()


def _told(told: dict[Any, Any], key: Any, state: Any) -> Callable[[], None]:
    def done() -> None:
        told[key] = state

    return done
