"""What a retry was told to do, checked when it is written down."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pepperpy.infra.utils._durations import number, to_seconds
from pepperpy.infra.utils._errors import UtilsError
from pepperpy.infra.utils.wrapping import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

# What time.sleep() and the loops take without an OverflowError; thirty years.
_LONGEST = 1e9


class InvalidRetryError(UtilsError, ValueError, TypeError):
    """A retry was set up in a way that cannot work, told where it was written.

    *option* and *value* say which argument it was.
    """

    code = "utils-retry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The figures of a retry, and the decisions that depend on nothing else."""

    max_attempts: int | None
    delay: float
    backoff: float
    max_delay: float
    jitter: float
    """The share of each delay that is random."""
    exceptions: tuple[type[Exception], ...]
    wanted: Callable[[Exception], object] | None
    """Decides on the errors that *exceptions* lets through."""
    retry_on_result: Callable[[Any], object] | None
    max_elapsed: float | None
    retry_exhausted: bool

    def delay_after(self, attempt: int, draw: float) -> float:
        """Seconds to wait after the *attempt*-th failure.

        Args:
            attempt: 1 for the first.
            draw: A random number, at least 0 and less than 1.
        """
        if self.delay == 0:
            return 0.0
        try:
            delay = self.delay * self.backoff ** (attempt - 1)
        except OverflowError:
            delay = math.inf
        return min(delay, self.max_delay) * (1.0 - self.jitter * draw)


def settings(
    *,
    max_attempts: int | None,
    max_retries: int | None,
    delay: float | timedelta,
    backoff: float,
    max_delay: float | timedelta | None,
    jitter: bool | float,
    exceptions: object,
    retry_on_result: Callable[[Any], object] | None,
    max_elapsed: float | timedelta | None,
    retry_exhausted: bool,
) -> Settings:
    """The options of `retry` as settings.

    Raises:
        InvalidRetryError: If one of them makes no sense.
    """
    if max_retries is not None:
        max_attempts = 1 + whole(max_retries, "max_retries", least=0)
    elif max_attempts is not None:
        max_attempts = whole(max_attempts, "max_attempts", least=1)
    types, wanted = _selection(exceptions)
    if not types and retry_on_result is None:
        raise invalid("exceptions", exceptions, "must name at least one type; () repeats nothing")
    if retry_on_result is not None:
        _check_predicate(retry_on_result, "retry_on_result")
    return Settings(
        max_attempts=max_attempts,
        delay=min(seconds(delay, "delay"), _LONGEST),
        backoff=_factor(backoff),
        max_delay=_LONGEST if max_delay is None else min(seconds(max_delay, "max_delay"), _LONGEST),
        jitter=float(jitter) if isinstance(jitter, bool) else _share(jitter),
        exceptions=types,
        wanted=wanted,
        retry_on_result=retry_on_result,
        max_elapsed=None if max_elapsed is None else seconds(max_elapsed, "max_elapsed"),
        retry_exhausted=bool(retry_exhausted),
    )


def seconds(value: float | timedelta, option: str) -> float:
    """A duration as float seconds.

    Raises:
        InvalidRetryError: If it is negative, infinite or none.
    """
    length = to_seconds(value)
    if not 0 <= length < math.inf:
        raise invalid(option, value, "must be seconds >= 0, or a timedelta")
    return length


def invalid(option: str, value: object, advice: str) -> InvalidRetryError:
    """The error that names *option*, *value* and what to write."""
    return InvalidRetryError(f"{option} {advice}; got {value!r}", option=option, value=value)


def _factor(value: object) -> float:
    factor = number(value)
    if not 0 <= factor < math.inf:
        raise invalid("backoff", value, "must be a number >= 0, usually 1 or more")
    return factor


def _share(value: object) -> float:
    share = number(value)
    if not 0 <= share <= 1:
        raise invalid("jitter", value, "must be True, False, or a share from 0 to 1")
    return share


def whole(value: Any, option: str, *, least: int) -> int:
    """A number of times.

    Raises:
        InvalidRetryError: If it is no whole number, or below *least*.
    """
    try:
        count = operator.index(value)
    except TypeError:
        count = -1
    if isinstance(value, bool) or count < least:
        advice = "of None repeats without limit" if option == "max_attempts" else "of 0 never does"
        raise invalid(option, value, f"must be a whole number >= {least} ({option} {advice})")
    return count


def _selection(
    given: object,
) -> tuple[tuple[type[Exception], ...], Callable[[Exception], object] | None]:
    """The types to catch, and the predicate that decides on them."""
    if isinstance(given, (type, tuple)):
        kinds = cast("tuple[object, ...]", given if isinstance(given, tuple) else (given,))
        return tuple(_retryable(kind) for kind in kinds), None
    if callable(given):
        _check_predicate(given, "exceptions")
        return (Exception,), given
    raise invalid(
        "exceptions", given, "must be a type, a tuple of types, or a function of the error"
    )


def _retryable(kind: object) -> type[Exception]:
    if kind is BaseException:
        return Exception
    if isinstance(kind, type) and issubclass(kind, Exception):
        return kind
    advice = (
        "must be kinds of Exception (all others always pass through), or a function of the error"
    )
    raise invalid("exceptions", kind, advice)  # pyright: ignore[reportUnknownArgumentType] # for repr


def _check_predicate(predicate: object, option: str) -> None:
    if not callable(predicate):
        raise invalid(option, predicate, "must be a function that says whether to try again")
    if kind_of(predicate).is_async:
        # Its answer would be a coroutine, which is always true.
        raise invalid(option, predicate, "must be a plain function")
