"""`ThreadConnectionPool`: the same for threads."""

from __future__ import annotations

import threading
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final, Generic
from weakref import ref

from pepperpy.infra.utils import deadline

from ._base import C, T
from ._core import BUSY, DUE, IDLE, LENT, Core, Entry
from ._errors import PoolKindError
from ._leaks import caller
from ._thread_work import ThreadWork
from ._types import PoolStatus

if TYPE_CHECKING:
    from typing import Self

    from pepperpy.infra.utils import Clock

    from ._blocks import ThreadPoolContext

_HOOKS: Final = (
    "_create_connection",
    "_close_connection",
    "_validate_connection",
    "_reset_connection",
)


class ThreadConnectionPool(ThreadWork[T, C]):
    """Connections that threads borrow: `ConnectionPool` with plain functions for hooks.

    Hooks run in short-lived threads of the pool, so that one which hangs holds up nobody for
    longer than *acquire_timeout*.  No thread can be stopped from outside, so *connect_timeout*,
    *validate_timeout* and *reset_timeout* are left to the hooks.

    Args:
        name: What it is found under once it is registered.
        config: The settings; the default is what `_get_default_config` returns.
        clock: What measures ages and intervals.

    Raises:
        PoolConfigError: If *config* is no `ConnectionPoolConfig`.
        PoolKindError: If a hook is a coroutine function.

    Examples:
        >>> class Numbers(ThreadConnectionPool):
        ...     count = 0
        ...
        ...     def _create_connection(self):
        ...         self.count += 1
        ...         return f"connection {self.count}"
        ...
        ...     def _close_connection(self, connection):
        ...         print("closed", connection)
        >>> with Numbers("numbers") as pool:
        ...     with pool.connection() as connection:
        ...         print(connection)
        connection 1
        closed connection 1
    """

    def __init__(self, name: str, config: C | None = None, *, clock: Clock | None = None) -> None:
        for hook in _HOOKS:
            if iscoroutinefunction(getattr(self, hook)):
                raise PoolKindError(
                    f"{type(self).__name__}.{hook}() must be a plain function in a pool for "
                    "threads; pools with async ones derive from ConnectionPool",
                    pool=name,
                )
        self._make_locks()
        super().__init__(name, config, clock=clock)

    def initialize(self) -> None:
        """Open the pool, with *min_size* connections; one that is open already stays as it is.

        Raises:
            Exception: The error of `_create_connection`, at once.  The pool is closed then.
            PoolTimeoutError: If that takes longer than *connect_timeout*.
        """
        with self._lock:
            while self._status is PoolStatus.CLOSING:
                self._stirred.wait()
            self.reopen()
            self._enter()
            core = self._core
            told: list[BaseException | None] = []
            threads: set[threading.Thread] = set()
            for _ in range(core.min_size - core.live):
                core.connecting += 1
                threads.add(self._spawn("connect", lambda: told.append(self._connect(core))))
            limit: Any = self._config.connect_timeout
            # Those of somebody else who initializes it as well are waited for too.
            there = self._stirred.wait_for(
                lambda: not core.connecting and threads.isdisjoint(self._working), limit
            )
            told.append(None if there else self._too_slow(limit))
            if core.closed and not any(told):
                raise self._closed_error()
        for error in told:
            if error is not None:
                self.close()
                raise error

    def close(self) -> None:
        """Close every connection, when those on loan are back or *close_timeout* is over.

        Whoever waits gets a `PoolClosedError` at once.
        """
        patience: Any = self._config.close_timeout
        with self._lock:
            while self._status is PoolStatus.CLOSING:
                self._stirred.wait()
            if self._status is PoolStatus.CLOSED:
                return
            self._status = PoolStatus.CLOSING
            core = self._core
            self._stop.set()
            try:
                self._begin(core, core.close(self._closed_error()))
                self._stirred.wait_for(lambda: not core.on_loan and not self._working, patience)
                if late := core.orphan(self._orphans):
                    self._closed_on_loan(late)
                    self._begin(core, late)
                self._stirred.wait_for(lambda: not self._working, patience)
            finally:  # whoever is interrupted here waits no longer; what is on its way goes on
                self._status = PoolStatus.CLOSED
                self._stirred.notify_all()

    def __enter__(self) -> Self:
        try:
            self.initialize()
        except BaseException:  # interrupted, and nobody else would close it
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def acquire(self, timeout: float | None = None) -> T:
        """A connection, for this caller alone until it is given to `release`.

        Args:
            timeout: Seconds to wait for one; the default is *acquire_timeout*.  A `deadline`
                around the call can only shorten it.

        Raises:
            PoolTimeoutError: If none became free in time; it is a `TimeoutError`.
            PoolClosedError: If the pool is closed, or gets closed meanwhile.
            Exception: The error of `_create_connection` if it failed.
        """
        entry = self._take() or self._wait(timeout)
        entry.by_hand = True
        return entry.connection

    def release(self, connection: T) -> None:
        """Take *connection* back, from any thread.

        Raises:
            NotLentError: If *connection* is not on loan from this pool.
        """
        with self._lock:
            self._give_back(self._on_loan(connection))

    def connection(self) -> ThreadPoolContext[T]:
        """A block with a connection: ``with pool.connection() as connection:``."""
        from ._blocks import ThreadPoolContext

        return ThreadPoolContext(self)

    def resize(self, *, min_size: int | None = None, max_size: int | None = None) -> None:
        """Change the sizes, now and until the next change.

        Raises:
            PoolConfigError: If they make no sense.
        """
        with self._lock:
            core = self._core
            self._begin(core, core.resize(*self._new_sizes(min_size, max_size)))
            self._pump(core)

    def drain(self) -> None:
        """Replace every connection: the idle ones now, the others when they are given back."""
        with self._lock:
            core = self._core
            self._begin(core, core.drain())
            self._pump(core)

    def maintain(self) -> None:
        """Close what is too old or idle for too long, check the idle, fill up to *min_size*.

        The pool does it by itself every *health_check_interval*; a test calls it after moving the
        clock.
        """
        with self._lock:
            core = self._core
            if not self._is_open():
                return
            self._begin(core, self._upkeep())
            due = self._due_for_checks()
        for entry in due:
            # One at a time, so that the others can be lent meanwhile.
            with self._lock:
                if entry.state != IDLE or core.closed:
                    continue
                core.idle.remove(entry)
                core.check(entry)
            self._check(core, entry)
        with self._lock:
            self._pump(core)
            limit: Any = self._config.close_timeout
            self._stirred.wait_for(lambda: not self._working, limit)

    # What follows is for the modules of this package: the contexts and the decorator.

    def _take(self) -> Entry[T] | None:
        """A connection that can be lent at once."""
        with self._lock:
            core = self._core
            quick = core.quick
            if quick and not core.waiters and self._now() < quick[-1].recheck:
                entry = quick.pop()
                entry.state = core.lends_as
                core.acquired += 1
                return entry
        return None

    def _wait(self, timeout: float | None = None) -> Entry[T]:
        default: Any = self._config.acquire_timeout
        wanted = default if timeout is None else timeout
        limit = deadline.remaining() if wanted is None else deadline.at_most(wanted)
        ticket = _Ticket[T]()
        try:
            return self._served(ticket, limit)
        except BaseException:  # an interrupt too: what it was handed goes to the next one
            self._forsake(ticket)
            raise
        finally:
            if ticket.core is not None:
                with self._lock:
                    ticket.core.callers -= 1

    def _served(self, ticket: _Ticket[T], limit: float | None) -> Entry[T]:
        self._queue_up(ticket)
        start = self._now()
        ticket.wait(limit)
        with self._lock:
            self._waited(self._now() - start)
            late = None if ticket.over else self._timeout_error(limit or 0.0)
        if late is not None:
            self._timed_out(late)
            raise late
        entry = ticket.result()
        if self._config.leak_threshold is not None:
            self._remember(entry, threading.current_thread().name, caller(3))
        return entry

    def _queue_up(self, ticket: _Ticket[T]) -> None:
        with self._lock:
            self._enter()
            core = self._core
            self._admit(core)
            core.callers += 1
            ticket.core = core
            core.waiters.append(ticket)
            self._pump(core)
            core.max_size_reached += not ticket.over and not core.enough_coming()

    def _forsake(self, ticket: _Ticket[T]) -> None:
        with self._lock:
            if ticket.entry is not None:
                self._give_back(ticket.entry)
            elif ticket.core is not None and not ticket.over:
                ticket.over = True
                ticket.core.forsake()

    def _give_back(self, entry: Entry[T]) -> None:
        with self._lock:
            if entry.state == LENT:
                entry.state = IDLE
                entry.since = self._now()
                self._core.idle.append(entry)
                if self._core.waiters:
                    self._pump(self._core)
            elif entry.state == DUE:
                entry.state = BUSY
                self._come_back(entry)
            else:
                self._forget_orphan(entry)
            self._stirred.notify_all()

    def _come_back(self, entry: Entry[T]) -> None:
        core = entry.core
        entry.borrower = None
        if core.closed or not self._resets():
            self._settle(core, entry, good=True)
        else:
            self._spawn("reset", lambda: self._reset(core, entry))

    # Where the pool lives.

    def _make_locks(self) -> None:
        # Re-entrant: who listens to a signal of the pool may ask it for its figures.
        self._lock = threading.RLock()
        self._stirred = threading.Condition(self._lock)
        self._place = object()

    def _home(self) -> object:
        return self._place

    def _renew(self) -> None:
        super()._renew()
        self._working: set[threading.Thread] = set()
        self._stop = threading.Event()

    def after_fork(self) -> None:
        """Begin anew in a forked child: nothing of the parent's is used or closed."""
        self._make_locks()
        super().after_fork()

    def reopen(self) -> None:
        """Let the pool, if it is closed, open again when it is used next."""
        with self._lock:
            if self._status is PoolStatus.CLOSED:
                self._status = PoolStatus.INITIALIZING
                self._renew()

    def _enter(self) -> None:
        """See to it that the pool is open."""
        if self._status in {PoolStatus.CLOSING, PoolStatus.CLOSED}:
            raise self._closed_error()
        if self._status is PoolStatus.INITIALIZING:
            self._status = PoolStatus.READY
            every = self._check_every()
            if every is not None:
                arguments = (ref(self), self._stop, every)
                name = f"pool {self._name}: keeper"
                threading.Thread(target=_keep, args=arguments, name=name, daemon=True).start()


class _Ticket(Generic[T]):
    """The place of a thread in the queue."""

    __slots__ = ("_gate", "core", "entry", "error", "over")

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._gate.acquire()
        self.core: Core[T] | None = None
        """In whose queue it is."""
        self.entry: Entry[T] | None = None
        self.error: BaseException | None = None
        self.over = False

    def done(self) -> bool:
        return self.over

    def set_result(self, result: Entry[T], /) -> None:
        self.entry = result
        self._end()

    def set_exception(self, exception: BaseException, /) -> None:
        self.error = exception
        self._end()

    def wait(self, limit: float | None) -> None:
        longest = threading.TIMEOUT_MAX
        self._gate.acquire(timeout=longest if limit is None else min(limit, longest))

    def result(self) -> Entry[T]:
        if self.entry is None:
            raise self.error or AssertionError("nobody has served this ticket")
        return self.entry

    def _end(self) -> None:
        self.over = True
        self._gate.release()


def _keep(pool: ref[ThreadConnectionPool[Any, Any]], stop: threading.Event, every: float) -> None:
    while not stop.wait(every):
        alive = pool()
        if alive is None:  # a thread must not keep the pool alive
            return
        alive.maintain()
        del alive
