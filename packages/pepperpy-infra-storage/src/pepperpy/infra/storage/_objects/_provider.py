"""A store of objects, in S3 or what speaks as it does."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pepperpy.infra.storage._capabilities import Capability
from pepperpy.infra.storage._codec import decode, encode
from pepperpy.infra.storage._entry import MISSING, Entry, Missing, Page
from pepperpy.infra.storage._errors import (
    CorruptValueError,
    StorageConnectionError,
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
    check_limit,
    check_mapping,
    check_seconds,
)
from pepperpy.infra.storage._provider import StorageProvider
from pepperpy.infra.storage._type import StorageType
from pepperpy.infra.utils import register_inspectable

from . import _names as names
from ._bucket import Bucket, Found
from ._record import next_version, pack, unpack

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping

    from pepperpy.infra.storage._options import TTL

T = TypeVar("T")
U = TypeVar("U")

_TOGETHER: Final = 32  # operations under way for one bulk call


class ObjectStorageProvider(StorageProvider):
    """Keeps each value in an object of S3 or what speaks as it does, Google's or Azure's store.

    When it is connected, it tries whether the store writes on a condition as it should, and has
    ``Capability.VERSIONS`` only then.  Nothing expires, no two keys change together, and no change
    is told.

    Args:
        name: What it is called.
        url: The place: ``s3://bucket/folder``, ``gs://bucket/folder``, ``az://account/container``;
            ``memory:///`` for tests.
        timeout: Seconds to wait for an answer; a `deadline` can only make it less.
        connect_timeout: Seconds to wait for a connection.
        options: What the store needs, as obstore has it: ``endpoint``, ``region``,
            ``access_key_id``, ``secret_access_key``, ``client_options``; else it takes what the
            environment has.

    Raises:
        MissingExtraError: If obstore is not installed.
        InvalidOptionError: If an argument cannot be used.
    """

    capabilities: Capability = Capability.VERSIONS

    def __init__(
        self,
        name: str,
        url: str,
        *,
        timeout: float = 10.0,
        connect_timeout: float = 5.0,
        **options: Any,
    ) -> None:
        self._name = name
        self._bucket = Bucket(
            name,
            url,
            options,
            check_seconds(timeout, "timeout"),
            check_seconds(connect_timeout, "connect_timeout"),
        )
        self._connected = False
        register_inspectable(self)

    @property
    def name(self) -> str:
        return self._name

    @property
    def storage_type(self) -> StorageType:
        return StorageType.CLOUD

    async def connect(self) -> None:
        """See that the place is there, and whether it writes on a condition.

        Raises:
            StorageConnectionError: If it cannot be reached.
        """
        self._bucket.use()
        tells = await self._bucket.tells_versions()
        self.capabilities = Capability.VERSIONS if tells else Capability(0)
        self._connected = True

    async def disconnect(self) -> None:
        self._connected = False

    async def is_connected(self) -> bool:
        """Whether it was connected and the store answers."""
        if not self._connected:
            return False
        try:
            await self._bucket.size("!alive")
        except StorageConnectionError:
            return False
        return True

    async def get(self, key: str, default: Any = MISSING) -> Any:
        key = check_key(key)
        found = await self._found(key)
        if found is not None:
            return decode(found[1], key, self._name)
        if isinstance(default, Missing):
            raise not_found(key, self._name)
        return default

    async def get_entry(self, key: str) -> Entry:
        key = check_key(key)
        found = await self._found(key)
        if found is None:
            raise not_found(key, self._name)
        version, data = found
        told = version if Capability.VERSIONS in self.capabilities else 0
        return Entry(decode(data, key, self._name), told)

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        checked = list(dict.fromkeys(check_keys(keys)))
        self._use()
        entries = await _together(self._entry_or_none, checked)
        return {
            key: entry.value
            for key, entry in zip(checked, entries, strict=True)
            if entry is not None
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
        self._refuse_ttl(ttl)
        self._use()
        if if_version is None and not if_absent:
            version = next_version()
            await self._bucket.write(*_object(key, version, data))
            return version
        self._need(Capability.VERSIONS, "if_absent=" if if_absent else "if_version=")
        return await self._put_if(key, data, if_version)

    async def set_many(self, values: Mapping[str, Any], *, ttl: TTL = None) -> dict[str, int]:
        checked = {check_key(key): each for key, each in check_mapping(values, "values").items()}
        for value in checked.values():
            encode(value)
        self._refuse_ttl(ttl)

        async def put(pair: tuple[str, Any]) -> int:
            return await self.set(*pair)

        return dict(zip(checked, await _together(put, checked.items()), strict=True))

    async def delete(self, key: str, *, if_version: int | None = None) -> bool:
        check_condition(if_version)
        key = check_key(key)
        self._use()
        if if_version is not None:
            self._need(Capability.VERSIONS, "if_version=")
            return await self._delete_if(key, if_version)
        name = names.name_of(key)
        there = await self._bucket.size(name) > 0
        if there:
            await self._bucket.remove([name])
        return there

    async def delete_many(self, keys: Iterable[str]) -> int:
        some = [names.name_of(key) for key in dict.fromkeys(check_keys(keys))]
        self._use()
        sizes = await _together(self._bucket.size, some)
        there = [name for name, size in zip(some, sizes, strict=True) if size]
        await self._bucket.remove(there)
        return len(there)

    async def exists(self, key: str) -> bool:
        name = names.name_of(check_key(key))
        self._use()
        return await self._bucket.size(name) > 0

    async def keys(self, pattern: str | None = None) -> list[str]:
        matches = key_matcher(pattern)
        prefix = "" if pattern is None else literal_prefix(pattern)
        self._use()
        return [key async for key in self._walk(prefix, None) if matches(key)]

    async def clear(self) -> None:
        self._use()
        some = [name async for name in self._bucket.walk("", empty=True) if names.is_ours(name)]
        await self._bucket.remove(some)

    async def scan(self, prefix: str = "", *, cursor: str | None = None, limit: int = 100) -> Page:
        check_prefix(prefix)
        limit = check_limit(limit)
        cursor = check_cursor(cursor)
        self._use()
        keys: list[str] = []
        more = False
        async with aclosing(self._walk(prefix, cursor)) as walk:
            async for key in walk:
                more = len(keys) == limit
                if more:
                    break
                keys.append(key)
        entries = zip(keys, await _together(self._entry_or_none, keys), strict=True)
        return Page(
            {key: entry for key, entry in entries if entry is not None}, keys[-1] if more else None
        )

    async def info(self) -> dict[str, Any]:
        return {**await super().info(), "place": self._bucket.place}

    def inspect(self) -> dict[str, object]:
        """The store as it is now, for whoever watches the program; the server is not asked."""
        return {
            "kind": "storage",
            "name": self._name,
            "state": "connected" if self._connected else "disconnected",
            "config": {"place": self._bucket.place},
        }

    def _refuse_ttl(self, ttl: Any) -> None:
        if ttl is not None:
            self._need(Capability.TTL, "ttl=")

    async def _entry_or_none(self, key: str) -> Entry | None:
        try:
            return await self.get_entry(key)
        except KeyError:
            return None

    def _use(self) -> None:
        if not self._connected:
            raise not_connected(self._name)
        self._bucket.use()

    async def _found(self, key: str) -> tuple[int, bytes] | None:
        """Version and data of a key that is there."""
        self._use()
        return self._read(key, await self._bucket.read(names.name_of(key)))

    def _read(self, key: str, found: Found | None) -> tuple[int, bytes] | None:
        if found is None or not found.content:
            return None
        try:
            version, _, data = unpack(found.content)
        except ValueError:
            raise CorruptValueError(
                f"what is stored under {key!r:.80} in {self._name!r} is not what we write",
                key=key,
                storage=self._name,
            ) from None
        return version, data

    async def _put_if(self, key: str, data: bytes, if_version: int | None) -> int:
        """Write on a condition, of which `None` is that the key is absent."""
        name = names.name_of(key)
        # Most keys that should be absent are.
        found = None if if_version is None else await self._bucket.read(name)
        while True:
            held = self._read(key, found)
            has = None if held is None else held[0]
            if has != if_version:
                if if_version is None:
                    raise already_there(key, self._name)
                raise mismatch(key, self._name, if_version, has)
            version = next_version(has or 0)
            _, content = _object(key, version, data)
            if await self._bucket.write_if(name, content, None if found is None else found.tag):
                return version
            found = await self._bucket.read(name)
            held = self._read(key, found)
            if held is not None and held[0] == version:
                return version  # it was written, and the answer lost

    async def _delete_if(self, key: str, if_version: int) -> bool:
        name = names.name_of(key)
        while True:
            found = await self._bucket.read(name)
            held = self._read(key, found)
            has = None if held is None else held[0]
            if found is None or has != if_version:
                raise mismatch(key, self._name, if_version, has)
            if await self._bucket.write_if(name, b"", found.tag):
                return True

    async def _walk(self, prefix: str, cursor: str | None) -> AsyncGenerator[str]:
        """Keys that begin so and stand behind the cursor, in order.

        Long keys whose names have the same head are put in order here.
        """
        beginning = names.plain(prefix)[: names.HEAD]
        after = None if cursor is None else names.plain(cursor)
        if after is not None and len(after) > names.HEAD:
            after = names.before(after[: names.HEAD])
        held: list[str] = []
        head = None
        async with aclosing(self._bucket.walk(beginning, after)) as walk:
            async for name in walk:
                if name[: names.HEAD] != head:
                    for key in sorted(held):
                        yield key
                    held, head = [], name[: names.HEAD]
                found = await self._bucket.key(name) or ""
                if found.startswith(prefix) and found > (cursor or ""):
                    held.append(found)
        for key in sorted(held):
            yield key


def _object(key: str, version: int, data: bytes) -> tuple[str, bytes]:
    """Name and content."""
    name = names.name_of(key)
    return name, pack(version, key, data, tells_key=names.is_long(name))


async def _together(work: Callable[[U], Awaitable[T]], each: Iterable[U]) -> list[T]:
    """What *work* gives for each, some of them at a time; the first error ends the others."""
    from asyncio import Semaphore, TaskGroup

    free = Semaphore(_TOGETHER)

    async def one(item: U) -> T:
        async with free:
            return await work(item)

    try:
        async with TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in each]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
