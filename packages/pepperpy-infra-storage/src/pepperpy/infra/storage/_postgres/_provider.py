"""A store in PostgreSQL, which many machines may share."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pepperpy.infra.storage._capabilities import Capability
from pepperpy.infra.storage._codec import decode, encode
from pepperpy.infra.storage._entry import MISSING, Entry, Missing, Page, Put
from pepperpy.infra.storage._errors import (
    CorruptStoreError,
    InvalidOptionError,
    StorageConnectionError,
    StorageTimeoutError,
    already_there,
    mismatch,
    not_connected,
    not_found,
)
from pepperpy.infra.storage._keys import (
    check_cursor,
    check_key,
    check_keys,
    check_prefix,
    key_matcher,
    literal_prefix,
)
from pepperpy.infra.storage._options import (
    check_condition,
    check_count,
    check_end,
    check_expected,
    check_limit,
    check_seconds,
    check_step,
    check_writes,
)
from pepperpy.infra.storage._per_loop import PerLoop, before_deadline
from pepperpy.infra.storage._provider import StorageProvider
from pepperpy.infra.storage._type import StorageType
from pepperpy.infra.utils import register_inspectable

from ._faults import slow
from ._link import Link, Write
from ._settings import Settings
from ._statements import MARK, Statements

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from pepperpy.infra.storage._options import TTL
    from pepperpy.infra.storage._watch import Watch

    from ._settings import Connection

T = TypeVar("T")

_NAMESPACE: Final = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_LAST: Final = b"\xff"  # no UTF-8 has it


class PostgresStorageProvider(StorageProvider):
    """Keeps values in a table of PostgreSQL, 12 or newer; programs on many machines share them.

    An acknowledged write is as safe as a commit of that server.  Reads and writes of tasks that run
    at the same time go together, as one statement.  The table, ``pepperpy_<namespace>``, is made
    when it is connected for the first time.

    Args:
        name: What it is called.
        dsn: Where the database is: ``postgresql://user:password@host:5432/database``; never shown.
        namespace: What the table is called after; *name* unless it is given.  Two providers with the
            same one share their values.
        timeout: Seconds to wait for an answer; a `deadline` can only make it less.
        connect_timeout: Seconds to wait for a connection.
        max_size: Connections for each event loop; a watch takes one more.

    Raises:
        InvalidOptionError: If an argument cannot be used.
    """

    capabilities: Capability = (
        Capability.TTL | Capability.VERSIONS | Capability.TRANSACTIONS | Capability.WATCH
    )

    def __init__(
        self,
        name: str,
        dsn: str,
        *,
        namespace: str | None = None,
        timeout: float = 5.0,
        connect_timeout: float = 5.0,
        max_size: int = 5,
    ) -> None:
        self._name = name
        self._namespace = _checked_namespace(name if namespace is None else namespace)
        self._sql = Statements(self._namespace)
        self._settings = Settings(
            name,
            dsn,
            self._sql,
            timeout=check_seconds(timeout, "timeout"),
            connect_timeout=check_seconds(connect_timeout, "connect_timeout"),
            max_size=check_count(max_size, "max_size"),
        )
        self._links: PerLoop[Link] = PerLoop(lambda: Link(self._settings))
        self._connected = False
        register_inspectable(self)

    @property
    def name(self) -> str:
        return self._name

    @property
    def storage_type(self) -> StorageType:
        return StorageType.DATABASE

    async def connect(self) -> None:
        """Connect, and make the table if it is not there.

        Raises:
            StorageConnectionError: If the server cannot be reached.
            CorruptStoreError: If there is a table of this name that is none of ours.
        """
        try:
            await before_deadline(self._links.get().do(self._prepare), self._slow)
        except BaseException:
            if not self._connected:
                await self._links.close()
            raise
        self._connected = True

    async def disconnect(self) -> None:
        self._connected = False
        await self._links.close()

    async def is_connected(self) -> bool:
        """Whether it was connected and the server answers."""
        if not self._connected:
            return False
        try:
            await self._do(lambda connection: connection.fetchval("SELECT 1"))
        except StorageConnectionError:
            return False
        return True

    async def get(self, key: str, default: Any = MISSING) -> Any:
        key = check_key(key)
        row = await self._row(key)
        if row is not None:
            return decode(row[0], key, self._name)
        if isinstance(default, Missing):
            raise not_found(key, self._name)
        return default

    async def get_entry(self, key: str) -> Entry:
        key = check_key(key)
        row = await self._row(key)
        if row is None:
            raise not_found(key, self._name)
        return self._entry(key, row)

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        checked = {key.encode(): key for key in check_keys(keys)}
        rows = await self._fetch(self._sql.get_many, [*checked])
        found = {row[0]: row[1] for row in rows}
        return {
            key: decode(found[raw], key, self._name) for raw, key in checked.items() if raw in found
        }

    async def set(
        self,
        key: str,
        value: Any,
        *,
        ttl: TTL = None,
        if_version: int | None = None,
        if_absent: bool = False,
    ) -> int:
        key = check_key(key)
        write = Write(key.encode(), encode(value), *_end(ttl))
        check_condition(if_version, if_absent)
        if if_version is None and not if_absent:
            self._use()
            return await before_deadline(self._links.get().write(write), self._slow)
        if if_absent:
            version = await self._value(self._sql.put_absent, *write)
            if version is None:
                raise already_there(key, self._name)
        else:
            version = await self._value(self._sql.put_if, *write, if_version)
            if version is None:
                raise mismatch(key, self._name, if_version, await self._version(key))
        return int(version)

    async def delete(self, key: str, *, if_version: int | None = None) -> bool:
        check_condition(if_version)
        key = check_key(key)
        if if_version is None:
            return await self._value(self._sql.delete, key.encode()) is not None
        if await self._value(self._sql.delete_if, key.encode(), if_version) is None:
            raise mismatch(key, self._name, if_version, await self._version(key))
        return True

    async def delete_many(self, keys: Iterable[str]) -> int:
        checked = [key.encode() for key in dict.fromkeys(check_keys(keys))]
        return len(await self._fetch(self._sql.delete_many, checked))

    async def exists(self, key: str) -> bool:
        return await self._value(self._sql.exists_key, check_key(key).encode()) is not None

    async def keys(self, pattern: str | None = None) -> list[str]:
        matches = key_matcher(pattern)
        prefix = ("" if pattern is None else literal_prefix(pattern)).encode()
        rows = await self._fetch(self._sql.keys, prefix, prefix + _LAST)
        return [key for row in rows if matches(key := row[0].decode())]

    async def clear(self) -> None:
        await self._fetch(self._sql.clear)

    async def scan(self, prefix: str = "", *, cursor: str | None = None, limit: int = 100) -> Page:
        limit = check_limit(limit)
        start = check_prefix(prefix).encode()
        stop, behind = start + _LAST, (check_cursor(cursor) or "").encode()
        if cursor is not None and behind >= start:
            rows = await self._fetch(self._sql.page_behind, behind, stop, limit + 1)
        else:
            rows = await self._fetch(self._sql.page_from, start, stop, limit + 1)
        entries = {
            key: self._entry(key, row[1:])
            for row in map(tuple, rows[:limit])
            for key in [row[0].decode()]
        }
        return Page(entries, [*entries][-1] if len(rows) > limit else None)

    async def increment(self, key: str, by: int = 1, *, ttl: TTL = None) -> int:
        key = check_key(key)
        text = encode(check_step(by)).decode()
        total = await self._value(self._sql.increment, key.encode(), text, *_end(ttl))
        if total is None:  # no number, or one too long for a statement
            return await super().increment(key, by, ttl=ttl)
        return int(total)

    async def expire(self, key: str, ttl: TTL) -> bool:
        key = check_key(key)
        return await self._value(self._sql.expire, key.encode(), *_end(ttl)) is not None

    async def apply(
        self,
        writes: Mapping[str, Put | None],
        *,
        expect: Mapping[str, int | None] | None = None,
    ) -> dict[str, int]:
        checked = check_writes(writes)
        expected = check_expected(expect)
        puts = sorted(
            Write(key.encode(), encode(put.value), *_end(put.ttl))
            for key, put in checked.items()
            if put is not None
        )
        gone = [key.encode() for key, put in checked.items() if put is None]

        async def work(connection: Connection) -> dict[str, int]:
            async with connection.transaction():
                if expected or (puts and gone):
                    await self._hold(connection, expected, checked)
                rows: list[Any] = []
                if puts:
                    columns = map(list, zip(*puts, strict=True))
                    rows = await connection.fetch(self._sql.put_many, *columns)
                if gone:
                    await connection.fetch(self._sql.delete_many, gone)
            found = {row[0]: row[1] for row in rows}
            return {key: found[raw] for key in checked if (raw := key.encode()) in found}

        return await self._do(work)

    def watch(self, prefix: str = "") -> Watch:
        """Changes of keys that begin with *prefix*, from now on: ``async for change in ...``.

        What this provider does in this event loop from now on is told; what others do, from the
        beginning of an ``async with`` block.  When the connection is lost, the watch ends with
        a `WatchLostError`, since changes may have been missed.
        """
        check_prefix(prefix)
        self._use()
        return self._links.get().changes.watch(prefix)

    async def info(self) -> dict[str, Any]:
        figures: dict[str, Any] = {"table": self._sql.channel, "server": self._settings.place}
        if await self.is_connected():
            rows = await self._fetch(self._sql.count)
            figures |= {
                "version": await self._value("SHOW server_version"),
                "synchronous_commit": await self._value("SHOW synchronous_commit"),
                "keys_about": max(0, rows[0][0]),
                "bytes": rows[0][1],
            }
        return {**await super().info(), **figures}

    def inspect(self) -> dict[str, object]:
        """The store as it is now, for whoever watches the program; the server is not asked."""
        return {
            "kind": "storage",
            "name": self._name,
            "state": "connected" if self._connected else "disconnected",
            "config": {"server": self._settings.place, "table": self._sql.channel},
        }

    def _use(self) -> None:
        if not self._connected:
            raise not_connected(self._name)

    def _slow(self, seconds: float) -> StorageTimeoutError:
        return slow(self._settings, seconds)

    async def _do(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        self._use()
        return await before_deadline(self._links.get().do(work), self._slow)

    async def _value(self, statement: str, *parts: Any) -> Any:
        return await self._do(lambda connection: connection.fetchval(statement, *parts))

    async def _fetch(self, statement: str, *parts: Any) -> list[Any]:
        return await self._do(lambda connection: connection.fetch(statement, *parts))

    async def _row(self, key: str) -> Any:
        """Value, version and end of a key that has not expired."""
        self._use()
        return await before_deadline(self._links.get().read(key.encode()), self._slow)

    async def _version(self, key: str) -> int | None:
        row = await self._row(key)
        return None if row is None else int(row[1])

    def _entry(self, key: str, row: Any) -> Entry:
        data, version, expires = row
        return Entry(
            decode(data, key, self._name),
            version,
            None if expires is None else expires.astimezone(UTC),
        )

    async def _prepare(self, connection: Connection) -> None:
        exists, mark = await connection.fetchrow(self._sql.mark)
        if mark == MARK:
            return
        if exists:
            raise CorruptStoreError(
                f"table {self._sql.table} at {self._settings.place} is none that storage "
                f"{self._name!r} made in this version, and is left as it is; choose another "
                "namespace=",
                storage=self._name,
            )
        async with connection.transaction():
            for statement in self._sql.make:
                await connection.execute(statement)

    async def _hold(
        self, connection: Connection, expected: Mapping[str, int | None], written: Iterable[str]
    ) -> None:
        """See that keys are as expected, and let nobody else touch them and those to be written.

        All who do so lock the table first and rows then, in order: else two could wait for each other.
        """
        # A row that is not there cannot be locked, so for this moment nobody else writes.
        alone = None in expected.values()
        await connection.execute(self._sql.lock if alone else self._sql.join)
        keys = [key.encode() for key in {*expected, *written}]
        found = {row[0]: row[1] for row in await connection.fetch(self._sql.versions, keys)}
        for key, version in expected.items():
            if found.get(key.encode()) != version:
                raise mismatch(key, self._name, version, found.get(key.encode()))


def _checked_namespace(namespace: Any) -> str:
    if isinstance(namespace, str) and _NAMESPACE.fullmatch(namespace):
        return namespace
    raise InvalidOptionError(
        "namespace must be 1 to 40 letters of ASCII, digits, dots, dashes or underscores, since a "
        f"table is called after it; got {namespace!r:.80}",
        option="namespace",
    )


def _end(ttl: TTL) -> tuple[float | None, datetime | None]:
    seconds, moment = check_end(ttl)
    return seconds, None if moment is None else datetime.fromtimestamp(moment, UTC)
