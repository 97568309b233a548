"""The 20 bytes that a frame says about itself, version 1.

    PPZ1 | kind | format | algorithm | flags | original size, 8 bytes | CRC-32, 4 bytes

All numbers are little-endian.  The high four bits of the flags are the level.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final, NamedTuple
from zlib import crc32

from pepperpy.infra.serialization import SerializationFormat

from ._algorithm import CompressionAlgorithm, CompressionLevel
from ._errors import CompressionError

MAGIC: Final = b"PPZ1"
SIZE: Final = 20

_FIELDS = struct.Struct("<4s4BQ")
_CRC = struct.Struct("<I")


class FrameKind(IntEnum):
    """What the payload of a frame is."""

    DATA = 1
    COLUMNS = 2
    NUMPY = 3
    DATASET = 4


class Flag(IntEnum):
    """Bits of the flags; the ones that are not named must be zero."""

    SIGNED = 1
    DICTIONARY = 2
    ESCAPED = 4


# The numbers of the specification, which no release may change.
_FORMATS = {
    SerializationFormat.JSON: 1,
    SerializationFormat.MSGPACK: 2,
    SerializationFormat.PICKLE: 3,
    SerializationFormat.YAML: 4,
    SerializationFormat.XML: 5,
    SerializationFormat.RAW: 6,
}
_ALGORITHMS = {
    CompressionAlgorithm.NONE: 0,
    CompressionAlgorithm.GZIP: 1,
    CompressionAlgorithm.ZLIB: 2,
    CompressionAlgorithm.LZMA: 3,
    CompressionAlgorithm.ZSTD: 4,
    CompressionAlgorithm.LZ4: 5,
}
_FORMAT_OF = {number: member for member, number in _FORMATS.items()}
_ALGORITHM_OF = {number: member for member, number in _ALGORITHMS.items()}
_KIND_OF: dict[int, FrameKind] = {member.value: member for member in FrameKind}
_LEVEL_OF: dict[int, CompressionLevel] = {member.value: member for member in CompressionLevel}
_FLAGS = sum(Flag)


class Metadata(NamedTuple):
    """What a frame says about itself; *size* is that of its payload, in bytes."""

    kind: FrameKind
    format: SerializationFormat
    algorithm: CompressionAlgorithm
    level: CompressionLevel
    flags: int
    size: int

    def pack(self, container: bytes) -> bytes:
        """The 20 bytes; *container* is what they stand in, or behind."""
        fields = _FIELDS.pack(
            MAGIC,
            self.kind,
            _FORMATS[self.format],
            _ALGORITHMS[self.algorithm],
            self.flags | self.level << 4,
            self.size,
        )
        return fields + _CRC.pack(crc32(fields, _seed(self.algorithm, container)))


def unpack(block: bytes, container: memoryview) -> Metadata | None:
    """What 20 bytes say; `None` if they have nothing to do with a frame.

    *container* is the frame without them, which counts only where no compression has a checksum
    of its own.

    Raises:
        CompressionError: They are of a frame, and damaged or of a version that is not known.
    """
    magic, kind, form, code, flags, size = _FIELDS.unpack_from(block)
    if magic != MAGIC and magic[:3] != MAGIC[:3] and not _is_intact(MAGIC + block[4:], container):
        return None
    algorithm = _ALGORITHM_OF.get(code)
    if magic == MAGIC and algorithm and _is_intact(block, container) and not flags & 15 & ~_FLAGS:
        try:
            level = _LEVEL_OF[flags >> 4]
            return Metadata(_KIND_OF[kind], _FORMAT_OF[form], algorithm, level, flags & 15, size)
        except KeyError:
            pass
    raise CompressionError(
        "the frame's metadata is damaged, or of a version that this release does not know"
    )


def _is_intact(block: bytes, container: memoryview) -> bool:
    algorithm = _ALGORITHM_OF.get(block[6])
    if algorithm is None:
        return False
    (checksum,) = _CRC.unpack_from(block, SIZE - _CRC.size)
    return checksum == crc32(block[: -_CRC.size], _seed(algorithm, container))


def _seed(algorithm: CompressionAlgorithm, container: bytes | memoryview) -> int:
    return crc32(container) if algorithm is CompressionAlgorithm.NONE else 0
