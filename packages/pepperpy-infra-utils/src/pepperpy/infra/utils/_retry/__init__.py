"""The retry engine: one core that decides, and compiled wrappers that act."""

from ._attempt import RetryAttempt
from ._budget import RetryBudget
from ._decorator import async_retry, retry
from ._settings import InvalidRetryError

__all__ = ["InvalidRetryError", "RetryAttempt", "RetryBudget", "async_retry", "retry"]
