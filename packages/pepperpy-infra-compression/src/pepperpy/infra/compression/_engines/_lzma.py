"""LZMA: .xz files, with a CRC-64."""

from __future__ import annotations

from pepperpy.infra.compression._algorithm import CompressionLevel
from pepperpy.infra.compression._errors import CompressionError

from ._feed import decode

_PRESETS = {
    CompressionLevel.NONE: 0,  # LZMA cannot store
    CompressionLevel.FAST: 1,
    CompressionLevel.DEFAULT: 6,
    CompressionLevel.BEST: 9,
}
_WINDOWS = {0: 1 << 18, 1: 1 << 20, 6: 1 << 23, 9: 1 << 26}  # of the presets, in bytes
_SMALLEST_WINDOW = 4096
_MEMORY_LIMIT = 128 << 20  # reading what `xz -9` made takes 65 MiB


def compress(payload: bytes, level: CompressionLevel) -> bytes:
    """A stream with one block.

    The window is no larger than the payload: a preset's own costs 0.6 ms and many megabytes even
    for a handful of bytes.
    """
    import lzma

    preset = _PRESETS[level]
    window = max(_SMALLEST_WINDOW, min(_WINDOWS[preset], len(payload)))
    filters = [{"id": lzma.FILTER_LZMA2, "preset": preset, "dict_size": window}]
    return lzma.compress(payload, lzma.FORMAT_XZ, lzma.CHECK_CRC64, filters=filters)


def decompress_member(data: memoryview, limit: int, step: int) -> tuple[bytes, int]:
    """See `Engine`."""
    import lzma

    try:
        decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, _MEMORY_LIMIT)
        return decode(decoder, data, limit, step)
    except lzma.LZMAError as error:
        raise CompressionError(f"the xz data cannot be read: {error}") from error
