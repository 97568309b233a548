"""Locking out whoever presents wrong keys again and again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta  # for pydantic too, which reads the annotations of a section
from typing import Any, Final

from pepperpy.infra.utils import ForkSafeLock

from ._errors import InvalidSettingError
from ._moments import lasting

MAX_TRACKED: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockout:
    """After how many failures a key is refused, and for how long.

    Failures count for the key's public id, and for the *source* that they came from where the
    caller names one; so one source that guesses locks out nobody else.

    Raises:
        InvalidSettingError: If a value makes no sense; it is a `ValueError`.
    """

    max_failures: int = 10
    window: float | timedelta = 60.0
    """Within how many seconds the failures must come."""
    duration: float | timedelta = 60.0
    """For how many seconds the right key is refused too."""

    def __post_init__(self) -> None:
        count: Any = self.max_failures
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise InvalidSettingError(
                f"max_failures must be a whole number from 1 on; got {count!r}",
                option="max_failures",
            )
        for name in ("window", "duration"):
            object.__setattr__(self, name, lasting(getattr(self, name), name))


@dataclass(slots=True)
class _Failures:
    since: float
    count: int = 0
    locked_until: float = 0.0


class Failures:
    """Who failed how often."""

    def __init__(self, policy: Lockout | None) -> None:
        self._most = math.inf if policy is None else policy.max_failures
        self._window = 0.0 if policy is None else lasting(policy.window, "window")
        self._duration = 0.0 if policy is None else lasting(policy.duration, "duration")
        self._lock = ForkSafeLock()  # guards the dict below and what is in it
        self._by_who: dict[tuple[str, str | None], _Failures] = {}

    def locked(self, who: tuple[str, str | None], now: Callable[[], float]) -> bool:
        """Whether *who* is locked out; the time is asked for only if they failed before."""
        found = self._by_who.get(who)
        return found is not None and now() < found.locked_until

    def add(self, who: tuple[str, str | None], now: float) -> bool:
        """Count a failure; the answer is whether it was the one that locks out."""
        if self._most == math.inf:
            return False
        with self._lock:
            found = self._by_who.get(who)
            if found is None or now - found.since > self._window:
                found = self._fresh(who, now, found)
            found.count += 1
            if found.count < self._most or now < found.locked_until:
                return False
            found.locked_until = now + self._duration
            found.since, found.count = found.locked_until, 0
            return True

    def clear(self, who: tuple[str, str | None]) -> None:
        """Forget the failures of *who*."""
        if who in self._by_who:
            with self._lock:
                self._by_who.pop(who, None)

    def count_locked(self, now: float) -> int:
        """How many are locked out."""
        return sum(now < each.locked_until for each in tuple(self._by_who.values()))

    def _fresh(self, who: tuple[str, str | None], now: float, old: _Failures | None) -> _Failures:
        fresh = _Failures(now, locked_until=old.locked_until if old else 0.0)
        self._by_who.pop(who, None)
        self._by_who[who] = fresh
        if len(self._by_who) > MAX_TRACKED:
            del self._by_who[next(iter(self._by_who))]
        return fresh
