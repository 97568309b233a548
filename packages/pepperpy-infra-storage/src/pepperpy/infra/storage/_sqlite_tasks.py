"""A SQLite engine for the tasks of event loops."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pepperpy.infra.utils import running_loop

from ._errors import not_connected
from ._sqlite import Busy, Engine, Job

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence
    from weakref import finalize

    from ._sqlite import Settings, Write

T = TypeVar("T")

_ALONE: Final = 64  # writes that one task may do in a row without letting others run
_PAUSE: Final = 0.002  # seconds between tries for what another process has locked


class EngineTasks:
    """Opens an engine, reads and writes with it, and closes it, from whatever event loop.

    Reads are done at once, in the thread of the loop: a hop to another thread costs ten times as
    much as a look into the page cache.  Writes wait in a queue, so that those of many tasks share
    one transaction.  A task that writes alone skips the queue if nothing has to wait for the disk.

    Where no event loop is running the methods never wait for one, but in the thread that calls:
    whoever drives their coroutines has them done in one step.

    Args:
        settings: Of the engine.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._at_once = settings.durability != "full"
        self._engine: Engine | None = None
        self._closing: finalize[Any, Any] | None = None
        self._alone = _ALONE
        self._waker: _Waker | None = None

    @property
    def engine(self) -> Engine | None:
        """What is open now."""
        return self._engine

    async def connect(self) -> None:
        """Open the file, if it is not open."""
        from weakref import finalize

        if self._engine is not None:
            return
        engine = Engine(self._settings)
        await self._patiently(engine, engine.open)
        if self._engine is not None:  # another task was quicker
            engine.close()
            return
        self._engine = engine
        # When it is forgotten, and at the end of the interpreter.
        self._closing = finalize(self, engine.close)

    async def disconnect(self) -> None:
        """Close it, when all that waits is written."""
        engine, self._engine = self._engine, None
        if engine is None:
            return
        if self._closing is not None:
            self._closing.detach()
        await in_thread(engine.close)

    def use(self) -> Engine:
        """The engine.

        Raises:
            StorageConnectionError: If it is not open.
        """
        engine = self._engine
        if engine is None:
            raise not_connected(self._settings.name)
        return engine

    async def read(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        """The rows that a query gives."""
        engine = self._engine or self.use()
        try:
            return engine.read(sql, parameters)
        except Busy:
            return await self._patiently(engine, lambda: engine.read(sql, parameters))

    async def write(self, write: Write) -> Any:
        """Do it, and give its answer when it is as safe as the settings say."""
        engine = self._engine or self.use()
        if self._at_once and self._alone:
            self._alone -= 1
            try:
                return engine.writer.now(write)
            except Busy:
                pass
        try:
            return await self._queued(engine, write)
        finally:
            # After some writes in a row one goes through the queue: others have their turn, and
            # if they write as well, it shows there.
            self._alone = 0 if engine.writer.crowded else _ALONE

    async def _queued(self, engine: Engine, write: Write) -> Any:
        loop = running_loop()
        if loop is None:
            return engine.writer.execute(write)
        waker = self._waker  # another thread, with a loop of its own, may write it meanwhile
        if waker is None or waker.loop is not loop:
            waker = self._waker = _Waker(loop)
        job = Job(write, waker, None)
        try:
            while True:
                done = job.waiter = loop.create_future()
                if engine.writer.submit(job):
                    return await done
                await done  # there is room now
        except BaseException:  # cancelled, or the write failed and is over anyway
            job.dropped = True
            raise

    async def _patiently(self, engine: Engine, attempt: Callable[[], T]) -> T:
        """Try until nobody else has the file locked as a whole; other tasks run meanwhile."""
        waited = 0.0
        while True:
            try:
                return attempt()
            except Busy:
                if waited >= self._settings.timeout:
                    raise engine.faults.locked(self._settings.timeout) from None
            await breathe(_PAUSE)
            waited += _PAUSE


class _Waker:
    """Tells tasks of one event loop, from the writer's thread, that their writes are done."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    def __call__(self, jobs: list[Job]) -> None:
        try:
            self.loop.call_soon_threadsafe(_settle, jobs)
        except RuntimeError:  # the loop is closed, and nobody waits any more
            return


def _settle(jobs: list[Job]) -> None:
    for job in jobs:
        done = job.waiter
        if done.done():  # cancelled
            continue
        if job.error is None:
            done.set_result(job.answer)
        else:
            done.set_exception(job.error)


async def breathe(seconds: float = 0) -> None:
    """Let other tasks run, if there are any."""
    if running_loop() is None:
        time.sleep(seconds)  # noqa: ASYNC251 - there is no loop to stop
        return
    import asyncio

    await asyncio.sleep(seconds)


async def in_thread(work: Callable[[], None]) -> None:
    """Do it beside the event loop, and to its end even if the waiting is cancelled."""
    loop = running_loop()
    if loop is None:
        work()
        return
    import asyncio

    await asyncio.shield(loop.run_in_executor(None, work))
