"""What is asked of the tables, in SQL, and the writes as values that can wait in a queue.

A write is run once, or again after a rollback.  It changes nothing before it has looked at all that
may forbid it, so one that raises an error of ours leaves no trace in the transaction of others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._driver import Connection

Row = tuple[Any, ...]

GET: Final = "SELECT value, version, expires FROM entries WHERE key = ?"
KEYS: Final = """SELECT key FROM entries
    WHERE key > ? AND (expires IS NULL OR expires > ?) ORDER BY key LIMIT ?"""
KEYS_FROM: Final = """SELECT key FROM entries
    WHERE key >= ? AND (expires IS NULL OR expires > ?) ORDER BY key LIMIT ?"""
SCAN: Final = """SELECT key, value, version, expires FROM entries
    WHERE key > ? AND (expires IS NULL OR expires > ?) ORDER BY key LIMIT ?"""
SCAN_FROM: Final = """SELECT key, value, version, expires FROM entries
    WHERE key >= ? AND (expires IS NULL OR expires > ?) ORDER BY key LIMIT ?"""
VERSIONS: Final = "SELECT key, version, expires FROM entries WHERE key > ? ORDER BY key LIMIT ?"
VERSIONS_FROM: Final = (
    "SELECT key, version, expires FROM entries WHERE key >= ? ORDER BY key LIMIT ?"
)
COUNT: Final = """SELECT (SELECT count(*) FROM entries)
    - (SELECT count(*) FROM entries WHERE expires <= ?)"""
NEXT_EXPIRY: Final = "SELECT min(expires) FROM entries WHERE expires IS NOT NULL"

_FOUND: Final = """SELECT version FROM entries
    WHERE key = ? AND (expires IS NULL OR expires > ?)"""
_VALUE: Final = """SELECT value, expires FROM entries
    WHERE key = ? AND (expires IS NULL OR expires > ?)"""
_PUT: Final = """INSERT INTO entries(key, value, version, expires)
    VALUES(?, ?, (SELECT version FROM floor) + 1, ?)
    ON CONFLICT(key) DO UPDATE SET value = excluded.value, expires = excluded.expires,
        version = max(entries.version, excluded.version - 1) + 1
    RETURNING version"""
_PUT_ABSENT: Final = """INSERT INTO entries(key, value, version, expires)
    VALUES(?, ?, (SELECT version FROM floor) + 1, ?)
    ON CONFLICT(key) DO UPDATE SET value = excluded.value, expires = excluded.expires,
        version = max(entries.version, excluded.version - 1) + 1
        WHERE entries.expires <= ?
    RETURNING version"""
_PUT_VERSION: Final = """UPDATE entries
    SET value = ?, expires = ?, version = max(version, (SELECT version FROM floor)) + 1
    WHERE key = ? AND version = ? AND (expires IS NULL OR expires > ?)
    RETURNING version"""
_EXPIRE: Final = """UPDATE entries
    SET expires = ?, version = max(version, (SELECT version FROM floor)) + 1
    WHERE key = ? AND (expires IS NULL OR expires > ?)
    RETURNING version"""
_DELETE: Final = "DELETE FROM entries WHERE key = ? RETURNING expires"
# The floor is raised at once, or the trigger would do it again for row after row.
_CLEAR: Final = (
    "UPDATE floor SET version = max(version, (SELECT ifnull(max(version), 0) FROM entries))",
    "DELETE FROM entries",
)
_SWEEP: Final = """DELETE FROM entries
    WHERE id IN (SELECT id FROM entries WHERE expires <= ? ORDER BY expires LIMIT ?)
    RETURNING id"""

OVERHEAD: Final = 200
"""About as many bytes a waiting write takes beside its key and value."""


class Missed(Exception):  # noqa: N818 - it is an answer, and never leaves the package
    """A key has not the version that a write asks for.

    Args:
        key: The key.
        found: The version that it has; `None` if it is not there.
    """

    def __init__(self, key: str, found: int | None) -> None:
        super().__init__(key, found)
        self.key = key
        self.found = found


class Write:
    """Something to be done to the tables, all of it or nothing."""

    __slots__ = ()

    single: ClassVar[bool] = False
    """Whether it is one statement, which needs no transaction around it."""

    @property
    def size(self) -> int:
        """About how many bytes wait with it."""
        return OVERHEAD

    def run(self, connection: Connection) -> Any:
        """Do it, and return what came of it."""
        raise NotImplementedError


@dataclass(slots=True)
class Put(Write):
    """Keep a value; gives its version."""

    key: str
    value: bytes
    expires: float | None = None
    single: ClassVar[bool] = True

    @property
    def size(self) -> int:
        return len(self.value) + OVERHEAD

    def run(self, connection: Connection) -> int:
        rows = connection.execute(_PUT, (self.key, self.value, self.expires)).fetchall()
        version: int = rows[0][0]
        return version


@dataclass(slots=True)
class PutIf(Write):
    """Keep a value if the key has a version, `None` for being absent; gives its version."""

    key: str
    value: bytes
    expires: float | None
    expected: int | None
    now: float
    single: ClassVar[bool] = True

    @property
    def size(self) -> int:
        return len(self.value) + OVERHEAD

    def run(self, connection: Connection) -> int:
        rows = (
            connection.execute(_PUT_ABSENT, (self.key, self.value, self.expires, self.now))
            if self.expected is None
            else connection.execute(
                _PUT_VERSION, (self.value, self.expires, self.key, self.expected, self.now)
            )
        ).fetchall()
        if not rows:
            raise Missed(self.key, _found(connection, self.key, self.now))
        version: int = rows[0][0]
        return version


@dataclass(slots=True)
class Delete(Write):
    """Remove a key, if it has a version when one is given; tells whether it was there."""

    key: str
    now: float
    expected: int | None = None
    single: ClassVar[bool] = False

    def run(self, connection: Connection) -> bool:
        if self.expected is not None:
            _check(connection, {self.key: self.expected}, self.now)
        return _delete(connection, self.key, self.now)


@dataclass(slots=True)
class DeleteMany(Write):
    """Remove some keys; tells how many were there."""

    keys: tuple[str, ...]
    now: float
    single: ClassVar[bool] = False

    @property
    def size(self) -> int:
        return len(self.keys) * OVERHEAD

    def run(self, connection: Connection) -> int:
        return sum([_delete(connection, key, self.now) for key in self.keys])


@dataclass(slots=True)
class Expire(Write):
    """Let a key live until another moment; gives the version, or `None` if it is not there."""

    key: str
    expires: float | None
    now: float
    single: ClassVar[bool] = True

    def run(self, connection: Connection) -> int | None:
        rows = connection.execute(_EXPIRE, (self.expires, self.key, self.now)).fetchall()
        return rows[0][0] if rows else None


@dataclass(slots=True)
class Modify(Write):
    """Put what a function makes of a value, `None` if there is none, in its place.

    The function is quick and touches nothing else.  It gives the new value, and what to answer;
    that comes back with the version.
    """

    key: str
    change: Callable[[bytes | None], tuple[bytes, Any]]
    expires_if_new: float | None
    now: float
    single: ClassVar[bool] = False

    def run(self, connection: Connection) -> tuple[Any, int]:
        rows = connection.execute(_VALUE, (self.key, self.now)).fetchall()
        old, expires = rows[0] if rows else (None, self.expires_if_new)
        value, answer = self.change(old)
        rows = connection.execute(_PUT, (self.key, value, expires)).fetchall()
        return answer, rows[0][0]


@dataclass(slots=True)
class Apply(Write):
    """Write several keys if some have the versions that are expected; gives the new versions."""

    writes: Mapping[str, tuple[bytes, float | None] | None]
    expected: Mapping[str, int | None]
    now: float
    single: ClassVar[bool] = False

    @property
    def size(self) -> int:
        return sum(OVERHEAD + (len(put[0]) if put else 0) for put in self.writes.values())

    def run(self, connection: Connection) -> dict[str, int]:
        _check(connection, self.expected, self.now)
        versions: dict[str, int] = {}
        for key, put in self.writes.items():
            if put is None:
                _delete(connection, key, self.now)
            else:
                versions[key] = connection.execute(_PUT, (key, *put)).fetchall()[0][0]
        return versions


@dataclass(slots=True)
class Clear(Write):
    """Remove everything."""

    single: ClassVar[bool] = False

    def run(self, connection: Connection) -> None:
        for statement in _CLEAR:
            connection.execute(statement).fetchall()


@dataclass(slots=True)
class Sweep(Write):
    """Remove some of what has expired; tells how many that were."""

    now: float
    limit: int
    single: ClassVar[bool] = True

    def run(self, connection: Connection) -> int:
        return len(connection.execute(_SWEEP, (self.now, self.limit)).fetchall())


def _check(connection: Connection, expected: Mapping[str, int | None], now: float) -> None:
    for key, version in expected.items():
        found = _found(connection, key, now)
        if found != version:
            raise Missed(key, found)


def _found(connection: Connection, key: str, now: float) -> int | None:
    rows = connection.execute(_FOUND, (key, now)).fetchall()
    return rows[0][0] if rows else None


def _delete(connection: Connection, key: str, now: float) -> bool:
    rows = connection.execute(_DELETE, (key,)).fetchall()
    return bool(rows) and (rows[0][0] is None or rows[0][0] > now)
