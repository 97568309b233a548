"""What SQLite says went wrong, as errors of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pepperpy.infra.storage._errors import (
    CorruptStoreError,
    InvalidValueError,
    LockedError,
    ReadOnlyError,
    StorageConnectionError,
    StorageError,
    StorageFullError,
    not_connected,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._driver import Driver

_BUSY: Final = frozenset({5, 6, 15})  # SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL
_MOVED: Final = 1032  # SQLITE_READONLY_DBMOVED
_NO_ROOM: Final = (
    778,
    1034,
    1546,
    4874,
)  # of SQLITE_IOERR: write, fsync, truncate, size of the log's index


class Busy(Exception):  # noqa: N818 - it never leaves the package: another try is due
    """Somebody else has the lock now."""


class Faults:
    """Turns errors of SQLite into errors that name the store.

    Args:
        name: The provider's name.
        path: The file.
        driver: Knows the codes.
    """

    def __init__(self, name: str, path: str, driver: Driver) -> None:
        self._name = name
        self._path = path
        self._driver = driver

    def told(self, error: Exception) -> Exception:
        """The error to raise from one that SQLite raised."""
        code = self._driver.code_of(error)
        if code & 0xFF in _BUSY:
            return Busy()
        if code == _MOVED:
            return self.moved()
        make = _BY_CODE.get(code, _BY_CODE.get(code & 0xFF, _unknown))
        return make(self._name, self._path, str(error))

    def locked(self, seconds: float) -> LockedError:
        """The error for having waited long enough."""
        return LockedError(
            f"storage {self._name!r}: another process or thread has kept {self._path!r} locked "
            f"for {seconds:g} seconds; try again, or raise timeout=",
            storage=self._name,
        )

    def closed(self) -> StorageConnectionError:
        """The error for a store that was disconnected meanwhile."""
        return not_connected(self._name)

    def moved(self) -> StorageConnectionError:
        """The error for a file that is no longer where it was opened."""
        return StorageConnectionError(
            f"storage {self._name!r}: the file {self._path!r} or its log was removed or replaced "
            "while it was in use, so nothing is written to it any more; disconnect, and connect again",
            storage=self._name,
        )

    def foreign(self, what: str) -> CorruptStoreError:
        """The error for a file that is none of ours."""
        return CorruptStoreError(
            f"storage {self._name!r}: {self._path!r} {what}; it was left as it is, "
            "so move it away or give another file_path",
            storage=self._name,
        )

    def unreachable(self, error: OSError) -> StorageConnectionError:
        """The error for a file that the system does not let us open or make."""
        return StorageConnectionError(
            f"storage {self._name!r}: cannot open {self._path!r}: {error.strerror or error}",
            storage=self._name,
        )

    def no_backup(self, target: str, error: OSError) -> StorageConnectionError:
        """The error for a copy that cannot be made."""
        return StorageConnectionError(
            f"storage {self._name!r}: cannot make the backup {target!r}: {error.strerror or error}",
            storage=self._name,
        )


def again(error: Exception) -> Exception:
    """An error like it, for one more of those who wait: each raises its own."""
    if not isinstance(error, StorageError):
        return error
    copy = type(error)(str(error), **vars(error))
    copy.__cause__ = error.__cause__
    return copy


def _full(name: str, path: str, said: str) -> StorageError:
    return StorageFullError(
        f"storage {name!r}: no room for the write to {path!r} ({said}); what was stored before "
        "is untouched, so make room and write again",
        storage=name,
    )


def _corrupt(name: str, path: str, said: str) -> StorageError:
    return CorruptStoreError(
        f"storage {name!r}: {path!r} is damaged, or no store ({said}); it was left as it is, so "
        "restore a backup, or give another file_path",
        storage=name,
    )


def _unreachable(name: str, path: str, said: str) -> StorageError:
    return StorageConnectionError(
        f"storage {name!r}: cannot open {path!r} or a file beside it ({said}); its folder must "
        "let us write",
        storage=name,
    )


def _read_only(name: str, path: str, said: str) -> StorageError:
    return ReadOnlyError(f"storage {name!r}: {path!r} cannot be written ({said})", storage=name)


def _too_big(name: str, path: str, said: str) -> StorageError:  # noqa: ARG001 - as the others
    return InvalidValueError(
        f"storage {name!r}: a value is larger than SQLite can keep ({said})",
        where="$",
        found="bytes",
    )


def _unknown(name: str, path: str, said: str) -> StorageError:
    return StorageConnectionError(f"storage {name!r}: {path!r} failed: {said}", storage=name)


_BY_CODE: Final[dict[int, Callable[[str, str, str], StorageError]]] = {
    1: _corrupt,  # ERROR: a table is not there
    3: _unreachable,  # PERM
    8: _read_only,
    11: _corrupt,
    13: _full,
    14: _unreachable,  # CANTOPEN
    18: _too_big,
    19: _corrupt,  # CONSTRAINT: rows of ours are gone or changed
    26: _corrupt,  # NOTADB
    **dict.fromkeys(_NO_ROOM, _full),
}
