"""One connection to Redis for all tasks of one event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pepperpy.infra.storage._errors import not_connected
from pepperpy.infra.utils import Batching

from . import _faults as faults
from ._changes import Changes
from ._scripts import Script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio.connection import Connection

    from ._settings import Settings

_LIMIT: Final = (
    64  # commands in one round trip; fewer cost more trips, and a second link gains nothing
)


class Command(NamedTuple):
    """A command, or a script with its arguments."""

    since: float
    what: str | Script
    parts: tuple[Any, ...]


class Link:
    """Commands of many tasks over one connection, in as few round trips as there can be.

    The connection is made when it is needed, and made again when it was lost; it is given up when
    an answer is late or a direct command is cancelled, so that no reply is ever taken for another.
    """

    def __init__(self, settings: Settings) -> None:
        import asyncio

        self._settings = settings
        self._connection: Connection | None = None
        self._closed = False
        self._now = asyncio.get_running_loop().time
        self._ask: Batching[Command, Any] = Batching(self._send, limit=_LIMIT)
        self._index = f"{settings.tag}:keys".encode()
        self.changes: Changes = Changes(settings)

    async def command(self, name: str, *parts: Any) -> Any:
        """What the server answers."""
        return await self._asked(Command(self._now(), name, parts))

    async def run(self, script: Script, *parts: Any) -> Any:
        """What the script returns."""
        return await self._asked(Command(self._now(), script, parts))

    async def open(self) -> None:
        """See that there is a connection."""
        await self.command("PING")

    async def close(self) -> None:
        """Let go of the connections; commands that wait for one get an error."""
        self._closed = True
        try:
            await self.changes.close()
        finally:
            if self._connection is not None:
                await self._drop(self._connection)

    async def _asked(self, command: Command) -> Any:
        starting = self.changes.starting
        if starting is not None:  # so that a watch sees what follows it
            import asyncio

            await asyncio.wait([starting])
        return await self._ask(command)

    async def _send(self, commands: Sequence[Command]) -> list[Any]:
        """One round trip, and another for scripts that the server does not know."""
        late = self._now() - self._settings.timeout
        replies: list[Any] = [
            faults.slow(self._settings, self._settings.timeout) if each.since < late else None
            for each in commands
        ]
        going = [at for at, reply in enumerate(replies) if reply is None]
        await self._exchange(commands, going, replies, whole=False)
        unknown = [at for at in going if _is_unknown(replies[at])]
        await self._exchange(commands, unknown, replies, whole=True)
        return [self._named(reply) if isinstance(reply, Exception) else reply for reply in replies]

    async def _exchange(
        self, commands: Sequence[Command], which: list[int], replies: list[Any], *, whole: bool
    ) -> None:
        if not which:
            return
        import asyncio

        import hiredis
        from redis.exceptions import RedisError, ResponseError

        connection = await self._connected()
        try:
            async with asyncio.timeout(self._settings.timeout):
                # In C, which the client itself does for plain programs alone.
                driver: Any = hiredis  # whose types are not whole
                packed = [
                    driver.pack_command(self._parts(commands[at], whole=whole)) for at in which
                ]
                await connection.send_packed_command(b"".join(packed), check_health=False)
                for at in which:
                    try:
                        replies[at] = await connection.read_response(disable_decoding=True)
                    except ResponseError as error:
                        replies[at] = error
        except TimeoutError:
            await self._drop(connection)
            raise faults.slow(self._settings, self._settings.timeout) from None
        except (OSError, RedisError) as error:
            await self._drop(connection)
            raise faults.broken(self._settings, error) from error
        except BaseException:  # cancelled: what is still to come is nobody's
            await self._drop(connection)
            raise

    def _parts(self, command: Command, *, whole: bool) -> tuple[Any, ...]:
        what = command.what
        if isinstance(what, str):
            return (what, *command.parts)
        if whole:
            return ("EVAL", what.text, 1, self._index, *command.parts)
        return ("EVALSHA", what.digest, 1, self._index, *command.parts)

    async def _connected(self) -> Connection:
        connection = self._connection
        if connection is not None:
            if await _is_fit(connection):
                return connection
            await self._drop(connection)
        if not self._closed:
            connection = await self._settings.connect()
            if not self._closed:  # meanwhile
                self._connection = connection
                return connection
            await self._drop(connection)
        raise not_connected(self._settings.name)

    async def _drop(self, connection: Connection) -> None:
        if self._connection is connection:
            self._connection = None
        await connection.disconnect(nowait=True)

    def _named(self, error: Exception) -> Exception:
        from redis.exceptions import ResponseError

        return faults.refused(self._settings, error) if isinstance(error, ResponseError) else error


async def _is_fit(connection: Any) -> bool:
    """Whether nothing came on it, an end least of all, while nothing was asked."""
    from redis.exceptions import RedisError

    if not connection.is_connected:
        return False
    try:
        # The older name warns since redis-py 8, and the newer one is not in those before it.
        look = getattr(connection, "can_read", None) or connection.can_read_destructive
        return not await look()
    except (OSError, RedisError):
        return False


def _is_unknown(reply: Any) -> bool:
    return type(reply).__name__ == "NoScriptError"
