"""Datasets, opened from bytes and files, and what is saved of damaged ones."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pepperpy.infra.compression import (
    CompressionError,
    CompressionLevel,
    DatasetOptimizer,
    OptimizedDataset,
    optimize_dataset,
)
from pepperpy.infra.compression._columns import encode_columns
from pepperpy.infra.compression._dataset import _layout

from .frames import framed
from .guard import Guard
from .harness import ALGORITHMS, FORMATS, LIMIT, WRITABLE, again, head
from .sameness import same
from .values import PLAIN

_CHUNK: Final = struct.Struct("<BHbbb")
_FILES: Final = TemporaryDirectory(prefix="fuzz", ignore_cleanup_errors=True)


def built_dataset(data: bytes) -> bytes:
    """A dataset with true checksums; the input gives settings, chunks, and by how much they lie."""
    (algorithm, form, size), rest = head(data, 3)
    settings = _layout.Settings(
        ALGORITHMS[algorithm % 6], FORMATS[form % 6], CompressionLevel.FAST, size
    )
    parts = [_layout.pack_header(settings)]
    entries: list[_layout.Entry] = []
    offset = _layout.HEADER_SIZE
    while len(rest) >= _CHUNK.size and len(entries) < 50:
        rows, length, more_rows, more_size, shift = _CHUNK.unpack_from(rest)
        payload = rest[_CHUNK.size : _CHUNK.size + length]
        rest = rest[_CHUNK.size + length :]
        frame = framed(bytes([1, form, algorithm, 0]) + payload)
        parts.append(_layout.pack_chunk(rows, frame))
        entry = _layout.Entry(
            max(0, offset + shift),
            len(frame),
            max(0, rows + more_rows),
            max(0, len(payload) + more_size),
        )
        entries.append(entry)
        offset += len(parts[-1])
    return b"".join((*parts, _layout.pack_index(offset, entries)))


def dataset(guard: Guard, data: bytes) -> None:
    (mode,), data = head(data, 1)
    if mode & 1:
        data = built_dataset(data)
    path = Path(_FILES.name, "dataset")
    path.write_bytes(data)
    for make in (OptimizedDataset.from_bytes, DatasetOptimizer.open, DatasetOptimizer.recover):
        good, found = guard.call(
            make, data if make == OptimizedDataset.from_bytes else path, allowed=CompressionError
        )
        if good:
            _read_rows(guard, found)
            found.close()


def _read_rows(guard: Guard, found: OptimizedDataset) -> None:
    good, rows = guard.call(found.decompress, max_output_size=LIMIT, allowed=CompressionError)
    guard.call(lambda: repr(found))
    if not good:
        guard.call(lambda: [found[0:1], found[-1:], found.chunks[0:1]], allowed=CompressionError)
        return
    if len(rows) != len(found):
        guard.breach("another length", f"{len(rows)} rows of {len(found)}")
    for place in {0, -1} if rows else ():
        if not same(found[place], rows[place]):
            guard.breach("another row", f"{place}")
    if len(rows) < WRITABLE:
        again(
            guard,
            rows,
            lambda v: bytes(optimize_dataset(v)),
            lambda w: [*OptimizedDataset.from_bytes(w)],
        )


def dataset_seeds() -> Iterator[bytes]:
    for algorithm in range(6):
        name = ALGORITHMS[algorithm]
        yield b"\0" + bytes(optimize_dataset(PLAIN[-1], chunk_size=5, algorithm=name))
        chunks = b""
        for rows in (PLAIN[-1], [1, "x", None], []):
            payload = encode_columns(rows)
            chunks += _CHUNK.pack(len(rows), len(payload), 0, 0, 0) + payload
        yield bytes([1, algorithm, 0, 50]) + chunks
    yield b"\0" + bytes(optimize_dataset([]))
