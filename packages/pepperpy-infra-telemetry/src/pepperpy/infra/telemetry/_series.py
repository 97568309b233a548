"""A series: one metric with one set of tags, written to without a lock."""

from __future__ import annotations

from abc import ABC, abstractmethod
from threading import RLock
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import Clock

from ._kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._kinds import Kind
    from ._tags import Flat
    from ._types import Event, MetricType


class Switch:
    """What every series of a manager asks: whether reports are taken, and what time it is."""

    __slots__ = ("captures", "enabled", "now", "off")

    off: bool

    def __init__(self, clock: Clock) -> None:
        self.now: Callable[[], float] = clock.monotonic
        self.enabled: bool = True
        # What hears of each event at once.  Single operations on a dict, so no lock.
        self.captures: dict[object, Callable[[Event], None]] = {}
        self.update()

    def update(self) -> None:
        """Be on if that is wanted, or a test captures."""
        self.off = not (self.enabled or self.captures)


class Ledger(ABC):
    """What the series of one metric share."""

    __slots__ = ("dropped", "folding", "kind", "lock", "name", "type")

    def __init__(self, name: str, type_: MetricType) -> None:
        self.name: str = name
        self.type: MetricType = type_
        self.kind: Kind = kind_of(type_)
        self.dropped: int = 0
        self.renew_lock()

    def renew_lock(self) -> None:
        """Begin with a free lock, also in a child process."""
        # One for all: a fold is rare and takes microseconds.  Re-entrant, since a signal handler
        # or a finalizer may read in the midst of a fold of its own thread.
        self.lock: RLock = RLock()
        self.folding: bool = False

    @abstractmethod
    def revive(self, series: Series) -> None:
        """Bring back what a fork has ended; *series* is the first that was written to."""

    @abstractmethod
    def sibling(self, series: Series, more: Mapping[str, str]) -> Series:
        """The series with *more* tags."""


class Series:
    """A journal that reports are appended to, and the state that they are folded into.

    ``list.append`` is one atomic step, and takes a quarter of the time of an increment under a
    lock (80 and 285 ns); a fold takes the lock once for many of them.  Readers fold first, so what
    they read is exact and never goes back.
    """

    __slots__ = ("journal", "ledger", "limit", "route", "state", "switch", "tags")

    def __init__(
        self, ledger: Ledger, switch: Switch, tags: Flat, route: str | None, limit: int
    ) -> None:
        self.journal: list[Any] = []
        self.ledger: Ledger = ledger
        self.limit: int = limit
        self.route: str | None = route
        self.state: Any = ledger.kind.nothing
        self.switch: Switch = switch
        self.tags: Flat = tags

    def record(self, value: Any) -> None:
        """Report *value*.  Whatever it is, this does not raise."""
        if self.switch.off:
            return
        journal = self.journal
        journal.append(value)
        if len(journal) > self.limit:
            self.settle()

    def settle(self) -> None:
        """Fold, unless somebody else is at it: then a writer does not wait."""
        if not self.limit:
            self.ledger.revive(self)
        if not self.ledger.folding:
            # `with`, and not an attempt to acquire: no interrupt gets in between it and the block.
            with self.ledger.lock:
                self._fold()

    def read(self) -> Any:
        """The state with everything that was reported so far."""
        ledger = self.ledger
        with ledger.lock:
            if ledger.folding:
                # We interrupt a fold of our own thread.  Until it commits, nothing has changed.
                return ledger.kind.plus(self.state, self.journal[:])[0]
            self._fold()
            return self.state

    def forget(self) -> None:
        """Be as new, in a child process."""
        self.journal.clear()
        self.state = self.ledger.kind.nothing
        self.limit = 0  # so that the next report settles, and revives what the fork has ended

    def _fold(self) -> None:
        ledger, journal = self.ledger, self.journal
        count = len(journal)
        if not count:
            return
        ledger.folding = True
        try:
            taken = journal[:count]  # outlives the commit, and with it what its end may run
            state, dropped = ledger.kind.plus(self.state, taken)
            # The commit.  Between these two the interpreter runs no signal handler, so that an
            # exception from one finds the values either in the journal or in the state.
            del journal[:count]
            self.state = state
            ledger.dropped += dropped
        finally:
            ledger.folding = False
