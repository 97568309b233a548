"""Numbers that people give, checked where they are given."""

from __future__ import annotations

from math import isfinite
from operator import index
from typing import Any, NoReturn

from pepperpy.infra.utils import to_seconds

from ._errors import InvalidOptionError


def whole(number: Any, option: str, *, least: int) -> int:
    """*number* as an int, if it is one; truth values are none.

    Raises:
        InvalidOptionError: If it is no whole number, or less than *least*.
    """
    try:
        value = least - 1 if isinstance(number, bool) else index(number)
    except TypeError:
        value = least - 1
    if value < least:
        refuse(option, f"a whole number >= {least}", number)
    return value


def within(number: Any, option: str, least: float, most: float) -> float:
    """*number* as a float, if it lies within these bounds.

    Raises:
        InvalidOptionError: If it does not, or is no number.
    """
    value = to_seconds(number)
    if not least <= value <= most:
        refuse(option, f"a number from {least} to {most}", number)
    return value


def figure(number: Any) -> float | None:
    """*number* as it is reported: an int or a float; `None` if it is no finite number."""
    value = to_seconds(number)
    if not isfinite(value):
        return None
    return number if isinstance(number, int | float) else value


def refuse(option: str, wanted: str, value: object) -> NoReturn:
    """Say which option must be what.

    Raises:
        InvalidOptionError: Always.
    """
    raise InvalidOptionError(f"{option} must be {wanted}; got {value!r}", option=option)
