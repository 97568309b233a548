"""What comes of the work of a pool."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from ._base import BasePool, C, T
from ._core import Core, Entry, Work
from ._errors import InvalidConnectionError, PoolError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Steps(BasePool[T, C]):
    """What follows when a connection was opened, checked or given back, or could not be.

    The drivers run the hooks, and call these from the loop or under the lock that guards the core.
    """

    @abstractmethod
    def _start(self, core: Core[T], work: Work) -> None:
        """Begin *work* in the background."""

    @abstractmethod
    def _later(self, seconds: float) -> None:
        """Call `_pump` in so many seconds."""

    @abstractmethod
    def _is_open(self) -> bool:
        """Whether work can be begun."""

    def _begin(self, core: Core[T], works: Iterable[Work | None]) -> None:
        if core.home is self._home():  # else nobody can close them
            for work in works:
                if work is not None:
                    self._start(core, work)

    def _pump(self, core: Core[T]) -> None:
        """Serve whoever can be served, and begin what the others need."""
        while core.serve(self._now()) and core is self._core and self._is_open():
            work = core.next_work(self._now())
            if work is None:
                return
            self._start(core, work)

    def _connected(self, core: Core[T], connection: T) -> None:
        """A connection was opened, and it serves whoever waits longest."""
        entry = self._take_in(core, connection)
        core.connecting -= 1
        self._begin(core, [core.give(entry, self._now(), checked=True)])
        self._pump(core)

    def _not_connected(self, core: Core[T], error: BaseException) -> BaseException:
        """Opening one failed, which is told to whoever waits longest; returns what is told."""
        told = error
        if not isinstance(error, Exception):
            told = PoolError(f"opening a connection of pool {self._name!r} was interrupted")
            told.__cause__ = error
        core.connecting -= 1
        if core is self._core:
            self._failed("connect", error)
            config = self._config
            delay: Any = config.retry_delay
            wait = core.fill_failed(self._now(), config.retry_attempts, delay)
            core.fail_first(told)
            if wait is not None:
                self._later(wait)
            self._pump(core)
        return told

    def _verdict(self, what: str, answer: object) -> bool:
        """What a hook that has not failed says: only checks have something to say."""
        good = what != "validate" or bool(answer)
        self._errors += not good
        return good

    def _checked(self, core: Core[T], entry: Entry[T], *, good: bool) -> None:
        core.checking -= 1
        if good:
            core.checked(entry, self._now())
        self._settle(core, entry, good=good, checked=good)

    def _settle(self, core: Core[T], entry: Entry[T], *, good: bool, checked: bool = False) -> None:
        """Lend or keep *entry* if it is good, close it if not."""
        work = core.give(entry, self._now(), checked=checked) if good else core.retire(entry)
        self._begin(core, [work])
        self._pump(core)

    def _take_in(self, core: Core[T], connection: T) -> Entry[T]:
        """A new connection, of which the pool is sure that it can be lent."""
        problem = None
        if connection is None:
            problem = "returned None; it must return a connection"
        elif id(connection) in core.entries:
            problem = "returned a connection that is in the pool already; each must be a new one"
        if problem:
            raise self._invalid(f"_create_connection() of pool {self._name!r} {problem}")
        return core.add(connection, self._now())

    def _check_every(self) -> float | None:
        """How often the pool looks after itself: as often as the shortest of its times wants it."""
        config = self._config
        if config.health_check_interval is None:
            return None
        wanted: list[Any] = [
            config.health_check_interval,
            config.idle_timeout,
            config.leak_threshold,
            config.max_lifetime,
        ]
        return float(min(each for each in wanted if each is not None))

    def _due_for_checks(self) -> list[Entry[T]]:
        now = self._now()
        core = self._core
        return [each for each in core.idle if core.validates and now >= each.recheck]

    def _upkeep(self) -> list[Work]:
        """What is to be closed now; afterwards the pool may fill up again."""
        core = self._core
        self._report_leaks()
        idle_timeout: Any = self._config.idle_timeout
        work = core.reap(self._now(), idle_timeout)
        core.fill_failures, core.fill_at = 0, float("-inf")
        return work

    def _invalid(self, message: str) -> InvalidConnectionError:
        return InvalidConnectionError(message, pool=self._name)

    def _useless(self) -> InvalidConnectionError:
        return self._invalid(
            f"a new connection of pool {self._name!r} did not pass _validate_connection()"
        )


def overrides(pool: object, base: type, hook: str) -> bool:
    """Whether the class of *pool* has a hook of its own where *base* does nothing."""
    own: object = getattr(type(pool), hook)
    return own is not getattr(base, hook)
