"""Arguments of writes, checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any, Final, TypeAlias

from pepperpy.infra.utils import Clock, to_seconds

from ._entry import Put
from ._errors import InvalidOptionError
from ._keys import check_key

TTL: TypeAlias = "float | timedelta | datetime | None"
"""Seconds, a `timedelta`, a moment as an aware `datetime`, or `None` for no end."""

_CLOCK: Final = Clock()
_LATEST: Final = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
_VERSIONS: Final = 1 << 63
_MOST: Final = 1 << 31  # no memory holds a page of so many


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
        seconds = ttl.timestamp() - clock.time()
    else:
        seconds = to_seconds(ttl)
        if not 0 < seconds < inf:
            raise InvalidOptionError(
                "ttl must be seconds above 0, a timedelta, an aware datetime, or None for no end; "
                f"got {ttl!r}",
                option="ttl",
            )
    if clock.time() + seconds > _LATEST:
        raise InvalidOptionError(
            f"ttl must end before the year 10000, or be None for no end; got {ttl!r}", option="ttl"
        )
    return seconds


def check_end(ttl: Any) -> tuple[float | None, float | None]:
    """When a value ends by the clock of a server: seconds from now, or a moment in seconds since 1970.

    Both are `None` for no end.

    Raises:
        InvalidOptionError: As `check_ttl` does.
    """
    seconds = check_ttl(ttl)
    return (None, ttl.timestamp()) if isinstance(ttl, datetime) else (seconds, None)


def check_seconds(seconds: Any, option: str) -> float:
    """How long to wait for a server at most.

    Raises:
        InvalidOptionError: If it is no duration above 0.
    """
    checked = to_seconds(seconds)
    if not 0 < checked < inf:
        raise InvalidOptionError(
            f"{option} must be seconds above 0, or a timedelta; got {seconds!r}", option=option
        )
    return checked


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


def check_version(version: Any, option: str = "if_version") -> int:
    """A version as `set` returns it.

    Raises:
        InvalidOptionError: If it is none.
    """
    if version.__class__ is not int or not 0 < version < _VERSIONS:
        raise InvalidOptionError(
            f"{option} must be a version that set() or get_entry() gave; got {version!r}",
            option=option,
        )
    return int(version)


def check_mapping(given: Any, option: str) -> Mapping[Any, Any]:
    """Something by key.

    Raises:
        InvalidOptionError: If it is no mapping.
    """
    mapping: Mapping[Any, Any] = given
    if not isinstance(given, Mapping):
        raise InvalidOptionError(
            f"{option} must be a mapping of keys; got {type(given).__name__}", option=option
        )
    return mapping


def check_writes(writes: Any) -> dict[str, Put | None]:
    """What `apply` is to write.

    Raises:
        InvalidOptionError: If it is no mapping to `Put` and `None`.
        InvalidKeyError: If a key is none.
    """
    checked = {check_key(key): put for key, put in check_mapping(writes, "writes").items()}
    for key, put in checked.items():
        if put is not None and not isinstance(put, Put):
            raise InvalidOptionError(
                f"writes must have a Put(value) or None for each key; {key!r:.80} has "
                f"{type(put).__name__}",
                option="writes",
            )
    return checked


def check_expected(expect: Any) -> dict[str, int | None]:
    """The versions that `apply` is to find.

    Raises:
        InvalidOptionError: If one is none.
        InvalidKeyError: If a key is none.
    """
    if expect is None:
        return {}
    return {
        check_key(key): None if version is None else check_version(version, "expect")
        for key, version in check_mapping(expect, "expect").items()
    }


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


def check_limit(limit: Any) -> int:
    """How many entries a page has at most, as a number that every engine takes.

    Raises:
        InvalidOptionError: If it is no whole number from 1 on.
    """
    return min(check_count(limit, "limit"), _MOST)


def check_step(by: Any) -> int:
    """How far a counter moves.

    Raises:
        InvalidOptionError: If it is no whole number.
    """
    if by.__class__ is not int:
        raise InvalidOptionError(f"by must be a whole number; got {by!r}", option="by")
    return int(by)
