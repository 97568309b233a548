"""`SQLitePool`: connections of the standard library's sqlite3, for threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ._config import ConnectionPoolConfig
from ._threads import ThreadConnectionPool

if TYPE_CHECKING:
    import os
    import sqlite3

    from pepperpy.infra.utils import Clock


class _Born(NamedTuple):
    """How a connection was when it was opened."""

    file: tuple[int, int] | None
    row_factory: Any
    text_factory: Any


class SQLitePool(ThreadConnectionPool["sqlite3.Connection", ConnectionPoolConfig]):
    """Connections to a SQLite database; what a borrower left behind is reset.

    A transaction left open is rolled back, and ``row_factory`` and ``text_factory`` are what they
    were; pragmas stay.  A connection whose file was removed or replaced does not pass a check.

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
        self._born: dict[int, _Born] = {}  # by id() of the connection, while it is open
        super().__init__(name, config, clock=clock)

    def _create_connection(self) -> sqlite3.Connection:
        import sqlite3

        connection: sqlite3.Connection = sqlite3.connect(self._database, **self._options)
        self._born[id(connection)] = _Born(
            self._file(), connection.row_factory, connection.text_factory
        )
        return connection

    def _close_connection(self, connection: sqlite3.Connection) -> None:
        self._born.pop(id(connection), None)
        connection.close()

    def _validate_connection(self, connection: sqlite3.Connection) -> bool:
        connection.execute("SELECT 1")
        return self._born[id(connection)].file == self._file()

    def _reset_connection(self, connection: sqlite3.Connection) -> None:
        connection.rollback()
        if connection.in_transaction and getattr(connection, "autocommit", False) is True:
            connection.execute("ROLLBACK")  # of its own accord it does nothing then
        born = self._born[id(connection)]
        connection.row_factory, connection.text_factory = born.row_factory, born.text_factory

    def _file(self) -> tuple[int, int] | None:
        """Which file the name stands for now; `None` if it is none."""
        import os

        try:
            found = os.stat(self._database)
        except OSError:
            return None
        return found.st_dev, found.st_ino
