"""Arguments of writes, checked."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import inf
from typing import Any, Final, TypeAlias

from pepperpy.infra.utils import Clock, to_seconds

from ._errors import InvalidOptionError

TTL: TypeAlias = "float | timedelta | datetime | None"
"""Seconds, a `timedelta`, a moment as an aware `datetime`, or `None` for no end."""

_CLOCK: Final = Clock()


def check_ttl(ttl: Any, clock: Clock = _CLOCK) -> float | None:
    """How many seconds are left, or `None` for no end; not above 0 if a moment is past.

    Raises:
        InvalidOptionError: If it is no duration above 0, and no moment.
    """
    if ttl is None:
        return None
    if isinstance(ttl, datetime):
        if ttl.utcoffset() is None:
            raise InvalidOptionError(
                f"a ttl that is a moment must have a time zone, like UTC; got {ttl!r}", option="ttl"
            )
        return ttl.timestamp() - clock.time()
    seconds = to_seconds(ttl)
    if not 0 < seconds < inf:
        raise InvalidOptionError(
            "ttl must be seconds above 0, a timedelta, an aware datetime, or None for no end; "
            f"got {ttl!r}",
            option="ttl",
        )
    return seconds


def check_condition(if_version: Any, if_absent: Any = False) -> None:
    """Refuse conditions that cannot be, or that nothing would check.

    Raises:
        InvalidOptionError: If so.
    """
    if if_version is not None:
        check_version(if_version)
        if if_absent:
            raise InvalidOptionError(
                "if_version= and if_absent= cannot both be given: a key that is absent has no version",
                option="if_version",
            )
    if if_absent.__class__ is not bool:
        raise InvalidOptionError(
            f"if_absent must be True or False; got {if_absent!r}", option="if_absent"
        )


def check_version(version: Any) -> int:
    """A version as `set` returns it.

    Raises:
        InvalidOptionError: If it is none.
    """
    if version.__class__ is not int or version < 1:
        raise InvalidOptionError(
            f"if_version must be a version that set() or get_entry() gave; got {version!r}",
            option="if_version",
        )
    return int(version)


def given(ttl: Any = None, if_version: Any = None, if_absent: Any = False) -> dict[str, Any]:
    """Those options of a write that were given: a provider of the older API has none of them."""
    options = {"ttl": ttl, "if_version": if_version, "if_absent": if_absent or None}
    return {name: value for name, value in options.items() if value is not None}


def check_count(count: Any, option: str) -> int:
    """How many, at least one.

    Raises:
        InvalidOptionError: If it is no such number.
    """
    if count.__class__ is not int or count < 1:
        raise InvalidOptionError(
            f"{option} must be a whole number from 1 on; got {count!r}", option=option
        )
    return int(count)
