"""Gzip: deflate in the wrapping of .gz files, with a CRC-32."""

from __future__ import annotations

from pepperpy.infra.compression._algorithm import CompressionLevel

from ._deflate import deflate, inflate

_WINDOW = 31


def compress(payload: bytes, level: CompressionLevel) -> bytes:
    """One member, with neither time nor name in its header."""
    return deflate(payload, level, _WINDOW)


def decompress_member(data: memoryview, limit: int, step: int) -> tuple[bytes, int]:
    """See `Engine`."""
    return inflate(data, limit, step, _WINDOW)
