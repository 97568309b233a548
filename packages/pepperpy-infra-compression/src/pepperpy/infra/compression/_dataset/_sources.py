"""Where the bytes of a dataset are: in memory, or in a file that is read where it is needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from threading import Lock
from typing import IO, Protocol
from weakref import finalize

from pepperpy.infra.compression._errors import CompressionError

_PIECE = 1 << 20


class Source(Protocol):
    """Bytes that stay as they are."""

    @property
    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes:
        """As many bytes as there are from an offset on, *length* at most."""
        ...

    def close(self) -> None: ...


class MemorySource:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        """See `Source`."""
        return self._data[offset : offset + length]

    def close(self) -> None:
        """Nothing to do; the bytes can be read on."""


class FileSource:
    """A file, opened for reading in binary, which is closed with this object.

    Never mapped into memory: if somebody cuts a mapped file, the process is killed.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._close = finalize(
            self, file.close
        )  # first, so that nothing keeps it from being closed
        self._file = file
        self._lock = Lock()
        self.size: int = os.fstat(file.fileno()).st_size

    def read(self, offset: int, length: int) -> bytes:
        """See `Source`."""
        self._check_open()
        try:
            return self._read(offset, length)
        except (OSError, ValueError):
            self._check_open()  # another thread may have closed it meanwhile
            raise

    def _check_open(self) -> None:
        if not self._close.alive:
            raise CompressionError("this dataset was closed")

    def _read(self, offset: int, length: int) -> bytes:
        if not hasattr(os, "pread"):  # Windows
            with self._lock:
                self._file.seek(offset)
                return self._file.read(length)
        # With no position that threads and forked processes would share.
        parts: list[bytes] = []
        while length > 0:
            part = os.pread(self._file.fileno(), min(length, _PIECE), offset)
            if not part:
                break
            parts.append(part)
            offset += len(part)
            length -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        """Close the file."""
        self._close()


class Pieces:
    """A source from its first byte to its last, as often as it is iterated."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def __iter__(self) -> Iterator[bytes]:
        for offset in range(0, self._source.size, _PIECE):
            yield self._source.read(offset, _PIECE)
