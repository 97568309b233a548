"""What a circuit knows of the circuits of its name in other processes: plain values, no I/O.

A circuit goes on deciding by itself, at once.  What it decided is put on the queue of the store,
whose own thread tells the others and brings back what they decided.  The store numbers every
opening and closing with a *version*; what was decided on an older one is void.
"""

from __future__ import annotations

import math
import os
import threading
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pepperpy.infra.utils import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._circuit import Circuit

_CLOCK = Clock()
_PAUSE = 0.05
_LOOK = 0.001
_MARGIN = 1.2  # so that whoever waits hears that the store is silent, as soon as that is known


class View(NamedTuple):
    """A circuit as the store has it."""

    version: int
    """Of the last opening or closing; 0 if the store knows nothing of it."""
    is_open: bool
    remaining: float
    """Seconds until it may be probed."""
    failed_rounds: int


class Lease:
    """The right to one probe, for a time; whoever dies with it loses it when that is over."""

    __slots__ = ("__weakref__", "expires", "token", "version")

    def __init__(self, version: int, expires: float) -> None:
        self.token: str = os.urandom(12).hex()
        self.version: int = version
        self.expires: float = expires


class Answer:
    """What the callers of a half-open circuit wait for: whether one of them may probe."""

    __slots__ = ("_came", "_patience", "late")

    def __init__(self, patience: float) -> None:
        self._came = threading.Event()
        self._patience = patience
        self.late: bool = False
        """Whether somebody waited in vain, so that nobody else needs to."""

    @property
    def is_there(self) -> bool:
        """Whether it has come."""
        return self._came.is_set()

    def give(self) -> None:
        """Let everybody go on."""
        self._came.set()

    def wait(self) -> None:
        """Block this thread until it is there, or for as long as a store may take."""
        if not self._came.wait(self._patience):
            self.late = True

    async def comes(self) -> None:
        """The same for a task, of whatever event loop."""
        end = _CLOCK.monotonic() + self._patience
        while not self._came.is_set():
            if _CLOCK.monotonic() >= end:
                self.late = True
                return
            await _CLOCK.asleep(_LOOK)


class Asked(NamedTuple):
    """A job for the store: get a lease."""

    circuit: Circuit
    answer: Answer


class Opened(NamedTuple):
    """A job: the circuit opened, for *wait* seconds; by a probe with a *lease*, or by calls."""

    circuit: Circuit
    version: int
    """What was known when this was decided."""
    wait: float
    failed_rounds: int
    lease: Lease | None


class Proved(NamedTuple):
    """A job: the probe with the *lease* succeeded."""

    circuit: Circuit
    lease: Lease


class Released(NamedTuple):
    """A job: nobody uses the *lease* any more."""

    circuit: Circuit
    lease: Lease


class Closed(NamedTuple):
    """A job: somebody closed the circuit, whatever it was."""

    circuit: Circuit


Job = Asked | Opened | Proved | Released | Closed


class Store(Protocol):
    """What circuits need of a store; all of it returns at once."""

    @property
    def is_up(self) -> bool:
        """Whether it answers; if not, every circuit decides alone."""
        ...

    @property
    def timeout(self) -> float:
        """Seconds that it may take."""
        ...

    def start(self) -> None:
        """Begin to listen, unless it does."""
        ...

    def tell(self, job: Job) -> None:
        """Do it soon."""
        ...


class Share:
    """A circuit's part in a store.  All of it is guarded by the circuits' lock."""

    __slots__ = ("_answer", "_basis", "_denied_until", "now", "spare", "store", "version")

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        self.store: Store = store
        self.now: Callable[[], float] = now
        """The clock of the breaker."""
        self.version: int = 0
        """Of what the store last told us."""
        self._basis = 0  # all changes from this version on were our own
        self.spare: list[Lease] = []
        """Leases that came and are not used yet."""
        self._answer: Answer | None = None
        self._denied_until = -math.inf

    def take(self) -> Lease | bool:
        """A lease, `True` if none is needed, `False` if there is none."""
        if not self.store.is_up:
            return True
        while self.spare:
            lease = self.spare.pop()
            if lease.version == self.version and _CLOCK.monotonic() < lease.expires:
                return lease
        return False

    def ask(self, circuit: Circuit) -> Answer | None:
        """What to wait for, before `take` is tried again; `None` if that is no use."""
        if not self.store.is_up or _CLOCK.monotonic() < self._denied_until:
            return None
        answer = self._answer
        if answer is None or answer.is_there:
            answer = self._answer = Answer(self.store.timeout * _MARGIN)
            self.store.tell(Asked(circuit, answer))
        return None if answer.late else answer

    def deny(self, remaining: float) -> None:
        """All permits are in use, or will be for *remaining* seconds: do not ask again at once."""
        self._denied_until = _CLOCK.monotonic() + (remaining or _PAUSE)

    def changed(self, version: int, *, by_us: bool) -> None:
        """The circuit opened or closed, so whoever was denied may ask again."""
        self.version = version
        if not by_us:
            self._basis = version
        self._denied_until = -math.inf

    def since(self, version: int) -> int:
        """What a decision that was made at *version* was based on.

        Our own changes were known to us when they were made, and had a version only later.
        """
        return self.version if version >= self._basis else version

    def after_fork(self) -> None:
        """Leases and answers are the parent's."""
        self.spare = []
        self._answer = None
