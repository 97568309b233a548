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
SIGNATURE_SIZE: Final = 32
ID_SIZE: Final = 4

_FIELDS = struct.Struct("<4s4BQ")
_CRC = struct.Struct("<I")
_ALL = struct.Struct("<4s4BQI")


class FrameKind(IntEnum):
    """What the payload of a frame is."""

    DATA = 1
    COLUMNS = 2
    NUMPY = 3
    DATASET = 4


# Bits of the flags; the others must be zero.
SIGNED: Final = 1
DICTIONARY: Final = 2
ESCAPED: Final = 4

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
# Bits that must not be set, by the number of the algorithm.
_UNKNOWN = dict.fromkeys(_ALGORITHMS.values(), 15 & ~SIGNED) | {
    _ALGORITHMS[CompressionAlgorithm.NONE]: 15 & ~SIGNED & ~ESCAPED,
    _ALGORITHMS[CompressionAlgorithm.ZSTD]: 15 & ~SIGNED & ~DICTIONARY,
}
_FORMAT_OF = {number: member for member, number in _FORMATS.items()}
_ALGORITHM_OF = {number: member for member, number in _ALGORITHMS.items()}
_KIND_OF: dict[int, FrameKind] = {member.value: member for member in FrameKind}
_LEVEL_OF: dict[int, CompressionLevel] = {member.value: member for member in CompressionLevel}
_MAGIC_CRC = crc32(MAGIC)


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
        kind, form, algorithm, level, flags, size = self
        code = _ALGORITHMS[algorithm]
        fields = _FIELDS.pack(MAGIC, kind, _FORMATS[form], code, flags | level << 4, size)
        # Those that compress have checksums of their own.
        seed = 0 if code else crc32(container)
        return fields + _CRC.pack(crc32(fields, seed))


def unpack(frame: memoryview, start: int) -> Metadata | None:
    """What the 20 bytes there say; `None` if they have nothing to do with a frame.

    Raises:
        CompressionError: They are of a frame, and damaged or of a version that is not known.
    """
    magic, kind, form, code, flags, size, checksum = _ALL.unpack_from(frame, start)
    # If only the magic bytes are damaged, the checksum tells.
    seed = _MAGIC_CRC if code else crc32(MAGIC, crc32(frame[: start - note_length(flags) + SIZE]))
    intact = checksum == crc32(frame[start + len(MAGIC) : start + _FIELDS.size], seed)
    if magic == MAGIC and intact and not flags & _UNKNOWN.get(code, 15):
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


def note_length(flags: int) -> int:
    """The length of a note with these flags."""
    length = SIZE
    if flags & SIGNED:
        length += SIGNATURE_SIZE
    if flags & DICTIONARY:
        length += ID_SIZE
    return length
