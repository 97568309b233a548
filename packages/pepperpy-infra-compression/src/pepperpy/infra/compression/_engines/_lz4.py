"""LZ4: .lz4 files, with a checksum of the content."""

from __future__ import annotations

from functools import cache
from typing import Any

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
_PIECE = 1 << 16
_ROOM = 1 << 20


@cache
def _library() -> Any:
    with require_extra("pepperpy-infra-compression", "lz4"):
        from lz4 import frame  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]
    return frame  # pyright: ignore[reportUnknownVariableType]


def compress(payload: bytes, level: CompressionLevel) -> bytes:
    """One frame."""
    frame: bytes = _library().compress(
        payload, compression_level=_LEVELS[level], content_checksum=True, store_size=False
    )
    return frame


class _InPieces:
    """A decoder that is handed little and asked for little at a time.

    The library's own makes room for as much as it is allowed to return, before it looks at the
    data, and copies what it has not read yet.
    """

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self.unused_data: bytes = b""

    @property
    def eof(self) -> bool:
        return bool(self._decoder.eof)

    def decompress(self, data: memoryview, max_length: int) -> bytes:
        parts: list[bytes] = []
        position = 0
        while position < len(data) and max_length and not self._decoder.eof:
            piece: bytes | memoryview = data[position : position + _PIECE]
            position += len(piece)
            while max_length:
                part: bytes = self._decoder.decompress(piece, max_length=min(max_length, _ROOM))
                parts.append(part)
                max_length -= len(part)
                if self._decoder.eof or self._decoder.needs_input:
                    break
                piece = b""
        self.unused_data = b"".join(filter(None, (self._decoder.unused_data, data[position:])))
        return b"".join(parts)


def decompress_member(data: memoryview, limit: int, step: int) -> tuple[bytes, int]:
    """See `Engine`."""
    try:
        return decode(_InPieces(_library().LZ4FrameDecompressor()), data, limit, step)
    except RuntimeError as error:
        raise CompressionError(f"the lz4 data is damaged: {error}") from error
