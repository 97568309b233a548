"""Where a pool for tasks lives: the event loop that it is opened in, and how it ends there."""

from __future__ import annotations

from contextlib import suppress
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final
from weakref import ref

from pepperpy.infra.utils import ForkSafeLock

from ._base import C, T
from ._core import IDLE, Core, Work
from ._errors import PoolClosedError, PoolLoopError
from ._task_work import TaskWork
from ._types import PoolStatus

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable
    from typing import Self

    from pepperpy.infra.utils import Clock

_GRACE: Final = 1.0  # seconds for what was cancelled to end

# Tasks of the pool that wait for its other tasks.
_ENDS: Final = frozenset({"open", "end", "maintain"})


class TaskLife(TaskWork[T, C]):
    """A pool that opens itself in the event loop which uses it, and begins anew in the next one."""

    def __init__(self, name: str, config: C | None = None, *, clock: Clock | None = None) -> None:
        import asyncio

        self._running_loop = asyncio._get_running_loop  # noqa: SLF001 - public in `asyncio.events`
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0  # where the loop ran first; elsewhere things go a longer way
        self._moving = ForkSafeLock()
        self._opening: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._tick: asyncio.TimerHandle | None = None
        super().__init__(name, config, clock=clock)

    async def initialize(self) -> None:
        """Open the pool, with *min_size* connections; one that is open already stays as it is.

        Raises:
            Exception: The error of `_create_connection`, at once.  The pool is closed then.
        """
        import asyncio

        loop = asyncio.get_running_loop()
        if self._status is PoolStatus.CLOSING:
            await self.close()
        self.reopen()
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
        try:
            await self.initialize()
        except BaseException:  # cancelled, and nobody else would close it
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def maintain(self) -> None:
        """Close what is too old or idle for too long, check the idle, fill up to *min_size*.

        The pool does it by itself every *health_check_interval*; a test calls it after moving the
        clock.
        """
        import asyncio

        core = self._core
        if self._loop is None or self._running_loop() is not self._loop or core.closed:
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

    def _renew(self) -> None:
        import asyncio

        super()._renew()
        self._opening = self._ending = None
        self._tick = None
        self._stirred = asyncio.Event()
        self._tasks: dict[asyncio.Task[Any], str] = {}

    def after_fork(self) -> None:
        """Begin anew in a forked child: nothing of the parent's is used or closed."""
        self._loop = None
        super().after_fork()

    def reopen(self) -> None:
        """Let the pool, if it is closed, open again when it is used next."""
        if self._status is PoolStatus.CLOSED:
            self._status = PoolStatus.INITIALIZING
            self._loop = None

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
        self._stop_timers()
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

    def _stop_timers(self) -> None:
        if self._tick is not None:
            self._tick.cancel()

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        every = self._check_every()
        if every is not None:
            self._tick = loop.call_later(every, _tick, ref(self))

    def _beat(self) -> None:
        if self._loop is not None and not self._core.closed:
            if "maintain" not in self._tasks.values():
                self._spawn(self.maintain(), "maintain")
            self._arm(self._loop)

    async def _open(self, core: Core[T]) -> None:
        import asyncio

        tasks: list[asyncio.Task[BaseException | None]] = []
        for _ in range(core.min_size - core.live):  # counted once: an eager task may fail at once
            core.connecting += 1
            tasks.append(self._spawn(self._connect(core), "connect"))
        # One that `close` has cancelled is no cancellation of whoever waits for the pool to open.
        results = await asyncio.gather(*tasks, return_exceptions=True)
        errors = [error for error in results if error is not None]
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
                lambda: not core.entries and not self._tasks_but_ends(), patience
            )
            if late := core.orphan(self._orphans):
                self._closed_on_loan(late)
                self._begin(core, late)
            for task, what in list(self._tasks.items()):
                if what != "close" and what not in _ENDS:
                    task.cancel()
            await self._wait_until(lambda: not self._tasks_but_ends(), patience + _GRACE)
        finally:
            self._stop_timers()
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


def _tick(pool: ref[Any]) -> None:
    if (alive := pool()) is not None:  # a timer must not keep the pool alive
        alive._beat()  # noqa: SLF001 - a function of this module
