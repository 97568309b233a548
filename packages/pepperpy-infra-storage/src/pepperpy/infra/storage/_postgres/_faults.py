"""What goes wrong between us and PostgreSQL, by the names of this package."""

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
        f"storage {settings.name!r} cannot connect to PostgreSQL at {settings.place}: "
        f"{_words(error)}; see that it runs, and that address, user, password and database are right",
        storage=settings.name,
    )


def slow(settings: Settings, seconds: float) -> StorageTimeoutError:
    """The error for a server that does not answer."""
    return StorageTimeoutError(
        f"storage {settings.name!r} had no answer from PostgreSQL at {settings.place} for "
        f"{seconds:.3g} s; {_UNKNOWN}",
        storage=settings.name,
    )


def lost(settings: Settings, error: BaseException) -> WatchLostError:
    """The error for a watch whose connection ended."""
    return WatchLostError(
        f"a watch of storage {settings.name!r} lost its connection to PostgreSQL at "
        f"{settings.place}: {_words(error)}; changes may have been missed, so watch again, then "
        "read what matters",
        storage=settings.name,
    )


def named(settings: Settings, error: Exception) -> StorageError:
    """The error of this package for one of the driver's or the network's."""
    state = getattr(error, "sqlstate", None)
    # A dead connection is an `InterfaceError` or an `OSError`, or the server said good-bye.
    if not isinstance(state, str) or state[:2] in {"08", "57"}:
        return StorageConnectionError(
            f"storage {settings.name!r} lost its connection to PostgreSQL at {settings.place}: "
            f"{_words(error)}; the next call connects again, and {_UNKNOWN}",
            storage=settings.name,
        )
    kind, advice = _kind(state)
    return kind(
        f"PostgreSQL at {settings.place} refused storage {settings.name!r}: {_words(error)}{advice}",
        storage=settings.name,
    )


def _kind(state: str) -> tuple[type[StorageError], str]:
    if state in {"53100", "53200"}:
        return StorageFullError, "; what was stored is untouched"
    if state in {"25006", "42501"}:
        return ReadOnlyError, "; connect to the primary, as a user who may write"
    if state in {"40P01", "40001", "55P03"}:
        return LockedError, "; try again"
    if state in {"42P01", "42703", "42P07"}:
        return CorruptStoreError, "; its table is gone or another one: connect() makes it anew"
    return StorageError, ""


def _words(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:200]
