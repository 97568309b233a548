"""Zstandard: .zst files, with a checksum; by Python 3.14 itself, or by its back port."""

from __future__ import annotations

import sys
from collections import deque
from functools import cache
from typing import TYPE_CHECKING, Any

from pepperpy.infra.compression._algorithm import CompressionLevel
from pepperpy.infra.compression._errors import CompressionError
from pepperpy.infra.utils import require_extra

from ._feed import decode

if TYPE_CHECKING:
    from types import ModuleType

_LEVELS = {
    CompressionLevel.NONE: -(1 << 17),  # the lowest there is, which looks for next to nothing
    CompressionLevel.FAST: 1,
    CompressionLevel.DEFAULT: 3,
    CompressionLevel.BEST: 19,
}
_LARGEST_WINDOW = 27  # as a power of two: 128 MiB, which is what the tool allows
# A new compressor costs fifteen times what it costs to compress a small record.  So those that
# took small payloads, and are small themselves therefore, are kept.
_SMALL = 1 << 16
_KEPT = 4


@cache
def library() -> ModuleType:
    """The module `zstd`."""
    with require_extra("pepperpy-infra-compression", "zstd"):
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    return zstd


class Zstd:
    """The engine, with a dictionary of its own or without; *dictionary* is a `ZstdDict`."""

    def __init__(self, dictionary: Any = None) -> None:
        self._dictionary = dictionary
        # Threads take and give back in single steps, so no lock is needed.
        self._spare: dict[CompressionLevel, deque[Any]] = {
            level: deque(maxlen=_KEPT) for level in CompressionLevel
        }

    def compress(self, payload: bytes, level: CompressionLevel) -> bytes:
        """One frame, which tells its size."""
        spare = self._spare[level]
        try:
            compressor = spare.pop()
        except IndexError:
            compressor = self._new(level)
        frame: bytes = compressor.compress(payload, compressor.FLUSH_FRAME)
        if len(payload) <= _SMALL:
            spare.append(compressor)
        return frame

    def _new(self, level: CompressionLevel) -> Any:
        zstd = library()
        parameter = zstd.CompressionParameter
        options = {parameter.compression_level: _LEVELS[level], parameter.checksum_flag: 1}
        dictionary = self._dictionary and self._dictionary.as_digested_dict
        try:
            return zstd.ZstdCompressor(options=options, zstd_dict=dictionary)
        except zstd.ZstdError as error:
            raise CompressionError(f"the dictionary is damaged: {error}") from error

    def decompress_member(self, data: memoryview, limit: int, step: int) -> tuple[bytes, int]:
        """See `Engine`."""
        zstd = library()
        options = {zstd.DecompressionParameter.window_log_max: _LARGEST_WINDOW}
        try:
            return decode(zstd.ZstdDecompressor(self._dictionary, options), data, limit, step)
        except zstd.ZstdError as error:
            raise CompressionError(f"the zstd data is damaged: {error}") from error


_plain = Zstd()
compress = _plain.compress
decompress_member = _plain.decompress_member
