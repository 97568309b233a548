"""LZ4: .lz4 files, with a checksum of the content."""

from __future__ import annotations

from pepperpy.infra.compression._algorithm import CompressionLevel
from pepperpy.infra.compression._errors import CompressionError
from pepperpy.infra.utils import require_extra

from ._feed import decode

_LEVELS = {
    CompressionLevel.NONE: -65537,  # the lowest there is, which looks for next to nothing
    CompressionLevel.FAST: -4,
    CompressionLevel.DEFAULT: 0,
    CompressionLevel.BEST: 9,
}


def compress(payload: bytes, level: CompressionLevel) -> bytes:
    """One frame."""
    with require_extra("pepperpy-infra-compression", "lz4"):
        from lz4 import frame
    return frame.compress(
        payload, compression_level=_LEVELS[level], content_checksum=True, store_size=False
    )


def decompress_member(data: memoryview, limit: int, step: int) -> tuple[bytes, int]:
    """See `Engine`."""
    with require_extra("pepperpy-infra-compression", "lz4"):
        from lz4 import frame
    try:
        return decode(frame.LZ4FrameDecompressor(), data, limit, step)
    except RuntimeError as error:
        raise CompressionError(f"the lz4 data is damaged: {error}") from error
