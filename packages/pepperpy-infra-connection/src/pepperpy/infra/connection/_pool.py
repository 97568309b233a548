"""`ConnectionPool`: connections for tasks of an event loop."""

from __future__ import annotations

from collections import deque
from threading import get_ident
from time import monotonic
from typing import TYPE_CHECKING, Any, Final
from weakref import ref

from pepperpy.infra.utils import deadline

from ._base import C, T
from ._core import BUSY, DUE, IDLE, LENT, ORPHAN, Core, Entry
from ._errors import PoolTimeoutError
from ._leaks import caller
from ._task_life import TaskLife

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Generator

    from pepperpy.infra.utils import Clock

    from ._blocks import PoolContext

_time_left = deadline.remaining

_SLACK: Final = 0.0005  # seconds that a time-out may come early, so that one timer serves many


class ConnectionPool(TaskLife[T, C]):
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
        self._timer: asyncio.TimerHandle | None = None
        super().__init__(name, config, clock=clock)

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
        entry.by_hand = True
        return entry.connection

    def release(self, connection: T) -> Released:
        """Take *connection* back.  All is done when this returns; awaiting it is not needed.

        It may be called from any thread.

        Raises:
            NotLentError: If *connection* is not on loan from this pool.
        """
        entry = self._on_loan(connection)
        if get_ident() == self._thread or entry.state == ORPHAN or not self._is_open():
            self._give_back(entry)
        else:  # the loop itself files it, amid whatever it does meanwhile
            entry.state = BUSY
            loop: Any = self._loop
            loop.call_soon_threadsafe(self._come_back, entry)
        return RELEASED

    def connection(self) -> PoolContext[T]:
        """A block with a connection: ``async with pool.connection() as connection:``."""
        from ._blocks import PoolContext

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
            if core.waiters and core.serve(entry.since):
                self._pump(core)
        elif entry.state == DUE:
            entry.state = BUSY
            self._come_back(entry)
        else:
            self._forget_orphan(entry)

    def _renew(self) -> None:
        super()._renew()
        self._timer = None
        self._deadlines: deque[tuple[float, asyncio.Future[Entry[T]]]] = deque()

    def _stop_timers(self) -> None:
        super()._stop_timers()
        if self._timer is not None:
            self._timer.cancel()

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


def _expire_due(pool: ref[Any], loop: asyncio.AbstractEventLoop) -> None:
    if (alive := pool()) is not None:
        alive._expire_due(loop)  # noqa: SLF001 - as above


class Released:
    """What `ConnectionPool.release` returns: all is done already, and it may be awaited."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, None]:
        return iter(())  # type: ignore[return-value]  # as good: it yields nothing


RELEASED: Final = Released()
