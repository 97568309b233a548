"""Moments: aware, in UTC, so that no change to or from summer time moves them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from pepperpy.infra.utils import to_seconds

from ._errors import InvalidSettingError


def moment(seconds: float) -> datetime:
    """The moment that is *seconds* after the beginning of 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def checked(value: datetime | None, option: str) -> datetime | None:
    """*value* in UTC.

    Raises:
        InvalidSettingError: If it is naive: such a time happens twice, or never, once a year.
    """
    given: Any = value
    if value is None:
        return None
    if not isinstance(given, datetime) or value.utcoffset() is None:
        raise InvalidSettingError(
            f"{option} must be an aware datetime, like datetime.now(UTC); got {value!r}",
            option=option,
        )
    return value.astimezone(UTC)


def lasting(value: float | timedelta, option: str) -> float:
    """A duration in seconds.

    Raises:
        InvalidSettingError: If it is negative, endless or none.
    """
    seconds = to_seconds(value)
    if 0 <= seconds < math.inf:
        return seconds
    raise InvalidSettingError(
        f"{option} must be finite seconds from 0 on, or a timedelta; got {value!r}", option=option
    )


def after(now: float, value: float | timedelta, option: str) -> datetime:
    """The moment that comes *value* after *now*.

    Raises:
        InvalidSettingError: If *value* is no duration, or the moment has no date.
    """
    seconds = lasting(value, option)
    try:
        return moment(now) + timedelta(seconds=seconds)
    except OverflowError as error:
        raise InvalidSettingError(
            f"{option} reaches beyond the year 9999; leave it out for 'never'; got {value!r}",
            option=option,
        ) from error
