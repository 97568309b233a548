"""Checks of what people write into options."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pepperpy.infra.utils import Clock, to_seconds

from ._errors import invalid

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

F = TypeVar("F", bound="Callable[..., Any]")

_LONGEST = 1e9  # seconds that every clock and lock takes; thirty years


def seconds(value: float | timedelta, option: str, *, zero: bool = True) -> float:
    """A duration as float seconds.

    Raises:
        InvalidPolicyError: If it is negative, infinite or none, or 0 where that makes no sense.
    """
    length = to_seconds(value)
    if not (0 <= length < math.inf and (zero or length > 0)):
        invalid(option, value, f"must be seconds {'>= 0' if zero else '> 0'}, or a timedelta")
    return min(length, _LONGEST)


def whole(value: Any, option: str, *, least: int = 1) -> int:
    """A number of things.

    Raises:
        InvalidPolicyError: If it is no whole number, or below *least*.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        invalid(option, value, f"must be a whole number >= {least}")
    return value


def share(value: Any, option: str, *, zero: bool = False) -> float:
    """A part of the whole.

    Raises:
        InvalidPolicyError: If it is not between 0 and 1.
    """
    part = math.nan if isinstance(value, bool) or not isinstance(value, (int, float)) else value
    if not (0 < part <= 1 or (zero and part == 0)):
        invalid(option, value, f"must be a share, {'from' if zero else 'above'} 0 to 1")
    return float(part)


def text(value: Any, option: str) -> str:
    """A name.

    Raises:
        InvalidPolicyError: If it is empty, or no text.
    """
    if not isinstance(value, str) or not value:
        invalid(option, value, "must be a text that is not empty")
    return value


def a_clock(value: Any) -> Clock:
    """*value*, or the system's clock for `None`.

    Raises:
        InvalidPolicyError: If it is no clock.
    """
    if value is not None and not isinstance(value, Clock):
        invalid("clock", value, "must be a Clock, or of a class derived from it")
    return value or _SYSTEM


_SYSTEM = Clock()


def older_names(**names: str) -> Callable[[F], F]:
    """Accept arguments also under what an earlier interface called them: ``old="new"``."""

    def decorate(func: F) -> F:
        @functools.wraps(func)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            for old in names.keys() & kwargs.keys():
                if names[old] in kwargs:
                    raise TypeError(f"{old} is an older name of {names[old]}; give one of them")
                kwargs[names[old]] = kwargs.pop(old)
            return func(*args, **kwargs)

        return cast("F", wrapper)

    return decorate
