"""The decisions of a circuit breaker: given the time and what happened, it says what to do.

No clock, no I/O, no call of anybody's function.  Everything that is written is written under
`LOCK`, except *successes* of a window and *rejected*.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

from pepperpy.infra.utils import ForkSafeLock, Signal, emit, listening

from ._errors import Refusal
from ._state import CircuitState
from ._windows import Window, window_of

if TYPE_CHECKING:
    from ._config import CircuitBreakerConfig

# One for all circuits: held for a few instructions, on failures and probes only.  Re-entrant, since
# the garbage collector may give back a probe at any moment.
LOCK = ForkSafeLock()

_BYPASSING = frozenset({CircuitState.DISABLED, CircuitState.METRICS_ONLY})


class Probe:
    """A call that a half-open circuit admitted.

    It gives its slot back when nobody holds it any more, whatever happened to the call.
    """

    __slots__ = ("circuit", "round", "settled", "special", "successes")

    def __init__(self, circuit: Circuit, number: int) -> None:
        self.special: bool = True
        self.circuit: Circuit = circuit
        self.round: int = number
        self.settled: bool = False
        self.successes: int = 0  # wrappers count here as in a window

    def __del__(self) -> None:
        if not self.settled:
            self.circuit.released(self)


class Circuit:
    """One circuit: a window while it is closed, a time while it is open, slots when half open."""

    __slots__ = (
        "__weakref__",
        "_aside",
        "_failed_rounds",
        "_mode",
        "_off",
        "_probes",
        "_proofs",
        "_round",
        "config",
        "name",
        "refusal",
        "rejected",
        "trips",
        "until",
        "window",
        "would_open",
    )

    def __init__(self, name: str, config: CircuitBreakerConfig) -> None:
        self.name: str = name
        self.config: CircuitBreakerConfig = config
        self.window: Window | None = window_of(config)
        """Where calls are counted; `None` if they must ask first."""
        self.until: float = -math.inf
        """Until then every call is rejected."""
        self.refusal: Refusal = Refusal(name, CircuitState.OPEN, self.until, None)
        self.rejected: int = 0
        self.trips: int = 0
        self.would_open: int = 0
        self._aside: Window | None = None
        """The window of before it was switched off."""
        self._off = False
        self._mode = CircuitState.CLOSED
        self._round = 0
        """Grows with each change, so that probes of an earlier time decide nothing."""
        self._probes = 0
        self._proofs = 0
        self._failed_rounds = 0

    def state(self, now: float) -> CircuitState:
        """What a call that comes now would meet."""
        if self._mode is CircuitState.OPEN and now >= self.until:
            return CircuitState.HALF_OPEN
        return self._mode

    def admit(self, now: float) -> Window | Probe | None:
        """Where to count a call that found no window, or `None` to reject it."""
        half_opened = False
        with LOCK:
            if self.window is not None:
                return self.window
            if self._mode is CircuitState.OPEN and now >= self.until:
                self._become(CircuitState.HALF_OPEN, -math.inf, self.refusal.last_failure)
                half_opened = True
            probe = None
            if self._may_probe():
                probe = Probe(self, self._round)
                self._probes += 1
        if half_opened:
            self._tell("circuit.half_opened", 20)
        return probe

    def succeeded(self, token: Window | Probe, now: float) -> None:
        """After a call that was admitted with *token* and did what it should."""
        if not isinstance(token, Probe):
            with LOCK:
                token.succeeded(now)
            return
        with LOCK:
            if not self._settle(token):
                return
            self._proofs += 1
            if self._proofs < self.config.success_threshold:
                return
            self._close()
        self._tell("circuit.closed", 20)

    def failed(self, token: Window | Probe, now: float, error: Exception | None) -> None:
        """After a call that failed; *error* is `None` if it returned what it should not."""
        with LOCK:
            if isinstance(token, Probe):
                if not self._settle(token):
                    return
                self._failed_rounds += 1
                self._open(now, error)
            elif token is not self.window or not token.failed(now) or not self._trip(now, error):
                return
        self._tell_trip(error)

    def was_slow(self, token: Window | Probe, now: float) -> None:
        """After a call that did what it should, too slowly."""
        if isinstance(token, Probe):
            self.failed(token, now, None)
            return
        with LOCK:
            if token is not self.window or not token.was_slow(now) or not self._trip(now, None):
                return
        self._tell_trip(None)

    def released(self, token: Window | Probe) -> None:
        """After a call that says nothing: cancelled, interrupted, closed early, ignored."""
        if isinstance(token, Probe):
            with LOCK:
                self._settle(token)

    # What people ask for.

    def open(self, now: float, error: Exception | None = None) -> None:
        """Open for the recovery time, as failures do."""
        with LOCK:
            self._open(now, error)
        self._tell_trip(error)

    def force(self, mode: CircuitState) -> None:
        """Stay in *mode* until `reset`."""
        with LOCK:
            self._become(mode, math.inf, None)
            counting = mode is CircuitState.METRICS_ONLY
            passing = Window() if mode is CircuitState.DISABLED else None
            self._count_in(window_of(self.config) if counting else passing)
        self._tell(f"circuit.{mode.value}", 30 if mode is CircuitState.FORCED_OPEN else 20)

    def reset(self) -> None:
        """Closed, with nothing remembered."""
        with LOCK:
            was = self._mode
            self._close()
        if was is not CircuitState.CLOSED:
            self._tell("circuit.closed", 20)

    def switch(self, *, off: bool) -> None:
        """Let everything pass and count nothing, or go on as before; whatever the state is."""
        with LOCK:
            if off and not self._off:
                self._aside, self.window = self.window, Window()
            elif self._off and not off:
                self.window, self._aside = self._aside, None
            self._off = off

    # The steps, each under the lock.

    def _may_probe(self) -> bool:
        return self._mode is CircuitState.HALF_OPEN and self._probes < self.config.half_open_calls

    def _settle(self, probe: Probe) -> bool:
        """Take the slot back; whether what became of the probe still matters."""
        if probe.settled:
            return False
        probe.settled = True
        if probe.round != self._round:
            return False
        self._probes -= 1
        return True

    def _trip(self, now: float, error: Exception | None) -> bool:
        if self._mode in _BYPASSING:
            self.would_open += 1
            self._count_in(window_of(self.config))
        else:
            self._open(now, error)
        return True

    def _open(self, now: float, error: Exception | None) -> None:
        self.trips += 1
        self._become(CircuitState.OPEN, now + self._recovery(), error)
        self._count_in(None)

    def _close(self) -> None:
        self._become(CircuitState.CLOSED, -math.inf, None)
        self._failed_rounds = 0
        self._count_in(window_of(self.config))

    def _count_in(self, window: Window | None) -> None:
        if self._off:
            self._aside = window
        else:
            self.window = window

    def _become(self, mode: CircuitState, until: float, error: Exception | None) -> None:
        self._round += 1
        self._probes = self._proofs = 0
        self._mode = mode
        # The refusal first: a call that sees the new time must not tell of the old one.
        state = mode if mode is not CircuitState.CLOSED else CircuitState.OPEN
        self.refusal = Refusal(self.name, state, until, error)
        self.until = until

    def _recovery(self) -> float:
        config = self.config
        wait = float(config.recovery_timeout)  # type: ignore[arg-type] # made one when it was checked
        if config.recovery_backoff > 1:
            grown = wait * config.recovery_backoff ** min(self._failed_rounds, 100)
            wait = max(wait, min(grown, float(config.recovery_max)))  # type: ignore[arg-type]
        if config.jitter:
            wait *= 1.0 - config.jitter * _draw()
        return wait

    # Signals, when the lock is free again.

    def _tell_trip(self, error: Exception | None) -> None:
        if self._mode in _BYPASSING:
            self._tell("circuit.would_open", 30, error)
        else:
            self._tell("circuit.opened", 30, error)

    def _tell(self, kind: str, level: int, error: Exception | None = None) -> None:
        if not listening():
            return
        facts: dict[str, object] = {"trips": self.trips, "rejected": self.rejected}
        if error is not None:
            facts["error"] = type(error).__qualname__
        emit(Signal(kind=kind, source=self.name, level=level, facts=facts))


def _draw() -> float:
    """A random number from 0 to 1, from the system: forked children must not probe together."""
    return int.from_bytes(os.urandom(6), "big") / 2**48
