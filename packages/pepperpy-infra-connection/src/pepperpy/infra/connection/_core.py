"""The decisions of a pool: who gets which connection, and what is to be done next.

Nothing in here waits, calls a hook, takes a lock or reads a clock.  A driver calls these methods
from one event loop, or under one lock, and does the `Work` that they return.
"""

from __future__ import annotations

import math
from collections import deque
from enum import Enum
from random import random
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from ._config import ConnectionPoolConfig

T = TypeVar("T")

# Where an entry is.  Plain numbers, since the quickest way back compares one.
IDLE: Final = 0
LENT: Final = 1  # on loan, and can go back among the idle ones without further ado
DUE: Final = 2  # on loan, and something is to be done with it when it comes back
BUSY: Final = 3  # being checked, reset or closed by the pool
ORPHAN: Final = 4  # on loan, and its pool has done with it
GONE: Final = 5

ON_LOAN: Final = (LENT, DUE)

_FORSAKEN: Final = 64


class Task(Enum):
    """What a pool does in the background."""

    CONNECT = "connect"
    CHECK = "check"
    CLOSE = "close"


class Entry(Generic[T]):
    """A connection, and what its pool knows about it."""

    __slots__ = ("borrower", "connection", "core", "expires", "pool", "recheck", "since", "state")

    def __init__(self, connection: T, core: Core[T], expires: float, recheck: float) -> None:
        self.connection = connection
        self.core = core
        self.pool = core.pool
        self.expires = expires
        self.recheck = recheck
        """From when on it is not lent without a look at it; never later than *expires*."""
        self.since = 0.0
        """When it was given back."""
        self.state = BUSY
        self.borrower: Any = None


class Waiter(Protocol):
    """A future, as far as the core uses it."""

    def done(self) -> bool: ...
    def set_result(self, result: Any, /) -> None: ...
    def set_exception(self, exception: Any, /) -> None: ...


class Work(NamedTuple):
    """Something for the driver to do in the background."""

    task: Task
    entry: Entry[Any] | None = None


