"""`SharedRetryBudget`: what many processes may spend on retries together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pepperpy.infra.utils import RetryBudget

from ._options import text

if TYPE_CHECKING:
    from ._redis import RedisResilienceStore


class SharedRetryBudget(RetryBudget):
    """A `RetryBudget` of which all processes spend that give it the same *name* and *store*.

    A retry waits for no server: it is paid from what this process knows, and settled with the others
    some milliseconds later.  So all together may for a moment spend more than there is, and pay it
    back before the next retry.  While the server is down, each process has a budget of its own.

    Args:
        capacity: Tokens in it at first, and at most.
        refund: What a success puts back.
        name: What it is called in all processes.
        store: Where they share it.

    Raises:
        InvalidRetryError: If *capacity* is below 1 or *refund* is negative.
        InvalidPolicyError: If *name* is empty.
    """

    __slots__ = ("_account",)

    def __init__(
        self,
        capacity: float = 100.0,
        *,
        refund: float = 0.1,
        name: str,
        store: RedisResilienceStore,
    ) -> None:
        super().__init__(capacity, refund=refund, name=text(name, "name"))
        self._account = store.budget(self)

    def take(self) -> bool:
        """Pay for one retry, if there is enough left."""
        taken = super().take()
        if self._account.at_rest:
            self._account.wake()
        return taken
