"""A store in memory: for tests, for what may be forgotten, and as the model of all the others."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, datetime
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pepperpy.infra.utils import Clock, ForkSafeLock, register_inspectable

from ._capabilities import Capability
from ._codec import decode, encode
from ._entry import MISSING, Change, Entry, Missing, Page, Put
from ._errors import already_there, mismatch, not_connected, not_found
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
from ._type import StorageType
from ._watch import Watch, Watchers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ._options import TTL

Record: TypeAlias = tuple[bytes, int, "float | None"]
"""The encoded value, its version, and when it ends on the clock that never goes back."""

_SWEPT: Final = (
    2  # expired records that a write with an end takes away, so that none waits for many
)


class MemoryStorageProvider(StorageProvider):
    """Keeps values in this process, encoded, so that nobody shares an object with the store.

    They stay when it is disconnected, and are gone with the object.

    Args:
        name: What it is called.
        clock: What ``ttl`` goes by.
    """

    capabilities: Capability = (
        Capability.TTL | Capability.VERSIONS | Capability.TRANSACTIONS | Capability.WATCH
    )

    def __init__(self, name: str, *, clock: Clock | None = None) -> None:
        self._name = name
        self._clock = Clock() if clock is None else clock
        self._connected = False
        # All that follows is written under the lock.  Reading one record is one atomic step.
        self._lock = ForkSafeLock()
        self._records: dict[str, Record] = {}
        self._version = 0
        self._order: list[str] | None = None  # the keys in order, while there is no other one
        self._ends: list[tuple[float, str]] = []  # a heap; some of them are of earlier writes
        self._watchers = Watchers()
        register_inspectable(self)

    @property
    def name(self) -> str:
        return self._name

    @property
    def storage_type(self) -> StorageType:
        return StorageType.MEMORY

    @property
    def waits(self) -> bool:
        return False

    async def connect(self) -> None:
        self._connected = True

    async def disconnect(self) -> None:
        self._connected = False

    async def is_connected(self) -> bool:
        return self._connected

    async def get(self, key: str, default: Any = MISSING) -> Any:
        record = self._find(key)
        if record is not None:
            return decode(record[0], key, self._name)
        if isinstance(default, Missing):
            raise not_found(key, self._name)
        return default

    async def get_entry(self, key: str) -> Entry:
        record = self._find(key)
        if record is None:
            raise not_found(key, self._name)
        return self._entry(key, record)

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        found = [(key, self._find(key)) for key in check_keys(keys)]
        return {key: decode(each[0], key, self._name) for key, each in found if each is not None}

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
        seconds = None if ttl is None else check_ttl(ttl, self._clock)
        self._use()
        with self._lock:
            if if_absent and self._alive(key) is not None:
                raise already_there(key, self._name)
            if if_version is not None:
                self._expect(key, if_version)
            version = self._put(key, data, seconds)
        if self._watchers.any():
            self._watchers.tell([Change(key, "set", version)])
        return version

    async def delete(self, key: str, *, if_version: int | None = None) -> bool:
        check_condition(if_version)
        key = check_key(key)
        self._use()
        with self._lock:
            if if_version is not None:
                self._expect(key, if_version)
            deleted = self._drop(key)
        if deleted:
            self._watchers.tell([Change(key, "delete", 0)])
        return deleted

    async def exists(self, key: str) -> bool:
        return self._find(key) is not None

    async def keys(self, pattern: str | None = None) -> list[str]:
        self._use()
        if pattern is None:
            return self._range("")
        matches = key_matcher(pattern)
        return [key for key in self._range(literal_prefix(pattern)) if matches(key)]

    async def clear(self) -> None:
        self._use()
        with self._lock:
            cleared = [*self._records]
            self._records = {}
            self._order, self._ends = None, []
        self._watchers.tell(Change(key, "delete", 0) for key in cleared)

    async def scan(self, prefix: str = "", *, cursor: str | None = None, limit: int = 100) -> Page:
        check_prefix(prefix)
        limit = check_limit(limit)
        cursor = check_cursor(cursor)
        self._use()
        keys = self._range(prefix, cursor, limit + 1)
        entries = {
            key: self._entry(key, record)
            for key in keys[:limit]
            if (record := self._find(key)) is not None
        }
        return Page(entries, keys[limit - 1] if len(keys) > limit else None)

    async def increment(self, key: str, by: int = 1, *, ttl: TTL = None) -> int:
        key = check_key(key)
        check_step(by)
        seconds = check_ttl(ttl, self._clock)
        self._use()
        with self._lock:
            record = self._alive(key)
            total = by
            if record is not None:
                total += self._whole(key, decode(record[0], key, self._name))
                seconds = None if record[2] is None else record[2] - self._clock.monotonic()
            version = self._put(key, encode(total), seconds)
        if self._watchers.any():
            self._watchers.tell([Change(key, "set", version)])
        return total

    async def apply(
        self,
        writes: Mapping[str, Put | None],
        *,
        expect: Mapping[str, int | None] | None = None,
    ) -> dict[str, int]:
        encoded = {
            key: None if put is None else self._encoded(put)
            for key, put in check_writes(writes).items()
        }
        expected = check_expected(expect)
        self._use()
        versions: dict[str, int] = {}
        changes: list[Change] = []
        with self._lock:
            for key, version in expected.items():
                self._expect(key, version)
            for key, data in encoded.items():
                if data is not None:
                    versions[key] = self._put(key, *data)
                    changes.append(Change(key, "set", versions[key]))
                elif self._drop(key):
                    changes.append(Change(key, "delete", 0))
        self._watchers.tell(changes)
        return versions

    def watch(self, prefix: str = "") -> Watch:
        self._use()
        return self._watchers.add(prefix)

    async def info(self) -> dict[str, Any]:
        return {**await super().info(), **self._figures()}

    def inspect(self) -> dict[str, object]:
        """The store as it is now, for whoever watches the program."""
        state = "connected" if self._connected else "disconnected"
        return {"kind": "storage", "name": self._name, "state": state, "facts": self._figures()}

    def _figures(self) -> dict[str, int]:
        with self._lock:
            sizes = [len(record[0]) for record in self._records.values()]
        return {"keys": len(sizes), "bytes": sum(sizes)}

    def _use(self) -> None:
        if not self._connected:
            raise not_connected(self._name)

    def _find(self, key: str) -> Record | None:
        """The record of a key that has not expired, for reading."""
        self._use()
        try:
            record = self._records.get(key)
        except TypeError:
            record = None
        if record is None:
            check_key(key)  # what is no key has no record either
            return None
        end = record[2]
        return record if end is None or end > self._clock.monotonic() else None

    def _entry(self, key: str, record: Record) -> Entry:
        data, version, end = record
        expires = None
        if end is not None:
            left = end - self._clock.monotonic()
            expires = datetime.fromtimestamp(self._clock.time() + left, UTC)
        return Entry(decode(data, key, self._name), version, expires)

    def _encoded(self, put: Put) -> tuple[bytes, float | None]:
        return encode(put.value), check_ttl(put.ttl, self._clock)

    # What follows is called under the lock.

    def _alive(self, key: str) -> Record | None:
        """The record of a key; an expired one is taken away."""
        record = self._records.get(key)
        if record is None or record[2] is None or record[2] > self._clock.monotonic():
            return record
        self._remove(key)
        return None

    def _expect(self, key: str, version: int | None) -> None:
        record = self._alive(key)
        found = None if record is None else record[1]
        if found != version:
            raise mismatch(key, self._name, version, found)

    def _put(self, key: str, data: bytes, seconds: float | None) -> int:
        self._version += 1
        end = None if seconds is None else self._clock.monotonic() + seconds
        if key not in self._records:
            self._order = None
        self._records[key] = (data, self._version, end)
        if end is not None:
            heappush(self._ends, (end, key))
            self._sweep()
        return self._version

    def _drop(self, key: str) -> bool:
        if self._alive(key) is None:
            return False
        self._remove(key)
        return True

    def _remove(self, key: str) -> None:
        del self._records[key]
        self._order = None

    def _sweep(self) -> None:
        """Take away a few that expired."""
        now = self._clock.monotonic()
        for _ in range(_SWEPT):
            if not self._ends or self._ends[0][0] > now:
                break
            self._alive_or_gone(heappop(self._ends)[1])
        if len(self._ends) > 2 * len(self._records) + 64:
            # Most are of earlier writes: keys that are written again and again.
            self._ends = [(r[2], key) for key, r in self._records.items() if r[2] is not None]
            heapify(self._ends)

    def _alive_or_gone(self, key: str) -> None:
        if key in self._records:
            self._alive(key)

    def _range(self, prefix: str, after: str | None = None, limit: int | None = None) -> list[str]:
        """The keys that begin so and are behind *after*, in order, without those that expired."""
        with self._lock:
            if self._order is None:
                self._order = sorted(self._records)
            order = self._order
            start = bisect_left(order, prefix)
            if after is not None:
                start = max(start, bisect_right(order, after))
            found: list[str] = []
            for at in range(start, len(order)):
                key = order[at]
                if not key.startswith(prefix) or len(found) == limit:
                    break
                if self._find(key) is not None:
                    found.append(key)
        return found
