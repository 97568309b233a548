"""Which reported values are numbers."""

from __future__ import annotations

import math
from typing import Any, Final

from pepperpy.infra.utils import to_seconds

LIMIT: Final = 1e300
"""No measurement is beyond it, and no sum of many below it overflows."""


def clean(values: list[Any], *, least: float = -LIMIT) -> list[float]:
    """The usable ones of *values*, as plain ints and floats."""
    cleaned = map(_plain, values)
    return [value for value in cleaned if least <= value <= LIMIT]  # NaN is in no range


def _plain(value: Any) -> float:
    if type(value) is int or type(value) is float:
        return value
    try:
        if isinstance(value, int):  # truth values among them
            return int(value)
        return float(to_seconds(value))
    except Exception:  # noqa: BLE001 - any object can be reported, and its methods can fail
        return math.nan
