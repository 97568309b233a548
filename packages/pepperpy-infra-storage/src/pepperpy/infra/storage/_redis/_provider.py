"""A store in Redis or Valkey, which many machines may share."""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.storage._capabilities import Capability
from pepperpy.infra.storage._codec import decode, encode
from pepperpy.infra.storage._entry import MISSING, Entry, Missing, Page, Put
from pepperpy.infra.storage._errors import (
    CorruptValueError,
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
    check_seconds,
    check_step,
    check_writes,
)
from pepperpy.infra.storage._per_loop import PerLoop, before_deadline
from pepperpy.infra.storage._provider import StorageProvider
from pepperpy.infra.storage._type import StorageType
from pepperpy.infra.utils import register_inspectable

from . import _scripts as scripts
from ._faults import slow
from ._link import Link
from ._settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pepperpy.infra.storage._options import TTL
    from pepperpy.infra.storage._watch import Watch

_PAGE: Final = 500  # keys that one step looks at, which takes the server less than a millisecond


class RedisStorageProvider(StorageProvider):
    """Keeps values in Redis or Valkey, 6.2 or newer; programs on many machines share them.

    What an acknowledged write survives is for the server's settings to say: see `info`.  Commands
    of tasks that run at the same time go together over one connection of each event loop.

    Args:
        name: What it is called.
        url: Where the server is: ``redis://user:password@host:6379/0``, ``rediss://`` for TLS, or
            ``unix://path``; never shown.
        namespace: What its keys begin with, in braces, so that a cluster keeps them together; *name*
            unless it is given.  Two providers with the same one share their values.
        timeout: Seconds to wait for an answer; a `deadline` can only make it less.
        connect_timeout: Seconds to wait for a connection.
        may_evict: Whether a server is good enough that throws values away when its memory is full.

    Raises:
        MissingExtraError: If redis-py is not installed.
        InvalidOptionError: If an argument cannot be used.
    """

    capabilities: Capability = (
        Capability.TTL | Capability.VERSIONS | Capability.TRANSACTIONS | Capability.WATCH
    )

    def __init__(
        self,
        name: str,
        url: str = "redis://localhost:6379/0",
        *,
        namespace: str | None = None,
        timeout: float = 5.0,
        connect_timeout: float = 5.0,
        may_evict: bool = False,
    ) -> None:
        self._name = name
        self._namespace = name if namespace is None else namespace
        self._may_evict = may_evict
        tag = f"{{{_checked_namespace(self._namespace)}}}"
        self._place = f"{tag}:v:".encode()
        self._settings = Settings(
            name,
            url,
            tag,
            check_seconds(timeout, "timeout"),
            check_seconds(connect_timeout, "connect_timeout"),
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
        """Connect, and see that the server keeps what it acknowledges.

        Raises:
            StorageConnectionError: If it cannot be reached, or may throw values away.
        """
        try:
            await before_deadline(self._check(self._links.get()), self._slow)
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
            await before_deadline(self._links.get().open(), self._slow)
        except StorageConnectionError:
            return False
        return True

    async def get(self, key: str, default: Any = MISSING) -> Any:
        key = check_key(key)
        record = await self._command("GET", self._place + key.encode())
        if record is not None:
            return decode(self._split(key, record)[1], key, self._name)
        if isinstance(default, Missing):
            raise not_found(key, self._name)
        return default

    async def get_entry(self, key: str) -> Entry:
        key = check_key(key)
        record = await self._command("GET", self._place + key.encode())
        if record is None:
            raise not_found(key, self._name)
        return self._entry(key, record)

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        records = await self._records(list(dict.fromkeys(check_keys(keys))))
        return {
            key: decode(self._split(key, record)[1], key, self._name)
            for key, record in records.items()
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
        data = encode(value)
        check_condition(if_version, if_absent)
        condition = b"0" if if_absent else _condition(if_version)
        answer = await self._run(scripts.SET, key.encode(), data, _end(ttl), condition)
        if _is_missed(answer):
            if if_absent:
                raise already_there(key, self._name)
            raise mismatch(key, self._name, if_version, _version(answer[0]))
        return int(answer)

    async def delete(self, key: str, *, if_version: int | None = None) -> bool:
        check_condition(if_version)
        key = check_key(key)
        answer = await self._run(scripts.DELETE, key.encode(), _condition(if_version))
        if _is_missed(answer):
            raise mismatch(key, self._name, if_version, _version(answer[0]))
        return bool(answer)

    async def delete_many(self, keys: Iterable[str]) -> int:
        checked = list(dict.fromkeys(check_keys(keys)))
        deleted = 0
        for start in range(0, len(checked), _PAGE):
            deletions = [
                part for key in checked[start : start + _PAGE] for part in _write(key, None)
            ]
            deleted += sum(await self._run(scripts.APPLY, 0, *deletions))
        return deleted

    async def exists(self, key: str) -> bool:
        return bool(await self._command("EXISTS", self._place + check_key(key).encode()))

    async def keys(self, pattern: str | None = None) -> list[str]:
        matches = key_matcher(pattern)
        start, stop = _range("" if pattern is None else literal_prefix(pattern), None)
        found: list[str] = []
        while True:
            page = await self._index(start, stop, _PAGE)
            if page:
                present = await self._run(scripts.PRESENT, *page)
                found += filter(matches, map(bytes.decode, present))
            if len(page) < _PAGE:
                self._use()
                return found
            start = b"(" + page[-1]

    async def clear(self) -> None:
        while await self._run(scripts.CLEAR, _PAGE) == _PAGE:
            pass

    async def scan(self, prefix: str = "", *, cursor: str | None = None, limit: int = 100) -> Page:
        check_count(limit, "limit")
        start, stop = _range(check_prefix(prefix), check_cursor(cursor))
        entries: dict[str, Entry] = {}
        while True:
            wanted = limit - len(entries)
            page = await self._index(start, stop, wanted + 1)
            keys = [each.decode() for each in page[:wanted]]
            records = await self._records(keys)
            entries |= {key: self._entry(key, record) for key, record in records.items()}
            if len(records) < len(keys):  # some expired
                await self._run(scripts.PRESENT, *page)
            if len(page) <= wanted:
                return Page(entries, None)
            if len(entries) == limit:
                return Page(entries, keys[-1])
            start = b"(" + page[wanted - 1]

    async def increment(self, key: str, by: int = 1, *, ttl: TTL = None) -> int:
        key = check_key(key)
        step = check_step(by)
        answer = await self._run(scripts.INCREMENT, key.encode(), encode(step), _end(ttl))
        if answer is None:  # no number, or one beyond what a script counts exactly
            return await super().increment(key, by, ttl=ttl)
        return int(answer)

    async def expire(self, key: str, ttl: TTL) -> bool:
        return await self._run(scripts.EXPIRE, check_key(key).encode(), _end(ttl)) is not None

    async def apply(
        self,
        writes: Mapping[str, Put | None],
        *,
        expect: Mapping[str, int | None] | None = None,
    ) -> dict[str, int]:
        checked = check_writes(writes)
        expected = check_expected(expect)
        parts: list[Any] = [len(expected)]
        for key, version in expected.items():
            parts += (key.encode(), version or 0)
        for key, put in checked.items():
            parts += _write(key, put)
        answer = await self._run(scripts.APPLY, *parts)
        if answer and _is_missed(answer[0]):
            key = answer[0][0].decode()
            raise mismatch(key, self._name, expected[key], _version(answer[0][1]))
        return {
            key: int(version)
            for (key, put), version in zip(checked.items(), answer, strict=True)
            if put is not None
        }

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
        figures: dict[str, Any] = {"namespace": self._namespace, "server": self._settings.place}
        if await self.is_connected():
            facts = await _facts(self._links.get())
            figures |= {
                "version": facts.get("redis_version", "unknown"),
                "append_only": facts.get("aof_enabled") == "1",
                "eviction": facts.get("maxmemory_policy", "unknown"),
                "server_bytes": int(facts.get("used_memory", 0)),
                "keys": await self._command("ZCARD", f"{self._settings.tag}:keys"),
            }
        return {**await super().info(), **figures}

    def inspect(self) -> dict[str, object]:
        """The store as it is now, for whoever watches the program; the server is not asked."""
        return {
            "kind": "storage",
            "name": self._name,
            "state": "connected" if self._connected else "disconnected",
            "config": {"server": self._settings.place, "namespace": self._namespace},
        }

    async def _check(self, link: Link) -> None:
        facts = await _facts(link)
        policy = facts.get("maxmemory_policy", "noeviction")
        if policy != "noeviction" and facts.get("maxmemory") != "0" and not self._may_evict:
            raise StorageConnectionError(
                f"Redis at {self._settings.place} throws values away when its memory is full "
                f"(maxmemory-policy {policy}), so storage {self._name!r} would lose some: set the "
                "policy to noeviction, or say may_evict=True",
                storage=self._name,
            )

    def _use(self) -> None:
        if not self._connected:
            raise not_connected(self._name)

    async def _command(self, name: str, *parts: Any) -> Any:
        self._use()
        return await before_deadline(self._links.get().command(name, *parts), self._slow)

    async def _run(self, script: scripts.Script, *parts: Any) -> Any:
        self._use()
        return await before_deadline(self._links.get().run(script, *parts), self._slow)

    def _slow(self, seconds: float) -> StorageTimeoutError:
        return slow(self._settings, seconds)

    async def _index(self, start: bytes, stop: bytes, count: int) -> list[bytes]:
        """Keys in order, those that expired a moment ago as well."""
        found: list[bytes] = await self._command(
            "ZRANGEBYLEX", f"{self._settings.tag}:keys", start, stop, "LIMIT", 0, count
        )
        return found

    async def _records(self, keys: list[str]) -> dict[str, bytes]:
        """What is there of these."""
        self._use()
        found: dict[str, bytes] = {}
        for start in range(0, len(keys), _PAGE):
            some = keys[start : start + _PAGE]
            records = await self._command("MGET", *(self._place + key.encode() for key in some))
            found |= {
                key: record for key, record in zip(some, records, strict=True) if record is not None
            }
        return found

    def _entry(self, key: str, record: bytes) -> Entry:
        head, data = self._split(key, record)
        version, _, end = head.partition(b" ")
        expires = datetime.fromtimestamp(int(end) / 1000, UTC) if end else None
        return Entry(decode(data, key, self._name), int(version), expires)

    def _split(self, key: str, record: bytes) -> tuple[bytes, bytes]:
        head, line, data = record.partition(b"\n")
        if not line:
            raise CorruptValueError(
                f"what is stored under {key!r:.80} in {self._name!r} is not what we write",
                key=key,
                storage=self._name,
            )
        return head, data


async def _facts(link: Link) -> dict[str, str]:
    """What the server says of itself."""
    said = (await link.command("INFO")).decode("utf-8", "replace")
    lines = (line.partition(":") for line in said.splitlines())
    return {name: value for name, colon, value in lines if colon}


def _checked_namespace(namespace: Any) -> str:
    if isinstance(namespace, str) and namespace and not set(namespace) & set("{}"):
        return namespace
    raise InvalidOptionError(
        f"namespace must be text without braces, of at least one character; got {namespace!r:.80}",
        option="namespace",
    )


def _condition(version: int | None) -> bytes:
    return b"" if version is None else b"%d" % version


def _is_missed(answer: Any) -> bool:
    """Whether a condition did not hold; then the answer tells what was found."""
    return isinstance(answer, list)


def _version(found: bytes) -> int | None:
    return int(found) or None


def _end(ttl: TTL) -> bytes:
    """When a value ends, as the scripts take it, in whole milliseconds."""
    seconds, moment = check_end(ttl)
    if moment is not None:
        return b"@%d" % ceil(moment * 1000)
    return b"" if seconds is None else b"+%d" % ceil(seconds * 1000)


def _write(key: str, put: Put | None) -> tuple[bytes, ...]:
    if put is None:
        return (key.encode(), b"d", b"", b"")
    return (key.encode(), b"s", encode(put.value), _end(put.ttl))


def _range(prefix: str, cursor: str | None) -> tuple[bytes, bytes]:
    """Where a walk over the sorted keys begins and ends; no UTF-8 has a byte like the last one."""
    start = prefix.encode()
    behind = b"" if cursor is None else cursor.encode()
    return (b"(" + behind if behind >= start and behind else b"[" + start), b"(" + start + b"\xff"
