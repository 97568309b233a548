"""Changes as PostgreSQL notifies of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pepperpy.infra.storage._entry import Change
from pepperpy.infra.storage._subscription import Subscription

from . import _faults as faults

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from pepperpy.infra.storage._errors import WatchLostError

    from ._settings import Connection, Settings

_BEAT: Final = 1.0  # seconds between two questions whether the server is there
_PROMISE: Final = 60.0  # seconds for which it is told that somebody watches
_RENEWAL: Final = 20  # beats until it is told again


class Changes(Subscription):
    """What is notified on the channel of one table.

    Each second the server is asked something, so that a connection that is dead is noticed.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    async def listen(self, confirm: Callable[[], None]) -> None:
        import asyncio

        connection = await self._settings.connect()
        ended = asyncio.Event()
        try:
            connection.add_termination_listener(_setter(ended))
            async with asyncio.timeout(self._settings.timeout):
                await connection.add_listener(self._settings.statements.channel, self._hear)
                await connection.execute(self._settings.statements.renew, _PROMISE)
                async with connection.transaction():
                    await connection.execute(self._settings.statements.settle)
            confirm()
            beats = 0
            while self.wanted():
                await self._beat(connection, ended, renews=beats % _RENEWAL == 0)
                beats += 1
        except BaseException:
            connection.terminate()
            raise
        await self._settings.part(connection)

    async def _beat(self, connection: Connection, ended: asyncio.Event, *, renews: bool) -> None:
        import asyncio

        try:
            async with asyncio.timeout(_BEAT):
                await ended.wait()
        except TimeoutError:
            async with asyncio.timeout(self._settings.timeout):
                if renews:
                    await connection.execute(self._settings.statements.renew, _PROMISE)
                else:
                    await connection.execute("SELECT 1")
        else:
            raise ConnectionError("it was closed")

    def lost(self, error: Exception) -> WatchLostError:
        return faults.lost(self._settings, error)

    def _hear(self, _connection: Connection, _process: int, _channel: str, said: str) -> None:
        version, _, key = said.partition(" ")
        number = int(version)
        told = Change(bytes.fromhex(key).decode(), "set" if number else "delete", number)
        self._watchers.tell([told])


def _setter(event: asyncio.Event) -> Callable[[Connection], None]:
    def set_it(_connection: Connection) -> None:
        event.set()

    return set_it
