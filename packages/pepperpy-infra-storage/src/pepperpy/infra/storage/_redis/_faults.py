"""What goes wrong between us and Redis, by the names of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pepperpy.infra.storage._errors import (
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

_UNKNOWN = "whether writes under way were done is not known"


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


def refused(settings: Settings, error: Exception) -> StorageError:
    """The error for a command that the server refuses."""
    # The driver has classes for some codes, and leaves the others where they were.
    kind, code = type(error).__name__, str(error).partition(" ")[0]
    name, place = settings.name, settings.place
    if kind == "OutOfMemoryError":
        return StorageFullError(
            f"Redis at {place} has no memory left for storage {name!r}; what was stored is "
            "untouched: raise its maxmemory, or delete something",
            storage=name,
        )
    if kind == "ReadOnlyError":
        return ReadOnlyError(
            f"Redis at {place} takes no writes for storage {name!r}, since it is a replica; "
            "connect to the primary",
            storage=name,
        )
    if code == "MISCONF":
        return ReadOnlyError(
            f"Redis at {place} takes no writes for storage {name!r}, since it cannot write its "
            "own files; see its log and its disk",
            storage=name,
        )
    if code == "BUSY":
        return LockedError(
            f"Redis at {place} runs somebody's script and has no time for storage {name!r}; try again",
            storage=name,
        )
    return StorageError(f"Redis at {place} refused storage {name!r}: {_words(error)}", storage=name)


def _words(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:200]
