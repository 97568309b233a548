"""The decisions of a circuit breaker: given the time and what happened, it says what to do.

No clock, no I/O, no call of anybody's function.  Everything that is written is written under
`LOCK`, except *successes* of a window and *rejected*.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING
from weakref import ref

from pepperpy.infra.utils import ForkSafeLock, Signal, emit, listening

from ._errors import Refusal
from ._share import Closed, Lease, Opened, Proved, Released, Share
from ._state import CircuitState
from ._windows import Window, window_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._config import CircuitBreakerConfig
    from ._share import Answer, Store, View

# One for all circuits: held for a few instructions, on failures and probes only.
LOCK = ForkSafeLock()

_BYPASSING = frozenset({CircuitState.DISABLED, CircuitState.METRICS_ONLY})
_SHARED = frozenset({CircuitState.CLOSED, CircuitState.OPEN, CircuitState.HALF_OPEN})


class Probe:
    """A call that a half-open circuit admitted.

    It has its slot for as long as somebody holds it and it is not settled, whatever happened to the
    call.  No `__del__` gives the slot back, as an interrupt could come in there.
    """

    __slots__ = ("__weakref__", "lease", "round", "settled", "special", "successes")

    def __init__(self, number: int, lease: Lease | None = None) -> None:
        self.special: bool = True
        self.lease: Lease | None = lease
        """What a store gave for it, where there is one."""
        self.round: int = number
        self.settled: bool = False
        self.successes: int = 0  # wrappers count here as in a window


class Circuit:
    """One circuit: a window while it is closed, a time while it is open, slots when half open."""

    __slots__ = (
        "__weakref__",
        "_aside",
        "_mode",
        "_off",
        "_parked",
        "_probes",
        "_proofs",
        "_round",
        "config",
        "failed_rounds",
        "name",
        "refusal",
        "rejected",
        "share",
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
        self.share: Share | None = None
        """What it has to do with other processes; `None` without a store."""
        self.failed_rounds: int = 0
        """Probes that failed since it was closed."""
        self._parked: Window | None = None
        """The window of before the first call, which is to start the store."""
        self._aside: Window | None = None
        """The window of before it was switched off."""
        self._off = False
        self._mode = CircuitState.CLOSED
        self._round = 0
        """Grows with each change, so that probes of an earlier time decide nothing."""
        self._probes: list[ref[Probe]] = []
        """Those that have a slot, and some that had one."""
        self._proofs = 0

    @property
    def counted(self) -> Window | None:
        """Where calls are counted, also before the first one; `None` if the circuit is not closed."""
        return self.window or self._parked

    def state(self, now: float) -> CircuitState:
        """What a call that comes now would meet."""
        if self._mode is CircuitState.OPEN and now >= self.until:
            return CircuitState.HALF_OPEN
        return self._mode

    def admit(self, now: float) -> Window | Probe | None:
        """Where to count a call that found no window, or `None` to reject it.

        With a store, this waits for the answer of the store if the call could be a probe; again if
        another caller took what came, and there is more to be had.
        """
        token = self._admit(now)
        for _ in range(self.config.half_open_calls):
            if token is not None or (answer := self._ask()) is None:
                break
            answer.wait()
            token = self._admit(now)
        return token

    async def aadmit(self, now: float) -> Window | Probe | None:
        """The same for a task: others run while it waits."""
        token = self._admit(now)
        for _ in range(self.config.half_open_calls):
            if token is not None or (answer := self._ask()) is None:
                break
            await answer.comes()
            token = self._admit(now)
        return token

    def _ask(self) -> Answer | None:
        with LOCK:
            if self.share is None or self._mode is not CircuitState.HALF_OPEN:
                return None
            return self.share.ask(self) if self._has_slot() else None

    def _admit(self, now: float) -> Window | Probe | None:
        half_opened = False
        with LOCK:
            if self._parked is not None:
                self._unpark()
            if self.window is not None:
                return self.window
            if self._mode is CircuitState.OPEN and now >= self.until:
                self._become(CircuitState.HALF_OPEN, -math.inf, self.refusal.last_failure, None)
                half_opened = True
            probe = None
            if self._mode is CircuitState.HALF_OPEN and self._has_slot():
                lease = True if self.share is None else self.share.take()
                if lease:
                    probe = Probe(self._round, lease if isinstance(lease, Lease) else None)
                    self._probes.append(ref(probe))
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
            if self.share is not None and token.lease is not None:
                self.share.store.tell(Proved(self, token.lease))
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
                self.failed_rounds += 1
                self._open(now, error, token.lease)
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
            token.settled = True
            lease = token.lease
            if self.share is not None and lease is not None and token.round == self._round:
                self.share.store.tell(Released(self, lease))

    # What other processes decided.

    def join(self, store: Store, now: Callable[[], float]) -> None:
        """Share it through *store*, from the first call on."""
        with LOCK:
            self.share = Share(store, now)
            self._park()

    def leave(self) -> None:
        """Decide alone from now on."""
        with LOCK:
            self.share = None
            if self._parked is not None:
                self._unpark()

    def adopt(self, view: View) -> None:
        """Take over what the store says, which is newer than what we know."""
        with LOCK:
            share, was = self.share, self._mode
            if share is None:
                return
            share.changed(view.version, by_us=False)
            if was not in _SHARED:
                return
            if view.is_open and was is CircuitState.HALF_OPEN and not view.remaining:
                return
            if view.is_open:
                self.failed_rounds = view.failed_rounds
                until = share.now() + view.remaining
                self._become(CircuitState.OPEN, until, self.refusal.last_failure, None)
            elif was is not CircuitState.CLOSED:
                self._close()
            now = self._mode
        if now is not was:
            self._tell("circuit.opened" if view.is_open else "circuit.closed", 20, shared=True)

    # What people ask for.

    def open(self, now: float, error: Exception | None = None) -> None:
        """Open for the recovery time, as failures do."""
        with LOCK:
            self._open(now, error)
        self._tell_trip(error)

    def force(self, mode: CircuitState) -> None:
        """Stay in *mode* until `reset`."""
        counting = mode is CircuitState.METRICS_ONLY
        passing = Window() if mode is CircuitState.DISABLED else None
        with LOCK:
            self._become(mode, math.inf, None, window_of(self.config) if counting else passing)
        self._tell(f"circuit.{mode.value}", 30 if mode is CircuitState.FORCED_OPEN else 20)

    def reset(self) -> None:
        """Closed, with nothing remembered."""
        with LOCK:
            was = self._mode
            self._close()
            if self.share is not None:
                self.share.store.tell(Closed(self))
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
            self._park()

    def after_fork(self) -> None:
        """Probes of other threads run on in the parent only, so they have no slots here."""
        with LOCK:
            self._round += 1
            self._probes = []
            if self.share is not None:
                self.share.after_fork()
                self._park()

    # The steps, each under the lock.

    def _park(self) -> None:
        """Have the next call ask first, since the store must be started by whoever needs it."""
        if self.share is not None and self._mode is CircuitState.CLOSED and not self._off:
            self._parked, self.window = self.counted, None

    def _unpark(self) -> None:
        if self.share is not None:
            self.share.store.start()
        self.window, self._parked = self._parked, None

    def _has_slot(self) -> bool:
        most = self.config.half_open_calls
        if len(self._probes) >= most:
            held = [(each, each()) for each in self._probes]
            self._probes = [each for each, probe in held if probe and not probe.settled]
        return len(self._probes) < most

    def _settle(self, probe: Probe) -> bool:
        """Take the slot back; whether what became of the probe still matters."""
        matters = not probe.settled and probe.round == self._round
        probe.settled = True
        return matters

    def _trip(self, now: float, error: Exception | None) -> bool:
        if self._mode in _BYPASSING:
            self.would_open += 1
            self._become(self._mode, math.inf, None, window_of(self.config))
        else:
            self._open(now, error)
        return True

    def _open(self, now: float, error: Exception | None, lease: Lease | None = None) -> None:
        wait = self._recovery()
        self._become(CircuitState.OPEN, now + wait, error, None)
        self.trips += 1
        if self.share is not None:
            job = Opened(self, self.share.version, wait, self.failed_rounds, lease)
            self.share.store.tell(job)

    def _close(self) -> None:
        self._become(CircuitState.CLOSED, -math.inf, None, window_of(self.config))
        self.failed_rounds = 0

    def _become(
        self, mode: CircuitState, until: float, error: Exception | None, window: Window | None
    ) -> None:
        state = mode if mode is not CircuitState.CLOSED else CircuitState.OPEN
        refusal = Refusal(self.name, state, until, error)
        # No calls from here on: an interrupt comes with a call only, and finds all or nothing done.
        self._round += 1
        self._probes = []
        self._proofs = 0
        self._mode = mode
        # The refusal first: a call that sees the new time must not tell of the old one.
        self.refusal = refusal
        self.until = until
        self._parked = None
        if self._off:
            self._aside = window
        else:
            self.window = window

    def _recovery(self) -> float:
        config = self.config
        wait = float(config.recovery_timeout)  # type: ignore[arg-type] # made one when it was checked
        if config.recovery_backoff > 1:
            grown = wait * config.recovery_backoff ** min(self.failed_rounds, 100)
            wait = max(wait, min(grown, float(config.recovery_max)))  # type: ignore[arg-type]
        if config.jitter:
            wait *= 1.0 - config.jitter * draw()
        return wait

    # Signals, when the lock is free again.

    def _tell_trip(self, error: Exception | None) -> None:
        if self._mode in _BYPASSING:
            self._tell("circuit.would_open", 30, error)
        else:
            self._tell("circuit.opened", 30, error)

    def _tell(
        self, kind: str, level: int, error: Exception | None = None, *, shared: bool = False
    ) -> None:
        if not listening():
            return
        facts: dict[str, object] = {"trips": self.trips, "rejected": self.rejected}
        if shared:
            facts["shared"] = True
        if error is not None:
            facts["error"] = type(error).__qualname__
        emit(Signal(kind=kind, source=self.name, level=level, facts=facts))


def draw() -> float:
    """A random number from 0 to 1, from the system: forked children must not probe together."""
    return int.from_bytes(os.urandom(6), "big") / 2**48
