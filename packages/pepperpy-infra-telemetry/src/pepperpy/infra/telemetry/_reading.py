"""What a series has counted, in the forms in which it is handed out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ._tags import as_dict
from ._types import DISTRIBUTIONS, Metric

if TYPE_CHECKING:
    from datetime import datetime

    from ._histogram import ExponentialHistogram
    from ._series import Series
    from ._tags import Flat
    from ._types import MetricType


class Figure(NamedTuple):
    """What exporters that are asked read of one series: everything since the process began."""

    name: str
    type: MetricType
    tags: Flat
    value: float | ExponentialHistogram


def metric_of(series: Series, change: Any, at: datetime) -> Metric:
    """What a handler is told of *change*."""
    ledger = series.ledger
    is_distribution = ledger.type in DISTRIBUTIONS
    return Metric(
        ledger.name,
        ledger.type,
        ledger.kind.number(change),
        as_dict(series.tags),
        at,
        change if is_distribution else None,
    )


def figure_of(series: Series, state: Any) -> Figure:
    """What exporters read of *state*."""
    ledger = series.ledger
    value = state if ledger.type in DISTRIBUTIONS else ledger.kind.number(state)
    return Figure(ledger.name, ledger.type, series.tags, value)


def record_of(series: Series, state: Any) -> dict[str, Any]:
    """What a snapshot says of *state*."""
    ledger = series.ledger
    record: dict[str, Any] = {
        "name": ledger.name,
        "type": ledger.type.value,
        "tags": as_dict(series.tags),
        "value": ledger.kind.number(state),
    }
    if ledger.type in DISTRIBUTIONS:
        record["histogram"] = state.to_dict()
    if series.route is not None:
        record["handler"] = series.route
    return record
