"""A file that is only ever appended to."""

from __future__ import annotations

import os
import stat
from errno import EBADF
from time import sleep
from typing import TYPE_CHECKING, TypeAlias

from ._errors import LogFileError
from ._sink import Sink, write_some

if TYPE_CHECKING:
    from ._sink import Renderer

# Device and number of a file: what it is, whatever it is called.
Identity: TypeAlias = "tuple[int, int]"

PIECE = 65_536  # bytes that one write of several lines has at most
_PATIENCE = 0.25  # seconds that a late line waits for a pipe that is full
_PAUSES = (0.001, 0.01, 0.05)  # seconds between looks at whether a line is still being written


class FileSink(Sink):
    """Appends to a file: each line is one ``write(2)`` on a descriptor opened with ``O_APPEND``.

    The system then keeps the lines of many threads and processes whole.  Once a second the path is
    looked at; where another program has moved or removed the file, a new one is begun there.

    Raises:
        LogFileError: If the file cannot be opened.
    """

    kind = "file"

    def __init__(self, path: str, render: Renderer) -> None:
        try:
            path = os.path.abspath(path)
            self._fd, self._identity = open_appending(path)
        except (OSError, ValueError) as error:  # a ValueError: there is a NUL in the path
            reason = getattr(error, "strerror", None) or error
            raise LogFileError(
                f"cannot append to the log file {path!r}: {reason}; "
                "choose another log_file or make this one writable",
                path=path,
            ) from error
        super().__init__(path, render)
        self._path = path
        self._looked_at = self._look_again = 0.0
        self._mode = 0o666  # of a file that is begun again
        self._retired = False
        self._astray = False  # whether it was told that the path cannot be followed
        # A process that was killed in the midst of a write, or a disk that was full.
        self._torn = _ends_in_midst_of_line(path)

    def write(self, line: bytes, at: float) -> None:
        """Write one whole line, with a single system call if the system takes it."""
        if not self._looked_at <= at < self._look_again:
            self._looked_at, self._look_again = at, at + 1.0
            self._follow()
        torn = self._torn
        if torn:
            line = b"\n" + line
        # One expression: between reading the descriptor and the system call no thread can close it.
        try:
            written = os.write(self._fd, line)
        except BlockingIOError:
            written = 0
        except OSError as error:
            if self._fd < 0 and self._retired:
                # What is logged after the end must be on disk at exit as well.
                self._write_apart(line)
                return
            if error.errno != EBADF and self._is_ours():
                raise
            self._open_again()  # `dictConfig` or a stranger has closed it
            written = 0
        if torn or written != len(line) or self._failure is not None:
            self._put(self._fd, line, written)

    def joins(self, size: int, at: float) -> bool:  # noqa: ARG002 - for files that are rotated
        """Whether so many bytes may be one write."""
        return size <= PIECE

    def close(self) -> None:
        """Release the file.  A line that comes later opens it for itself."""
        self.flush()
        ours = self._is_ours()
        fd, self._fd = self._fd, -1
        if ours:
            os.close(fd)
        super().close()

    def retire(self) -> None:
        """Close for good; a line that comes later does not keep the file open."""
        self.settle()
        self._retired = True
        self.close()

    def _open_again(self) -> None:
        with self._guard:
            if not self._is_ours():  # else another thread was quicker
                self._fd, self._identity = open_appending(self._path)

    def _write_apart(self, line: bytes) -> None:
        fd, _ = open_appending(self._path)
        try:
            while line:
                line = write_some(fd, line, _PATIENCE)
        finally:
            os.close(fd)

    def _is_ours(self) -> bool:
        if self._fd < 0:
            return False
        try:
            return identity_of(os.fstat(self._fd)) == self._identity
        except OSError:
            return False

    def _follow(self) -> None:
        if self._fd < 0:
            return
        try:
            try:
                if identity_of(os.stat(self._path)) == self._identity and self._is_ours():
                    return
            except FileNotFoundError:
                pass
            self._begin_again()
            self._astray = False
        except OSError as error:
            # The old file still takes the lines, so none is lost.
            if not self._astray:
                self._report(f"cannot begin the log file {self.get_name()} again: {error}")
            self._astray = True

    def _begin_again(self) -> None:
        with self._guard:
            fd, identity = open_appending(self._path, self._mode)
            if not self._is_ours():
                self._fd = fd
            elif identity == self._identity:  # another thread was quicker
                os.close(fd)
            else:
                # The number stays and changes its file in one step: no thread can write to a
                # closed one.
                os.dup2(fd, self._fd, inheritable=False)
                os.close(fd)
            self._identity = identity


def open_appending(path: str, mode: int = 0o666) -> tuple[int, Identity]:
    """A descriptor that appends to the file at *path*, and the file's identity.

    The file and the folders above are made if they are not there.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    try:
        fd = os.open(path, flags, mode)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        fd = os.open(path, flags, mode)
    return fd, identity_of(os.fstat(fd))


def _ends_in_midst_of_line(path: str) -> bool:
    """Whether there is a line without its end, which the next one must not be glued to."""
    try:
        length = _length_if_unfinished(path)
        # Another process may be about to write the rest; then the file grows meanwhile.
        for pause in _PAUSES if length else ():
            sleep(pause)
            if _length_if_unfinished(path) != length:
                return False
    except OSError:  # it may be written but not read
        return False
    return length > 0


def _length_if_unfinished(path: str) -> int:
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode) or not status.st_size:
        return 0
    with open(path, "rb") as file:
        file.seek(status.st_size - 1)
        return 0 if file.read(1) == b"\n" else status.st_size


def identity_of(status: os.stat_result) -> Identity:
    """What file it is that has this *status*."""
    return status.st_dev, status.st_ino
