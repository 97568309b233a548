"""What is counted here and settled with the server afterwards: rate limits and retry budgets.

A call takes from what this process knows, and waits for nobody.  Some milliseconds later the server is
told what was taken, and tells what all have taken.  So over a longer time the sum of all processes is
exact, and for a moment it is too much by what they took before they heard of each other.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.utils import register_after_fork

from . import _wire as wire

if TYPE_CHECKING:
    from pepperpy.infra.resilience._budget import SharedRetryBudget
    from pepperpy.infra.resilience._rate_limit import RateLimit

    from ._store import RedisResilienceStore

Run = Callable[..., Any]
"""Runs a script: its text, its key, and arguments."""

_LISTENS: Final = 0.1  # seconds between questions of one that takes nothing
_RESTS: Final = 1.0  # seconds without taking after which it does not even ask


class Account:
    """Something of which many processes take.

    It is *at_rest* until something is taken: then whoever sees that calls `wake`.
    """

    __slots__ = ("__weakref__", "_asked", "_key", "_store", "_used", "at_rest")

    def __init__(self, store: RedisResilienceStore, key: str) -> None:
        self._store = store
        self._key = key
        self._used = 0.0
        self._asked = 0.0
        self.at_rest: bool = True
        register_after_fork(self)

    def wake(self) -> None:
        """Have it settled until nothing is taken for a while."""
        self.at_rest = False
        self._used = monotonic()
        self._store.settle(self)

    def exchange(self, run: Run) -> bool:
        """Settle it; false if it is at rest from now on."""
        now = monotonic()
        if self._is_due():
            self._used = now
        elif now - self._used >= _RESTS:
            self.at_rest = True
            # Whoever took something before that line saw that it was awake.
            if not self._is_due():
                return False
            self.at_rest = False
        elif now - self._asked < _LISTENS:
            return True
        self._asked = now
        self._settle(run)
        return True

    def alone(self) -> None:
        """Begin anew, with what was taken so far forgotten: the server is down, or the parent's."""
        self._forget()
        self.at_rest = True

    def after_fork(self) -> None:
        """What was taken is the parent's to tell."""
        self.alone()

    def _is_due(self) -> bool:
        raise NotImplementedError

    def _settle(self, run: Run) -> None:
        raise NotImplementedError

    def _forget(self) -> None:
        raise NotImplementedError


class RateAccount(Account):
    """The turns of a `RateLimit`."""

    __slots__ = ("_limit", "_told")

    def __init__(self, store: RedisResilienceStore, limit: RateLimit) -> None:
        super().__init__(store, store.key("rate", limit.name))
        self._limit = limit
        self._told = limit.taken

    def _is_due(self) -> bool:
        return self._limit.taken != self._told

    def _settle(self, run: Run) -> None:
        taken = self._limit.taken
        # The product, since an interval alone may be less than a microsecond.
        change = round((taken - self._told) * self._limit.interval * 1e6)
        debt = int(run(wire.TAKE, self._key, change)) / 1e6
        self._told = taken
        self._limit.owe(debt, taken)

    def _forget(self) -> None:
        self._told = self._limit.taken


class BudgetAccount(Account):
    """The tokens of a `SharedRetryBudget`."""

    __slots__ = ("_agreed", "_budget")

    def __init__(self, store: RedisResilienceStore, budget: SharedRetryBudget) -> None:
        super().__init__(store, store.key("budget", budget.name))
        self._budget = budget
        self._agreed = budget.tokens

    def _is_due(self) -> bool:
        return self._budget.tokens != self._agreed

    def _settle(self, run: Run) -> None:
        tokens, capacity = self._budget.tokens, self._budget.capacity
        keep = wire.milliseconds(self._store.keep)
        change = f"{tokens - self._agreed:.9g}"
        left = float(run(wire.SPEND, self._key, change, f"{capacity:.9g}", keep))
        self._agreed = tokens + self._budget.adjust(left - tokens)

    def _forget(self) -> None:
        self._agreed = self._budget.tokens
