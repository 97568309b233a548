"""What every provider is: nine methods to write, and the rest built on them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Self

from ._capabilities import Capability
from ._codec import encode
from ._entry import MISSING, Entry, Page, Put
from ._errors import (
    InvalidKeyError,
    InvalidValueError,
    UnsupportedError,
    unsupported,
)
from ._keys import check_cursor, check_key, check_keys, check_prefix
from ._optimistic import expire, increment, update
from ._options import check_limit, check_mapping, check_step, check_ttl

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
    from os import PathLike
    from types import TracebackType

    from ._options import TTL
    from ._sync import SyncStorage
    from ._transaction import Transaction
    from ._type import StorageType
    from ._watch import Watch
    from ._wrappers import Prefixed


class StorageProvider(ABC):
    """Keeps JSON values, and bytes, under keys.  Derive from it to keep them somewhere else.

    Nine methods and two properties are enough; what else there is is built on them, or raises
    `UnsupportedError`.  A provider that can do more says so in *capabilities* and brings the methods
    that need it: `set` with its options for ``TTL`` and ``VERSIONS``, and `get_entry`; `apply` for
    ``TRANSACTIONS``; `watch`; `backup`.  `pepperpy.infra.storage.testing` proves that it does all
    that as the others do.
    """

    capabilities: Capability = Capability(0)
    """What it can do beside the basics."""

    @property
    def waits(self) -> bool:
        """Whether its methods wait for an event loop, when called in this thread now.

        `sync` calls those that do not without a thread between.
        """
        return True

    @property
    @abstractmethod
    def name(self) -> str:
        """What it is called in messages and in the registry."""

    @property
    @abstractmethod
    def storage_type(self) -> StorageType:
        """What kind of place it keeps values in."""

    @abstractmethod
    async def connect(self) -> None:
        """Open what is needed.  Connecting twice is harmless.

        Raises:
            StorageConnectionError: If that cannot be done.
        """

    @abstractmethod
    async def disconnect(self) -> None:
        """Close what `connect` opened, when all that was acknowledged is safe; it can connect again."""

    @abstractmethod
    async def is_connected(self) -> bool:
        """Whether it can be used now."""

    @abstractmethod
    async def get(self, key: str, default: Any = MISSING) -> Any:
        """The value under *key*, as a copy.

        Raises:
            KeyNotFoundError: If there is none and no *default* is given; it is a `KeyError`.
        """

    @abstractmethod
    async def set(
        self,
        key: str,
        value: Any,
        *,
        ttl: TTL = None,
        if_version: int | None = None,
        if_absent: bool = False,
    ) -> int:
        """Keep *value* under *key*, and return the version of this write.

        Args:
            key: Any text of up to 1024 bytes.
            value: A JSON value or `bytes`; what would not come back as it is is refused.
            ttl: Seconds until it is gone, a `timedelta`, or the moment as an aware `datetime`; `None`
                for no end, whatever it was before.
            if_version: Write only if the key has this version.
            if_absent: Write only if the key is not there.

        Raises:
            VersionMismatchError: If the key has another version, or is not there.
            KeyExistsError: If it is there, and should not be.
            InvalidValueError: If the value would not come back as it is.
            InvalidKeyError: If the key is none.
        """

    @abstractmethod
    async def delete(self, key: str, *, if_version: int | None = None) -> bool:
        """Remove *key*, and tell whether it was there.

        Raises:
            VersionMismatchError: If the key has not the version *if_version*; then it stays.
        """

    @abstractmethod
    async def exists(self, key: str) -> bool:
        """Whether there is a value under *key*."""

    @abstractmethod
    async def keys(self, pattern: str | None = None) -> list[str]:
        """All keys that match a glob, in order: ``user:*``, ``?``, ``[ab]``, ``[!ab]``, ``[*]``."""

    @abstractmethod
    async def clear(self) -> None:
        """Remove everything."""

    # What follows is built on the above.

    async def get_entry(self, key: str) -> Entry:
        """The value with its version and expiry.

        Raises:
            KeyNotFoundError: If there is none.
            UnsupportedError: If the provider has versions or expiry and no such method.
        """
        if self.capabilities & (Capability.TTL | Capability.VERSIONS):
            raise self._unsupported(Capability.VERSIONS, "get_entry()")
        return Entry(await self.get(key))

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """The values of those keys that are there."""
        found: dict[str, Any] = {}
        for key in check_keys(keys):
            try:
                found[key] = await self.get(key)
            except KeyError:
                continue
        return found

    async def set_many(self, values: Mapping[str, Any], *, ttl: TTL = None) -> dict[str, int]:
        """Keep several values, and return their versions.

        All or none with ``Capability.TRANSACTIONS``.  Without it they are written one by one, after
        all of them were checked.
        """
        checked = {check_key(key): each for key, each in check_mapping(values, "values").items()}
        if Capability.TRANSACTIONS in self.capabilities:
            return await self.apply({key: Put(value, ttl) for key, value in checked.items()})
        for value in checked.values():
            encode(value)
        options = self._with_ttl(ttl)
        return {key: await self.set(key, value, **options) for key, value in checked.items()}

    async def delete_many(self, keys: Iterable[str]) -> int:
        """Remove those keys, and tell how many were there."""
        return sum([bool(await self.delete(key)) for key in dict.fromkeys(check_keys(keys))])

    async def scan(self, prefix: str = "", *, cursor: str | None = None, limit: int = 100) -> Page:
        """A page of the keys that begin with *prefix*, in the order of their code points.

        A key that is there during the whole scan is found once; one that comes or goes meanwhile may
        be found.

        Args:
            prefix: Plain text, no glob.
            cursor: That of the page before; it stays good for ever.
            limit: How many entries at most.
        """
        limit = check_limit(limit)
        check_prefix(prefix)
        cursor = check_cursor(cursor)
        keys = [key for key in sorted(await self.keys()) if key.startswith(prefix)]
        start = 0 if cursor is None else bisect_right(keys, cursor)
        entries: dict[str, Entry] = {}
        for key in keys[start : start + limit]:
            try:
                entries[key] = await self.get_entry(key)
            except KeyError:
                continue
        more = start + limit < len(keys)
        return Page(entries, keys[start + limit - 1] if more else None)

    async def items(self, prefix: str = "") -> AsyncIterator[tuple[str, Any]]:
        """Every key that begins with *prefix* with its value, in order, a page in memory at a time."""
        cursor: str | None = None
        while True:
            page = await self.scan(prefix, cursor=cursor)
            for key, entry in page.entries.items():
                yield key, entry.value
            cursor = page.cursor
            if cursor is None:
                return

    async def update(
        self,
        key: str,
        fn: Callable[[Any], Any | Awaitable[Any]],
        *,
        default: Any = MISSING,
        ttl: TTL = None,
    ) -> Any:
        """Put *fn* of the value in its place, as one step, and return it.

        *fn* is called again, with the newer value, if somebody else wrote meanwhile, so it should do
        nothing else.  If it raises, nothing changes.

        Args:
            key: Whose value.
            fn: A plain or ``async`` function of a copy of the value.
            default: What it is called with if there is no value.
            ttl: Seconds from now; with `None` the key expires when it would have.

        Raises:
            KeyNotFoundError: If there is no value and no *default*.
            ConflictError: If somebody else wrote meanwhile ten thousand times; *fn* itself, most likely.
        """
        self._need(Capability.VERSIONS, "update()")
        return await update(self, key, fn, default, ttl)

    async def increment(self, key: str, by: int = 1, *, ttl: TTL = None) -> int:
        """Add to a whole number, as one step, and return the sum; a missing key starts at 0.

        Args:
            key: Of the number.
            by: May be negative.
            ttl: Seconds that a key lives that was not there before; one that was there keeps its end.

        Raises:
            InvalidValueError: If what is there is no whole number.
        """
        self._need(Capability.VERSIONS, "increment()")
        return await increment(self, key, check_step(by), ttl)

    async def expire(self, key: str, ttl: TTL) -> bool:
        """Let *key* live for *ttl* seconds from now, or for ever; False if it is not there.

        It is a write: the version changes, the value does not.
        """
        self._need(Capability.TTL, "expire()")
        self._need(Capability.VERSIONS, "expire()")
        return await expire(self, key, ttl)

    def transaction(self) -> Transaction:
        """Several keys at once: ``async with provider.transaction() as tx``.

        What is read in the block is as it was, or the end of the block raises `ConflictError` and
        nothing is written.  An error in the block writes nothing.
        """
        from ._transaction import Transaction

        self._need(Capability.TRANSACTIONS, "transaction()")
        return Transaction(self)

    async def apply(
        self,
        writes: Mapping[str, Put | None],  # noqa: ARG002 - for those that have it
        *,
        expect: Mapping[str, int | None] | None = None,  # noqa: ARG002
    ) -> dict[str, int]:
        """Do all of these writes, or none: what transactions and bulk writes are made of.

        Args:
            writes: A `Put` for each key to write, `None` for each one to delete.
            expect: The version that a key must have, `None` if it must not be there.

        Returns:
            The versions of what was written.

        Raises:
            VersionMismatchError: If a key is not as expected.
        """
        raise self._unsupported(Capability.TRANSACTIONS, "apply()")

    def watch(self, prefix: str = "") -> Watch:  # noqa: ARG002
        """Changes of keys that begin with *prefix*, from now on: ``async for change in ...``.

        Of a key that changes faster than it is read about, the last change is told.  That a key
        expired is not.
        """
        raise self._unsupported(Capability.WATCH, "watch()")

    async def backup(self, path: str | PathLike[str]) -> None:  # noqa: ARG002
        """Write a whole and consistent copy of the store to a new file, while it is in use."""
        raise self._unsupported(Capability.BACKUP, "backup()")

    def namespace(self, name: str) -> Prefixed:
        """The keys that begin with ``<name>:``, without that, as a store of their own.

        Raises:
            InvalidKeyError: If the name is empty or has a colon: ``a:b`` would lie within ``a``.
        """
        from ._wrappers import Prefixed

        if not check_prefix(name) or ":" in name:
            raise InvalidKeyError(
                f"a namespace needs a name without a colon; got {name!r:.80}", key=name
            )
        return Prefixed(self, f"{name}:")

    @property
    def sync(self) -> SyncStorage:
        """The same methods for programs without an event loop."""
        from ._sync import SyncStorage

        return SyncStorage(self)

    async def info(self) -> dict[str, Any]:
        """What is known about the store: its kind, name, state, capabilities, and its own figures."""
        connected = await self.is_connected()
        return {
            "kind": "storage",
            "name": self.name,
            "type": self.storage_type.value,
            "state": "connected" if connected else "disconnected",
            "capabilities": [each.name for each in self.capabilities],
        }

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.disconnect()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def _need(self, capability: Capability, what: str) -> None:
        if capability not in self.capabilities:
            raise self._unsupported(capability, what)

    def _unsupported(self, capability: Capability, what: str) -> UnsupportedError:
        return unsupported(what, capability, self.name)

    # For providers of this package, and for `_optimistic`.

    def _whole(self, key: str, value: Any) -> int:
        if value.__class__ is not int:
            raise InvalidValueError(
                f"only a whole number can be incremented; {key!r:.80} holds a {type(value).__name__}",
                where="$",
                found=type(value).__name__,
            )
        number: int = value
        return number

    def _with_ttl(self, ttl: Any) -> dict[str, Any]:
        """The option, for a `set` that may not have it."""
        if ttl is None:
            return {}
        self._need(Capability.TTL, "ttl=")
        check_ttl(ttl)
        return {"ttl": ttl}

    async def _entry_or_none(self, key: str) -> Entry | None:
        try:
            return await self.get_entry(key)
        except KeyError:
            return None
