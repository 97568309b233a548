"""`PostgresPool`: connections of asyncpg."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import require_extra

from ._config import ConnectionPoolConfig
from ._errors import PoolConfigError
from ._pool import ConnectionPool

if TYPE_CHECKING:
    from pepperpy.infra.utils import Clock


class PostgresPool(ConnectionPool[Any, ConnectionPoolConfig]):
    """Connections to PostgreSQL by asyncpg; what a borrower left behind is reset.

    A transaction that is still open is rolled back, locks, settings and listeners are given up,
    which takes one round trip after each use, in the background.

    Args:
        name: What it is found under once it is registered.
        dsn: Where the server is, like ``postgresql://me@host/database``; never shown.
        config: The settings.
        clock: What measures ages and intervals.
        options: Passed on to `asyncpg.connect`.

    Raises:
        MissingExtraError: On first use, if asyncpg is not installed.
        PoolConfigError: On first use, if *dsn* cannot be read.
    """

    def __init__(
        self,
        name: str,
        dsn: str | None = None,
        config: ConnectionPoolConfig | None = None,
        *,
        clock: Clock | None = None,
        **options: Any,
    ) -> None:
        self._dsn = dsn
        self._options = options
        super().__init__(name, config, clock=clock)

    async def _create_connection(self) -> Any:
        with require_extra("pepperpy-infra-connection", "postgres"):
            import asyncpg  # type: ignore[import-untyped, unused-ignore] # pyright: ignore[reportMissingTypeStubs]
        driver: Any = asyncpg
        try:
            return await driver.connect(self._dsn, **self._options)
        except ValueError as error:
            if self._dsn is None or isinstance(error, driver.InterfaceError):
                raise
        # Out here, since what it quotes of the dsn may be a part of the password.
        raise PoolConfigError(
            f"the dsn of pool {self.name!r} cannot be read; it must be like "
            "postgresql://user:password@host:5432/database, with percent-encoding wherever "
            "a user or password has other characters than letters and digits",
            option="dsn",
        )

    async def _close_connection(self, connection: Any) -> None:
        try:
            await connection.close()
        except BaseException:
            connection.terminate()  # at least the socket, whatever the server does
            raise

    async def _validate_connection(self, connection: Any) -> bool:
        return bool(await connection.fetchval("SELECT 1"))

    async def _reset_connection(self, connection: Any) -> None:
        await connection.reset()
