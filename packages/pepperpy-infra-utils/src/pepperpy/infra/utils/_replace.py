"""Replace a file in one step: readers see the old content or the new, never a mixture."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress

from ._files import not_a_file

# Windows has neither; without O_TMPFILE (Linux) the new content has a hidden name from the start.
_CLOEXEC = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


def replace_file(path: str | os.PathLike[str], data: bytes | Iterable[bytes]) -> None:
    """Put *data* at *path*, on disk before this returns; on any error the old file stays.

    What is too large to hold in memory comes in pieces, from something that can be iterated anew,
    since some file systems need a second try.

    A symbolic link is followed, so that its target is what changes; missing folders are made.  An
    existing file keeps its mode and, where the system permits, its owner; a new one gets what the
    umask leaves.  Other hard links to the file keep the old content.
    """
    target = _real_target(path)
    old = _writable(path, target)
    folder, name = os.path.split(target)
    _make_folder(folder)
    # The name is cut, since the system limits it (to 255 bytes, mostly) and ours gets longer.
    hidden = os.path.join(folder, f".{name[:48]}.{os.urandom(8).hex()}.tmp")
    try:
        _write_hidden(hidden, data, old)
        os.replace(hidden, target)
    except BaseException as error:
        if isinstance(error, OSError) and error.filename is None:
            error.filename = target  # a full disk is told about a descriptor
        with suppress(FileNotFoundError):
            os.unlink(hidden)
        raise
    _sync_folder(folder)


def _real_target(path: str | os.PathLike[str]) -> str:
    text = os.fsdecode(path)
    # realpath drops the slash that says "a folder", and makes the working folder of "".
    if not text or text.endswith((os.sep, os.altsep or os.sep)):
        raise IsADirectoryError(errno.EISDIR, "a file's name is missing here", text)
    return os.path.realpath(text)


def _writable(path: str | os.PathLike[str], target: str) -> os.stat_result | None:
    try:
        old = os.stat(target)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(old.st_mode):
        raise not_a_file(path, old)
    # Renaming asks for the folder's permission only; a read-only file means what it says.
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "this file is read-only", os.fspath(path))
    return old


def _make_folder(folder: str) -> None:
    if os.path.isdir(folder):
        return
    parent = os.path.dirname(folder)
    if parent != folder:
        _make_folder(parent)
    with suppress(FileExistsError):  # another writer was quicker, or the next open fails
        os.mkdir(folder)
    _sync_folder(parent)


def _write_hidden(hidden: str, data: bytes | Iterable[bytes], old: os.stat_result | None) -> None:
    """Write to a file without a name first, where there are such: a killed process leaves nothing."""
    if hasattr(os, "O_TMPFILE"):
        try:
            descriptor = _open(os.path.dirname(hidden), os.O_TMPFILE, old)
            try:
                _fill(descriptor, data, old)
                _give_name(descriptor, hidden)
            finally:
                os.close(descriptor)
        except OSError:
            # Not every file system can, and each says so with another number.  What is wrong with
            # the disk and not with the way is raised by the second try.
            with suppress(FileNotFoundError):
                os.unlink(hidden)
        else:
            return
    descriptor = _open(hidden, os.O_CREAT | os.O_EXCL, old)
    try:
        _fill(descriptor, data, old)
    finally:
        os.close(descriptor)


def _open(path: str, how: int, old: os.stat_result | None) -> int:
    # An existing file may be private: nobody else may read the new content before its mode is set.
    return os.open(path, os.O_WRONLY | how | _CLOEXEC, 0o666 if old is None else 0o600)


def _fill(descriptor: int, data: bytes | Iterable[bytes], old: os.stat_result | None) -> None:
    for piece in (data,) if isinstance(data, bytes) else data:
        left = memoryview(piece)
        while left:
            left = left[os.write(descriptor, left) :]
    if old is not None:
        _take_over(descriptor, old)
    _sync(descriptor)


def _take_over(descriptor: int, old: os.stat_result) -> None:
    """Owner and mode of the old file, as far as this user may give them."""
    if sys.platform == "win32":
        return
    mode = stat.S_IMODE(old.st_mode)
    new = os.fstat(descriptor)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        try:
            os.fchown(descriptor, old.st_uid, old.st_gid)
        except PermissionError:
            mode &= 0o777  # set-uid of another user would be a gift
    os.fchmod(descriptor, mode)  # after fchown, which clears the special bits


def _give_name(descriptor: int, path: str) -> None:
    # Without a src_dir_fd Python calls link(), which would link the symbolic link in /proc itself.
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | _CLOEXEC)
    try:
        os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


def _sync(descriptor: int) -> None:
    if sys.platform == "darwin":
        from fcntl import F_FULLFSYNC, fcntl

        # There fsync stops at the drive's cache.  Network drives know only fsync.
        with suppress(OSError):
            fcntl(descriptor, F_FULLFSYNC)
            return
    os.fsync(descriptor)


def _sync_folder(folder: str) -> None:
    """Make a rename or a new entry survive a power cut, where folders can be opened for that."""
    if sys.platform == "win32":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _CLOEXEC)
    except PermissionError:  # may be entered and written, not read
        return
    try:
        _sync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system without such a thing
            raise
    finally:
        os.close(descriptor)
