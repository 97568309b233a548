"""What a pool for tasks does in the background: it runs the hooks."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import ref

from ._base import C, T
from ._core import Core, Entry, Task, Work
from ._steps import Steps, overrides

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Coroutine

R = TypeVar("R")


class TaskWork(Steps[T, C]):
    """Hooks, and the tasks that run them; nobody else does, so no caller can tear them."""

    # Set by `ConnectionPool`, and anew for each loop.
    _loop: asyncio.AbstractEventLoop | None
    _tasks: dict[asyncio.Task[Any], str]
    """What is going on, with what it is for."""
    _stirred: asyncio.Event
    """Set whenever something has ended."""

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

    def _home(self) -> object:
        return self._loop if self._is_open() else None

    def _is_open(self) -> bool:
        return self._loop is not None and not self._loop.is_closed()

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
        good = not self._core.checks_always or connection is None
        try:
            good = good or await self._valid(connection)
        finally:
            if not good:
                await self._shut(connection)
        if not good:
            raise self._useless()
        return connection

    async def _check(self, core: Core[T], entry: Entry[T]) -> None:
        good = False
        try:
            good = await self._valid(entry.connection)
        finally:
            self._checked(core, entry, good=good)

    async def _valid(self, connection: T) -> bool:
        limit = self._config.validate_timeout
        return await self._attempt("validate", self._validate_connection, connection, limit)

    async def _shut(self, connection: T) -> None:
        limit = self._config.close_timeout
        await self._attempt("close", self._close_connection, connection, limit)

    async def _attempt(
        self, what: str, hook: Callable[[T], Awaitable[object]], connection: T, limit: Any
    ) -> bool:
        """Whether *hook* came to an end in time and did not say no."""
        import asyncio

        try:
            async with asyncio.timeout(limit):
                answer = await hook(connection)
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
        if core.closed or not self._resets() or core.home is not self._home():
            self._settle(core, entry, good=True)
        else:
            self._spawn(self._reset(core, entry), "reset")
        self._stirred.set()

    async def _reset(self, core: Core[T], entry: Entry[T]) -> None:
        good = False
        try:
            limit = self._config.reset_timeout
            good = await self._attempt("reset", self._reset_connection, entry.connection, limit)
        finally:
            self._settle(core, entry, good=good)

    def _resets(self) -> bool:
        return overrides(self, TaskWork, "_reset_connection")

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


def _cancelled_itself(error: BaseException) -> bool:
    """Whether a hook raised a `CancelledError` though nobody has cancelled its task."""
    import asyncio

    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and not (task and task.cancelling())


def _pump_later(pool: ref[Any]) -> None:
    if (alive := pool()) is not None:
        alive._pump(alive._core)  # noqa: SLF001 - as above
