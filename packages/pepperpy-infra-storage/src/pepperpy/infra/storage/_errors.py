"""What can go wrong with stored values, on one screen."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from pepperpy.infra.utils import InfraError

if TYPE_CHECKING:
    from ._capabilities import Capability


class StorageError(InfraError):
    """The root of the errors of `pepperpy.infra.storage`.

    Most have *storage*, the name of the provider, and *key* where one key is at fault.  None holds
    a value, since values may be secrets.
    """

    code = "storage"


class StorageConnectionError(StorageError, builtins.ConnectionError):
    """The provider is not connected, or its store cannot be reached or opened; *storage* is its name."""

    code = "storage-connection"

    storage: str


class StorageTimeoutError(StorageConnectionError, TimeoutError):
    """The server did not answer in time; whether a write was done is not known."""

    code = "storage-timeout"


class WatchLostError(StorageConnectionError):
    """Changes may have been missed, so the watch ends: watch again, then read what matters."""

    code = "storage-watch-lost"


class KeyNotFoundError(StorageError, KeyError):
    """There is no value under *key*, or it has expired."""

    code = "storage-key-not-found"

    key: str
    storage: str


class InvalidKeyError(StorageError, ValueError, TypeError):
    """A key or a prefix is no text that can be stored; *key* is what was given."""

    code = "storage-key"

    key: object


class InvalidValueError(StorageError, ValueError, TypeError):
    """A value would not come back as it is, so it is not stored; *where* is its place, like ``$.a[2]``.

    *found* is the name of the class that was found there.
    """

    code = "storage-value"

    where: str
    found: str


class InvalidOptionError(StorageError, ValueError, TypeError):
    """An argument cannot have this value, or not beside another one; *option* is its name."""

    code = "storage-option"

    option: str


class ConflictError(StorageError):
    """Somebody else wrote first, so nothing was written; read again, and decide again."""

    code = "storage-conflict"

    key: str
    storage: str


class VersionMismatchError(ConflictError):
    """The key has another version than the caller expects.

    *found* is `None` if the key is not there; *expected* is `None` if it should not be.
    """

    code = "storage-version"

    expected: int | None
    found: int | None


class KeyExistsError(ConflictError):
    """The key is there already, and was to be written only if it is not."""

    code = "storage-key-exists"


class UnsupportedError(StorageError, NotImplementedError):
    """The provider cannot do this at all; *capability* is what it lacks."""

    code = "storage-unsupported"

    capability: str
    storage: str


class ReadOnlyError(StorageError, PermissionError):
    """The provider, or the medium below it, takes no writes."""

    code = "storage-read-only"

    storage: str


class LockedError(StorageError, TimeoutError):
    """Somebody else held the store locked for longer than the provider waits."""

    code = "storage-locked"

    storage: str


class StorageFullError(StorageError, OSError):
    """There is no room for the write; what was stored before is untouched."""

    code = "storage-full"

    storage: str


class CorruptStoreError(StorageError):
    """What should be the store is something else or damaged, and was left as it is."""

    code = "storage-corrupt"

    storage: str


class CorruptValueError(CorruptStoreError, ValueError):
    """What is stored under *key* cannot be read: damaged, or written with another cipher or codec."""

    code = "storage-corrupt-value"

    key: str


class ImportLineError(StorageError, ValueError):
    """A line of a file to be imported is none that the export writes; *line* is its number."""

    code = "storage-import"

    line: int


class ProviderNameError(StorageError, ValueError):
    """A provider of this *name* is registered already, or it is no name."""

    code = "storage-name"


class UnknownProviderError(StorageError, KeyError):
    """No provider of this *name* is registered; *known* are the names that are."""

    code = "storage-unknown"

    known: tuple[str, ...]


def not_connected(storage: str) -> StorageConnectionError:
    """The error for a store that is used before it is connected, or after."""
    return StorageConnectionError(
        f"storage {storage!r} is not connected; await connect() first", storage=storage
    )


def not_found(key: str, storage: str) -> KeyNotFoundError:
    """The error for a key that is not there."""
    return KeyNotFoundError(
        f"storage {storage!r} has no key {key!r:.80}; get(..., default=...) does without",
        key=key,
        storage=storage,
    )


def unsupported(what: str, capability: Capability, storage: str) -> UnsupportedError:
    """The error for something that a store cannot do."""
    return UnsupportedError(
        f"{what} needs {capability.name}, which storage {storage!r} does not have",
        capability=str(capability.name),
        storage=storage,
    )


def already_there(key: str, storage: str) -> KeyExistsError:
    """The error for a key that is there, and should not be."""
    return KeyExistsError(
        f"storage {storage!r} has key {key!r:.80} already", key=key, storage=storage
    )


def mismatch(
    key: str, storage: str, expected: int | None, found: int | None
) -> VersionMismatchError:
    """The error for a key whose version is another one."""
    has = "is not there" if found is None else f"has version {found}"
    should = "should not be there" if expected is None else f"{expected} was expected"
    return VersionMismatchError(
        f"key {key!r:.80} of storage {storage!r} {has}, and {should}; read it again",
        key=key,
        storage=storage,
        expected=expected,
        found=found,
    )
