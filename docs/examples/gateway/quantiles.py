"""Quantiles: exact ones from single values, and telemetry's from its histograms."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from evidence import Evidence
from names import SECONDS, UPSTREAM_SECONDS, VALIDATION_SECONDS

SHARES = (0.5, 0.9, 0.99)
MEASURED = {
    SECONDS: "ms",
    VALIDATION_SECONDS: "validation_ms",
    UPSTREAM_SECONDS: "upstream_ms",
}
"""What telemetry and the log call the same figures."""


@dataclass(frozen=True, slots=True)
class Quantile:
    """One quantile of what the gateway measured since its last start, in ms."""

    name: str
    share: float
    exact: float  # from the lines of the log
    telemetry: float  # from the histogram
    promised: float  # how far the histogram may be off, as a share

    @property
    def error(self) -> float:
        """How far telemetry is off, as a share."""
        return abs(self.telemetry - self.exact) / self.exact if self.exact else 0.0


def quantile(values: Iterable[float], share: float) -> float:
    """The value below which a *share* of *values* lies; not a number if there is none.

    Of two neighbours it takes the lower one, as telemetry's histograms do.

    Examples:
        >>> quantile([3.0, 1.0, 2.0, 4.0], 0.5)
        2.0
    """
    ordered = sorted(values)
    return ordered[math.floor(share * (len(ordered) - 1))] if ordered else math.nan


def half_a_bucket(scale: int) -> float:
    """How far the middle of a histogram's bucket is from its ends, as a share.

    Examples:
        >>> f"{half_a_bucket(5):.2%}"  # what they begin with
        '1.09%'
    """
    return math.exp2(0.5 / 2**scale) - 1


def compare(run: Evidence) -> list[Quantile]:
    """Telemetry's quantiles beside the exact ones of the very same values."""
    if run.telemetry is None:
        return []
    lines = run.log.last[1].requests
    values = {
        name: [line[field] for line in lines if line[field] is not None]
        for name, field in MEASURED.items()
    }
    histograms = {name: run.telemetry.histogram(name) for name in MEASURED}
    return [
        Quantile(
            name=name,
            share=share,
            exact=quantile(values[name], share),
            telemetry=histograms[name].quantile(share) * 1000,
            promised=half_a_bucket(histograms[name].scale),
        )
        for name in MEASURED
        if values[name]
        for share in SHARES
    ]
