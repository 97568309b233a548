"""`ThreadConnectionPool`: the same for threads."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic
from weakref import ref

from pepperpy.infra.utils import deadline

from ._base import BasePool, C, T, caller, overrides
from ._core import BUSY, DUE, IDLE, LENT, Core, Entry, Task, Work
from ._errors import PoolTimeoutError
from ._types import PoolStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from pepperpy.infra.utils import Clock

    from ._resource import ThreadPoolContext


class ThreadConnectionPool(BasePool[T, C], ABC):
    """Connections that threads borrow: `ConnectionPool` with plain functions for hooks.

    Hooks run in short-lived threads of the pool, so that one which hangs holds up nobody for
    longer than *acquire_timeout*.  No thread can be stopped from outside, so *connect_timeout*,
    *validate_timeout* and *reset_timeout* are left to the hooks.

    Args:
        name: What it is found under once it is registered.
        config: The settings; the default is what `_get_default_config` returns.
        clock: What measures ages and intervals.

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
        self._make_locks()
        super().__init__(name, config, clock=clock)

    @abstractmethod
    def _create_connection(self) -> T:
        """Open a connection.  An error reaches the caller who waits longest, as it is."""

    @abstractmethod
    def _close_connection(self, connection: T) -> None:
        """Close *connection*.  An error is counted, and the connection is gone all the same."""

    def _validate_connection(self, connection: T) -> bool:  # noqa: ARG002 - for those who override it
        """Whether *connection* is good; if not, or if this raises, another one is lent."""
        return True

    def _reset_connection(self, connection: T) -> None:
        """Tidy *connection* up after each use.  If this raises, it is closed."""

    def initialize(self) -> None:
        """Open the pool, with *min_size* connections; one that is open already stays as it is.

        Raises:
            Exception: The error of `_create_connection`, at once.  The pool is closed then.
            PoolTimeoutError: If that takes longer than *connect_timeout*.
        """
        with self._lock:
            while self._status is PoolStatus.CLOSING:
                self._stirred.wait()
            if self._status is PoolStatus.CLOSED:
                self._status = PoolStatus.INITIALIZING
                self._renew()
            self._enter()
            core = self._core
            told: list[BaseException | None] = []
            threads: list[threading.Thread] = []
            while core.live < core.min_size:
                core.connecting += 1
                threads.append(self._spawn("connect", lambda: told.append(self._connect(core))))
        limit: Any = self._config.connect_timeout
        for thread in threads:
            thread.join(limit)
        late = self._too_slow(limit) if any(each.is_alive() for each in threads) else None
        for error in (*told, late):
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
            self._begin(core, core.close(self._closed_error()))
            self._stirred.wait_for(lambda: not core.on_loan and not self._working, patience)
            if late := core.orphan(self._orphans):
                self._closed_on_loan(late)
                self._begin(core, late)
            self._stirred.wait_for(lambda: not self._working, patience)
            self._status = PoolStatus.CLOSED
            self._stirred.notify_all()

    def __enter__(self) -> Self:
        self.initialize()
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
        from ._resource import ThreadPoolContext

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
        with self._lock:
            self._enter()
            core = self._core
            self._admit(core)
            core.waiters.append(ticket)
            core.callers += 1
            self._pump(core)
            core.max_size_reached += not ticket.over and not core.enough_coming()
        start = self._now()
        late: PoolTimeoutError | None = None
        try:
            ticket.wait(limit)
            with self._lock:
                if not ticket.over:
                    late = self._timeout_error(limit or 0.0)
                    self._forsake(core, ticket)
                core.callers -= 1
                self._waited(self._now() - start)
        except BaseException:  # an interrupt: what it was handed meanwhile goes to the next one
            with self._lock:
                core.callers -= 1
                self._forsake(core, ticket)
            raise
        if late is not None:
            self._timed_out(late)
            raise late
        entry = ticket.result()
        if self._config.leak_threshold is not None:
            self._remember(entry, threading.current_thread().name, caller(2))
        return entry

    def _forsake(self, core: Core[T], ticket: _Ticket[T]) -> None:
        if ticket.entry is not None:
            self._give_back(ticket.entry)
        else:
            ticket.over = True
            core.forsake()

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

    # What the pool does in the background.

    def _is_open(self) -> bool:
        return self._status is PoolStatus.READY

    def _later(self, seconds: float) -> None:
        def pump() -> None:
            with self._lock:
                self._pump(self._core)

        timer = threading.Timer(seconds, pump)
        timer.daemon = True
        timer.start()

    def _spawn(self, what: str, act: Callable[[], object]) -> threading.Thread:
        def run() -> None:
            try:
                act()
            finally:
                with self._lock:
                    working.discard(thread)
                    self._stirred.notify_all()

        working = self._working
        thread = threading.Thread(target=run, name=f"pool {self._name}: {what}", daemon=True)
        working.add(thread)
        try:
            thread.start()
        except RuntimeError:  # there can be no more threads, as when Python shuts down
            run()
        return thread

    def _start(self, core: Core[T], work: Work) -> None:
        entry: Any = work.entry
        if work.task is Task.CONNECT:
            self._spawn("connect", lambda: self._connect(core))
        elif work.task is Task.CHECK:
            self._spawn("check", lambda: self._check(core, entry))
        else:
            self._spawn("close", lambda: self._close(core, entry))

    def _connect(self, core: Core[T]) -> BaseException | None:
        """Open a connection; returns what a waiter is told if that fails."""
        try:
            connection = self._create()
            with self._lock:
                self._connected(core, connection)
        except BaseException as error:  # it is the waiter's; control flow is raised all the same
            with self._lock:
                told = self._not_connected(core, error)
            if not isinstance(error, Exception):
                raise
            return told
        return None

    def _create(self) -> T:
        connection = self._create_connection()
        if not self._core.checks_always or connection is None or self._valid(connection):
            return connection
        self._shut(connection)
        raise self._useless()

    def _check(self, core: Core[T], entry: Entry[T]) -> None:
        good = False
        try:
            good = self._valid(entry.connection)
        finally:
            with self._lock:
                self._checked(core, entry, good=good)

    def _reset(self, core: Core[T], entry: Entry[T]) -> None:
        good = False
        try:
            good = self._attempt("reset", self._reset_connection, entry.connection)
        finally:
            with self._lock:
                self._settle(core, entry, good=good)

    def _close(self, core: Core[T], entry: Entry[T]) -> None:
        try:
            self._shut(entry.connection)
        finally:
            with self._lock:
                core.gone(entry)
                self._pump(core)

    def _valid(self, connection: T) -> bool:
        return self._attempt("validate", self._validate_connection, connection)

    def _shut(self, connection: T) -> None:
        self._attempt("close", self._close_connection, connection)

    def _attempt(self, what: str, hook: Callable[[T], object], connection: T) -> bool:
        """Whether *hook* came to an end and did not say no."""
        try:
            answer = hook(connection)
        except Exception as error:  # noqa: BLE001 - hooks may raise anything; it is counted and told
            with self._lock:
                self._failed(what, error)
            return False
        return self._verdict(what, answer)

    def _resets(self) -> bool:
        return overrides(self, ThreadConnectionPool, "_reset_connection")


class _Ticket(Generic[T]):
    """The place of a thread in the queue."""

    __slots__ = ("_gate", "entry", "error", "over")

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._gate.acquire()
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
