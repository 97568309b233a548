"""`RateLimit`: how many calls may begin in a time."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, NamedTuple

from pepperpy.infra.utils import (
    Clock,
    ForkSafeLock,
    Signal,
    deadline,
    emit,
    listening,
    register_inspectable,
)

from ._errors import RateLimitedError, invalid
from ._layers import indented
from ._options import a_clock, seconds, text, whole
from ._policy import Policy
from ._switch import OFF

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from pepperpy.infra.utils.wrapping import Kind

    from ._redis import RedisResilienceStore
    from ._redis._accounts import RateAccount

# Sums of intervals are off by some of the last digits of a clock's reading.
_ROUNDING = 1e-9

# Whether a run of reads and writes without a call in between is one step for all threads.  It is
# where CPython has its global lock, and there it saves the half of what a limit costs.
_ATOMIC = sys.implementation.name == "cpython" and getattr(sys, "_is_gil_enabled", lambda: True)()

_UNNAMED = "rate_limit"


class Turn(NamedTuple):
    """A call's place in the row."""

    wait: float
    """Seconds until it may begin."""
    begin: float
    """When the bucket would be full for it."""
    end: float | None
    """When it would be for the next one; `None` where nothing was taken."""


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
        name: For errors, signals and inspection, and for other processes.
        clock: What measures the time and sleeps.
        store: Where all processes share the limit of this name.  No call waits for it: turns are
            taken here and settled some milliseconds later, so that for a moment there may be more
            than *burst*, and over a longer time there are not.

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
        "_account",
        "_clock",
        "_lock",
        "_now",
        "_refused",
        "_returned",
        "_tolerance",
        "burst",
        "free_at",
        "interval",
        "limit",
        "max_wait",
        "per",
        "taken",
    )

    def __init__(
        self,
        limit: int,
        per: float | timedelta = 1.0,
        *,
        burst: int | None = None,
        max_wait: float | timedelta | None = 0.0,
        name: str = _UNNAMED,
        clock: Clock | None = None,
        store: RedisResilienceStore | None = None,
    ) -> None:
        self.limit: int = whole(limit, "limit")
        self.per: float = seconds(per, "per", zero=False)
        self.burst: int = self.limit if burst is None else whole(burst, "burst")
        self.max_wait: float | None = None if max_wait is None else seconds(max_wait, "max_wait")
        self.name: str = text(name, "name")
        self._clock = a_clock(clock)
        self._now = self._clock.monotonic
        self.interval: float = self.per / self.limit
        self._tolerance = self.interval * (self.burst - 1)
        self.free_at: float = -math.inf
        """When the bucket will be full again, if nobody comes."""
        self._returned: dict[float, float] = {}
        """Turns that nobody waits for any more, by the time at which they would have ended."""
        self._refused = 0
        self._lock = ForkSafeLock()  # guards all of these
        self.taken: int = 0
        """Turns so far, counted where they are shared."""
        self._account: RateAccount | None = None
        if store is not None:
            if name == _UNNAMED:
                invalid("name", name, "must be given for a limit that is shared by its name")
            self._account = store.rate(self)
        register_inspectable(self)

    def __repr__(self) -> str:
        return f"RateLimit({self.limit!r}, per={self.per!r}, name={self.name!r})"

    def source(self, inner: str, kind: Kind, tag: str) -> str:
        """The lines: a turn, and the wait for it.  One that is now is taken here."""
        sleep = f"await $asleep{tag}" if kind.is_async else f"$sleep{tag}"
        counted = waking = ""
        if self._account is not None:
            counted = f"\n    $limit{tag}.taken += 1"
            waking = f"\nif $account{tag}.at_rest:\n    $account{tag}.wake()"
        taking = f"""\
$free_at{tag} = $limit{tag}.free_at
if $free_at{tag} <= $moment{tag}:
    $limit{tag}.free_at = $moment{tag} + $interval{tag}{counted}
elif $free_at{tag} - $moment{tag} <= $tolerance{tag}:
    $limit{tag}.free_at = $free_at{tag} + $interval{tag}{counted}
else:
    $turn{tag} = $unknown{tag}"""
        if not _ATOMIC:
            taking = f"with $lock{tag}:\n{indented(taking)}"
        taking += waking
        return f"""\
$turn{tag} = $none{tag}
if not $off{tag}:
    $moment{tag} = $now{tag}()
{indented(taking)}
if $turn{tag} is not $none{tag}:
    $turn{tag} = $reserve{tag}()
    try:
        {sleep}($turn{tag}.wait)
    except $BaseException:
        $give_back{tag}($turn{tag})
        raise
{inner}"""

    def names(self, tag: str) -> Mapping[str, object]:
        """What they refer to."""
        return {
            f"none{tag}": None,
            f"unknown{tag}": ...,
            f"off{tag}": OFF,
            f"now{tag}": self._now,
            f"lock{tag}": self._lock,
            f"account{tag}": self._account,
            f"limit{tag}": self,
            f"interval{tag}": self.interval,
            f"tolerance{tag}": self._tolerance + _ROUNDING,
            f"reserve{tag}": self.reserve,
            f"give_back{tag}": self.give_back,
            f"sleep{tag}": self._clock.sleep,
            f"asleep{tag}": self._clock.asleep,
        }

    def reserve(self) -> Turn:
        """The next turn.

        Raises:
            RateLimitedError: If it would have to be waited for too long.
        """
        if OFF:
            return Turn(0.0, 0.0, None)
        now = self._now()
        with self._lock:
            turn, wait = self._next(now, self._patience())
            self._refused += turn is None
            self.taken += turn is not None
        if self._account is not None and self._account.at_rest:
            self._account.wake()
        if turn is None:
            raise self._used_up(wait)
        return turn

    def owe(self, debt: float, taken: int) -> None:
        """Take over that the bucket of all processes is full in *debt* seconds.

        That is with the first *taken* turns of this process.
        """
        with self._lock:
            self.free_at = self._now() + debt + (self.taken - taken) * self.interval

    def give_back(self, turn: Turn) -> None:
        """Undo a `reserve` whose turn is not waited for.

        Those who come later keep theirs, so it is for the next one who comes; and if nobody is
        behind it, it was never taken.
        """
        if turn.end is None:
            return
        with self._lock:
            if self._account is not None:  # what was taken after it is not only ours
                self.taken -= 1
                self.free_at -= self.interval
                return
            self._returned[turn.end] = turn.begin
            while (begin := self._returned.pop(end := self.free_at, None)) is not None:
                if self.free_at == end:
                    self.free_at = begin
                else:  # somebody without the lock was quicker
                    self._returned[end] = begin

    # The steps, each under the lock.

    def _next(self, now: float, patience: float) -> tuple[Turn | None, float]:
        """The turn, unless the wait, which comes with it, is too long."""
        earliest = self._earliest_returned(now)
        while True:
            free_at = self.free_at
            begin = max(free_at, now) if earliest is None else earliest[1]
            wait = begin - self._tolerance - now
            wait = 0.0 if wait <= _ROUNDING else wait
            if wait > patience:
                return None, wait
            if earliest is not None:
                del self._returned[earliest[0]]
                return Turn(wait, begin, earliest[0]), wait
            end = begin + self.interval
            if self.free_at == free_at:  # nobody without the lock was quicker
                self.free_at = end
                return Turn(wait, begin, end), wait

    def _earliest_returned(self, now: float) -> tuple[float, float] | None:
        for end in [end for end, begin in self._returned.items() if begin < now]:
            del self._returned[end]
        return min(self._returned.items(), default=None)

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
        with self._lock:
            now = self._now()
            returned = sum(begin >= now for begin in self._returned.values())
            debt = max(0.0, self.free_at - now) - returned * self.interval
        left = min(self.burst, max(0.0, self.burst - debt / self.interval))
        return {
            "kind": "rate_limit",
            "name": self.name,
            "state": "ok" if left >= 1 - _ROUNDING else "used_up",
            "facts": {"left": left, "refused": self._refused},
            "config": {"limit": self.limit, "per": self.per, "burst": self.burst},
        }
