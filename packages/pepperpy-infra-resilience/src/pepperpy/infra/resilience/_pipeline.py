"""`Pipeline`: several policies as one decorator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pepperpy.infra.utils import RetryBudget

from ._breaker import CircuitBreaker
from ._bulkhead import Bulkhead
from ._errors import invalid
from ._policy import Policy
from ._rate_limit import RateLimit
from ._registry import get_circuit_breaker
from ._retry import Retry
from ._timeout import Timeout

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta


class Pipeline(Policy):
    """Several policies around a function, the outermost first, compiled into its wrapper.

    A `RetryBudget` among them pays for the retries that stand after it.  Pipelines may stand in
    pipelines.

    Args:
        policies: Retry, Timeout, Bulkhead, RateLimit, Hedge, Chaos, CircuitBreaker, RetryBudget.
        name: For its repr.

    Raises:
        InvalidPolicyError: If there is none, or one that is none.

    Examples:
        >>> mail = Pipeline(Retry(max_attempts=3, delay=0), CircuitBreaker("mail"), Timeout(2.0))
        >>> @mail
        ... def send(text):
        ...     return len(text)
        >>> send("hello")
        5
    """

    __slots__ = ("policies",)

    policies: tuple[object, ...]
    """Those in it, the outermost first."""

    def __init__(
        self, *policies: Policy | CircuitBreaker | RetryBudget, name: str = "pipeline"
    ) -> None:
        self.name: str = name
        self.policies = tuple(_flat(policies))
        if not self.policies:
            invalid("policies", policies, "must be policies, the outermost first")

    def __repr__(self) -> str:
        return f"Pipeline({', '.join(map(repr, self.policies))})"

    def _policies(self) -> Sequence[object]:
        return self.policies

    @classmethod
    def recommended(
        cls,
        name: str,
        *,
        timeout: float | timedelta = 30.0,
        max_attempts: int = 3,
        delay: float | timedelta = 0.2,
        budget: RetryBudget | None = None,
        rate: int | None = None,
        max_concurrent: int = 100,
        attempt_timeout: float | timedelta = 10.0,
    ) -> Pipeline:
        """What most calls of another service want, for those who do not want to choose.

        From the outside in: a timeout for all attempts together, a retry, the circuit breaker of
        that *name* (`get_circuit_breaker`), a rate limit if there is a *rate*, a bulkhead that
        waits a second at most, and a timeout for each attempt.

        Args:
            name: Of what is called.
            timeout: Seconds, or a `timedelta`, for all attempts together.
            max_attempts: Calls in all.
            delay: Seconds before the second attempt; it grows, with jitter.
            budget: What retries are paid from; one of its own by default.
            rate: Calls in each second, waited for a second at most; `None` for any number.
            max_concurrent: Calls at the same time.
            attempt_timeout: Seconds for each attempt.
        """
        limits = [] if rate is None else [RateLimit(rate, max_wait=1.0, name=name)]
        return cls(
            Timeout(timeout, name=name),
            budget or RetryBudget(name=name),
            Retry(max_attempts=max_attempts, delay=delay, name=name),
            get_circuit_breaker(name),
            *limits,
            Bulkhead(max_concurrent, max_wait=1.0, name=name),
            Timeout(attempt_timeout, name=name),
            name=name,
        )


def _flat(policies: Sequence[object]) -> list[object]:
    """Without pipelines in it, and with each budget in the retries after it."""
    flat: list[object] = []
    budget: RetryBudget | None = None
    unused: RetryBudget | None = None
    for policy in _each(policies):
        if isinstance(policy, RetryBudget):
            _check_use(unused)
            budget = unused = policy
        elif isinstance(policy, Retry):
            paying = budget is not None and not policy.has_budget
            flat.append(policy.with_budget(budget) if paying else policy)  # type: ignore[arg-type]
            unused = None
        elif isinstance(policy, (Policy, CircuitBreaker)):
            flat.append(policy)
        else:
            invalid("policies", policy, "must be policies, such as Retry(...) and Timeout(...)")
    _check_use(unused)
    return flat


def _each(policies: Sequence[object]) -> Iterator[object]:
    for policy in policies:
        yield from policy.policies if isinstance(policy, Pipeline) else (policy,)


def _check_use(budget: RetryBudget | None) -> None:
    if budget is not None:
        invalid("policies", budget, "must have a Retry after each RetryBudget, which pays for it")
