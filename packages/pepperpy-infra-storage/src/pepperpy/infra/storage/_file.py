"""A store in one file, which several processes may share and which no crash harms."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING, Any, Final, get_args
from weakref import ref

from pepperpy.infra.utils import Clock, register_inspectable, running_loop, to_seconds

from . import _sqlite as sql
from ._capabilities import Capability
from ._codec import decode, encode
from ._entry import MISSING, Change, Entry, Missing, Page, Put
from ._errors import (
    CorruptValueError,
    InvalidOptionError,
    already_there,
    mismatch,
    not_found,
)
from ._keys import check_cursor, check_key, check_keys, check_prefix, key_matcher, literal_prefix
from ._options import (
    check_condition,
    check_expected,
    check_limit,
    check_step,
    check_ttl,
    check_writes,
)
from ._provider import StorageProvider
from ._sqlite_tasks import EngineTasks, breathe, in_thread
from ._type import StorageType
from ._watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ._options import TTL

Durability = sql.Durability

_DURABILITIES: Final = get_args(Durability)
_CAPACITY: Final = 64 << 20
_PAGE: Final = 500  # keys read in one go, which takes about a thousandth of a second


class FileStorageProvider(StorageProvider):
    """Keeps values in a SQLite file; what was acknowledged is there after ``kill -9``.

    Several processes may use the file at once, on one machine.  It is made with its folders, and
    for its owner alone, when it is connected for the first time.

    Args:
        name: What it is called.
        file_path: Where the file is.  SQLite puts two more beside it while it is in use.
        durability: What an awaited write survives.  ``"full"``: a power cut, too.  ``"process"``:
            the end of the process in whatever way; a power cut may take the last writes, and
            leaves the rest in order.  ``"memory"``: a power cut may cost the whole file.
        timeout: Seconds to wait for a lock of another process.
        clock: What ``ttl`` goes by: its `time`, since the file outlives the process.

    Examples:
        >>> import asyncio, tempfile
        >>> async def main(folder):
        ...     async with FileStorageProvider("jobs", f"{folder}/jobs.db") as jobs:
        ...         await jobs.set("job:1", {"state": "new"})
        ...         return await jobs.get("job:1")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     asyncio.run(main(folder))
        {'state': 'new'}
    """

    capabilities: Capability = (
        Capability.TTL
        | Capability.VERSIONS
        | Capability.TRANSACTIONS
        | Capability.WATCH
        | Capability.BACKUP
    )

    def __init__(
        self,
        name: str,
        file_path: str | os.PathLike[str],
        durability: Durability = "full",
        *,
        timeout: float = 5.0,
        clock: Clock | None = None,
    ) -> None:
        self._clock = Clock() if clock is None else clock
        self._settings = sql.Settings(
            name=name,
            # As it is now: the working folder may be another one when it is connected.
            path=_absolute(file_path, "file_path"),
            durability=_checked_durability(durability),
            timeout=_checked_timeout(timeout),
            capacity=_CAPACITY,
            clock=self._clock,
        )
        self._tasks = EngineTasks(self._settings)
        register_inspectable(self)

    @property
    def name(self) -> str:
        return self._settings.name

    @property
    def storage_type(self) -> StorageType:
        return StorageType.FILE

    @property
    def waits(self) -> bool:
        return running_loop() is not None

    async def connect(self) -> None:
        await self._tasks.connect()

    async def disconnect(self) -> None:
        await self._tasks.disconnect()

    async def is_connected(self) -> bool:
        return self._tasks.engine is not None

    async def get(self, key: str, default: Any = MISSING) -> Any:
        row = await self._row(key)
        if row is not None:
            return self._decoded(key, row[0])
        if isinstance(default, Missing):
            raise not_found(key, self.name)
        return default

    async def get_entry(self, key: str) -> Entry:
        row = await self._row(key)
        if row is None:
            raise not_found(key, self.name)
        return self._entry(key, row)

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for count, key in enumerate(check_keys(keys), 1):
            row = await self._row(key)
            if row is not None:
                found[key] = self._decoded(key, row[0])
            if count % _PAGE == 0:
                await breathe()
        return found

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
        data = encode(value)
        check_condition(if_version, if_absent)
        expires = self._end(ttl)
        if if_version is None and not if_absent:
            version: int = await self._tasks.write(sql.Put(key, data, expires))
            self._note({key: version})
            return version
        write = sql.PutIf(key, data, expires, if_version, self._clock.time())
        try:
            version = await self._tasks.write(write)
        except sql.Missed as missed:
            if if_absent:
                raise already_there(key, self.name) from None
            raise mismatch(key, self.name, if_version, missed.found) from None
        self._note({key: version})
        return version

    async def delete(self, key: str, *, if_version: int | None = None) -> bool:
        check_condition(if_version)
        key = check_key(key)
        try:
            deleted: bool = await self._tasks.write(sql.Delete(key, self._clock.time(), if_version))
        except sql.Missed as missed:
            raise mismatch(key, self.name, if_version, missed.found) from None
        if deleted:
            self._note({key: None})
        return deleted

    async def delete_many(self, keys: Iterable[str]) -> int:
        checked = tuple(dict.fromkeys(check_keys(keys)))
        deleted: int = await self._tasks.write(sql.DeleteMany(checked, self._clock.time()))
        self._note(dict.fromkeys(checked))
        return deleted

    async def exists(self, key: str) -> bool:
        return await self._row(key) is not None

    async def keys(self, pattern: str | None = None) -> list[str]:
        matches = None if pattern is None else key_matcher(pattern)
        prefix = "" if pattern is None else literal_prefix(pattern)
        found: list[str] = []
        query, start = sql.KEYS_FROM, prefix
        while True:
            rows = await self._tasks.read(query, (start, self._clock.time(), _PAGE))
            page = [row[0] for row in rows if row[0].startswith(prefix)]
            found += page if matches is None else filter(matches, page)
            if len(page) < _PAGE:
                return found
            query, start = sql.KEYS, page[-1]
            await breathe()

    async def clear(self) -> None:
        await self._tasks.write(sql.Clear())

    async def scan(self, prefix: str = "", *, cursor: str | None = None, limit: int = 100) -> Page:
        prefix = check_prefix(prefix)
        limit = check_limit(limit)
        cursor = check_cursor(cursor)
        behind = cursor is not None and cursor >= prefix
        query, start = (sql.SCAN, cursor) if behind else (sql.SCAN_FROM, prefix)
        rows = await self._tasks.read(query, (start, self._clock.time(), limit + 1))
        rows = [row for row in rows if row[0].startswith(prefix)]
        entries = {row[0]: self._entry(row[0], row[1:]) for row in rows[:limit]}
        return Page(entries, rows[limit - 1][0] if len(rows) > limit else None)

    async def increment(self, key: str, by: int = 1, *, ttl: TTL = None) -> int:
        key = check_key(key)
        check_step(by)

        def add(old: bytes | None) -> tuple[bytes, int]:
            total = by if old is None else self._whole(key, self._decoded(key, old)) + by
            return encode(total), total

        write = sql.Modify(key, add, self._end(ttl), self._clock.time())
        total: int
        total, version = await self._tasks.write(write)
        self._note({key: version})
        return total

    async def expire(self, key: str, ttl: TTL) -> bool:
        key = check_key(key)
        write = sql.Expire(key, self._end(ttl), self._clock.time())
        version: int | None = await self._tasks.write(write)
        if version is not None:
            self._note({key: version})
        return version is not None

    async def apply(
        self,
        writes: Mapping[str, Put | None],
        *,
        expect: Mapping[str, int | None] | None = None,
    ) -> dict[str, int]:
        encoded = {
            key: None if put is None else (encode(put.value), self._end(put.ttl))
            for key, put in check_writes(writes).items()
        }
        expected = check_expected(expect)
        try:
            versions: dict[str, int] = await self._tasks.write(
                sql.Apply(encoded, expected, self._clock.time())
            )
        except sql.Missed as missed:
            raise mismatch(missed.key, self.name, expected[missed.key], missed.found) from None
        self._note({key: versions.get(key) for key in encoded})
        return versions

    def watch(self, prefix: str = "") -> Watch:
        """Changes of keys that begin with *prefix*, from now on: ``async for change in ...``.

        Those of other processes are seen within about a tenth of a second; each time, all keys
        that begin so are compared.  The watch ends when the store is disconnected.
        """
        engine = self._tasks.use()
        watch = Watch(prefix)
        engine.observer.watch(check_prefix(prefix), _teller(ref(watch)))
        return watch

    async def backup(self, path: str | os.PathLike[str]) -> None:
        """Write a whole and consistent copy of the store to a new file, while it is in use.

        The copy is on disk when this returns, for its owner alone, and has no gaps; opened by
        another `FileStorageProvider` it is a store like this one.

        Raises:
            StorageConnectionError: If the file is there already, or cannot be made.
        """
        engine = self._tasks.use()
        target = _absolute(path, "path")
        await in_thread(lambda: engine.backup(target))

    async def info(self) -> dict[str, Any]:
        engine = self._tasks.engine
        figures = {} if engine is None else engine.figures()
        return {**await super().info(), **figures}

    def inspect(self) -> dict[str, object]:
        """The store as it is now, for whoever watches the program; the file is not read."""
        engine = self._tasks.engine
        return {
            "kind": "storage",
            "name": self.name,
            "state": "disconnected" if engine is None else "connected",
            "facts": {} if engine is None else engine.counts(),
            "config": {"path": self._settings.path, "durability": self._settings.durability},
        }

    async def _row(self, key: str) -> Sequence[Any] | None:
        """Value, version and end of a key that has not expired."""
        rows = await self._tasks.read(sql.GET, (check_key(key),))
        if not rows:
            return None
        row: Sequence[Any] = rows[0]
        return row if row[2] is None or row[2] > self._clock.time() else None

    def _note(self, written: Mapping[str, int | None]) -> None:
        """Let those who watch know; `None` for what is gone."""
        engine = self._tasks.engine
        if engine is not None and engine.observer.active:
            engine.observer.note([sql.Happened(*each) for each in written.items()])

    def _end(self, ttl: TTL) -> float | None:
        seconds = check_ttl(ttl, self._clock)
        return None if seconds is None else self._clock.time() + seconds

    def _entry(self, key: str, row: Sequence[Any]) -> Entry:
        data, version, expires = row
        end = None if expires is None else datetime.fromtimestamp(expires, UTC)
        return Entry(self._decoded(key, data), version, end)

    def _decoded(self, key: str, data: Any) -> Any:
        if data.__class__ is not bytes:
            raise CorruptValueError(
                f"what is stored under {key!r:.80} in {self.name!r} is not what we write",
                key=key,
                storage=self.name,
            )
        return decode(data, key, self.name)


def _teller(watch: ref[Watch]) -> sql.Tell:
    def tell(happened: list[sql.Happened] | None) -> bool:
        listening = watch()
        if listening is None or listening.closed:
            return False
        if happened is None:
            listening.end()
            return False
        listening.tell(
            Change(key, "delete", 0) if version is None else Change(key, "set", version)
            for key, version in happened
        )
        return True

    return tell


def _absolute(path: Any, option: str) -> str:
    try:
        text: Any = os.fspath(path)  # pyright: ignore[reportUnknownVariableType] # of anything
    except TypeError:
        text = None
    if isinstance(text, str) and text and "\0" not in text and _is_unicode(text):
        return os.path.abspath(text)
    raise _refused(option, "be the path of a file", path)


def _is_unicode(text: str) -> bool:
    """Whether it can be written as UTF-8, as SQLite has it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _checked_durability(durability: Any) -> Any:
    if durability in _DURABILITIES:
        return durability
    raise _refused("durability", f"be one of {', '.join(map(repr, _DURABILITIES))}", durability)


def _checked_timeout(timeout: Any) -> float:
    seconds = to_seconds(timeout)
    if 0 <= seconds < inf:
        return seconds
    raise _refused("timeout", "be seconds >= 0, or a timedelta", timeout)


def _refused(option: str, must: str, got: Any) -> InvalidOptionError:
    return InvalidOptionError(f"{option} must {must}; got {got!r}", option=option)