class Core(Generic[T]):
    """One life of a pool: from when it is opened until it is closed or its event loop is gone."""

    def __init__(self, pool: Any, config: ConnectionPoolConfig, *, resets: bool) -> None:
        self.pool = pool
        self.min_size = config.min_size
        self.max_size = config.max_size
        self.lends_as = DUE if resets or config.leak_threshold is not None else LENT
        self._lifetime: Any = math.inf if config.max_lifetime is None else config.max_lifetime
        self._jitter = config.lifetime_jitter
        interval: Any = config.validate_interval if config.validate_on_acquire else None
        self.validates = interval is not None
        self._holds: Any = math.inf if interval is None else interval
        # All that changes.  Guarded by the driver's loop or lock.
        self.idle: list[Entry[T]] = []  # the last one in is lent first, so that surplus ages
        # What may be lent at once: the idle ones, unless each loan has to be written down.
        self.quick: list[Entry[T]] = self.idle if config.leak_threshold is None else []
        self.waiters: deque[Waiter] = deque()
        self.entries: dict[int, Entry[T]] = {}  # by id(): connections may be unhashable
        self.connecting = self.checking = self.closing = 0
        self.callers = 0  # those in the queue, until they go on
        self.home: object = None
        self.closed = False
        self.fill_at = -math.inf
        self.fill_failures = 0
        self.created = self.acquired = self.lost = self.max_size_reached = self.idle_closed = 0
        self._forsaken = 0

    @property
    def checks_always(self) -> bool:
        """Whether every single loan wants a check."""
        return bool(self._holds == 0)

    @property
    def live(self) -> int:
        """Connections that are open or being opened, without those that are going away."""
        return len(self.entries) - self.closing + self.connecting

    @property
    def on_loan(self) -> list[Entry[T]]:
        return [entry for entry in self.entries.values() if entry.state in ON_LOAN]

    def serve(self, now: float) -> bool:
        """Lend what is idle to those who wait; whether `next_work` may have something to begin."""
        idle, waiters = self.idle, self.waiters
        while waiters and idle:
            if waiters[0].done():
                waiters.popleft()
            elif now >= idle[-1].recheck:
                return True
            else:
                entry = idle.pop()
                entry.state = self.lends_as
                self.acquired += 1
                waiters.popleft().set_result(entry)
        wanted = self.max_size if waiters else self.min_size
        return len(self.entries) + self.connecting - self.closing < wanted

    def next_work(self, now: float) -> Work | None:
        """What to begin so that the next one who waits can be served, after `serve`."""
        if self.closed:
            return None
        if not self._someone_waits():
            return self._connect() if self.live < self.min_size and now >= self.fill_at else None
        if not self.idle:
            return None if self.enough_coming() else self._connect()
        entry = self.idle[-1]
        if now >= entry.expires:
            return self.retire(self.idle.pop())
        return None if self.enough_coming() else self.check(self.idle.pop())

    def hand(self, entry: Entry[T]) -> bool:
        """Lend *entry* to whoever has waited longest; False if nobody does."""
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                entry.state = self.lends_as
                self.acquired += 1
                waiter.set_result(entry)
                return True
        return False

    def add(self, connection: T, now: float) -> Entry[T]:
        """Take a new connection in."""
        expires = now + self._lifetime * (1 - self._jitter * random())  # noqa: S311 - no secret
        entry = Entry(connection, self, expires, min(expires, now + self._holds))
        entry.since = now
        self.entries[id(connection)] = entry
        self.created += 1
        self.fill_failures, self.fill_at = 0, -math.inf
        return entry

    def checked(self, entry: Entry[T], now: float) -> None:
        """*entry* has passed a check."""
        entry.recheck = min(entry.expires, now + self._holds)

    def suspect(self, entry: Entry[T]) -> None:
        """Have *entry* checked before it is lent again: what was done with it has failed."""
        if self.validates:
            entry.recheck = -math.inf

    def give(self, entry: Entry[T], now: float, *, checked: bool = False) -> Work | None:
        """*entry* is free: the next one gets it, or it is idle, or it is to be closed.

        Args:
            checked: It is known to be good, also where each loan wants a check.
        """
        if self.closed or now >= entry.expires or self.live > self.max_size:
            return self.retire(entry)
        if checked and self.hand(entry):
            return None
        entry.state = IDLE
        if not checked:  # a check is no use
            entry.since = now
        self.idle.append(entry)
        return None

    def check(self, entry: Entry[T]) -> Work:
        """Have *entry* checked; the caller has taken it out of the idle ones."""
        entry.state = BUSY
        self.checking += 1
        return Work(Task.CHECK, entry)

    def retire(self, entry: Entry[T]) -> Work:
        """Have *entry* closed; until that is done it takes up its place."""
        entry.state = BUSY
        self.closing += 1
        return Work(Task.CLOSE, entry)

    def gone(self, entry: Entry[T]) -> None:
        """*entry* is closed."""
        self.closing -= 1
        self.entries.pop(id(entry.connection), None)
        if entry.state == BUSY:
            entry.state = GONE

    def fail_first(self, error: BaseException) -> None:
        """Give *error* to whoever has waited longest."""
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                waiter.set_exception(error)
                return

    def forsake(self) -> None:
        """A waiter has given up; keep the queue from filling with such."""
        self._forsaken += 1
        if self._forsaken > _FORSAKEN and self._forsaken * 2 > len(self.waiters):
            self._forsaken = 0
            self.waiters = deque(waiter for waiter in self.waiters if not waiter.done())

    def waiting(self) -> int:
        """How many wait."""
        # The queue holds some that have given up, and some callers have not heard yet that they
        # were served; to count who really waits would take too long where thousands time out.
        return min(len(self.waiters), self.callers)

    def is_full(self, max_waiting: int) -> bool:
        """Whether one more would have to wait though so many do, for whom nothing is on its way."""
        if self.idle or len(self.entries) + self.connecting < self.max_size:
            return False
        return self.waiting() - self.connecting - self.checking >= max_waiting

    def resize(self, min_size: int, max_size: int) -> list[Work]:
        """Take over new sizes; idle connections beyond them are to be closed."""
        self.min_size, self.max_size = min_size, max_size
        work: list[Work] = []
        while self.idle and self.live > max_size:
            work.append(self.retire(self.idle.pop(0)))
        if self.live > max_size:
            self._all_due()
        return work

    def drain(self) -> list[Work]:
        """Replace every connection that is there: idle ones now, others when they come back."""
        for entry in self.entries.values():
            entry.expires = entry.recheck = -math.inf
        self._all_due()
        return self._retire_idle()

    def reap(self, now: float, idle_timeout: float | None) -> list[Work]:
        """The idle connections that are too old, or have been idle for too long."""
        work: list[Work] = []
        for entry in [*self.idle]:  # the coldest first
            too_long = idle_timeout is not None and now - entry.since >= idle_timeout
            surplus = too_long and self.live > self.min_size
            if surplus or now >= entry.expires:
                self.idle.remove(entry)
                self.idle_closed += surplus
                work.append(self.retire(entry))
        return work

    def close(self, error: BaseException) -> list[Work]:
        """Lend nothing any more, give *error* to all who wait, close what is idle."""
        self.closed = True
        while self.waiters:
            self.fail_first(error)
        self._all_due()
        return self._retire_idle()

    def orphan(self, orphans: dict[int, Entry[T]]) -> list[Work]:
        """Wait for connections on loan no longer: they become *orphans*, and are to be closed."""
        lent = self.on_loan
        for entry in lent:
            entry.state = ORPHAN
            orphans[id(entry.connection)] = entry
        self.lost += len(lent)
        self.closing += len(lent)
        return [Work(Task.CLOSE, entry) for entry in lent]

    def abandon(self, orphans: dict[int, Entry[T]]) -> None:
        """Have done with all connections, and close none; those on loan become *orphans*."""
        self.closed = True
        self.orphan(orphans)
        self.idle.clear()
        self.entries.clear()

    def fill_failed(self, now: float, attempts: int, delay: float) -> float | None:
        """Connecting failed: when to try again by ourselves; `None` if not before the next check."""
        self.fill_failures += 1
        if self.fill_failures >= attempts:
            self.fill_at = math.inf
            return None
        wait = delay * 2.0 ** (self.fill_failures - 1)
        self.fill_at = now + wait
        return wait

    def _retire_idle(self) -> list[Work]:
        work = [self.retire(entry) for entry in self.idle]
        self.idle.clear()
        return work

    def _all_due(self) -> None:
        for entry in self.entries.values():
            if entry.state == LENT:
                entry.state = DUE

    def _someone_waits(self) -> bool:
        while self.waiters and self.waiters[0].done():
            self.waiters.popleft()
        return bool(self.waiters)

    # Waiters that have given up may count here: it makes the pool grow sooner, and never too far.
    def enough_coming(self) -> bool:
        """Whether there is a connection on its way for each one who waits."""
        return self.connecting + self.checking >= len(self.waiters)

    def _connect(self) -> Work | None:
        if len(self.entries) + self.connecting >= self.max_size:
            return None
        self.connecting += 1
        return Work(Task.CONNECT)
