"""Keeping the records of a manager in a storage, and up to date with those who share it.

Each record is one JSON value under ``<namespace>:<kind>:<id>``.  Where the storage has versions, a
record is written only over the one that was read; what somebody else wrote meanwhile is merged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final, Protocol

from pepperpy.infra.utils import hash_string, passes_through

from ._errors import IdentityExistsError, StoredRecordError
from ._ledger import Kind, Ledger, Record, Which
from ._records import CredentialRecord, IdentityRecord

_KINDS: Final[tuple[Kind, ...]] = ("identity", "credential")


class Storage(Protocol):
    """What a manager needs of a storage; the providers of `pepperpy.infra.storage` have it.

    Where ``capabilities`` holds one that is called ``VERSIONS``, `get_entry` and the options
    *if_version* and *if_absent* of `set` are used as well.
    """

    async def get(self, key: str) -> Any:
        """The value; None or a `KeyError` if there is none."""
        ...

    async def set(self, key: str, value: Any) -> Any:
        """Keep a JSON value."""
        ...

    async def delete(self, key: str) -> Any:
        """Remove a key that may not be there."""
        ...

    async def keys(self, pattern: str) -> Iterable[str]:
        """The keys that match a glob."""
        ...


class Saving:
    """What a ledger has, in a storage."""

    def __init__(self, storage: Any, namespace: str, ledger: Ledger) -> None:
        self._storage = storage
        self._namespace = namespace
        self._ledger = ledger
        self._versioned = any(
            getattr(each, "name", each) == "VERSIONS"
            for each in getattr(storage, "capabilities", None) or ()
        )
        # Keys that were seen in the storage: if one of them is gone, somebody deleted it.
        self._seen: set[Which] = set()
        self._named: set[Which] = set()  # identities that are known to have their name

    async def load(self) -> None:
        """Take over what the storage has.

        Raises:
            StoredRecordError: If some records cannot be read; all the others are there then.
        """
        ledger, damaged = self._ledger, list[str]()
        start = ledger.tick()
        for kind in _KINDS:
            prefix = f"{self._namespace}:{kind}:"
            found: set[str] = set()
            for key in await self._storage.keys(f"{prefix}*"):
                which: Which = (kind, str(key)[len(prefix) :])
                found.add(which[1])
                try:
                    await self.refresh(which, since=start)
                except StoredRecordError as error:
                    damaged += error.keys
            self._forget(kind, found, start)
        if damaged:
            raise _damaged(damaged)

    def _forget(self, kind: Kind, found: set[str], start: int) -> None:
        """Drop what the storage has no more, unless it was changed here lately."""
        ledger = self._ledger
        with ledger.lock:
            for record in ledger.all_of(kind):
                which: Which = (kind, record.id)
                if record.id not in found:
                    self._drop_if_quiet(which, start)

    async def refresh(self, which: Which, *, since: int | None = None) -> None:
        """Take over one record as the storage has it."""
        ledger = self._ledger
        start = ledger.tick() if since is None else since
        try:
            theirs, _ = await self._read(which)
        except StoredRecordError:
            self._drop_if_quiet(which, start)  # what was known of it may be what was taken back
            raise
        with ledger.lock:
            mine = ledger.get(which)
            if theirs is None:
                self._drop_if_quiet(which, start)
            elif isinstance(theirs, CredentialRecord) and isinstance(mine, CredentialRecord):
                ledger.put(_ended(theirs, mine), mark=False)
            elif self._is_quiet(which, start):
                # Else it was changed here, or deleted, and the storage is still to hear of it.
                ledger.put(theirs, mark=False)

    def _drop_if_quiet(self, which: Which, start: int) -> None:
        with self._ledger.lock:
            if self._ledger.get(which) is not None and self._is_quiet(which, start):
                self._ledger.drop(which, mark=False)

    def _is_quiet(self, which: Which, start: int) -> bool:
        ledger = self._ledger
        return which not in ledger.pending and ledger.changed.get(which, 0) < start

    async def flush(self, only: Iterable[Which] | None = None) -> None:
        """Save what is not saved yet; what fails stays for the next time, and is raised at the end."""
        errors: list[Exception] = []
        for which in list(self._ledger.pending) if only is None else list(only):
            tick = self._ledger.pending.get(which)
            if tick is None:
                continue
            try:
                await self._save(which)
            except Exception as error:
                if passes_through(error):
                    raise
                errors.append(error)
                continue
            with self._ledger.lock:
                if self._ledger.pending.get(which) == tick:
                    del self._ledger.pending[which]
        if len(errors) == 1:
            raise errors[0]
        if errors:
            raise ExceptionGroup("some records were not saved", errors)

    async def _save(self, which: Which) -> None:
        while True:
            theirs, version = await self._read(which)
            mine = self._ledger.get(which)
            if mine is None:
                await self._remove(which, theirs)
                return
            if theirs is None and which in self._seen:
                self._ledger.drop(which, mark=False)  # somebody deleted it, and it stays deleted
                return
            merged = _merged(mine, theirs)
            if await self._wrote(self._key(which), merged.to_dict(), version):
                break
        if isinstance(merged, IdentityRecord) and which not in self._named:
            await self._claim(which, merged)
            self._named.add(which)
        self._seen.add(which)
        with self._ledger.lock:
            if merged is not mine and self._ledger.get(which) is mine:
                self._ledger.put(merged, mark=False)

    async def _claim(self, which: Which, record: IdentityRecord) -> None:
        """Make the name this identity's in the whole storage; its record is there already."""
        key = self._name_key(record.name)
        while True:
            holder, version = await self._holder(key)
            if holder == record.id:
                return
            if holder is not None:
                other, _version = await self._read(("identity", holder))
                if other is not None:
                    await self._storage.delete(self._key(which))
                    self._seen.discard(which)  # it was not somebody else who deleted it
                    raise IdentityExistsError(
                        f"an identity is called {record.name!r} already in the storage; load() it",
                        name=record.name,
                    )
            if await self._wrote(key, {"id": record.id}, version):
                return

    async def _wrote(self, key: str, data: Any, version: int | None) -> bool:
        """Write *data* over *version*; False if somebody else wrote first."""
        options: dict[str, Any] = {}
        if self._versioned:
            options = {"if_absent": True} if version is None else {"if_version": version}
        try:
            await self._storage.set(key, data, **options)
        except Exception as error:
            # Whoever wrote first has given it another version; else it is a failure.
            if passes_through(error) or (await self._read_raw(key))[1] == version:
                raise
            return False
        return True

    async def _remove(self, which: Which, theirs: Record | None) -> None:
        await self._storage.delete(self._key(which))
        if isinstance(theirs, IdentityRecord):
            key = self._name_key(theirs.name)
            holder, _ = await self._holder(key)
            if holder == theirs.id:
                await self._storage.delete(key)

    async def _holder(self, key: str) -> tuple[str | None, int | None]:
        """The id of the identity that has a name, as the record of the name says."""
        data, version = await self._read_raw(key)
        try:
            return (None if data is None else str(data["id"])), version
        except (KeyError, TypeError) as error:
            raise _damaged([key]) from error

    async def _read(self, which: Which) -> tuple[Record | None, int | None]:
        key = self._key(which)
        data, version = await self._read_raw(key)
        if data is None:
            return None, version
        record = _record(which, key, data)
        self._seen.add(which)
        return record, version

    async def _read_raw(self, key: str) -> tuple[Any, int | None]:
        try:
            if not self._versioned:
                return await self._storage.get(key), None
            entry = await self._storage.get_entry(key)
        except KeyError:
            return None, None
        return entry.value, entry.version

    def _key(self, which: Which) -> str:
        return f"{self._namespace}:{which[0]}:{which[1]}"

    def _name_key(self, name: str) -> str:
        return f"{self._namespace}:name:{hash_string(name)}"  # names may be long, keys may not


