"""What goes wrong between us and Redis, by the names of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pepperpy.infra.storage._errors import (
    CorruptStoreError,
    LockedError,
    ReadOnlyError,
    StorageConnectionError,
    StorageError,
    StorageFullError,
    StorageTimeoutError,
    WatchLostError,
)

if TYPE_CHECKING:
    from ._settings import Settings

_UNKNOWN: Final = "whether writes under way were done is not known"


def unreachable(settings: Settings, error: BaseException) -> StorageConnectionError:
    """The error for a connection that cannot be made."""
    return StorageConnectionError(
        f"storage {settings.name!r} cannot connect to Redis at {settings.place}: {_words(error)}; "
        "see that it runs, and that address, user and password are right",
        storage=settings.name,
    )


def slow(settings: Settings, seconds: float) -> StorageTimeoutError:
    """The error for a server that does not answer."""
    return StorageTimeoutError(
        f"storage {settings.name!r} had no answer from Redis at {settings.place} for "
        f"{seconds:.3g} s; {_UNKNOWN}",
        storage=settings.name,
    )


def broken(settings: Settings, error: BaseException) -> StorageConnectionError:
    """The error for a connection that ended."""
    return StorageConnectionError(
        f"storage {settings.name!r} lost its connection to Redis at {settings.place}: "
        f"{_words(error)}; the next call connects again, and {_UNKNOWN}",
        storage=settings.name,
    )


def lost(settings: Settings, error: BaseException) -> WatchLostError:
    """The error for a watch whose connection ended."""
    return WatchLostError(
        f"a watch of storage {settings.name!r} lost its connection to Redis at {settings.place}: "
        f"{_words(error)}; changes may have been missed, so watch again, then read what matters",
        storage=settings.name,
    )


# The driver has classes for some codes of the server, and leaves the others at the beginning of the text.
_REFUSALS: Final[dict[str, tuple[type[StorageError], str]]] = {
    "WRONGTYPE": (
        CorruptStoreError,
        "has something else at a key of this store; choose another namespace=, or see who wrote it",
    ),
    "NoPermissionError": (
        ReadOnlyError,
        "does not let this user do that; see its ACL",
    ),
    "OutOfMemoryError": (
        StorageFullError,
        "has no memory left; what was stored is untouched: raise its maxmemory, or delete something",
    ),
    "ReadOnlyError": (
        ReadOnlyError,
        "takes no writes, since it is a replica; connect to the primary",
    ),
    "MISCONF": (
        ReadOnlyError,
        "takes no writes, since it cannot write its own files; see its log and its disk",
    ),
    "BUSY": (LockedError, "runs somebody's script and has no time; try again"),
    "MovedError": (
        StorageConnectionError,
        "is another node of the cluster than the one where the store lies; give that one's URL",
    ),
    "ClusterDownError": (
        StorageConnectionError,
        "is of a cluster that does not serve the store now",
    ),
}


def refused(settings: Settings, error: Exception) -> StorageError:
    """The error for a command that the server refuses."""
    name, place, words = settings.name, settings.place, _words(error)
    for sign in (type(error).__name__, words.partition(" ")[0]):
        if sign in _REFUSALS:
            kind, what = _REFUSALS[sign]
            return kind(f"storage {name!r}: Redis at {place} {what} ({words})", storage=name)
    return StorageError(f"Redis at {place} refused storage {name!r}: {words}", storage=name)


def _words(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:200]
