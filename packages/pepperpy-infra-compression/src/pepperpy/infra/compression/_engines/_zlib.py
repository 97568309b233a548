"""Zlib: deflate in the wrapping of RFC 1950, with an Adler-32."""

from __future__ import annotations

from pepperpy.infra.compression._algorithm import CompressionLevel

from ._deflate import deflate, inflate

_WINDOW = 15


def compress(payload: bytes, level: CompressionLevel) -> bytes:
    """One stream."""
    return deflate(payload, level, _WINDOW)


def decompress_member(data: memoryview, limit: int, step: int) -> tuple[bytes, int]:
    """See `Engine`."""
    return inflate(data, limit, step, _WINDOW)
