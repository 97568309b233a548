"""`PrometheusCollector`: our metrics among those of a registry of prometheus_client."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from pepperpy.infra.utils import require_extra

from ._exposed import RESERVED
from ._families import families
from ._manager import TelemetryManager, engine_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.core import Metric


class PrometheusCollector:
    """Shows what *manager* has counted in a registry: ``REGISTRY.register(PrometheusCollector())``.

    The names are those of `prometheus_text`; they should not be those of other collectors.

    Args:
        manager: The default one if it is left out.

    Raises:
        MissingExtraError: If prometheus_client is not installed.
    """

    def __init__(self, manager: TelemetryManager | None = None) -> None:
        with require_extra("pepperpy-infra-telemetry", "prometheus"):
            import_module("prometheus_client.core")  # sooner than on the first scrape
        self._engine = engine_of(manager or TelemetryManager.get_instance())

    def describe(self) -> Iterable[Metric]:
        """Nothing yet: which metrics there are shows later."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every metric, as it is now."""
        from prometheus_client.core import Metric

        for family in families(self._engine.figures(), self._engine.exposed):
            metric = Metric(family.name, family.help, family.kind, family.unit)
            reserved = RESERVED[family.kind]
            for labels, samples in family.samples():
                for suffix, value, number in samples:
                    own = {reserved: value} if value else {}
                    metric.add_sample(family.name + suffix, {**dict(labels), **own}, number)
            yield metric
