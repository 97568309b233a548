"""How a pool behaves: checked where it is written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta  # for pydantic too, which reads the annotations of a section
from typing import Any, Final

from pepperpy.infra.utils import to_seconds

from ._errors import PoolConfigError

_MAY_BE_ZERO: Final = frozenset({"acquire_timeout", "close_timeout", "retry_delay"})
_ENDLESS: Final = frozenset(
    {"acquire_timeout", "health_check_interval", "idle_timeout", "leak_threshold", "max_lifetime"}
)
_LIMITS: Final = ("connect_timeout", "reset_timeout", "validate_timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPoolConfig:
    """Sizes, limits and times of a pool.

    Times are seconds or a `timedelta`, and are kept as seconds.  `None` means "no limit", and for
    an interval "never".

    Raises:
        PoolConfigError: If a value makes no sense; it is a `ValueError`.

    Examples:
        >>> ConnectionPoolConfig(min_size=2, max_size=5).acquire_timeout
        10.0
        >>> ConnectionPoolConfig(min_size=6, max_size=5)
        Traceback (most recent call last):
            ...
        pepperpy.infra.connection.PoolConfigError: min_size must be at most max_size, 5; got 6
    """

    min_size: int = 1
    """How many connections are kept open; 0 opens none before it is needed."""
    max_size: int = 10
    """How many are open at most, those that are being opened or closed included."""
    max_waiting: int | None = None
    """How many callers may wait; one more is refused at once."""
    acquire_timeout: float | timedelta | None = 10.0
    """How long a caller waits for a connection."""
    connect_timeout: float | timedelta | None = 30.0
    close_timeout: float | timedelta = 10.0
    """How long closing the pool waits for connections on loan, and for each one to close."""
    idle_timeout: float | timedelta | None = 60.0
    """How long a connection beyond *min_size* may be idle."""
    max_lifetime: float | timedelta | None = 3600.0
    """How old a connection may become."""
    lifetime_jitter: float = 0.1
    """By which share of it a lifetime may be shorter, so that not all end at once; 0 to 1."""
    validate_on_acquire: bool = True
    """Whether a connection that was not checked lately is checked before it is lent."""
    validate_interval: float | timedelta | None = 30.0
    """For how long a check holds; 0 checks each time."""
    validate_timeout: float | timedelta | None = 5.0
    """How long a check may take; one that takes longer has failed."""
    reset_timeout: float | timedelta | None = 5.0
    retry_attempts: int = 3
    """How often in a row the pool itself tries to open a connection, to keep *min_size*."""
    retry_delay: float | timedelta = 1.0
    """The wait between those attempts; it doubles each time.  Callers get the error at once."""
    health_check_interval: float | timedelta | None = 30.0
    """How often idle connections are looked after; none of them if `None`."""
    leak_threshold: float | timedelta | None = None
    """After how long on loan a connection is reported, with the stack of its borrower."""
    params: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """Whatever the hooks of the pool need; not shown, since it may hold secrets."""

    def __post_init__(self) -> None:
        _whole("min_size", self.min_size, 0)
        _whole("max_size", self.max_size, 1)
        _whole("retry_attempts", self.retry_attempts, 0)
        if self.max_waiting is not None:
            _whole("max_waiting", self.max_waiting, 0)
        check_sizes(self.min_size, self.max_size)
        for name in (*_ENDLESS, *_LIMITS, "close_timeout", "retry_delay", "validate_interval"):
            object.__setattr__(self, name, _seconds(name, getattr(self, name)))
        if not 0 <= to_seconds(self.lifetime_jitter) <= 1:
            raise _invalid("lifetime_jitter", "a number from 0 to 1", self.lifetime_jitter)
        flag: Any = self.validate_on_acquire
        if not isinstance(flag, bool):
            raise _invalid("validate_on_acquire", "True or False", flag)
        params: Any = self.params
        if not isinstance(params, Mapping):
            raise PoolConfigError(
                f"params must be a mapping; got {type(params).__name__}", option="params"
            )


def check_sizes(min_size: int, max_size: int) -> None:
    """Refuse sizes that are none, or contradict each other."""
    _whole("min_size", min_size, 0)
    _whole("max_size", max_size, 1)
    if min_size > max_size:
        raise _invalid("min_size", f"at most max_size, {max_size}", min_size)


def _whole(name: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise _invalid(name, f"a whole number from {least} on", value)


def _seconds(name: str, value: Any) -> float | None:
    if value is None and (name in _ENDLESS or name in _LIMITS or name == "validate_interval"):
        return None
    seconds = to_seconds(value)
    if name in _MAY_BE_ZERO or name == "validate_interval":
        if 0 <= seconds < math.inf:
            return seconds
        raise _invalid(name, "finite seconds from 0 on, or a timedelta", value)
    if 0 < seconds < math.inf:
        return seconds
    raise _invalid(name, "finite seconds above 0, or a timedelta", value)


def _invalid(name: str, wanted: str, value: object) -> PoolConfigError:
    return PoolConfigError(f"{name} must be {wanted}; got {value!r}", option=name)
