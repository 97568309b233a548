"""Compressed streams that others made: no frame, and as many members as there are."""

from __future__ import annotations

from typing import Final

from ._algorithm import CompressionAlgorithm
from ._engines import engine
from ._errors import CompressionError

_STARTS: Final = {
    b"\x1f\x8b": CompressionAlgorithm.GZIP,
    b"\xfd7zXZ\0": CompressionAlgorithm.LZMA,
    b"\x28\xb5\x2f\xfd": CompressionAlgorithm.ZSTD,
    b"\x04\x22\x4d\x18": CompressionAlgorithm.LZ4,
}
# What the formats allow between and behind members: zeros, in groups of this many.
_PADDING: Final = {CompressionAlgorithm.GZIP: 1, CompressionAlgorithm.LZMA: 4}
_STEP: Final = 1 << 14


def recognize(data: memoryview) -> CompressionAlgorithm:
    """What a stream is compressed with, by how it begins.

    Raises:
        CompressionError: Nobody can tell.
    """
    head = bytes(data[:6])
    for start, algorithm in _STARTS.items():
        if head.startswith(start):
            return algorithm
    # The header of zlib: deflate, a window of 32 KiB at most, and a check of these two bytes.
    if (
        len(data) > 1
        and data[0] & 15 == 8
        and data[0] < 0x80
        and (data[0] << 8 | data[1]) % 31 == 0
    ):
        return CompressionAlgorithm.ZLIB
    raise CompressionError(
        "this is no frame, nor a file of gzip, zlib, xz, zstd or lz4; "
        "for bytes that are not compressed, say algorithm=CompressionAlgorithm.NONE"
    )


def open_plain(data: memoryview, algorithm: CompressionAlgorithm, limit: int) -> bytes:
    """What all members of a stream hold together: at most *limit* bytes.

    Raises:
        CompressionError: The data is damaged, or something else follows it.
        OutputLimitError: It holds more.
    """
    source = engine(algorithm)
    if algorithm is CompressionAlgorithm.NONE:
        return source.decompress_member(data, limit, len(data))[0]
    if not data:
        raise CompressionError(f"there is no data; {algorithm.value} needs some even for nothing")
    parts: list[bytes] = []
    position = 0
    while position < len(data):
        payload, length = source.decompress_member(data[position:], limit, _STEP)
        parts.append(payload)
        limit -= len(payload)
        position += length
        if algorithm is CompressionAlgorithm.ZLIB and position < len(data):
            raise CompressionError("something follows the zlib data; nothing may")
        position = _skip_padding(data, position, _PADDING.get(algorithm))
    return b"".join(parts)


def _skip_padding(data: memoryview, start: int, group: int | None) -> int:
    if group is None:
        return start
    end = start
    while chunk := bytes(data[end : end + _STEP]):
        zeros = len(chunk) - len(chunk.lstrip(b"\0"))
        end += zeros
        if zeros < len(chunk):
            break
    return start + (end - start) // group * group
