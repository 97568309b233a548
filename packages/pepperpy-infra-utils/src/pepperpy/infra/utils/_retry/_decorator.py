"""`retry`: what users call, in all its spellings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypedDict, TypeVar, overload

from pepperpy.infra.utils._clock import Clock
from pepperpy.infra.utils._nearest import did_you_mean
from pepperpy.infra.utils.wrapping import Kind, decorate, kind_of, name_of

from ._budget import RetryBudget
from ._engine import Engine
from ._settings import InvalidRetryError, invalid, settings
from ._testing import RetryTesting
from ._wrapper import wrapper_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta
    from types import CodeType
    from typing import Unpack

    from ._attempt import RetryAttempt
    from ._settings import Settings

F = TypeVar("F", bound="Callable[..., Any] | classmethod[Any, ..., Any] | staticmethod[..., Any]")


_CONTEXT_MANAGERS = ("contextmanager.<locals>.helper", "asynccontextmanager.<locals>.helper")


class _Three(int):
    """The default of *max_attempts*; as an object of its own it can be told from a given 3."""


_THREE = _Three(3)


class RetryOptions(TypedDict, total=False):
    max_attempts: int | None
    max_retries: int | None
    delay: float | timedelta
    backoff: float
    max_delay: float | timedelta | None
    jitter: bool | float
    exceptions: (
        type[BaseException] | tuple[type[BaseException], ...] | Callable[[Exception], object]
    )
    retry_on_result: Callable[[Any], object] | None
    max_elapsed: float | timedelta | None
    budget: RetryBudget | None
    on_retry: Callable[[RetryAttempt], object] | None
    retry_exhausted: bool
    name: str | None
    clock: Clock | None


class _Decorator(Protocol):
    def __call__(self, func: F, /) -> F: ...


class Retry:
    """Call a function again when it fails, after a growing, random delay.

    Works as ``@retry``, ``@retry(max_attempts=5)`` and ``retry(function, max_attempts=5)``; on
    functions, coroutine functions, methods, and on generators of both kinds, which are repeated
    only before their first item.

    The last error is raised as it is, with a note such as "3 attempts in 2.1 s".  A
    ``Retry-After`` that an error or its response carries goes before the computed delay.  No
    sleep lasts beyond a `deadline`.  Cancellation, `KeyboardInterrupt` and the end of an iteration
    always pass.  An error that a retry further in has given up on is not retried again; one from
    another task or thread, at most once.

    Args:
        func: What to retry.
        max_attempts: Calls in all, `None` for any number.
        max_retries: Calls after the first one; the other way to say *max_attempts*.
        delay: Seconds, or a `timedelta`, before the second attempt.
        backoff: What each further delay is multiplied with.
        max_delay: Seconds that no delay exceeds, `None` for no limit.
        jitter: `True` waits a random part of the delay; a number from 0 to 1 is the share of it
            that is random.
        exceptions: A type, several of them, or a function of the error: which errors are worth
            another attempt.
        retry_on_result: A function of the result: true for one that is worth another attempt.
            After the last one the result is returned as it is.
        max_elapsed: Seconds since the call after which no attempt begins.
        budget: Limits the retries of many functions together.
        on_retry: Called before each delay.  A number that it returns is the delay, up to
            *max_delay*, unless the server asked for another one; a number that cannot be one
            raises `InvalidRetryError` from the error.  It may be ``async`` if the function is.
        retry_exhausted: Retry errors also when a retry further in has given up on them.
        name: For signals and hooks; the function's own by default.
        clock: What measures the time and sleeps.

    Raises:
        InvalidRetryError: At decoration, if an option does not exist or makes no sense, or there
            is no such function to retry; a `TypeError` and a `ValueError`.

    Examples:
        >>> answers = iter([ConnectionError("busy"), "hello"])
        >>> @retry(max_attempts=5, delay=0)
        ... def fetch():
        ...     answer = next(answers)
        ...     if isinstance(answer, Exception):
        ...         raise answer
        ...     return answer
        >>> fetch()
        'hello'
    """

    __slots__ = ("__name__", "__qualname__", "_kinds")

    def __init__(self, name: str, kinds: tuple[Kind, ...]) -> None:
        self.__name__: str = name
        self.__qualname__: str = name
        self._kinds = kinds

    def __repr__(self) -> str:
        return f"<decorator pepperpy.infra.utils.{self.__name__}>"

    def __reduce__(self) -> str:
        return self.__name__  # pickled by name, as functions are

    @overload
    def __call__(self, func: F, **options: Unpack[RetryOptions]) -> F: ...

    @overload
    def __call__(self, func: None = None, **options: Unpack[RetryOptions]) -> _Decorator: ...

    def __call__(
        self,
        func: F | None = None,
        *unnamed: object,
        max_attempts: int | None = _THREE,
        max_retries: int | None = None,
        delay: float | timedelta = 1.0,
        backoff: float = 2.0,
        max_delay: float | timedelta | None = 60.0,
        jitter: bool | float = True,
        exceptions: type[BaseException]
        | tuple[type[BaseException], ...]
        | Callable[[Exception], object] = Exception,
        retry_on_result: Callable[[Any], object] | None = None,
        max_elapsed: float | timedelta | None = None,
        budget: RetryBudget | None = None,
        on_retry: Callable[[RetryAttempt], object] | None = None,
        retry_exhausted: bool = False,
        name: str | None = None,
        clock: Clock | None = None,
        **unknown: object,
    ) -> F | _Decorator:
        """Decorate *func*, or make a decorator with these options."""
        self._check_names(func, unnamed, unknown)
        if max_retries is not None and max_attempts is not _THREE:
            raise InvalidRetryError(
                f"max_attempts={max_attempts} and max_retries={max_retries} are two ways to say "
                "one thing; give one of them",
                option="max_retries",
                value=max_retries,
            )
        chosen = settings(
            max_attempts=max_attempts,
            max_retries=max_retries,
            delay=delay,
            backoff=backoff,
            max_delay=max_delay,
            jitter=jitter,
            exceptions=exceptions,
            retry_on_result=retry_on_result,
            max_elapsed=max_elapsed,
            retry_exhausted=retry_exhausted,
        )
        _check_helpers(budget, on_retry, clock)

        def wrap(inner: Callable[..., Any]) -> Callable[..., Any]:
            kind = self._kind_of(inner)
            hook_is_async = on_retry is not None and kind_of(on_retry) is Kind.COROUTINE
            _check_fit(inner, kind, chosen, on_retry, hook_is_async=hook_is_async)
            engine = Engine(
                chosen,
                name=name or name_of(inner),
                clock=clock,
                budget=budget,
                hook=on_retry,
                hook_is_async=hook_is_async,
                is_async=kind.is_async,
            )
            return wrapper_of(inner, engine, kind)

        def decorator(target: Any, /) -> Any:
            return decorate(target, wrap, label=self.__name__)

        return decorator if func is None else decorator(func)

    def testing(self, max_attempts: int | None = None, *, sleep: bool = False) -> RetryTesting:
        """A block in which retries do not wait; other tasks and threads do not notice.

        Args:
            max_attempts: Lowers the number of attempts; it never raises it.
            sleep: Wait after all.

        Examples:
            >>> @retry(delay=60)
            ... def fetch():
            ...     raise ConnectionError
            >>> with retry.testing() as record:
            ...     try:
            ...         fetch()
            ...     except ConnectionError:
            ...         len(record.attempts)
            2
        """
        return RetryTesting(max_attempts, sleep=sleep)

    def _check_names(
        self, func: object, unnamed: tuple[object, ...], unknown: Mapping[str, object]
    ) -> None:
        """Refuse options without a name, and those with a name that none has."""
        if unnamed or isinstance(func, (int, float)):
            given = (func, *unnamed)
            raise InvalidRetryError(
                f"options of {self.__name__} are given by name, like "
                f"{self.__name__}(max_attempts=5, delay=1.0); got {', '.join(map(repr, given))}",
                option="func",
                value=func,
            )
        for name, value in unknown.items():
            hint = did_you_mean(name, RetryOptions.__annotations__)
            raise InvalidRetryError(
                f"{self.__name__}() has no option {name!r}; {hint}", option=name, value=value
            )

    def _kind_of(self, inner: Callable[..., Any]) -> Kind:
        kind = kind_of(inner)
        if kind not in self._kinds:
            raise InvalidRetryError(
                f"{self.__name__} decorates coroutine functions and async generator functions; "
                f"{name_of(inner)} is a {kind.value}: use retry",
                option="func",
                value=inner,
            )
        return kind


def _check_helpers(budget: object, on_retry: object, clock: object) -> None:
    if budget is not None and not isinstance(budget, RetryBudget):
        raise invalid("budget", budget, "must be a RetryBudget, shared by those who use it")
    if on_retry is not None and not callable(on_retry):
        raise invalid("on_retry", on_retry, "must be a function of a RetryAttempt")
    if clock is not None and not isinstance(clock, Clock):
        raise invalid("clock", clock, "must be a Clock, or of a class derived from it")


def _check_fit(
    inner: Callable[..., Any],
    kind: Kind,
    chosen: Settings,
    on_retry: Callable[[RetryAttempt], object] | None,
    *,
    hook_is_async: bool,
) -> None:
    """Refuse a function that cannot be retried, and options that make no sense for it."""
    code: CodeType | None = getattr(inner, "__code__", None)
    if code is not None and code.co_qualname in _CONTEXT_MANAGERS:
        raise InvalidRetryError(
            f"{name_of(inner)} makes a context manager, and fails only in the with statement, "
            "where no retry sees it; write @contextmanager above the retry",
            option="func",
            value=inner,
        )
    if hook_is_async and not kind.is_async:
        raise invalid(
            "on_retry", on_retry, f"must be a plain function, as nobody awaits in {name_of(inner)}"
        )
    if chosen.retry_on_result is not None and kind.is_generator:
        raise invalid(
            "retry_on_result",
            chosen.retry_on_result,
            f"cannot judge {name_of(inner)}, which yields items and returns no result",
        )


retry: Retry = Retry("retry", tuple(Kind))
async_retry: Retry = Retry("async_retry", (Kind.COROUTINE, Kind.ASYNC_GENERATOR))
