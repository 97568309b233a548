"""`RetryBudget`: what many functions may spend on retries together."""

from __future__ import annotations

import math

from pepperpy.infra.utils._durations import number
from pepperpy.infra.utils._inspection import register_inspectable
from pepperpy.infra.utils._lock import ForkSafeLock

from ._settings import InvalidRetryError

# A tenth put back ten times is a bit less than a token.
_WHOLE = 1 - 1e-9

# Guards the figures of every budget; held for a few instructions.  Re-entrant, since a signal
# handler or a finalizer in the midst of them may retry something too.
_lock = ForkSafeLock()


class RetryBudget:
    """Stops retries from multiplying the load on a service that is down for everybody.

    Each retry takes one token, each success puts a share of one back.  When there is none left,
    the functions that share the budget fail at their first error, until successes fill it again.

    Args:
        capacity: Tokens in it at first, and at most.
        refund: What a success puts back; 0.1 allows one retry for every ten successes.
        name: What inspection shows.

    Raises:
        InvalidRetryError: If *capacity* is below 1 or *refund* is negative.

    Examples:
        >>> budget = RetryBudget(10)
        >>> budget.take(), budget.tokens
        (True, 9.0)
    """

    __slots__ = ("__weakref__", "_granted", "_refused", "_tokens", "capacity", "name", "refund")

    def __init__(
        self, capacity: float = 100.0, *, refund: float = 0.1, name: str = "retry"
    ) -> None:
        self.capacity: float = _checked(capacity, "capacity", "at least 1", least=1)
        self.refund: float = _checked(refund, "refund", "0 or more", least=0)
        self.name: str = name
        self._tokens = self.capacity
        self._granted = 0
        self._refused = 0
        register_inspectable(self)

    def __repr__(self) -> str:
        return f"RetryBudget({self.capacity!r}, refund={self.refund!r}, name={self.name!r})"

    @property
    def tokens(self) -> float:
        """How many retries are left, with fractions."""
        return self._tokens

    def take(self) -> bool:
        """Pay for one retry, if there is enough left."""
        with _lock:
            if self._tokens < _WHOLE:
                self._refused += 1
                return False
            self._tokens = max(0.0, self._tokens - 1)
            self._granted += 1
            return True

    def put_back(self) -> None:
        """Undo a `take` whose retry did not happen."""
        with _lock:
            self._tokens = min(self.capacity, self._tokens + 1)
            self._granted -= 1

    def succeeded(self) -> None:
        """Put back the share that a success is worth."""
        # A full budget is the usual case, and seen without the lock.
        if self._tokens < self.capacity:
            with _lock:
                self._tokens = min(self.capacity, self._tokens + self.refund)

    def adjust(self, change: float) -> float:
        """Add *change* tokens, or take them away; what of it fits between none and the capacity."""
        with _lock:
            before = self._tokens
            self._tokens = min(self.capacity, max(0.0, before + change))
            return self._tokens - before

    def inspect(self) -> dict[str, object]:
        """The budget as it is now."""
        return {
            "kind": "retry_budget",
            "name": self.name,
            "state": "ok" if self._tokens >= _WHOLE else "spent",
            "facts": {
                "tokens": self._tokens,
                "granted": self._granted,
                "refused": self._refused,
            },
            "config": {"capacity": self.capacity, "refund": self.refund},
        }


RetryBudget.__module__ = "pepperpy.infra.utils"


def _checked(value: float, name: str, wanted: str, *, least: float) -> float:
    figure = number(value)
    if not least <= figure < math.inf:
        raise InvalidRetryError(
            f"{name} of a RetryBudget must be {wanted}; got {value!r}", option=name, value=value
        )
    return figure
