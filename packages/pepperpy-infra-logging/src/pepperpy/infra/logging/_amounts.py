"""Sizes and durations as people write them: ``"100 MB"``, ``"7 days"``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from pepperpy.infra.utils import to_seconds

_WRITTEN = re.compile(r"\s*(\d{1,12}(?:\.\d{1,9})?)\s*([A-Za-z]*)\s*", re.ASCII)

_BYTES = {
    "": 1,
    "b": 1,
    "byte": 1,
    "bytes": 1,
    **{f"{unit}b": 1000**power for power, unit in enumerate("kmgt", 1)},
    **{f"{unit}ib": 1024**power for power, unit in enumerate("kmgt", 1)},
}
# No "m": to some it is a minute, to others a month.
_SECONDS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 7 * 86_400),
}


def size_of(value: Any) -> int | None:
    """Bytes: a whole number, or text like ``"100 MB"``; None for all that is no size above 0."""
    if isinstance(value, str):
        number = _read(value, _BYTES)
    else:
        number = value if isinstance(value, int) and not isinstance(value, bool) else None
    return int(number) if number is not None and number >= 1 else None


def span_of(value: Any) -> float | None:
    """Seconds: a `timedelta`, or text like ``"7 days"``; None for all that is no time above 0."""
    if isinstance(value, str):
        seconds = _read(value, _SECONDS)
    else:
        seconds = to_seconds(value) if isinstance(value, timedelta) else None
    return float(seconds) if seconds is not None and seconds > 0 else None


def _read(text: str, units: dict[str, int]) -> float | None:
    found = _WRITTEN.fullmatch(text)
    factor = units.get(found[2].lower()) if found else None
    if found is None or factor is None:
        return None
    # Whole numbers stay whole: a float would round the bytes of large files.
    return (float if "." in found[1] else int)(found[1]) * factor
