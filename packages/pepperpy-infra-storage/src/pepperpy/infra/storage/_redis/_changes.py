"""Changes as Redis publishes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.storage._entry import Change
from pepperpy.infra.storage._subscription import Subscription

from . import _faults as faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from pepperpy.infra.storage._errors import WatchLostError

    from ._settings import Settings

_BEAT: Final = 1.0  # seconds of silence after which the server is asked whether it is there


class Changes(Subscription):
    """What is published on the channel of one store.

    A server that says nothing is asked for a sign of life, since a connection may be dead for long
    before anybody is told.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    async def listen(self, confirm: Callable[[], None]) -> None:
        import asyncio

        connection = await self._settings.connect()
        try:
            async with asyncio.timeout(self._settings.timeout):
                await connection.send_command("SUBSCRIBE", f"{self._settings.tag}:changes")
                await connection.read_response()
            confirm()
            while self.wanted():
                await self._hear(connection)
        finally:
            await connection.disconnect(nowait=True)

    def lost(self, error: Exception) -> WatchLostError:
        return faults.lost(self._settings, error)

    async def _hear(self, connection: Any) -> None:
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
