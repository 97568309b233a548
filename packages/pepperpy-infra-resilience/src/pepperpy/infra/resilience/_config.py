"""`CircuitBreakerConfig`: when a circuit opens, and how it closes again."""

from __future__ import annotations

# Pydantic reads the annotations of a config that is a field of its models.
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any, TypedDict, cast

from pepperpy.infra.utils import did_you_mean
from pepperpy.infra.utils.wrapping import kind_of

from ._errors import InvalidPolicyError, invalid
from ._options import seconds, share, whole


class BreakerOptions(TypedDict, total=False):
    """The fields of a `CircuitBreakerConfig`, as keyword arguments."""

    failure_threshold: int
    recovery_timeout: float | timedelta
    success_threshold: int
    half_open_calls: int
    failure_rate: float | None
    window: int | float | timedelta
    minimum_calls: int
    slow_call: float | timedelta | None
    slow_rate: float
    recovery_backoff: float
    recovery_max: float | timedelta
    jitter: float
    failure_exceptions: type[Exception] | Iterable[type[Exception]]
    ignored_exceptions: type[Exception] | Iterable[type[Exception]]
    is_failure: Callable[[Exception], object] | None
    failure_result: Callable[[Any], object] | None
    max_keys: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitBreakerConfig:
    """When a circuit opens, and how it closes again.  Two that say the same are equal.

    Raises:
        InvalidPolicyError: If a field makes no sense; it is a `ValueError`.

    Examples:
        >>> CircuitBreakerConfig(failure_threshold=3, recovery_timeout=30).recovery_timeout
        30.0
    """

    failure_threshold: int = 5
    """Failures in a row that open the circuit; unused with a *failure_rate*."""
    recovery_timeout: float | timedelta = 60.0
    """Seconds, or a `timedelta`, after which an open circuit admits its first probe."""
    success_threshold: int = 1
    """Probes that must succeed before the circuit closes."""
    half_open_calls: int = 1
    """Probes at the same time, at most."""
    failure_rate: float | None = None
    """The share of failed calls, above 0 to 1, that opens the circuit."""
    window: int | float | timedelta = 100
    """What rates are taken over: the last so many calls, or the time of a `timedelta`."""
    minimum_calls: int = 10
    """Calls in the window below which no rate opens the circuit."""
    slow_call: float | timedelta | None = None
    """Seconds from which on a call is slow.  Without a *failure_rate* a slow call is a failure."""
    slow_rate: float = 1.0
    """The share of slow calls in the window that opens the circuit, beside the *failure_rate*."""
    recovery_backoff: float = 1.0
    """What *recovery_timeout* is multiplied with each time that a probe fails."""
    recovery_max: float | timedelta = 600.0
    """Seconds that the growing *recovery_timeout* does not exceed."""
    jitter: float = 0.0
    """The share of *recovery_timeout* that is random, so that many processes do not probe at once."""
    failure_exceptions: type[Exception] | Iterable[type[Exception]] = (Exception,)
    """Errors that are failures.  All others count neither way, nor does a `RejectedError` of another
    policy unless it is named here."""
    ignored_exceptions: type[Exception] | Iterable[type[Exception]] = ()
    """Errors that are no failures although they are of those kinds."""
    is_failure: Callable[[Exception], object] | None = None
    """Decides on the errors that the types let through."""
    failure_result: Callable[[Any], object] | None = None
    """Says of a result whether it is a failure."""
    max_keys: int = 1000
    """Breakers that `CircuitBreaker.for_key` keeps."""

    def __post_init__(self) -> None:
        for option in ("failure_threshold", "success_threshold", "half_open_calls"):
            whole(getattr(self, option), option)
        whole(self.minimum_calls, "minimum_calls")
        whole(self.max_keys, "max_keys")
        self._set("recovery_timeout", seconds(self.recovery_timeout, "recovery_timeout"))
        self._set("recovery_max", seconds(self.recovery_max, "recovery_max"))
        if self.failure_rate is not None:
            self._set("failure_rate", share(self.failure_rate, "failure_rate"))
        self._set("slow_rate", share(self.slow_rate, "slow_rate"))
        self._set("jitter", share(self.jitter, "jitter", zero=True))
        if self.slow_call is not None:
            self._set("slow_call", seconds(self.slow_call, "slow_call", zero=False))
        if not 1 <= _number(self.recovery_backoff) < 1000:
            invalid(
                "recovery_backoff", self.recovery_backoff, "must be a number from 1 to below 1000"
            )
        self._check_window()
        for option in ("failure_exceptions", "ignored_exceptions"):
            self._set(option, error_types(getattr(self, option), option))
        _check_predicate(self.is_failure, "is_failure")
        _check_predicate(self.failure_result, "failure_result")

    def _set(self, option: str, value: object) -> None:
        object.__setattr__(self, option, value)  # what dataclasses do in a frozen __init__

    def _check_window(self) -> None:
        if isinstance(self.window, timedelta):
            seconds(self.window, "window", zero=False)
            return
        size = whole(self.window, "window, unless it is a timedelta,")
        if self.failure_rate is not None and size < self.minimum_calls:
            raise InvalidPolicyError(
                f"window={size} never holds minimum_calls={self.minimum_calls}, so the circuit "
                "could not open; make the window larger, or the minimum smaller",
                option="window",
                value=size,
            )


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else -1


def error_types(given: Any, option: str) -> tuple[type[Exception], ...]:
    """Kinds of errors as a tuple of them.

    Raises:
        InvalidPolicyError: If *given* is something else.
    """
    advice = "must be kinds of Exception (all others always pass through)"
    try:
        kinds: tuple[object, ...] = (given,) if isinstance(given, type) else tuple(given)
    except TypeError:
        invalid(option, given, advice)
    if not kinds and option == "failure_exceptions":
        invalid(option, given, "must name at least one; without a failure nothing opens")
    for kind in kinds:
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            invalid(option, kind, advice)  # pyright: ignore[reportUnknownArgumentType]
    return cast("tuple[type[Exception], ...]", kinds)


def _check_predicate(predicate: object, option: str) -> None:
    if predicate is None:
        return
    if not callable(predicate) or kind_of(predicate).is_async:
        invalid(option, predicate, "must be a plain function")


def config_of(
    config: CircuitBreakerConfig | Mapping[str, Any] | None, options: BreakerOptions
) -> CircuitBreakerConfig:
    """*config* with *options* in place of its own."""
    changes: dict[str, Any] = {**options}
    if isinstance(config, Mapping):
        changes = {**config, **options}
        config = None
    if config is not None and not isinstance(config, CircuitBreakerConfig):  # pyright: ignore[reportUnnecessaryIsInstance] # what people pass
        invalid("config", config, "must be a CircuitBreakerConfig, or a mapping with its fields")
    names = [field.name for field in fields(CircuitBreakerConfig)]
    for name in changes:
        if name not in names:
            raise TypeError(f"a CircuitBreakerConfig has no {name}; {did_you_mean(name, names)}")
    return replace(config or _DEFAULT, **changes) if changes else config or _DEFAULT


_DEFAULT = CircuitBreakerConfig()


def shown(config: CircuitBreakerConfig) -> dict[str, object]:
    """Its figures, for inspection."""
    values = {field.name: getattr(config, field.name) for field in fields(config)}
    return {
        name: value
        for name, value in values.items()
        if value is None or isinstance(value, (int, float))
    }
