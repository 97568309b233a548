"""Durations and other numbers as people give them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ._errors import UtilsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta


class InvalidDurationError(UtilsError, ValueError, TypeError):
    """What should say how long is negative, or no number at all.

    *value* is what was given.
    """

    code = "utils-duration"


def number(value: Any) -> float:
    """*value* as a float, and NaN for all that is no number.

    Text and truth values are none: they are somebody's mistake.
    """
    if isinstance(value, (bool, str, bytes, bytearray)):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def to_seconds(value: Any) -> float:
    """A number, or a `timedelta`, as float seconds; NaN for all else.

    NaN is greater than nothing and less than nothing, so one comparison tells both that there is
    a duration and that it is in bounds.

    Examples:
        >>> from datetime import timedelta
        >>> to_seconds(timedelta(minutes=2)), 0 < to_seconds("soon")
        (120.0, False)
    """
    if isinstance(value, type):  # the class `timedelta` has the method as well
        return math.nan
    total: Callable[[], float] | None = getattr(value, "total_seconds", None)
    return number(value if total is None else total())


def duration(value: float | timedelta, what: str, *, endless: bool = True) -> float:
    """*value* as float seconds.

    Args:
        value: A number or a `timedelta`.
        what: Begins the message: the thing that it should be the length of.
        endless: Whether it may be infinite.

    Raises:
        InvalidDurationError: If it is negative or no number.
    """
    length = to_seconds(value)
    if length >= 0 and (endless or length < math.inf):
        return length
    raise InvalidDurationError(
        f"{what} must be seconds >= 0, or a timedelta; got {value!r}", value=value
    )
