"""Deflate by the quickest library that is there: what is installed changes speed, not the format."""

from __future__ import annotations

import zlib
from functools import cache
from types import ModuleType
from typing import NamedTuple

from pepperpy.infra.compression._algorithm import CompressionLevel
from pepperpy.infra.compression._errors import CompressionError

from ._feed import decode


class _Way(NamedTuple):
    library: ModuleType
    level: int


@cache
def _isal() -> ModuleType | None:
    try:
        from isal import isal_zlib
    except ImportError:
        return None
    return isal_zlib if _keeps_what_follows(isal_zlib) else None


def _keeps_what_follows(library: ModuleType) -> bool:
    """Whether it tells of bytes behind zlib data; before 1.9 isal lost up to three of them."""
    probe = library.decompressobj()
    probe.decompress(zlib.compress(b"") + b"x", 1)
    return bool(probe.unused_data == b"x")


@cache
def _zlib_ng() -> ModuleType:
    try:
        from zlib_ng import zlib_ng
    except ImportError:  # no wheel for this platform, and it would not build
        return zlib
    return zlib_ng


@cache
def _way(level: CompressionLevel) -> _Way:
    """Who compresses at a level.

    Level 1 of zlib-ng hardly compresses and its 9 is worse than zlib's, so each does what it is
    best at; isal has no level that stores.
    """
    if level is CompressionLevel.FAST:
        fast = _isal()
        return _Way(fast, 1) if fast else _Way(_zlib_ng(), 2)
    if level is CompressionLevel.BEST:
        return _Way(zlib, 9)
    return _Way(_zlib_ng(), int(level))


def deflate(payload: bytes, level: CompressionLevel, window: int) -> bytes:
    """A deflate stream; *window* is 31 for gzip's wrapping and 15 for zlib's."""
    library, number = _way(level)
    compressed: bytes = library.compress(payload, number, wbits=window)
    return compressed


def inflate(data: memoryview, limit: int, step: int, window: int) -> tuple[bytes, int]:
    """What one deflate stream holds, and how long it is."""
    library = _isal() or _zlib_ng()
    try:
        return decode(library.decompressobj(wbits=window), data, limit, step)
    except library.error as error:
        raise CompressionError(f"the compressed data is damaged: {error}") from error
