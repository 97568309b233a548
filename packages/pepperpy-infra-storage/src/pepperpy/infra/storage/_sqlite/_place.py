"""The file: made for its owner alone, and known again."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ._faults import Faults

Identity = tuple[int, int]

_SHORTEST: Final = 512  # bytes of a database with one page


def make_file(path: str, faults: Faults) -> None:
    """Make an empty file that its owner alone may read and write, if there is none yet.

    A file that is there is not even opened: closing it would drop the locks that SQLite holds on
    it in this process.

    Raises:
        StorageConnectionError: If the system does not let us.
        CorruptStoreError: If there is a file that is no database.
    """
    try:
        make_folder(os.path.dirname(path))
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        if not os.path.isfile(path):
            raise IsADirectoryError(0, "it is no regular file")
        if os.stat(path).st_nlink > 1:
            raise FileExistsError(
                0,
                "it has a second name (a hard link), and under each it would have a log of its own, "
                "which damages it; copy it, or use a symbolic link",
            )
    except OSError as error:
        raise faults.unreachable(error) from error
    if 0 < size(path) < _SHORTEST:  # SQLite would take a file of one byte for an empty one
        raise faults.foreign("is no database")


def identity(path: str, *, filled: bool = False) -> Identity | None:
    """Which file the name stands for now; `None` if it is none, or empty and should be *filled*."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return None if filled and not found.st_size else (found.st_dev, found.st_ino)


def log_of(path: str) -> str:
    """Where SQLite keeps the log of a file: beside what a symbolic link stands for."""
    return f"{os.path.realpath(path)}-wal"


def size(path: str) -> int:
    """How many bytes a file has; 0 if there is none."""
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def make_folder(folder: str) -> None:
    """Make a folder and those around it, if they are missing, so that a power cut leaves them."""
    if os.path.isdir(folder):
        return
    parent = os.path.dirname(folder)
    make_folder(parent)
    with suppress(FileExistsError):  # somebody was quicker, or it is no folder, which shows next
        os.mkdir(folder)
    sync(parent)


def sync(path: str) -> None:
    """Wait until a file, or the list of a folder, is on the disk."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
