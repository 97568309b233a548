"""What a file's name and entry tell, without opening it."""

from __future__ import annotations

import os
import stat


def get_file_extension(path: str | os.PathLike[str]) -> str:
    """The part after the last dot of the file's name, without the dot: ``gz`` for ``a.tar.gz``.

    As `os.path.splitext` sees it: a dot file like ``.bashrc`` has none (``""``), and case is kept.

    Examples:
        >>> get_file_extension("report.PDF"), get_file_extension(".bashrc")
        ('PDF', '')
    """
    name: str = os.fspath(path)
    return os.path.splitext(name)[1][1:]


def get_file_mime_type(path: str | os.PathLike[str]) -> str:
    """The media type that the file's name stands for; ``application/octet-stream`` if unknown.

    The last extension decides, in any case, and the file need not exist.  The answer is the same on
    every machine and every Python, since the tables of neither are read.  It names the bytes as they
    lie there: ``a.tar.gz`` is ``application/gzip``.

    Examples:
        >>> get_file_mime_type("photo.WEBP"), get_file_mime_type("LICENSE")
        ('image/webp', 'application/octet-stream')
    """
    from ._media_types import MEDIA_TYPES

    return MEDIA_TYPES.get(get_file_extension(path).lower(), "application/octet-stream")


def get_file_size(path: str | os.PathLike[str]) -> int:
    """The length of the file's content in bytes; symbolic links are followed.

    Raises:
        FileNotFoundError: Nothing is there.
        IsADirectoryError: It is a folder, whose own entry says nothing about its content.
        OSError: It is a pipe, socket or device, which has no length.
    """
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode):
        raise not_a_file(path, found)
    return found.st_size


def not_a_file(path: str | os.PathLike[str], found: os.stat_result) -> OSError:
    """The error for a folder, pipe, socket or device where a file was meant."""
    import errno

    if stat.S_ISDIR(found.st_mode):
        return IsADirectoryError(errno.EISDIR, "this is a folder, not a file", os.fspath(path))
    return OSError(errno.EINVAL, "this is a pipe, socket or device, not a file", os.fspath(path))
