"""What hooks and the test mode are told about a retry."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAttempt:
    """An attempt that failed and will be repeated."""

    name: str
    """Of the decorated function."""
    attempt: int
    """Which attempt failed; the first one is 1."""
    max_attempts: int | None
    """How many there may be, `None` for any number."""
    delay: float
    """Seconds until the next attempt."""
    error: Exception | None = None
    """What it raised; `None` if it returned a result that was not wanted."""
    result: object = field(default=None, repr=False)
    """What it returned; not in the repr, as it may be large or a secret."""
    elapsed: float = 0.0
    """Seconds since the first failure; since the call, where there is a *max_elapsed*."""


RetryAttempt.__module__ = "pepperpy.infra.utils"
