"""`RateLimit`: how many calls may begin in a time."""

from __future__ import annotations

import math
import time
from threading import RLock
from typing import TYPE_CHECKING

from pepperpy.infra.utils import (
    Clock,
    Signal,
    deadline,
    emit,
    listening,
    register_after_fork,
    register_inspectable,
)

from ._errors import RateLimitedError
from ._options import a_clock, seconds, text, whole
from ._policy import Policy
from ._switch import OFF

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from pepperpy.infra.utils.wrapping import Kind

# Sums of intervals are off by some of the last digits of a clock's reading.
_ROUNDING = 1e-9


class RateLimit(Policy):
    """Limits how many calls begin in a time; further ones are rejected, or wait for their turn.

    It is a bucket of *burst* tokens that fills evenly (the generic cell rate algorithm): after a
    quiet time so many calls may begin at once, and *limit* in each *per* from then on.

    Args:
        limit: Calls.
        per: Seconds, or a `timedelta`, that *limit* is for.
        burst: Calls at once after a quiet time; *limit* by default.
        max_wait: Seconds that a call waits for its turn at most, `None` for as long as it takes; no
            longer than the `deadline` allows in any case.  A call that would wait longer is
            rejected at once.
        name: For errors, signals and inspection.
        clock: What measures the time and sleeps.

    Raises:
        InvalidPolicyError: If an option makes no sense.

    Examples:
        >>> search = RateLimit(2, per=60.0)
        >>> [search.execute(str.upper, word) for word in ("a", "b")]
        ['A', 'B']
        >>> try:
        ...     search.execute(str.upper, "c")
        ... except RateLimitedError as error:
        ...     print(error.name)
        rate_limit
    """

    __slots__ = (
        "_clock",
        "_free_at",
        "_interval",
        "_lock",
        "_now",
        "_refused",
        "_tolerance",
        "burst",
        "limit",
        "max_wait",
        "per",
    )

    def __init__(
        self,
        limit: int,
        per: float | timedelta = 1.0,
        *,
        burst: int | None = None,
        max_wait: float | timedelta | None = 0.0,
        name: str = "rate_limit",
        clock: Clock | None = None,
    ) -> None:
        self.limit: int = whole(limit, "limit")
        self.per: float = seconds(per, "per", zero=False)
        self.burst: int = self.limit if burst is None else whole(burst, "burst")
        self.max_wait: float | None = None if max_wait is None else seconds(max_wait, "max_wait")
        self.name: str = text(name, "name")
        self._clock = a_clock(clock)
        self._now = time.monotonic if type(self._clock) is Clock else self._clock.monotonic
        self._interval = self.per / self.limit
        self._tolerance = self._interval * (self.burst - 1)
        self._free_at = -math.inf
        """When the bucket will be full again, if nobody comes; guarded by the lock."""
        self._refused = 0
        self.after_fork()
        register_after_fork(self)
        register_inspectable(self)

    def __repr__(self) -> str:
        return f"RateLimit({self.limit!r}, per={self.per!r}, name={self.name!r})"

    def after_fork(self) -> None:
        """The lock is free, whoever held it in the parent."""
        # Not a `ForkSafeLock`, which is written in Python, and so costs as much as all the rest.
        self._lock = RLock()

    def source(self, inner: str, kind: Kind, tag: str) -> str:
        """The lines: a turn, and the wait for it."""
        sleep = f"await $asleep{tag}" if kind.is_async else f"$sleep{tag}"
        return f"""\
$wait{tag} = $reserve{tag}()
if $wait{tag}:
    try:
        {sleep}($wait{tag})
    except $BaseException:
        $give_back{tag}()
        raise
{inner}"""

    def names(self, tag: str) -> Mapping[str, object]:
        """What they refer to."""
        return {
            f"reserve{tag}": self.reserve,
            f"give_back{tag}": self.give_back,
            f"sleep{tag}": self._clock.sleep,
            f"asleep{tag}": self._clock.asleep,
        }

    def reserve(self) -> float:
        """Seconds until the turn that the caller has now.

        Raises:
            RateLimitedError: If that would be too long.
        """
        if OFF:
            return 0.0
        now = self._now()
        with self._lock:
            free_at = self._free_at
            free_at = max(free_at, now)
            wait = free_at - self._tolerance - now
            if wait <= _ROUNDING:
                self._free_at = free_at + self._interval
                return 0.0
            if wait <= self._patience():
                self._free_at = free_at + self._interval
                return wait
            self._refused += 1
        raise self._used_up(wait)

    def give_back(self) -> None:
        """Undo a `reserve` whose turn was not waited for."""
        with self._lock:
            self._free_at -= self._interval

    def _patience(self) -> float:
        limits = [each for each in (deadline.remaining(), self.max_wait) if each is not None]
        return min(limits, default=math.inf)

    def _used_up(self, wait: float) -> RateLimitedError:
        if listening():
            facts: dict[str, object] = {"limit": self.limit, "per": self.per, "retry_after": wait}
            emit(Signal(kind="rate_limit.exceeded", source=self.name, facts=facts))
        return RateLimitedError(
            f"{self.name}: {self.limit} calls in {self.per:.3g} s are used up; try again in "
            f"{wait:.3g} s",
            name=self.name,
            retry_after=wait,
        )

    def inspect(self) -> dict[str, object]:
        """The limit as it is now."""
        debt = max(0.0, self._free_at - self._now())
        left = max(0.0, self.burst - debt / self._interval)
        return {
            "kind": "rate_limit",
            "name": self.name,
            "state": "ok" if left >= 1 - _ROUNDING else "used_up",
            "facts": {"left": left, "refused": self._refused},
            "config": {"limit": self.limit, "per": self.per, "burst": self.burst},
        }
