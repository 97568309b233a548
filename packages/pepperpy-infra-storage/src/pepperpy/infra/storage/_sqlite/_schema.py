"""The tables, and whether a file has them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Generator

    from ._driver import Connection
    from ._faults import Faults

APPLICATION_ID: Final = 0x50504B56  # "PPKV"
VERSION: Final = 1

# Values lie in a table of their own order, so that one of some KB needs one page and not two.
# `floor` is at least the highest version of each key that is gone: a key that comes back begins
# above it, and no version of a key is ever given twice.
_TABLES: Final = (
    """CREATE TABLE entries(
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        version INTEGER NOT NULL,
        expires REAL,
        value BLOB NOT NULL)""",
    "CREATE INDEX expiring ON entries(expires) WHERE expires IS NOT NULL",
    "CREATE TABLE floor(id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL)",
    "INSERT INTO floor VALUES(1, 0)",
    """CREATE TRIGGER gone AFTER DELETE ON entries BEGIN
        UPDATE floor SET version = OLD.version WHERE version < OLD.version;
    END""",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {VERSION}",
)


def prepare(connection: Connection, faults: Faults) -> None:
    """Make the tables in an empty file, and refuse a file that is not ours or from the future.

    All of it may be cut by a kill or meet another process that does the same.

    Raises:
        CorruptStoreError: If the file is not ours to write to.
    """
    with _transaction(connection, "BEGIN"):
        # Looked at in one piece: another process may be making the tables.
        ours = _is_ours(connection, faults)
    if not ours:
        with _transaction(connection, "BEGIN IMMEDIATE"):
            if not _is_ours(connection, faults):  # nobody was quicker
                for statement in _TABLES:
                    connection.execute(statement).fetchall()
    if pragma(connection, "journal_mode") != "wal":
        mode = pragma(connection, "journal_mode = WAL")
        if mode != "wal":
            raise faults.foreign(f"lies where SQLite has no write-ahead log (it says {mode!r})")


@contextmanager
def _transaction(connection: Connection, begin: str) -> Generator[None]:
    connection.execute(begin).fetchall()
    try:
        yield
        connection.execute("COMMIT").fetchall()
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK").fetchall()
        raise


def _is_ours(connection: Connection, faults: Faults) -> bool:
    """Whether the file has our tables; false if it is empty."""
    application, version = pragma(connection, "application_id"), pragma(connection, "user_version")
    if application == APPLICATION_ID:
        if version == VERSION:
            return True
        raise faults.foreign(
            f"has format {version}, and this release reads format {VERSION}; a newer release may"
        )
    if application or version or pragma(connection, "schema_version"):
        raise faults.foreign("is a SQLite database of some other program")
    return False


def pragma(connection: Connection, text: str) -> Any:
    """The one value that a pragma gives."""
    return connection.execute(f"PRAGMA {text}").fetchall()[0][0]
