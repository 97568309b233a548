"""`SQLitePool`: connections of the standard library's sqlite3, for threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._config import ConnectionPoolConfig
from ._threads import ThreadConnectionPool

if TYPE_CHECKING:
    import os
    import sqlite3

    from pepperpy.infra.utils import Clock


class SQLitePool(ThreadConnectionPool["sqlite3.Connection", ConnectionPoolConfig]):
    """Connections to a SQLite database; a transaction left open is rolled back.

    Args:
        name: What it is found under once it is registered.
        database: The file.  With ``":memory:"`` each connection has a database of its own.
        config: The settings.
        clock: What measures ages and intervals.
        options: Passed on to `sqlite3.connect`.

    Examples:
        >>> with SQLitePool("books", ":memory:", isolation_level=None) as pool:
        ...     with pool.connection() as connection:
        ...         connection.execute("SELECT 6 * 7").fetchone()
        (42,)
    """

    def __init__(
        self,
        name: str,
        database: str | os.PathLike[str],
        config: ConnectionPoolConfig | None = None,
        *,
        clock: Clock | None = None,
        **options: Any,
    ) -> None:
        self._database = database
        # Whoever lends a connection sees to it that one thread at a time has it.
        self._options: dict[str, Any] = {"check_same_thread": False, **options}
        super().__init__(name, config, clock=clock)

    def _create_connection(self) -> sqlite3.Connection:
        import sqlite3

        connection: sqlite3.Connection = sqlite3.connect(self._database, **self._options)
        return connection

    def _close_connection(self, connection: sqlite3.Connection) -> None:
        connection.close()

    def _validate_connection(self, connection: sqlite3.Connection) -> bool:
        connection.execute("SELECT 1")
        return True

    def _reset_connection(self, connection: sqlite3.Connection) -> None:
        connection.rollback()
