"""What a closed circuit remembers of its calls: plain values, no clock, no lock.

The window object is also the epoch.  A call keeps the window that it began with, and what becomes
of the call is written there; when the circuit opened meanwhile, that window is nobody's any more.
So a result from before a trip decides nothing, and no call pays for a generation counter.

A success adds one to *successes* and does no more, without the lock: under the lock the happy path
would cost twice as much.  A success never opens a circuit; failures and slow calls do.
"""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._config import CircuitBreakerConfig

_BUCKETS = 10


class Window:
    """Counts, and never says that it is time to open: what a disabled circuit has."""

    __slots__ = ("failures", "slow", "special", "successes")

    def __init__(self) -> None:
        # On the object: reading it from the class takes four times as long.
        self.special: bool = False
        """Whether a success is more than one more of *successes*."""
        self.successes: int = 0
        self.failures: int = 0
        self.slow: int = 0

    def succeeded(self, now: float) -> None:  # noqa: ARG002 - windows over a time need it
        """Count a success; wrappers do this themselves where no clock is needed."""
        self.successes += 1

    def failed(self, now: float) -> bool:  # noqa: ARG002
        """Count a failure; true if the circuit should open."""
        self.failures += 1
        return False

    def was_slow(self, now: float) -> bool:  # noqa: ARG002
        """Count a success that took too long; true if the circuit should open."""
        self.slow += 1
        return False


class Streak(Window):
    """Opens after so many failures in a row."""

    __slots__ = ("_length", "_seen", "_threshold")

    def __init__(self, threshold: int) -> None:
        super().__init__()
        self._threshold = threshold
        self._length = 0
        self._seen = 0
        """The successes at the last failure; more of them now have broken the row."""

    def failed(self, now: float) -> bool:
        super().failed(now)
        return self._grown()

    def was_slow(self, now: float) -> bool:
        super().was_slow(now)
        return self._grown()

    def _grown(self) -> bool:
        seen = self.successes
        if seen != self._seen:
            self._seen, self._length = seen, 0
        self._length += 1
        return self._length >= self._threshold


class LastCalls(Window):
    """Opens at a rate among the last so many calls.

    Only what went wrong is kept, as the number of the call; the rest is arithmetic.
    """

    __slots__ = ("_failed", "_minimum", "_rate", "_size", "_slow", "_slow_rate")

    def __init__(self, size: int, minimum: int, rate: float, slow_rate: float) -> None:
        super().__init__()
        self._size = size
        self._minimum = minimum
        self._rate = rate
        self._slow_rate = slow_rate
        self._failed: deque[int] = deque()
        self._slow: deque[int] = deque()

    def failed(self, now: float) -> bool:
        super().failed(now)
        self._failed.append(self._number())
        return self._too_many()

    def was_slow(self, now: float) -> bool:
        super().was_slow(now)
        self._slow.append(self._number())
        return self._too_many()

    def _number(self) -> int:
        return self.successes + self.failures + self.slow

    def _too_many(self) -> bool:
        number = self._number()
        gone = number - self._size
        for kept in (self._failed, self._slow):
            while kept and kept[0] <= gone:
                kept.popleft()
        seen = min(number, self._size)
        return seen >= self._minimum and (
            len(self._failed) / seen >= self._rate or len(self._slow) / seen >= self._slow_rate
        )


class LastSeconds(Window):
    """Opens at a rate among the calls of a time, in ten buckets, each forgotten as a whole."""

    __slots__ = ("_buckets", "_minimum", "_rate", "_slow_rate", "_width")

    def __init__(self, seconds: float, minimum: int, rate: float, slow_rate: float) -> None:
        super().__init__()
        self._width = seconds / _BUCKETS
        self._minimum = minimum
        self._rate = rate
        self._slow_rate = slow_rate
        # Number of the bucket since the clock's zero, successes, failures, slow ones.
        self._buckets = [[-1, 0, 0, 0] for _ in range(_BUCKETS)]

    def succeeded(self, now: float) -> None:
        super().succeeded(now)
        self._bucket(now)[1] += 1

    def failed(self, now: float) -> bool:
        super().failed(now)
        self._bucket(now)[2] += 1
        return self._too_many(now)

    def was_slow(self, now: float) -> bool:
        super().was_slow(now)
        self._bucket(now)[3] += 1
        return self._too_many(now)

    def _bucket(self, now: float) -> list[int]:
        number = int(now // self._width)
        bucket = self._buckets[number % _BUCKETS]
        if bucket[0] != number:
            bucket[:] = (number, 0, 0, 0)
        return bucket

    def _too_many(self, now: float) -> bool:
        oldest = int(now // self._width) - _BUCKETS
        recent = [bucket for bucket in self._buckets if bucket[0] > oldest]
        failed = sum(bucket[2] for bucket in recent)
        slow = sum(bucket[3] for bucket in recent)
        seen = failed + slow + sum(bucket[1] for bucket in recent)
        return seen >= self._minimum and (
            failed / seen >= self._rate or slow / seen >= self._slow_rate
        )


def window_of(config: CircuitBreakerConfig) -> Window:
    """A new window, as *config* wants it."""
    window = _empty(config)
    window.special = is_special(config)
    return window


def _empty(config: CircuitBreakerConfig) -> Window:
    if config.failure_rate is None:
        return Streak(config.failure_threshold)
    rates = config.minimum_calls, config.failure_rate, config.slow_rate
    if isinstance(config.window, timedelta):
        return LastSeconds(config.window.total_seconds(), *rates)
    return LastCalls(int(config.window), *rates)


def is_special(config: CircuitBreakerConfig) -> bool:
    """Whether a success has to be looked at."""
    return needs_clock(config) or config.failure_result is not None


def needs_clock(config: CircuitBreakerConfig) -> bool:
    """Whether it matters when a call began, or ended."""
    over_time = config.failure_rate is not None and isinstance(config.window, timedelta)
    return over_time or config.slow_call is not None
