"""`ConnectionPool`: connections for tasks of an event loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from contextlib import suppress
from threading import get_ident
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar
from weakref import ref

from pepperpy.infra.utils import ForkSafeLock, deadline

from ._base import BasePool, C, T, caller, overrides
from ._core import BUSY, DUE, GONE, IDLE, LENT, Core, Entry, Task, Work
from ._errors import PoolClosedError, PoolLoopError, PoolTimeoutError
from ._types import PoolStatus

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Generator, Iterable
    from typing import Self

    from pepperpy.infra.utils import Clock

    from ._resource import PoolContext

R = TypeVar("R")

_time_left = deadline.remaining

_GRACE: Final = 1.0  # seconds for what was cancelled to end

_SLACK: Final = 0.0005  # seconds that a time-out may come early, so that one timer serves many


class ConnectionPool(BasePool[T, C], ABC):
    """Connections that tasks borrow, one task each at a time; derive from it and write its hooks.

    It opens itself with the first use, or with `initialize`, which opens *min_size* connections
    at once.  Whoever waits longest is served first, with whatever comes first: a connection that
    was given back or a new one.  Hooks run in tasks of the pool, so that a caller who is
    cancelled tears nothing, and none of them sees the context variables of a caller.

    A pool belongs to the event loop that uses it.  When that loop has ended, or in a forked child,
    it begins anew with the next one.

    Args:
        name: What `get_pool` finds it under once it is registered.
        config: The settings; the default is what `_get_default_config` returns.
        clock: What measures ages and intervals.  Waiting is the event loop's.

    Raises:
        PoolConfigError: If *config* is no `ConnectionPoolConfig`.

    Examples:
        >>> import asyncio
        >>> class Numbers(ConnectionPool):
        ...     count = 0
        ...
        ...     async def _create_connection(self):
        ...         self.count += 1
        ...         return f"connection {self.count}"
        ...
        ...     async def _close_connection(self, connection):
        ...         print("closed", connection)
        >>> async def main():
        ...     pool = Numbers("numbers")
        ...     async with pool.connection() as connection:
        ...         print("using", connection)
        ...     await pool.close()
        >>> asyncio.run(main())
        using connection 1
        closed connection 1
    """

    def __init__(self, name: str, config: C | None = None, *, clock: Clock | None = None) -> None:
        import asyncio

        self._running_loop = asyncio._get_running_loop  # noqa: SLF001 - public in `asyncio.events`
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0  # where the loop ran first; elsewhere things go a longer way
        self._moving = ForkSafeLock()
        self._opening: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tick: asyncio.TimerHandle | None = None
        super().__init__(name, config, clock=clock)

    @abstractmethod
    async def _create_connection(self) -> T:
        """Open a connection.  An error reaches the caller who waits longest, as it is."""

    @abstractmethod
    async def _close_connection(self, connection: T) -> None:
        """Close *connection*.  An error is counted, and the connection is gone all the same."""

    async def _validate_connection(self, connection: T) -> bool:  # noqa: ARG002 - for those who override it
        """Whether *connection* is good; if not, or if this raises, another one is lent."""
        return True

    async def _reset_connection(self, connection: T) -> None:
        """Tidy *connection* up after each use.  If this raises, it is closed."""

    async def initialize(self) -> None:
        """Open the pool, with *min_size* connections; one that is open already stays as it is.

        Raises:
            Exception: The error of `_create_connection`, at once.  The pool is closed then.
        """
        import asyncio

        loop = asyncio.get_running_loop()
        if self._status is PoolStatus.CLOSING:
            await self.close()
        if self._status is PoolStatus.CLOSED:
            self._status = PoolStatus.INITIALIZING
            self._loop = None
        self._enter(loop)
        if self._opening is None:
            self._status = PoolStatus.INITIALIZING
            self._opening = self._spawn(self._open(self._core), "open")
        await asyncio.shield(self._opening)

    async def close(self) -> None:
        """Close every connection, when those on loan are back or *close_timeout* is over.

        Whoever waits gets a `PoolClosedError` at once.  It goes on if the caller is cancelled.
        """
        import asyncio

        if self._status is PoolStatus.CLOSED:
            return
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            if self._loop is not None and self._loop.is_running():
                raise self._loop_error()
            self._abandon()
            self._status = PoolStatus.CLOSED
            self._renew()
            return
        if self._ending is None:
            self._status = PoolStatus.CLOSING
            work = self._core.close(self._closed_error())
            self._ending = self._spawn(self._end(self._core, work), "end")
        await asyncio.shield(self._ending)

    async def __aenter__(self) -> Self:
        await self.initialize()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def acquire(self, timeout: float | None = None) -> T:  # noqa: ASYNC109 - the same for threads
        """A connection, for this caller alone until it is given to `release`.

        Args:
            timeout: Seconds to wait for one; the default is *acquire_timeout*.  A `deadline`
                around the call can only shorten it.

        Raises:
            PoolTimeoutError: If none became free in time; it is a `TimeoutError`.
            PoolClosedError: If the pool is closed, or gets closed meanwhile.
            Exception: The error of `_create_connection` if it failed.
        """
        entry = self._take() or await self._wait(timeout)
        return entry.connection

    def release(self, connection: T) -> Released:
        """Take *connection* back.  All is done when this returns; awaiting it is not needed.

        It may be called from any thread.

        Raises:
            NotLentError: If *connection* is not on loan from this pool.
        """
        self._give_back(self._on_loan(connection))
        return RELEASED

    def connection(self) -> PoolContext[T]:
        """A block with a connection: ``async with pool.connection() as connection:``."""
        from ._resource import PoolContext

        return PoolContext(self)

    def resize(self, *, min_size: int | None = None, max_size: int | None = None) -> None:
        """Change the sizes, now and until the next change.

        Raises:
            PoolConfigError: If they make no sense.
        """
        core = self._core
        self._begin(core, core.resize(*self._new_sizes(min_size, max_size)))
        self._pump(core)

    def drain(self) -> None:
        """Replace every connection: the idle ones now, the others when they are given back."""
        core = self._core
        self._begin(core, core.drain())
        self._pump(core)

    async def maintain(self) -> None:
        """Close what is too old or idle for too long, check the idle, fill up to *min_size*.

        The pool does it by itself every *health_check_interval*; a test calls it after moving the
        clock.
        """
        import asyncio

        core = self._core
        if self._loop is None or core.closed:
            return
        self._begin(core, self._upkeep())
        for entry in self._due_for_checks():
            # One at a time, so that the others can be lent meanwhile.
            if entry.state == IDLE and not core.closed:
                core.idle.remove(entry)
                core.check(entry)
                await self._spawn(self._check(core, entry), "check")
        self._pump(core)
        if busy := self._tasks_but_ends():
            await asyncio.wait(busy)

    # What follows is for the modules of this package: the contexts and the decorator.

    def _take(self) -> Entry[T] | None:
        """A connection that can be lent at once."""
        core = self._core
        quick = core.quick
        if quick and not core.waiters and self._running_loop() is self._loop:
            entry = quick[-1]
            if self._now() < entry.recheck:
                quick.pop()
                entry.state = core.lends_as
                core.acquired += 1
                return entry
        return None

    async def _wait(self, timeout: float | None = None) -> Entry[T]:  # noqa: ASYNC109 - as above
        loop: Any = self._running_loop()
        if loop is not self._loop or self._core.closed:
            self._enter(loop)
        core = self._core
        if self._config.max_waiting is not None:
            self._admit(core)
        left = _time_left()
        limit = None if timeout is None and left is None else self._limit(timeout, left)
        future: asyncio.Future[Entry[T]] = loop.create_future()
        core.waiters.append(future)
        if core.idle or len(core.entries) + core.connecting < core.max_size:
            self._pump(core)
        if future.done():
            entry = future.result()
        else:
            core.max_size_reached += not core.enough_coming()
            core.callers += 1
            start = monotonic()
            if limit is None:
                timer = None
                self._expire_in_turn(loop, future, start)
            else:
                timer = self._expire_later(loop, future, limit)
            try:
                entry = await future
            except BaseException as error:
                self._not_served(core, future, error)
                raise
            finally:
                core.callers -= 1
                if timer is not None:
                    timer.cancel()
                self._wait_time = waited = monotonic() - start
                self._total_wait_time += waited
        if self._config.leak_threshold is not None:
            self._remember_task(entry)
        return entry

    def _not_served(
        self, core: Core[T], future: asyncio.Future[Entry[T]], error: BaseException
    ) -> None:
        if isinstance(error, PoolTimeoutError):
            self._timed_out(error)
        if future.done() and not future.cancelled() and future.exception() is None:
            self._give_back(future.result())  # it was cancelled when it had been handed one
        else:
            core.forsake()

    def _give_back(self, entry: Entry[T]) -> None:
        """Take *entry* back: at once where nothing else is to be done, else in the background."""
        if entry.state == LENT:
            core = entry.core
            entry.state = IDLE
            entry.since = self._now()
            core.idle.append(entry)
            # Asked only now: if another thread gave it back, a task that began to wait meanwhile
            # has either seen it or is seen here.
            if core.waiters:
                self._serve(core, entry.since)
        elif entry.state == DUE:
            entry.state = BUSY
            if get_ident() == self._thread:
                self._come_back(entry)
            else:
                self._elsewhere(self._come_back, entry)
        else:
            self._forget_orphan(entry)
            entry.state = GONE

    # Where the pool lives.

    def _renew(self) -> None:
        import asyncio

        super()._renew()
        self._opening = self._ending = None
        self._timer = self._tick = None
        self._stirred = asyncio.Event()
        self._tasks: dict[asyncio.Task[Any], str] = {}
        self._deadlines: deque[tuple[float, asyncio.Future[Entry[T]]]] = deque()

    def after_fork(self) -> None:
        """Begin anew in a forked child: nothing of the parent's is used or closed."""
        self._loop = None
        super().after_fork()

    def _enter(self, loop: asyncio.AbstractEventLoop) -> None:
        """See to it that *loop* is the one that the pool lives in, and that it is open."""
        if self._status in {PoolStatus.CLOSING, PoolStatus.CLOSED}:
            raise self._closed_error()
        if self._loop is loop:
            return
        with self._moving:
            if self._loop is not None and self._loop.is_running():
                raise self._loop_error()
            self._abandon()
            self._loop, self._thread = loop, get_ident()
            self._renew()
            self._status = PoolStatus.READY
            self._arm(loop)

    def _abandon(self) -> None:
        """Leave all behind that lives in a loop which runs no more: nobody could close it there."""
        loop, core = self._loop, self._core
        if loop is not None and not loop.is_closed():
            while core.waiters:
                core.fail_first(self._loop_is_left())
        for timer in (self._timer, self._tick):
            if timer is not None:
                timer.cancel()
        core.abandon(self._orphans)
        self._loop = None

    def _loop_is_left(self) -> PoolClosedError:
        return PoolClosedError(
            f"the event loop was left in which pool {self._name!r} lived", pool=self._name
        )

    def _loop_error(self) -> PoolLoopError:
        return PoolLoopError(
            f"pool {self._name!r} is in use by another event loop, which is still running; "
            "give each loop a pool of its own",
            pool=self._name,
        )

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        every = self._check_every()
        if every is not None:
            self._tick = loop.call_later(every, _tick, ref(self))

    def _beat(self) -> None:
        if self._loop is not None and not self._core.closed:
            if "maintain" not in self._tasks.values():
                self._spawn(self.maintain(), "maintain")
            self._arm(self._loop)

    def _spawn(self, work: Coroutine[Any, Any, R], what: str) -> asyncio.Task[R]:
        from contextvars import Context

        loop: Any = self._loop
        # In a context of its own: no deadline and no trace of whoever happened to ask first.
        task: asyncio.Task[R] = loop.create_task(
            work, name=f"pool {self._name}: {what}", context=Context()
        )
        tasks, stirred = self._tasks, self._stirred
        tasks[task] = what

        def done(task: asyncio.Task[Any]) -> None:
            del tasks[task]
            stirred.set()
            if not task.cancelled():
                task.exception()  # whoever waits for it is told; nobody has to

        task.add_done_callback(done)
        return task

    def _serve(self, core: Core[T], now: float) -> None:
        """Serve those who wait; from another thread, in the loop that they are in."""
        if get_ident() != self._thread:
            self._elsewhere(self._pump, core)
        elif core.serve(now):
            self._pump(core)

    def _elsewhere(self, act: Callable[[Any], None], argument: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act, argument)

    # Who waits, and for how long.

    def _limit(self, timeout: float | None, left: float | None) -> float:
        """Seconds to wait where something else was said than what holds for all."""
        if timeout is not None:
            return deadline.at_most(timeout)
        default: Any = self._config.acquire_timeout
        return min(each for each in (left, default) if each is not None)

    def _expire_later(
        self, loop: asyncio.AbstractEventLoop, future: asyncio.Future[Entry[T]], limit: float
    ) -> asyncio.TimerHandle | None:
        if limit > 0:
            return loop.call_later(limit, self._expire, future, limit)
        self._expire(future, limit)
        return None

    def _expire_in_turn(
        self, loop: asyncio.AbstractEventLoop, future: asyncio.Future[Entry[T]], start: float
    ) -> None:
        """One timer for all who wait equally long: they expire in the order in which they came."""
        default: Any = self._config.acquire_timeout
        if default is None:
            return
        deadlines = self._deadlines
        while deadlines and deadlines[0][1].done():
            deadlines.popleft()
        deadlines.append((start + default, future))
        if self._timer is None:
            self._timer = loop.call_later(default, _expire_due, ref(self), loop)

    def _expire_due(self, loop: asyncio.AbstractEventLoop) -> None:
        deadlines = self._deadlines
        default: Any = self._config.acquire_timeout
        now = monotonic()
        due = now + _SLACK
        while deadlines and (deadlines[0][1].done() or deadlines[0][0] <= due):
            self._expire(deadlines.popleft()[1], default)
        self._timer = (
            loop.call_later(deadlines[0][0] - now, _expire_due, ref(self), loop)
            if deadlines
            else None
        )

    def _expire(self, future: asyncio.Future[Entry[T]], seconds: float) -> None:
        if not future.done():
            future.set_exception(self._timeout_error(seconds))

    def _remember_task(self, entry: Entry[T]) -> None:
        import asyncio

        task = asyncio.current_task()
        self._remember(entry, task.get_name() if task else "no task", caller(2))

    # What the pool does in the background.

    def _home(self) -> object:
        return self._loop

    def _is_open(self) -> bool:
        return self._loop is not None

    def _later(self, seconds: float) -> None:
        if self._loop is not None:
            self._loop.call_later(seconds, _pump_later, ref(self))

    def _start(self, core: Core[T], work: Work) -> None:
        entry: Any = work.entry
        if work.task is Task.CONNECT:
            self._spawn(self._connect(core), "connect")
        elif work.task is Task.CHECK:
            self._spawn(self._check(core, entry), "check")
        else:
            self._spawn(self._close(core, entry), "close")

    async def _connect(self, core: Core[T]) -> BaseException | None:
        """Open a connection; returns what a waiter is told if that fails."""
        try:
            self._connected(core, await self._create())
        except BaseException as error:  # it is the waiter's; control flow is raised all the same
            told = self._not_connected(core, error)
            if not isinstance(error, Exception) and not _cancelled_itself(error):
                raise
            return told
        return None

    async def _create(self) -> T:
        import asyncio

        limit: Any = self._config.connect_timeout
        timer = asyncio.timeout(limit)
        try:
            async with timer:
                connection = await self._create_connection()
        except TimeoutError as error:
            if timer.expired():
                raise self._too_slow(limit) from error
            raise
        if not self._core.checks_always or connection is None or await self._valid(connection):
            return connection
        await self._shut(connection)
        raise self._useless()

    async def _check(self, core: Core[T], entry: Entry[T]) -> None:
        good = False
        try:
            good = await self._valid(entry.connection)
        finally:
            self._checked(core, entry, good=good)

    async def _valid(self, connection: T) -> bool:
        return await self._attempt(
            "validate", self._validate_connection(connection), self._config.validate_timeout
        )

    async def _shut(self, connection: T) -> None:
        await self._attempt("close", self._close_connection(connection), self._config.close_timeout)

    async def _attempt(self, what: str, hook: Coroutine[Any, Any, Any], limit: Any) -> bool:
        """Whether *hook* came to an end in time and did not say no."""
        import asyncio

        try:
            async with asyncio.timeout(limit):
                answer = await hook
        except Exception as error:  # noqa: BLE001 - hooks may raise anything; it is counted and told
            self._failed(what, error)
            return False
        except asyncio.CancelledError as error:
            if not _cancelled_itself(error):
                raise
            self._failed(what, error)
            return False
        return self._verdict(what, answer)

    async def _close(self, core: Core[T], entry: Entry[T]) -> None:
        try:
            await self._shut(entry.connection)
        finally:
            core.gone(entry)
            self._pump(core)

    def _come_back(self, entry: Entry[T]) -> None:
        """*entry* is back, and there is something to be done with it."""
        core = entry.core
        entry.borrower = None
        if core.closed or not self._resets():
            self._settle(core, entry, good=True)
        else:
            self._spawn(self._reset(core, entry), "reset")
        self._stirred.set()

    async def _reset(self, core: Core[T], entry: Entry[T]) -> None:
        good = False
        try:
            good = await self._attempt(
                "reset", self._reset_connection(entry.connection), self._config.reset_timeout
            )
        finally:
            self._settle(core, entry, good=good)

    def _resets(self) -> bool:
        return overrides(self, ConnectionPool, "_reset_connection")

    # Opening and closing.

    async def _open(self, core: Core[T]) -> None:
        import asyncio

        tasks: list[asyncio.Task[BaseException | None]] = []
        while core.live < core.min_size:
            core.connecting += 1
            tasks.append(self._spawn(self._connect(core), "connect"))
        errors = [error for error in await asyncio.gather(*tasks) if error is not None]
        if core.closed:
            raise self._closed_error()
        if errors:
            await self.close()
            raise errors[0]
        self._status = PoolStatus.READY

    async def _end(self, core: Core[T], work: Iterable[Work]) -> None:
        try:
            self._begin(core, work)
            patience: Any = self._config.close_timeout
            await self._wait_until(
                lambda: not core.on_loan and not self._tasks_but_ends(), patience
            )
            if late := core.orphan(self._orphans):
                self._closed_on_loan(late)
                self._begin(core, late)
            for task, what in list(self._tasks.items()):
                if what != "close" and what not in _ENDS:
                    task.cancel()
            await self._wait_until(lambda: not self._tasks_but_ends(), patience + _GRACE)
        finally:
            for timer in (self._timer, self._tick):
                if timer is not None:
                    timer.cancel()
            self._status = PoolStatus.CLOSED

    def _tasks_but_ends(self) -> list[asyncio.Task[Any]]:
        return [task for task, what in self._tasks.items() if what not in _ENDS]

    async def _wait_until(self, done: Callable[[], bool], seconds: float) -> None:
        """Return when *done* or *seconds* later; something that matters sets the event."""
        import asyncio

        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not done():
                    self._stirred.clear()
                    await self._stirred.wait()


# Tasks of the pool that wait for its other tasks.
_ENDS: Final = frozenset({"open", "end", "maintain"})


def _cancelled_itself(error: BaseException) -> bool:
    """Whether a hook raised a `CancelledError` though nobody has cancelled its task."""
    import asyncio

    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and not (task and task.cancelling())


def _tick(pool: ref[Any]) -> None:
    if (alive := pool()) is not None:  # a timer must not keep the pool alive
        alive._beat()  # noqa: SLF001 - a function of this module


def _expire_due(pool: ref[Any], loop: asyncio.AbstractEventLoop) -> None:
    if (alive := pool()) is not None:
        alive._expire_due(loop)  # noqa: SLF001 - as above


def _pump_later(pool: ref[Any]) -> None:
    if (alive := pool()) is not None:
        alive._pump(alive._core)  # noqa: SLF001 - as above


class Released:
    """What `ConnectionPool.release` returns: all is done already, and it may be awaited."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, None]:
        return iter(())  # type: ignore[return-value]  # as good: it yields nothing


RELEASED: Final = Released()
