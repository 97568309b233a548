"""What `cached` was told, checked when it is written down."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import to_seconds

from ._errors import InvalidOptionError, InvalidTTLError
from ._weigh import weight_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How long results are kept, how many, and which.

    Raises:
        InvalidTTLError: If a time makes no sense.
        InvalidOptionError: If something else makes none.
    """

    ttl: float | timedelta | Callable[[Any], float | timedelta | None] | None = None
    max_size: int | None = 1024
    max_bytes: int | None = None
    weigh: Callable[[Any], int] | None = None
    stale_for: float | timedelta = 0.0
    refresh_ahead: float = 0.0
    stale_on_error: float | timedelta = 0.0
    jitter: float = 0.0
    none_ttl: float | timedelta | None = None
    cache_errors: type[Exception] | tuple[type[Exception], ...] = ()
    error_ttl: float | timedelta | None = None
    cache_if: Callable[[Any], object] | None = None
    on_remove: Callable[[Any, str], object] | None = None
    copy: bool | Callable[[Any], Any] = False

    def __post_init__(self) -> None:
        if not callable(self.ttl) or isinstance(self.ttl, type):
            self._to_seconds("ttl", "or a function of the result, or None for 'never expires'")
        self._to_seconds("none_ttl", "or None for the ttl of any result")
        self._to_seconds("error_ttl", "or None for the 1 s that is the default")
        for name in ("stale_for", "stale_on_error"):
            seconds = to_seconds(getattr(self, name))
            if not seconds >= 0:
                raise _invalid_time(self, name, "be seconds >= 0, or a timedelta")
            self._set(name, seconds)
        for name in ("jitter", "refresh_ahead"):
            share = to_seconds(getattr(self, name))
            if not 0 <= share < 1:
                raise self._invalid(name, "be a share of the ttl, from 0 to less than 1")
            self._set(name, share)
        for name in ("max_size", "max_bytes"):
            check_size(name, getattr(self, name))
        self._check_functions()
        self._check_errors()
        self._check_pairs()

    def _to_seconds(self, name: str, otherwise: str) -> None:
        value = getattr(self, name)
        if value is None:
            return
        seconds = to_seconds(value)
        if not seconds > 0:
            raise _invalid_time(self, name, f"be positive seconds, a timedelta, {otherwise}")
        self._set(name, seconds)

    def _check_functions(self) -> None:
        for name in ("weigh", "cache_if", "on_remove"):
            value = getattr(self, name)
            if value is not None and not callable(value):
                raise self._invalid(name, "be a function of the result")
        if not isinstance(self.copy, bool) and not callable(self.copy):
            raise self._invalid("copy", "be True, False, or a function that copies a result")

    def _check_errors(self) -> None:
        given: Any = self.cache_errors
        kinds: tuple[Any, ...] = given if given.__class__ is tuple else (given,)
        if not all(isinstance(kind, type) and issubclass(kind, Exception) for kind in kinds):
            raise self._invalid("cache_errors", "be a type of Exception, or several of them")
        self._set("cache_errors", kinds or ((Exception,) if self.error_ttl is not None else ()))
        self._set("error_ttl", 1.0 if self.error_ttl is None else self.error_ttl)

    def _check_pairs(self) -> None:
        if self.weigh is not None and self.max_bytes is None:
            raise self._invalid("weigh", "go with max_bytes=, which it weighs for")
        for name in ("stale_for", "refresh_ahead", "stale_on_error", "jitter"):
            if getattr(self, name) and self.ttl is None and self.none_ttl is None:
                raise self._invalid(name, "go with ttl=, since nothing expires without one")

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _invalid(self, name: str, wanted: str) -> InvalidOptionError:
        value = getattr(self, name)
        return InvalidOptionError(f"{name} must {wanted}; got {value!r}", option=name, value=value)

    @property
    def can_expire(self) -> bool:
        """Whether anything about a result makes it end."""
        return self.ttl is not None or self.none_ttl is not None or bool(self.cache_errors)

    @property
    def is_endless(self) -> bool:
        """Whether all results are kept, as they are."""
        return self.max_size is None and self.max_bytes is None and not self.copy

    @property
    def is_simple(self) -> bool:
        """Whether a value and a deadline say all about a result."""
        return self.max_bytes is None and not (
            self.jitter or self.stale_for or self.stale_on_error or self.refresh_ahead
        )

    def life_of(self, result: Any) -> float:
        """How many seconds *result* is good for; not above 0 for one that is not kept.

        Raises:
            InvalidTTLError: If the *ttl* is a function and did not return a duration.
        """
        if result is None and self.none_ttl is not None:
            return self.none_ttl  # type: ignore[return-value]
        if self.ttl is None:
            return math.inf
        if not callable(self.ttl):
            return self.ttl  # type: ignore[return-value]
        told = self.ttl(result)
        life = math.inf if told is None else to_seconds(told)
        if math.isnan(life):
            raise InvalidTTLError(
                "the function given as ttl must return seconds, a timedelta, or None for 'never "
                f"expires'; got {told!r}",
                option="ttl",
                value=told,
            )
        return life

    def weight_of(self, result: Any) -> int:
        """How many bytes *result* takes.

        Raises:
            InvalidOptionError: If *weigh* did not return a number of bytes.
        """
        if self.weigh is None:
            return weight_of(result)
        weight: Any = self.weigh(result)
        if not isinstance(weight, int) or isinstance(weight, bool) or weight < 0:
            raise InvalidOptionError(
                f"weigh must return a whole number of bytes; got {weight!r}",
                option="weigh",
                value=weight,
            )
        return weight


def check_size(name: str, value: object) -> None:
    """Refuse what cannot be the most of something.

    Raises:
        InvalidOptionError: If *value* is neither `None` nor a whole number from 1 on.
    """
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return
    raise InvalidOptionError(
        f"{name} must be a whole number from 1 on, or None for no limit; got {value!r}",
        option=name,
        value=value,
    )


def _invalid_time(settings: Settings, name: str, wanted: str) -> InvalidTTLError:
    value = getattr(settings, name)
    return InvalidTTLError(f"{name} must {wanted}; got {value!r}", option=name, value=value)
