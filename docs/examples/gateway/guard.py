"""Keeping away for a moment from a storage that does not answer, so that only one request waits for it."""

from __future__ import annotations

from pepperpy.infra import CircuitBreaker, CircuitBreakerError, StorageError

UNREACHABLE = (StorageError, CircuitBreakerError)
"""What comes of asking a storage that is not there, or that has just been seen not to be."""

PAUSE = 0.25
"""Seconds until the next one tries."""


def guard(name: str) -> CircuitBreaker:
    """A breaker to be entered around each call: `async with guard: ...`.

    Each process has its own, also where others are shared: it is for what they are shared by.
    """
    return CircuitBreaker(
        name, failure_threshold=1, recovery_timeout=PAUSE, failure_exceptions=(StorageError,)
    )
