"""`FileTier`: results that survive a restart."""

from __future__ import annotations

import atexit
import os
import time
from contextlib import suppress
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from pepperpy.infra.cache._errors import CacheTierError, UnkeyableArgumentError
from pepperpy.infra.cache._tier import Found
from pepperpy.infra.storage import (
    CorruptStoreError,
    CorruptValueError,
    FileStorageProvider,
    InvalidValueError,
    StorageConnectionError,
    StorageError,
)
from pepperpy.infra.utils import (
    ForkSafeLock,
    Signal,
    emit,
    register_closer,
    register_inspectable,
)

from . import _rows as rows
from ._queue import Queue, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from pepperpy.infra.cache._flights import Flight
    from pepperpy.infra.cache._memo import Memo
    from pepperpy.infra.cache._names import Wanted
    from pepperpy.infra.cache._tier import Kept

_FILE: Final = "cache.db"
_PAGE: Final = 500
_CLOSES: Final = 600  # after pools, before storage
_BESIDE: Final = ("", "-wal", "-shm")
_FOR_EVER: Final = 1e9  # seconds, 31 years: what lives longer is never swept


class FileTier:
    """Keeps results in a SQLite file in a folder, for this process and others.

    What is loaded is written by a thread, so no call waits for that; what is invalidated is gone
    when that returns.  A row that is damaged is a miss; a file that is damaged as a whole is set
    aside, under its name with ``.damaged`` behind, and counts as empty.

    Args:
        folder: Where the file lies.

    Raises:
        CacheTierError: If there can be no file.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._path = os.path.join(os.path.abspath(folder), _FILE)
        # What a power cut takes can be loaded again, so nothing waits for the disk.
        self._provider = FileStorageProvider("cache", self._path, "process")
        self._store = self._provider.sync
        self._lock = ForkSafeLock()
        """Held while rows are written or dropped, so that what was dropped is not written later."""
        self._owners: WeakValueDictionary[str, Memo] = WeakValueDictionary()
        self._waiting: dict[str, Waiting] = {}
        self._is_off = False
        self._counts = dict.fromkeys(("recalled", "kept", "unkept", "failed", "set_aside"), 0)
        try:
            self._open()
        except StorageError as error:
            raise CacheTierError(
                f"cache_type='file' cannot be had: {error}", cache_type="file"
            ) from error
        self._queue = Queue(self._write)
        register_inspectable(self)
        self._withdraw = register_closer(_CLOSES, self.close)
        atexit.register(self.close)

    def _open(self) -> None:
        try:
            self._store.connect()
        except CorruptStoreError:
            self._move_away()
            self._store.connect()

    # What the cache asks for.

    def recall(self, memo: Memo, flight: Flight) -> Found | None:
        key = flight.key
        place = self.place_of(memo, key) if flight.may_recall else None
        if place is None:
            return None
        name = rows.key_of(place)
        data = self._waiting_data(name) or self._guarded(lambda: self._store.get(name, None))
        return self._found(memo, key, data)

    async def arecall(self, memo: Memo, flight: Flight) -> Found | None:
        key = flight.key
        place = self.place_of(memo, key) if flight.may_recall else None
        if place is None or self._is_off:
            return None
        name = rows.key_of(place)
        try:
            data = self._waiting_data(name) or await self._provider.get(name, None)
        except StorageError as error:
            self._failed(error)
            return None
        return self._found(memo, key, data)

    def keep(self, memo: Memo, kept: Kept) -> None:
        place = None if self._is_off else self.place_of(memo, kept.key)
        data = None
        if place is not None and rows.fits(kept.names):
            life = kept.life if kept.life < inf else None
            now = memo.clock.time()
            row = rows.Row(memo.call_of(kept.key), kept.value, [*kept.names], now, life)
            with suppress(InvalidValueError):
                data = rows.pack(row)  # at once: whoever has the result may change it
        if place is None or data is None:
            self._counts["unkept"] += 1
            return
        keys = [rows.key_of(place), *rows.name_keys(kept.names, place)]
        waiting = self._waiting[keys[0]] = Waiting(memo, kept, keys, data)
        if not self._queue.put(waiting):
            self._counts["unkept"] += 1
            self._no_longer(waiting)

    def put(self, memo: Memo, kept: Kept) -> None:
        self.keep(memo, kept)

    def place_of(self, memo: Memo, key: Hashable) -> str | None:
        identity = self._identity_of(memo)
        if identity is None:
            return None
        try:
            return rows.place(memo.namespace, identity, memo.call_of(key))
        except UnkeyableArgumentError:
            return None

    def forget(self, memo: Memo, key: Hashable) -> bool:
        place = self.place_of(memo, key)
        return place is not None and bool(self._drop([place]))

    def invalidate(
        self, wanted: Iterable[Wanted], namespace: str | None, above: AbstractSet[str]
    ) -> int:
        begins = "e:" if namespace is None else rows.of_namespace(namespace)
        places: dict[str, None] = {}
        for each in wanted:
            for place in self._named(each):
                if rows.key_of(place).startswith(begins):
                    places[place] = None
        return len(self._drop([*places]) - above)

    def clear(
        self,
        namespace: str | None = None,
        memo: Memo | None = None,
        above: AbstractSet[str] = frozenset(),
    ) -> int:
        if memo is not None:
            identity = self._identity_of(memo)
            begins = None if identity is None else rows.of_function(memo.namespace, identity)
        else:
            begins = "e:" if namespace is None else rows.of_namespace(namespace)
        if begins is None:
            return 0
        return len(self._drop([key[2:] for key in self._keys(begins)]) - above)

    def flush(self) -> None:
        """Wait until all is written that was kept so far."""
        self._queue.flush()

    def close(self) -> None:
        atexit.unregister(self.close)
        self._withdraw()
        self._queue.close()
        self._is_off = True
        with suppress(StorageError):
            self._store.disconnect()

    def inspect(self) -> dict[str, object]:
        """The file as telemetry and consoles show it."""
        return {
            "kind": "cache.file",
            "name": "cache",
            "state": "off" if self._is_off else "ok",
            "facts": dict(self._counts),
            "config": {"path": self._path},
        }

    # How it is done.

    def _identity_of(self, memo: Memo) -> str | None:
        """Which function it is in every process; two that live at once are never the same."""
        identity = memo.identity
        if identity is None or self._owners.setdefault(identity, memo) is not memo:
            return None
        return identity

    def _found(self, memo: Memo, key: Hashable, data: object) -> Found | None:
        row = rows.unpack(data)
        if row is None or row.call != memo.call_of(key):
            return None
        left = row.left(memo.clock.time())
        if left <= 0:
            return None
        self._counts["recalled"] += 1
        return Found(row.value, left)

    def _write(self, waiting: list[Waiting]) -> None:
        """Write what is still to be kept; runs in the thread of the queue."""
        with self._lock:
            wanted = [each for each in waiting if each.is_wanted()]
            if wanted:
                self._guarded(lambda: self._write_rows(wanted))
            for each in waiting:
                self._no_longer(each)

    def _waiting_data(self, name: str) -> bytes | None:
        """What is about to be written."""
        waiting = self._waiting.get(name)
        return waiting.data if waiting is not None and waiting.is_wanted() else None

    def _no_longer(self, waiting: Waiting) -> None:
        name = waiting.keys[0]
        if self._waiting.get(name) is waiting:  # and no later one
            self._waiting.pop(name, None)

    def _write_rows(self, waiting: list[Waiting]) -> None:
        with self._store.transaction() as tx:
            for each in waiting:
                ttl = each.kept.life if each.kept.life < _FOR_EVER else None
                first, *others = each.keys
                tx.set(first, each.data, ttl=ttl)
                for key in others:
                    tx.set(key, None, ttl=ttl)
        self._counts["kept"] += len(waiting)

    def _named(self, wanted: Wanted) -> Iterator[str]:
        """The places of what carries a wanted name."""
        for key in self._keys(f"n:{wanted.beginning}"):
            name, place = rows.name_and_place(key)
            if wanted.matches(name):
                yield place

    def _keys(self, begins: str) -> list[str]:
        def scan() -> list[str]:
            found: list[str] = []
            cursor: str | None = None
            while True:
                page = self._store.scan(begins, cursor=cursor, limit=_PAGE)
                found += page.entries
                cursor = page.cursor
                if cursor is None:
                    return found

        return self._guarded(scan) or []

    def _drop(self, places: list[str]) -> set[str]:
        """Drop results with the rows of their names; the places of those that were still good."""
        dropped: set[str] = set()
        with self._lock:
            for start in range(0, len(places), _PAGE):
                part = places[start : start + _PAGE]
                keys = [rows.key_of(place) for place in part]
                found: dict[str, Any] = self._guarded(partial(self._store.get_many, keys)) or {}
                gone = [*found]
                for key, data in found.items():
                    row = rows.unpack(data)
                    if row is None:
                        continue
                    gone += rows.name_keys(row.names, key[2:])
                    if row.left(time.time()) > 0:
                        dropped.add(key[2:])
                done = self._guarded(partial(self._store.delete_many, gone)) is not None
                if not done and not self._is_off:
                    # It must not be served again, and there may be no room to say so in the file.
                    self._begin_anew(self._remove)
        return dropped

    def _guarded(self, work: Callable[[], Any]) -> Any:
        """What *work* returns, or `None` if the file does not let it."""
        if self._is_off:
            return None
        try:
            return work()
        except StorageError as error:
            self._failed(error)
            return None

    def _failed(self, error: StorageError) -> None:
        self._counts["failed"] += 1
        if isinstance(error, CorruptValueError):
            return  # a miss; the next result of that call is written over it
        emit(Signal(kind="cache.file_failed", source="cache", facts={"error": str(error)}))
        if isinstance(error, CorruptStoreError):
            self._begin_anew(self._move_away)
        elif isinstance(
            error, StorageConnectionError
        ):  # somebody removed it, the usual way to clear
            self._begin_anew(_nothing)

    def _begin_anew(self, first: Callable[[], None]) -> None:
        """Open the file again when *first* is done; go on without one, if that cannot be."""
        with self._lock:
            try:
                with suppress(StorageError):
                    self._store.disconnect()
                first()
                self._store.connect()
            except (StorageError, OSError):
                self._is_off = True

    def _remove(self) -> None:
        for end in _BESIDE:
            with suppress(FileNotFoundError):
                os.unlink(f"{self._path}{end}")

    def _move_away(self) -> None:
        self._counts["set_aside"] += 1
        for end in _BESIDE:
            with suppress(FileNotFoundError):
                os.replace(f"{self._path}{end}", f"{self._path}.damaged{end}")


def _nothing() -> None: ...
