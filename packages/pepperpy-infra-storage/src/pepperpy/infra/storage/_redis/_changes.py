"""Changes as Redis publishes them, told to those who watch in one event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .._entry import Change
from .._watch import Watchers
from . import _faults as faults

if TYPE_CHECKING:
    import asyncio

    from redis.asyncio.connection import Connection

    from .._watch import Watch
    from ._settings import Settings

_BEAT: Final = 1.0  # seconds of silence after which the server is asked whether it is there


class Changes:
    """One subscription, on a connection of its own, while anybody watches.

    What is published while there is no connection is gone, so its loss ends every watch with an
    error.  A server that says nothing is asked for a sign of life, since a connection may be dead
    for long before anybody is told.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._watchers = Watchers()
        self._task: asyncio.Task[None] | None = None
        self.starting: asyncio.Future[None] | None = None
        """Is there while the server has not confirmed the subscription."""
        self._ready: asyncio.Future[None] | None = None

    def watch(self, prefix: str) -> Watch:
        """Changes of keys that begin so."""
        import asyncio

        if self._task is None:
            loop = asyncio.get_running_loop()
            self._ready = self.starting = loop.create_future()
            self._task = loop.create_task(self._follow())
        return self._watchers.add(prefix, self._ready)

    async def close(self) -> None:
        """End all watches, as the store is let go of."""
        import asyncio

        task = self._task
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        self._watchers.end()

    async def _follow(self) -> None:
        connection: Connection | None = None
        try:
            connection = await self._subscribed()
            self._confirm()
            while self._watchers.any():
                await self._hear(connection)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who watch are told
            self._watchers.fail(faults.lost(self._settings, error))
        finally:
            self._task = None
            self._confirm()
            if connection is not None:
                await connection.disconnect(nowait=True)

    def _confirm(self) -> None:
        starting, self.starting = self.starting, None
        if starting is not None and not starting.done():
            starting.set_result(None)

    async def _subscribed(self) -> Connection:
        import asyncio

        connection = await self._settings.connect()
        try:
            async with asyncio.timeout(self._settings.timeout):
                await connection.send_command("SUBSCRIBE", f"{self._settings.tag}:changes")
                await connection.read_response()
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection

    async def _hear(self, connection: Connection) -> None:
        """Wait for a message, or for a sign of life."""
        said: Any = await connection.read_response(timeout=_BEAT)
        if said is None:
            await connection.send_command("PING", check_health=False)
            said = await connection.read_response(timeout=self._settings.timeout)
            if said is None:
                raise TimeoutError(f"it said nothing for {self._settings.timeout:.3g} s")
        if said[0] == b"message":
            version, _, key = said[2].partition(b" ")
            number = int(version)
            self._watchers.tell([Change(key.decode(), "set" if number else "delete", number)])

