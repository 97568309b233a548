"""The SQLite library: apsw's own, or else the one that Python was built with.

One choice for the whole process: two libraries that open one file would break each other's locks.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Cursor(Protocol):
    """What a statement gave."""

    def fetchall(self) -> list[Any]: ...


class Connection(Protocol):
    """As much of a connection as both libraries share.  Every statement commits by itself."""

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Cursor: ...

    def close(self) -> None: ...


class Driver(NamedTuple):
    """A library, and how to use it."""

    name: str
    version: tuple[int, ...]
    error: type[Exception]
    connect: Callable[[str], Connection]
    code_of: Callable[[Any], int]
    """The extended result code of an error."""

    @property
    def resets_safely(self) -> bool:
        """Whether a checkpoint is safe while another connection starts the write-ahead log anew.

        Before 3.51.3, 3.50.7 and 3.44.6 the checkpoint may then take pages of the new log for
        pages that it has copied already: a write that was acknowledged is gone.
        """
        for fixed in ((3, 44, 6), (3, 50, 7)):
            if self.version[:2] == fixed[:2]:
                return self.version >= fixed
        return self.version >= (3, 51, 3)


@cache
def driver() -> Driver:
    """The library of this process."""
    try:
        return _apsw()
    except ImportError:
        return _sqlite3()


def _apsw() -> Driver:
    import apsw

    def connect(path: str) -> Connection:
        # Waiting for locks is the engine's, which can let others run meanwhile.
        return apsw.Connection(path, flags=_READ_WRITE, statementcachesize=64)

    def code(error: BaseException) -> int:
        return int(getattr(error, "extendedresult", 0))

    version = _numbers(apsw.sqlite_lib_version())
    return Driver("apsw", version, apsw.Error, connect, code)


def _sqlite3() -> Driver:
    import sqlite3
    from pathlib import Path

    def connect(path: str) -> Connection:
        # As a URI it is opened and never made.  Locks see to it that one thread at a time uses it.
        uri = f"{Path(path).as_uri()}?mode=rw"
        return sqlite3.connect(
            uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False
        )

    def code(error: BaseException) -> int:
        return int(getattr(error, "sqlite_errorcode", 0))

    return Driver("sqlite3", sqlite3.sqlite_version_info, sqlite3.Error, connect, code)


_READ_WRITE = 2  # SQLITE_OPEN_READWRITE: open what is there, make nothing


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
