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
from ._views import Data

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


def unpack(block: memoryview, container: memoryview) -> Metadata | None:
    """What 20 bytes say; `None` if they have nothing to do with a frame.

    *container* is what they stand behind.

    Raises:
        CompressionError: They are of a frame, and damaged or of a version that is not known.
    """
    magic, kind, form, code, flags, size = _FIELDS.unpack_from(block)
    intact = _is_intact(block, code, container)
    if magic == MAGIC and intact and _are_known(code, flags):
        try:
            return Metadata(
                _KIND_OF[kind],
                _FORMAT_OF[form],
                _ALGORITHM_OF[code],
                _LEVEL_OF[flags >> 4],
                flags & 15,
                size,
            )
        except KeyError:
            pass
    elif magic[:3] != MAGIC[:3] and not intact:
        return None
    raise CompressionError(
        "the frame's metadata is damaged, or of a version that this release does not know"
    )


def _is_intact(block: memoryview, code: int, container: memoryview) -> bool:
    """Whether the checksum is right, once the magic bytes are."""
    seed = _seed(_ALGORITHM_OF.get(code), container)
    (checksum,) = _CRC.unpack_from(block, _FIELDS.size)
    return checksum == crc32(block[len(MAGIC) : _FIELDS.size], crc32(MAGIC, seed))


def _are_known(code: int, flags: int) -> bool:
    algorithm = _ALGORITHM_OF.get(code)
    return not (
        flags & 15 & ~_FLAGS
        or (flags & Flag.DICTIONARY and algorithm is not CompressionAlgorithm.ZSTD)
        or (flags & Flag.ESCAPED and algorithm is not CompressionAlgorithm.NONE)
    )


def _seed(algorithm: CompressionAlgorithm | None, container: Data) -> int:
    # The others have checksums of their own.
    return crc32(container) if algorithm is CompressionAlgorithm.NONE else 0
