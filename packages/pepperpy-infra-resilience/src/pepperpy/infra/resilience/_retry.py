"""`Retry`: the retry of `pepperpy.infra.utils` as a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, cast

from pepperpy.infra.utils import RetryBudget, retry

from ._errors import RejectedError
from ._policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta
    from typing import Unpack

    from pepperpy.infra.utils import Clock, RetryAttempt


class RetryOptions(TypedDict, total=False):
    """What `pepperpy.infra.utils.retry` takes."""

    max_attempts: int | None
    max_retries: int | None
    delay: float | timedelta
    backoff: float
    max_delay: float | timedelta | None
    jitter: bool | float
    exceptions: type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], object]
    retry_on_result: Callable[[Any], object] | None
    max_elapsed: float | timedelta | None
    budget: RetryBudget | None
    on_retry: Callable[[RetryAttempt], object] | None
    retry_exhausted: bool
    name: str | None
    clock: Clock | None


class Retry(Policy):
    """Calls a function again when it fails: `pepperpy.infra.utils.retry`, as a policy.

    It does not repeat what a policy further in rejected, such as an open circuit or a full
    bulkhead: these say that another call is not wanted now.

    Args:
        options: Those of `retry`: *max_attempts*, *delay*, *backoff*, *exceptions*, *budget* and
            the others.

    Raises:
        InvalidRetryError: If an option makes no sense.

    Examples:
        >>> answers = iter([ConnectionError("busy"), "hello"])
        >>> def fetch():
        ...     answer = next(answers)
        ...     if isinstance(answer, Exception):
        ...         raise answer
        ...     return answer
        >>> Retry(max_attempts=3, delay=0).execute(fetch)
        'hello'
    """

    __slots__ = ("_options",)

    def __init__(self, **options: Unpack[RetryOptions]) -> None:
        retry(**options)  # which looks at them
        self.name: str = options.get("name") or "retry"
        self._options = options.copy()
        self._options["exceptions"] = _unless_rejected(options.get("exceptions", Exception))

    def __repr__(self) -> str:
        given = {key: value for key, value in self._options.items() if key != "exceptions"}
        return f"Retry({', '.join(f'{key}={value!r}' for key, value in given.items())})"

    @property
    def has_budget(self) -> bool:
        """Whether it has a budget of its own."""
        return self._options.get("budget") is not None

    def with_budget(self, budget: RetryBudget) -> Retry:
        """The same, paying from *budget*."""
        options: RetryOptions = {**self._options, "budget": budget}
        return Retry(**options)

    def around(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """*func* with the retry around it."""
        return retry(func, **self._options)


def _unless_rejected(wanted: object) -> Callable[[Exception], object]:
    if isinstance(wanted, (type, tuple)):
        kinds = cast("tuple[type[Exception], ...]", wanted)
        return lambda error: isinstance(error, kinds) and not isinstance(error, RejectedError)
    judge = cast("Callable[[Exception], object]", wanted)
    return lambda error: not isinstance(error, RejectedError) and judge(error)
