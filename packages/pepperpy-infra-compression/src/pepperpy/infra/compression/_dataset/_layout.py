"""How a dataset lies in a file, version 1; all numbers are little-endian.

    PPZD | metadata, 20 bytes, as in a frame, with the chunk size for the size
    PPZC | rows, 8 | length of the frame, 8 | CRC-32 of all these and the frame, 4 | frame
    ...
    PPZI | chunks, 8 | for each: offset, length of the frame, rows, bytes before compression, 8 each
    offset of the index, 8 | rows, 8 | bytes before compression, 8 | CRC-32, 4 | PPZE

The last checksum is that of the index and of the three numbers behind it.  More chunks are added
behind the last byte, and a new index behind them; the old one stays where it is.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple
from zlib import crc32

from pepperpy.infra.compression import _metadata
from pepperpy.infra.compression._algorithm import CompressionAlgorithm, CompressionLevel
from pepperpy.infra.compression._errors import CompressionError
from pepperpy.infra.compression._kinds import DATASET_MAGIC as MAGIC
from pepperpy.infra.compression._metadata import FrameKind, Metadata
from pepperpy.infra.serialization import SerializationFormat

HEADER_SIZE: Final = len(MAGIC) + _metadata.SIZE
CHUNK_MAGIC: Final = b"PPZC"
INDEX_MAGIC: Final = b"PPZI"
CHUNK_HEAD: Final = struct.Struct("<4sQQI")
FOOTER: Final = struct.Struct("<QQQI4s")

_END: Final = b"PPZE"
_INDEX_HEAD: Final = struct.Struct("<4sQ")
_ENTRY: Final = struct.Struct("<QQQQ")
_CRC_SIZE: Final = 4
# Columns need a byte for each row, and the highest ratio is that of zstd: 128 KiB in 4 bytes.  So a
# file can claim no more rows, for which list() would make room at once, than it could hold.
_HIGHEST_RATIO: Final = 1 << 15


class Settings(NamedTuple):
    """What all chunks of a dataset have in common."""

    algorithm: CompressionAlgorithm
    serialization: SerializationFormat
    level: CompressionLevel
    chunk_size: int


class Entry(NamedTuple):
    """Where a chunk is: the *offset* of its head, the *length* of its frame."""

    offset: int
    length: int
    rows: int
    size: int  # before compression

    @property
    def end(self) -> int:
        """The offset behind the chunk."""
        return self.offset + CHUNK_HEAD.size + self.length


def pack_header(settings: Settings) -> bytes:
    """The first bytes of a dataset."""
    algorithm, serialization, level, chunk_size = settings
    kind = FrameKind.DATASET
    return MAGIC + Metadata(kind, serialization, algorithm, level, 0, chunk_size).pack(b"")


def unpack_header(block: bytes) -> Settings:
    """What the first bytes say."""
    metadata = None
    if len(block) == HEADER_SIZE and block.startswith(MAGIC):
        metadata = _metadata.unpack(memoryview(block)[len(MAGIC) :], 0)
    if metadata is None or metadata.kind is not FrameKind.DATASET or metadata.flags:
        raise CompressionError("this is no dataset: it does not begin as one")
    return Settings(metadata.algorithm, metadata.format, metadata.level, metadata.size)


def pack_chunk(rows: int, frame: bytes) -> bytes:
    """A chunk with its head."""
    fields = CHUNK_HEAD.pack(CHUNK_MAGIC, rows, len(frame), 0)[:-_CRC_SIZE]
    checksum = crc32(frame, crc32(fields))
    return b"".join((fields, checksum.to_bytes(_CRC_SIZE, "little"), frame))


def unpack_chunk(block: bytes) -> tuple[int, bytes] | None:
    """How many rows a chunk has, and its frame; `None` if the block is no whole chunk."""
    if len(block) < CHUNK_HEAD.size:
        return None
    magic, rows, length, checksum = CHUNK_HEAD.unpack_from(block)
    frame = block[CHUNK_HEAD.size :]
    found = crc32(frame, crc32(block[: CHUNK_HEAD.size - _CRC_SIZE]))
    intact = (magic, length, checksum) == (CHUNK_MAGIC, len(frame), found)
    return (rows, frame) if intact else None


def pack_index(offset: int, entries: Sequence[Entry]) -> bytes:
    """The index and what stands behind it; *offset* is where it will be."""
    index = _INDEX_HEAD.pack(INDEX_MAGIC, len(entries))
    index += b"".join(_ENTRY.pack(*entry) for entry in entries)
    rows = sum(entry.rows for entry in entries)
    size = sum(entry.size for entry in entries)
    footer = FOOTER.pack(offset, rows, size, 0, _END)
    numbers = footer[: -_CRC_SIZE - len(_END)]
    checksum = crc32(index + numbers)
    return b"".join((index, numbers, checksum.to_bytes(_CRC_SIZE, "little"), _END))


def index_offset(footer: bytes, size: int) -> int | None:
    """Where the index of a file of *size* bytes begins, if its last bytes say so."""
    if len(footer) != FOOTER.size:
        return None
    offset, _, _, _, end = FOOTER.unpack(footer)
    fits = HEADER_SIZE <= offset <= size - FOOTER.size - _INDEX_HEAD.size
    return offset if end == _END and fits else None


def unpack_index(block: bytes, offset: int) -> list[Entry] | None:
    """The entries of an index that begins at *offset*; `None` if it is damaged.

    *block* is the index and what stands behind it.
    """
    body, footer = block[: -FOOTER.size], block[-FOOTER.size :]
    start, rows, size, checksum, _ = FOOTER.unpack(footer)
    if start != offset or checksum != crc32(block[: -_CRC_SIZE - len(_END)]):
        return None
    magic, count = _INDEX_HEAD.unpack_from(body)
    if magic != INDEX_MAGIC or len(body) != _INDEX_HEAD.size + count * _ENTRY.size:
        return None
    entries = [Entry(*fields) for fields in _ENTRY.iter_unpack(body[_INDEX_HEAD.size :])]
    ends = [HEADER_SIZE, *(entry.end for entry in entries)]
    in_order = all(entry.offset >= end for entry, end in zip(entries, ends, strict=False))
    total = sum(entry.rows for entry in entries), sum(entry.size for entry in entries)
    possible = all(entry.rows <= entry.size <= entry.length * _HIGHEST_RATIO for entry in entries)
    sound = in_order and possible and ends[-1] <= offset and total == (rows, size)
    return entries if sound else None
