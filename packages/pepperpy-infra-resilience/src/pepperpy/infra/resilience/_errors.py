"""What can go wrong here: every error of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from pepperpy.infra.utils import InfraError

from ._state import CircuitState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self


class ResilienceError(InfraError):
    """The root of the errors of `pepperpy.infra.resilience`."""

    code = "resilience"


class InvalidPolicyError(ResilienceError, ValueError, TypeError):
    """A breaker or policy was set up in a way that cannot work, told where it was written.

    *option* and *value* say which argument it was.
    """

    code = "resilience-option"


class CircuitConflictError(ResilienceError, ValueError):
    """A breaker of this name exists with another configuration; *name* is the name."""

    code = "resilience-conflict"


class UnknownCircuitError(ResilienceError, LookupError):
    """No breaker has this name; *name* is what was given."""

    code = "resilience-unknown"


class RejectedError(ResilienceError, RuntimeError):
    """The call was not made: a policy rejected it.

    A `Retry` does not repeat it, and a breaker around that policy does not count it.
    """

    code = "resilience-rejected"


class Refusal:
    """Why calls are rejected, made once a trip and shared by every error that tells of it."""

    __slots__ = ("last_failure", "name", "state", "until")

    def __init__(
        self, name: str, state: CircuitState, until: float, last_failure: Exception | None
    ) -> None:
        self.name: str = name
        self.state: CircuitState = state
        self.until: float = until
        self.last_failure: Exception | None = last_failure


class CircuitBreakerError(RejectedError):
    """The circuit is not closed, so the call was not made.

    It is never raised for a call that was made: that one raises its own error.
    """

    code = "resilience-circuit"

    # The C one: rejecting is what an open circuit does all day, and this halves what it costs.
    # The arguments are a `Refusal` and the clock's reading; the text is made when it is read.
    if TYPE_CHECKING:

        def __init__(self, *args: object) -> None: ...

    else:
        __init__ = Exception.__init__

    @property
    def name(self) -> str:
        """Of the breaker."""
        return self._refusal.name

    @property
    def state(self) -> CircuitState:
        """What the circuit was."""
        return self._refusal.state

    @property
    def retry_after(self) -> float | None:
        """Seconds after which a call may be admitted; `None` if no time will bring that about."""
        left = self._refusal.until - (self.args[1] if len(self.args) > 1 else 0.0)
        return left if 0 <= left < float("inf") else None

    @property
    def last_failure(self) -> Exception | None:
        """The error that opened the circuit, if one did.  It is not kept by pickling."""
        return self._refusal.last_failure

    @property
    def _refusal(self) -> Refusal:
        first = self.args[0] if self.args else None
        if isinstance(first, Refusal):
            return first
        return Refusal("" if first is None else str(first), CircuitState.OPEN, -1.0, None)

    def __str__(self) -> str:
        if not self.args or not isinstance(self.args[0], Refusal):
            return super().__str__()
        wait, last = self.retry_after, self.last_failure
        text = f"circuit {self.name!r} is {self.state.value.replace('_', ' ')}"
        if wait is not None:
            text += f"; try again in {wait:.3g} s"
        return text if last is None else f"{text}; last failure: {type(last).__qualname__}"

    def __repr__(self) -> str:
        return f"CircuitBreakerError({str(self)!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return _rejected, (self.name, self.state.value, self.retry_after)


def _rejected(name: str, state: str, retry_after: float | None) -> CircuitBreakerError:
    until = float("inf") if retry_after is None else retry_after
    return CircuitBreakerError(Refusal(name, CircuitState(state), until, None), 0.0)


class ProviderFallbackError(ResilienceError, ExceptionGroup[Exception]):
    """Every provider failed.  The error of each is in *exceptions*, in the order of *providers*."""

    code = "resilience-fallback"

    providers: tuple[str, ...]

    def __new__(
        cls, message: str, exceptions: Sequence[Exception], *, providers: Sequence[str] = ()
    ) -> Self:
        error = super().__new__(cls, message, exceptions)
        error.providers = tuple(providers)
        return error

    def __init__(
        self,
        message: str,
        exceptions: Sequence[Exception],
        *,
        providers: Sequence[str] = (),  # noqa: ARG002 - __new__ has taken them
    ) -> None:
        Exception.__init__(self, message, exceptions)

    def derive(self, excs: Sequence[Exception], /) -> ProviderFallbackError:  # type: ignore[override]
        """A group of some of them, as `split` and ``except*`` make it."""
        names = {
            id(error): name for error, name in zip(self.exceptions, self.providers, strict=False)
        }
        return ProviderFallbackError(
            self.message, excs, providers=[names.get(id(error), "") for error in excs]
        )


class BulkheadFullError(RejectedError):
    """As many calls as allowed are running, and no place became free in time.

    *name*, *max_concurrent* and *waiting* are attributes.
    """

    code = "resilience-bulkhead"


class RateLimitedError(RejectedError):
    """The rate is used up; *name* and *retry_after*, in seconds, are attributes."""

    code = "resilience-rate"

    retry_after: float


class CallTimeoutError(ResilienceError, TimeoutError):
    """The call took longer than it may; *seconds* is how long that is."""

    code = "resilience-timeout"

    seconds: float


class ChaosError(ResilienceError, ConnectionError):
    """What `Chaos` raises unless it is told otherwise."""

    code = "resilience-chaos"


def invalid(option: str, value: object, advice: str) -> NoReturn:
    """Raise the error that names *option*, *value* and what to write."""
    raise InvalidPolicyError(f"{option} {advice}; got {value!r}", option=option, value=value)
