"""What goes wrong, and when: a plan that nothing but a seed decides.

Same seed, same plan: the n-th request to a provider always meets the same fault, and outages lie
at the same seconds after the start.  Which *zone* the n-th request asks for depends on timing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum


class Fault(Enum):
    """How one request goes wrong."""

    BUSY = "busy"  # 503, with a Retry-After of one second
    SLOW = "slow"  # the right answer, late
    DROP = "drop"  # the connection is closed without an answer
    CUT = "cut"  # the connection is closed in the middle of an answer
    OUTAGE = "outage"  # nobody listens; open connections are torn down


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The share of requests that meet each fault, from 0 to 1."""

    busy: float = 0.0
    slow: float = 0.0
    drop: float = 0.0
    cut: float = 0.0


PROVIDERS: dict[str, Rates] = {
    "north": Rates(busy=0.02, slow=0.04, drop=0.03, cut=0.02),
    "south": Rates(busy=0.03, slow=0.08, drop=0.02, cut=0.02),
}
"""The two providers, the preferred one first."""


@dataclass(frozen=True, slots=True)
class Outage:
    """From *begin* to *end*, in seconds after the start of the run, a process is gone."""

    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Spell:
    """From *begin* to *end*, in seconds after the start of the run, every answer of a provider is late."""

    begin: float
    end: float


class Plan:
    """What goes wrong at one provider during a run of *duration* seconds.

    Examples:
        >>> plan = Plan(seed=1, provider="north", duration=24)
        >>> [number for number in range(1, 100) if plan.fault_of(number) is Fault.DROP]
        [38, 67]
    """

    def __init__(self, *, seed: int, provider: str, duration: float) -> None:
        self._dice = f"{seed}/{provider}"
        self._rates = PROVIDERS[provider]
        self.outage = _outages(seed, duration)[provider]
        self.spell = _spell(seed, duration)

    def fault_at(self, number: int, moment: float) -> Fault | None:
        """What the *number*-th request meets that comes so many seconds after the start."""
        is_late = self.spell.begin <= moment < self.spell.end
        return self.fault_of(number) or (Fault.SLOW if is_late else None)

    def fault_of(self, number: int) -> Fault | None:
        """The fault that the *number*-th request meets at any time; most meet none."""
        # A generator of its own for each request: plans stay the same when requests overtake
        # each other.  A string as seed gives the same figures in every Python and process.
        roll = random.Random(f"{self._dice}/{number}").random()
        for fault in (Fault.BUSY, Fault.SLOW, Fault.DROP, Fault.CUT):
            roll -= getattr(self._rates, fault.value)
            if roll < 0:
                return fault
        return None

    def delay_of(self, number: int) -> float:
        """Seconds by which a slow answer is late."""
        return random.Random(f"{self._dice}/{number}/delay").uniform(0.1, 1.0)


def _outages(seed: int, duration: float) -> dict[str, Outage]:
    """One outage each.  South's begins shortly before north's ends: a while without anybody."""
    dice = random.Random(f"{seed}/outages")
    length = duration / 6
    north = duration * dice.uniform(0.25, 0.4)
    south = north + length - duration * dice.uniform(0.03, 0.05)
    return {
        "north": Outage(north, north + length),
        "south": Outage(south, south + length * 0.75),
    }


@dataclass(frozen=True, slots=True)
class Interference:
    """When the gateway itself is interfered with, in seconds after the start of the run."""

    edit: float  # its configuration file is edited ...
    change: float  # (it is told that a zone has changed)
    slip: float  # ... then edited again, with a mistake ...
    undo: float  # ... and is again what it was
    kill: float  # the process is killed, and started anew at once
    change_again: float  # it is told that the zone has changed once more


def interference(seed: int, duration: float) -> Interference:
    """The plan for a run of *duration* seconds: before and after the providers' outages."""
    dice = random.Random(f"{seed}/interference")
    edit, slip, undo, kill, change, change_again = (
        duration * dice.uniform(*part)
        for part in (
            (0.04, 0.06),
            (0.12, 0.14),
            (0.2, 0.23),
            (0.67, 0.7),
            (0.08, 0.1),
            (0.85, 0.88),
        )
    )
    return Interference(
        edit=edit, change=change, slip=slip, undo=undo, kill=kill, change_again=change_again
    )


STILL, DOWN = 1.0, 2.0
"""Seconds for which a Redis is frozen, and gone."""


@dataclass(frozen=True, slots=True)
class Troubles:
    """The same for several gateways that share a Redis."""

    changes: tuple[float, ...]  # one of them is told that a zone has changed
    ends: tuple[float, ...]  # a key is ended
    kill: float  # one of them is killed, and started anew at once
    freeze: float  # the Redis stands still for `STILL` seconds
    down: float  # it is killed, and comes back with its data `DOWN` seconds later


def troubles(seed: int, duration: float) -> Troubles:
    """The plan for a run of *duration* seconds: first the Redis, then the providers, then a gateway."""
    return Troubles(
        changes=(duration * 0.03, duration * 0.15, duration * 0.85),
        ends=(duration * 0.17, duration * 0.87),
        kill=interference(seed, duration).kill,
        freeze=duration * 0.05,
        down=duration * 0.09,
    )


def _spell(seed: int, duration: float) -> Spell:
    """From the kill of the gateway till some time after it came back: everybody asks at once then."""
    begin = interference(seed, duration).kill
    return Spell(begin, begin + 2 + duration * 0.15)