def _record(which: Which, key: str, data: Any) -> Record:
    try:
        kind = CredentialRecord if which[0] == "credential" else IdentityRecord
        record = kind.from_dict(data)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise _damaged([key]) from error
    if record.id != which[1]:
        raise _damaged([key])
    return record


def _damaged(keys: list[str]) -> StoredRecordError:
    shown = ", ".join(keys[:3]) + (", ..." if len(keys) > 3 else "")
    return StoredRecordError(
        f"{len(keys)} stored record(s) cannot be read and count as absent: {shown}",
        keys=tuple(keys),
    )


def _merged(mine: Record, theirs: Record | None) -> Record:
    """What to write: mine, but no end of a credential is ever undone."""
    if isinstance(mine, CredentialRecord) and isinstance(theirs, CredentialRecord):
        return _ended(mine, theirs)
    return mine


def _ended(record: CredentialRecord, other: CredentialRecord | None) -> CredentialRecord:
    """The first one, with whichever end is the earlier."""
    if other is None:
        return record
    revoked_at = _earlier(record.revoked_at, other.revoked_at)
    expires_at = _earlier(record.expires_at, other.expires_at)
    if (revoked_at, expires_at) == (record.revoked_at, record.expires_at):
        return record
    return replace(record, revoked_at=revoked_at, expires_at=expires_at)


def _earlier(one: Any, other: Any) -> Any:
    return min((each for each in (one, other) if each is not None), default=None)
