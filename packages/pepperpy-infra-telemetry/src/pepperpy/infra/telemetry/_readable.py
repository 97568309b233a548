"""What a scrape can be answered from: a manager, or the shared metrics of several processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from ._manager import TelemetryManager, engine_of
from ._sharing import SharedMetrics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._exposed import ExposedNames
    from ._reading import Figure

Readable: TypeAlias = TelemetryManager | SharedMetrics


class Source(Protocol):
    """What exporters that are asked read."""

    @property
    def exposed(self) -> ExposedNames: ...

    def figures(self) -> Iterable[Figure]:
        """Everything since counting began."""
        ...


def source_of(given: Readable | None) -> Source:
    """Where to read from; the default manager if nothing is given."""
    if isinstance(given, SharedMetrics):
        return given
    return engine_of(given or TelemetryManager.get_instance())
