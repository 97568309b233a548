"""`PrometheusCollector`: our metrics among those of a registry of prometheus_client."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from pepperpy.infra.utils import require_extra

from ._exposed import RESERVED
from ._families import families
from ._readable import source_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.core import Metric

    from ._readable import Readable


class PrometheusCollector:
    """Shows what *manager* has counted in a registry: ``REGISTRY.register(PrometheusCollector())``.

    The names are those of `prometheus_text`; they should not be those of other collectors.

    Args:
        manager: The default one if it is left out; or what `share_metrics` returns.

    Raises:
        MissingExtraError: If prometheus_client is not installed.
    """

    def __init__(self, manager: Readable | None = None) -> None:
        with require_extra("pepperpy-infra-telemetry", "prometheus"):
            import_module("prometheus_client.core")  # sooner than on the first scrape
        self._source = source_of(manager)

    def describe(self) -> Iterable[Metric]:
        """Nothing yet: which metrics there are shows later."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every metric, as it is now."""
        from prometheus_client.core import Metric

        for family in families(self._source.figures(), self._source.exposed):
            metric = Metric(family.name, family.help, family.kind, family.unit)
            reserved = RESERVED[family.kind]
            for labels, samples in family.samples():
                for suffix, value, number in samples:
                    own = {reserved: value} if value else {}
                    metric.add_sample(family.name + suffix, {**dict(labels), **own}, number)
            yield metric
