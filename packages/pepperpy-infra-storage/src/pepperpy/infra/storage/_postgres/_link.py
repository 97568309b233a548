"""Connections to PostgreSQL for the tasks of one event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from pepperpy.infra.storage._errors import StorageError
from pepperpy.infra.utils import Batching

from . import _faults as faults
from ._changes import Changes
from ._settings import load_driver

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from ._settings import Connection, Settings

T = TypeVar("T")

_LIMIT: Final = 256  # rows in one statement
_TIRED: Final = 3  # tries of what was given up since two writers waited for each other
_SWEEP: Final = 1.0  # seconds between two looks for what expired


class Write(NamedTuple):
    """A value to be written whatever is there."""

    key: bytes
    data: bytes
    seconds: float | None
    moment: datetime | None


class Link:
    """A few connections, made when they are needed; reads, and writes, that wait go together.

    Work on a connection is done in a task of its own, so that a cancelled caller leaves no
    connection in the middle of something.
    """

    def __init__(self, settings: Settings) -> None:
        import asyncio

        self._settings = settings
        self._statements = settings.statements
        self._free = asyncio.Semaphore(settings.max_size)
        self._idle: list[Connection] = []
        self._works: set[asyncio.Task[Any]] = set()
        self._next_sweep = 0.0
        self._now = asyncio.get_running_loop().time
        self.read: Batching[bytes, Any] = Batching(self._read, limit=_LIMIT)
        """Value, version and end of a key, or `None`."""
        self.write: Batching[Write, int] = Batching(self._write, limit=_LIMIT)
        """The version of a write."""
        self.changes: Changes = Changes(settings)

    async def do(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """What *work* returns; if it is cancelled here, it goes on alone.

        It is done again if it was given up since two writers waited for each other.
        """
        import asyncio

        starting = self.changes.starting
        if starting is not None:  # so that a watch sees what follows it
            await asyncio.wait([starting])
        task = asyncio.get_running_loop().create_task(self._work(work))
        self._works.add(task)
        task.add_done_callback(self._end)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Let go of the connections, when what is under way is done."""
        import asyncio

        await self.changes.close()
        if self._works:
            await asyncio.wait([*self._works], timeout=self._settings.timeout)
        while self._idle:
            await self._settings.part(self._idle.pop())

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._works.discard(task)
        if not task.cancelled():
            task.exception()  # its caller may be gone

    async def _work(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        import asyncio

        driver = load_driver()
        for tries in range(_TIRED + 1):
            try:
                return await self._once(work)
            except (driver.DeadlockDetectedError, driver.SerializationError) as error:
                if tries == _TIRED:
                    raise faults.named(self._settings, error) from error
                await asyncio.sleep(0.001 * 2**tries)
            except StorageError:  # which may be an `OSError` as well
                raise
            except TimeoutError:
                raise faults.slow(self._settings, self._settings.timeout) from None
            except (OSError, driver.PostgresError, driver.InterfaceError) as error:
                raise faults.named(self._settings, error) from error
        raise AssertionError("unreachable")

    async def _once(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        import asyncio

        driver = load_driver()
        async with asyncio.timeout(self._settings.timeout):
            await self._free.acquire()
        try:
            connection = self._take() or await self._settings.connect()
            try:
                async with asyncio.timeout(self._settings.timeout):
                    result = await work(connection)
            except driver.PostgresError:  # the server's answer: the connection is whole
                self._idle.append(connection)
                raise
            except BaseException:
                connection.terminate()
                raise
            self._idle.append(connection)
            return result
        finally:
            self._free.release()

    def _take(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    async def _read(self, keys: Sequence[bytes]) -> list[Any]:
        if len(keys) == 1:
            return [await self.do(lambda each: each.fetchrow(self._statements.get, keys[0]))]
        wanted = [*dict.fromkeys(keys)]
        rows = await self.do(lambda each: each.fetch(self._statements.get_many, wanted))
        found = {row[0]: row[1:] for row in map(tuple, rows)}
        return [found.get(key) for key in keys]

    async def _write(self, writes: Sequence[Write]) -> list[int | BaseException]:
        if any(each.seconds or each.moment for each in writes):
            await self._sweep()
        if len(writes) == 1:
            return [await self._alone(writes[0])]
        return await self.do(lambda connection: self._together(connection, writes))

    async def _alone(self, write: Write) -> int:
        version: int = await self.do(lambda each: each.fetchval(self._statements.put, *write))
        return version

    async def _together(
        self, connection: Connection, writes: Sequence[Write]
    ) -> list[int | BaseException]:
        """One statement for many rows; a key that is written twice waits for the next."""
        driver = load_driver()
        versions: dict[int, int | BaseException] = {}
        left: list[tuple[int, Write]] = [*enumerate(writes)]
        while left:
            now = {write.key: (at, write) for at, write in reversed(left)}
            left = [(at, write) for at, write in left if now[write.key][0] != at]
            keys = sorted(now)
            columns = zip(*(now[key][1] for key in keys), strict=True)
            try:
                rows = await connection.fetch(self._statements.put_many, *map(list, columns))
                versions |= {now[row[0]][0]: row[1] for row in rows}
            except driver.DataError:  # or too large: of one of them, which shall fail alone
                for at, write in now.values():
                    versions[at] = await self._apart(connection, write)
        return [versions[at] for at in range(len(writes))]

    async def _apart(self, connection: Connection, write: Write) -> int | BaseException:
        driver = load_driver()
        try:
            version: int = await connection.fetchval(self._statements.put, *write)
        except driver.DataError as error:
            return faults.named(self._settings, error)
        return version

    async def _sweep(self) -> None:
        """Remove a thousand of what expired, now and then."""
        if self._now() >= self._next_sweep:
            self._next_sweep = self._now() + _SWEEP
            await self.do(lambda connection: connection.execute(self._statements.sweep))
