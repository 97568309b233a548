"""A log file that is set aside when it is large or old enough, whoever else writes to it."""

from __future__ import annotations

import os
import stat
import sys
import threading
from contextlib import contextmanager, suppress
from math import inf
from time import time
from typing import TYPE_CHECKING

from pepperpy.infra.utils import register_after_fork

from ._errors import InvalidOptionError
from ._file_lock import try_lock, unlock
from ._file_sink import PIECE, FileSink, identity_of
from ._rotation import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ._rotation import Rotation
    from ._sink import Renderer

_TRY_AGAIN = 10.0  # seconds after a rotation that failed
# Windows renames no file that is open.  There the file is closed for a moment, and only where no
# other process has it open does the rotation succeed.
_RENAMES_OPEN_FILES = os.name != "nt"


class RotatingFileSink(FileSink):
    """Appends to a file that, at its limit, is renamed; a new one is begun in its place.

    Many processes may do so with one file.  Whoever finds it at its limit locks it, looks whether
    the path still leads to it, and renames it.  Nobody ever waits for that lock: a line goes where
    the file is now, and the next one looks again.  The lock is on the file itself, so nothing is
    left behind, and a new file has a lock of its own.

    Raises:
        LogFileError: If the file cannot be opened.
        InvalidOptionError: If it is none that can be set aside: a device, a pipe.
    """

    def __init__(
        self, path: str, render: Renderer, rotation: Rotation, *, now: Callable[[], float] = time
    ) -> None:
        super().__init__(path, render)
        self._rotation, self._now = rotation, now
        self._turning = threading.Lock()  # only ever tried
        self._lock_fd = -1
        self._trouble: str | None = None
        self._rotations = 0
        self._left = 0.0  # bytes that may be written before the next look at the size
        self._look_at = inf  # a line from then on means a look at the clock
        self._ends = inf  # when the file's period ends
        status = os.fstat(self._fd)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise InvalidOptionError(
                f"rotation needs a file that can be renamed; {path!r} is none", option="rotation"
            )
        self._measure()
        self._prune(Shelf(os.path.realpath(self._path)))
        register_after_fork(self)

    def write(self, line: bytes, at: float) -> None:
        """Write one whole line, to a new file if the old one is at its limit."""
        self._left -= len(line)
        if self._left < 0 or at >= self._look_at:
            self._consider(len(line))
        if _RENAMES_OPEN_FILES:
            super().write(line, at)
        else:
            with self._guard:  # the file may be closed at the moment
                super().write(line, at)

    def joins(self, size: int, at: float) -> bool:
        """Whether so many bytes may be one write: they must belong into one file."""
        return size <= PIECE and size <= self._left and at < self._look_at

    def _facts(self) -> dict[str, object]:
        failure = {"last_rotation_failure": self._trouble}
        return {**super()._facts(), "rotations": self._rotations, **failure}

    def _config(self) -> dict[str, object]:
        return {**super()._config(), "rotation": self._rotation.text}

    def _consider(self, size: int) -> None:
        turning = self._turning
        # Also if this very thread is at it, and was interrupted by a signal handler that logs.
        if not turning.acquire(blocking=False):
            return
        try:
            self._turn(size)
        except (OSError, OverflowError) as error:
            # The old file still takes the lines, so none is lost.
            self._complain("rotate", error)
            self._left, self._look_at = inf, self._now() + _TRY_AGAIN
        finally:
            turning.release()

    def _turn(self, size: int) -> None:
        if self._fd < 0:  # closed; `write` opens it again
            return
        now, old = self._now(), os.fstat(self._fd).st_size
        if not old or (old + size <= self._rotation.max_size and now < self._ends):
            self._measure(size)
            return
        path = os.path.realpath(self._path)  # a link stays where it is, and leads to the new file
        with self._locked(path) as mine:
            if not mine:
                return
            if self._still_at(path):
                self._set_aside(path, now)
            else:
                self._begin_again()
            self._measure(size)

    def _still_at(self, path: str) -> bool:
        try:
            return identity_of(os.stat(path)) == self._identity
        except FileNotFoundError:
            return False

    def _set_aside(self, path: str, now: float) -> None:
        shelf, old = Shelf(path), os.fstat(self._fd)
        place = shelf.new_place(now)
        try:
            self._move(path, place)
        except OSError:
            os.unlink(place)
            raise
        self._mode = stat.S_IMODE(old.st_mode)  # a new file is never open to more people
        self._begin_again()
        _give_same_rights(self._fd, old)
        self._rotations += 1
        self._prune(shelf)

    def _prune(self, shelf: Shelf) -> None:
        try:
            shelf.prune(self._rotation, self._now())
        except OSError as error:
            self._complain("delete what need not be kept of", error)
        else:
            self._trouble = None

    def _move(self, path: str, place: str) -> None:
        if _RENAMES_OPEN_FILES:
            os.replace(path, place)
            return
        with self._guard:
            fd, self._fd = self._fd, -1
            os.close(fd)
            try:
                os.replace(path, place)
            finally:
                self._open_again()

    def _begin_again(self) -> None:
        super()._begin_again()
        self._ends = inf  # it is another file
        self._measure()

    def _open_again(self) -> None:
        super()._open_again()
        self._ends = inf
        self._measure()

    def _measure(self, size: int = 0) -> None:
        """Find out how much may be written before the next look; *size* will be in a moment."""
        status = os.fstat(self._fd)
        if not status.st_size or self._ends == inf:
            begun = min(status.st_mtime, self._now()) if status.st_size else self._now()
            self._ends = self._rotation.ends_after(begun)
        self._look_at = self._ends
        # Others write too: after a quarter it is time to look again.
        left = self._rotation.max_size - status.st_size - size
        self._left = left if left == inf else max(left // 4, 0)

    def _complain(self, what: str, error: Exception) -> None:
        if self._trouble is None:
            self._report(f"cannot {what} the log file {self.get_name()}: {error}")
        self._trouble = f"{type(error).__name__}: {error}"

    @contextmanager
    def _locked(self, path: str) -> Generator[bool, None, None]:
        """Whether this sink may set the file aside; false while another one does."""
        if not _RENAMES_OPEN_FILES:
            yield True
            return
        # Not our own descriptor: forked processes share it, and would share its lock.
        try:
            fd = self._lock_fd = os.open(path, os.O_WRONLY | os.O_APPEND)
        except FileNotFoundError:
            yield True  # it was moved away: a new one is to be begun
            return
        try:
            if not try_lock(fd):
                yield False
                return
            try:
                yield True
            finally:
                # Not left to `close`: a process that was forked meanwhile has the descriptor too.
                unlock(fd)
        finally:
            self._lock_fd = -1
            os.close(fd)

    def after_fork(self) -> None:
        """Nobody in this process is at it, whatever the parent was doing."""
        self._turning = threading.Lock()
        fd, self._lock_fd = self._lock_fd, -1
        if fd >= 0:
            os.close(fd)  # the lock is the parent's


def _give_same_rights(fd: int, old: os.stat_result) -> None:
    if sys.platform != "win32":
        with suppress(PermissionError):  # another process, of another user, has begun it
            os.fchmod(fd, stat.S_IMODE(old.st_mode))
            if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(fd, old.st_uid, old.st_gid)
