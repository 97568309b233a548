"""Seeing in a test what was reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import BothFaces, did_you_mean

from ._errors import MetricNotCapturedError
from ._histogram import ExponentialHistogram
from ._manager import TelemetryManager, engine_of
from ._tags import as_dict, flat
from ._types import MetricType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from ._engine import Engine
    from ._series import Series
    from ._types import Event


class CapturedMetric:
    """What was reported under one name inside of a block: all series together."""

    def __init__(self, name: str, changes: list[tuple[Series, Any]]) -> None:
        self.name = name
        self._changes = changes

    def __repr__(self) -> str:
        return f"<{self.type} {self.name}: {self.value}>"

    @property
    def type(self) -> MetricType:
        """Its type; the one that was reported first if there are several."""
        return self._changes[0][0].ledger.type

    @property
    def value(self) -> float:
        """Counter: the sum.  Gauge: the value, summed over tags.  Others: the sum of the values."""
        return sum(series.ledger.kind.number(change) for series, change in self._of_type())

    @property
    def histogram(self) -> ExponentialHistogram:
        """The distribution of the values; empty for counters and gauges."""
        changes = (change for _, change in self._of_type())
        return ExponentialHistogram.merged(
            c for c in changes if isinstance(c, ExponentialHistogram)
        )

    @property
    def count(self) -> int:
        """How many values a histogram or timer got."""
        return self.histogram.count

    @property
    def tags(self) -> list[dict[str, str]]:
        """The tags of each series."""
        return [as_dict(series.tags) for series, _ in self._of_type()]

    def _of_type(self) -> list[tuple[Series, Any]]:
        return [pair for pair in self._changes if pair[0].ledger.type is self.type]


class CapturedTelemetry:
    """What was reported since a block began; once it has ended, until then."""

    def __init__(self, engine: Engine) -> None:
        self.events: list[Event] = []
        """In the order in which they were reported."""
        self._engine = engine
        self._before = engine.states()
        self._after: dict[Series, Any] | None = None

    def __getitem__(self, name: str) -> CapturedMetric:
        changes = [pair for pair in self._changes() if pair[0].ledger.name == name]
        if not changes:
            hint = did_you_mean(name, self.names)
            raise MetricNotCapturedError(f"no metric {name!r} was reported; {hint}", name=name)
        return CapturedMetric(name, changes)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __repr__(self) -> str:
        return f"<CapturedTelemetry {self.names}, {len(self.events)} events>"

    @property
    def names(self) -> list[str]:
        """The names of the metrics, sorted."""
        return sorted({series.ledger.name for series, _ in self._changes()})

    def get_value(self, name: str, tags: Mapping[str, Any] | None = None) -> float:
        """What was reported under *name*, or 0; with *tags*, of exactly these tags."""
        wanted = None if tags is None else flat(tags)
        changes = [
            (series, change)
            for series, change in self._changes()
            if series.ledger.name == name and wanted in {None, series.tags}
        ]
        return CapturedMetric(name, changes).value if changes else 0

    def end(self) -> None:
        """Hear of nothing more."""
        self._after = self._engine.states()

    def _changes(self) -> list[tuple[Series, Any]]:
        changes: list[tuple[Series, Any]] = []
        now = self._engine.states() if self._after is None else self._after
        for series, state in now.items():
            kind = series.ledger.kind
            change = kind.since(state, self._before.get(series, kind.nothing))
            if change != kind.nothing:
                changes.append((series, change))
        return changes


class capture_metrics(BothFaces):  # noqa: N801 - reads as a verb: `with capture_metrics() as m:`
    """See what is reported inside of the block, by all threads and tasks of the process.

    Nothing is reset: what is shown is the difference to what was counted before, so blocks nest,
    and counters that were made earlier work.  Telemetry is on inside of the block even if it is
    disabled; handlers hear of everything as usual.

    Args:
        manager: The default is the default manager.

    Examples:
        >>> from pepperpy.infra.telemetry import get_provider_telemetry
        >>> telemetry = get_provider_telemetry("shop")
        >>> with capture_metrics() as m:
        ...     telemetry.count("sold", 3)
        >>> m["sold"].value, m.names
        (3, ['sold'])
    """

    def __init__(self, manager: TelemetryManager | None = None) -> None:
        self._engine = engine_of(manager or TelemetryManager.get_instance())
        self._open: list[CapturedTelemetry] = []

    def __enter__(self) -> CapturedTelemetry:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        captured = CapturedTelemetry(self._engine)
        self._open.append(captured)
        self._engine.add_capture(captured, captured.events.append)
        return captured

    async def __aenter__(self) -> CapturedTelemetry:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        captured = self._open.pop()
        self._engine.remove_capture(captured)
        captured.end()
