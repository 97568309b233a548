"""Blosc2, which shuffles and compresses in one: only when it is asked for."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from pepperpy.infra.compression._algorithm import CompressionLevel
from pepperpy.infra.compression._errors import CompressionError
from pepperpy.infra.utils import require_extra

from ._filters import bytes_of, width_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LENGTH = struct.Struct("<Q")
_BLOCK = 1 << 30  # its own limit is 2 GiB
_WIDEST = 255
_LEVELS = {
    CompressionLevel.NONE: 0,
    CompressionLevel.FAST: 1,
    CompressionLevel.DEFAULT: 1,
    CompressionLevel.BEST: 9,
}


def compress_blosc2(flat: NDArray[Any], level: CompressionLevel) -> bytes:
    """The bytes of an array in blocks, each with its length before it."""
    blosc2 = _library()
    data = bytes_of(flat).data
    width = width_of(flat.dtype)
    if not 0 < width <= _WIDEST:
        width = 1
    options: dict[str, Any] = {
        "codec": blosc2.Codec.ZSTD,
        "clevel": _LEVELS[level],
        "filters": [blosc2.Filter.SHUFFLE],
        "typesize": width,
        "nthreads": 1,  # a pool of threads would hang in a forked child
    }
    parts: list[bytes] = []
    # Some releases lose zeros if there are not whole items of them.
    size = _BLOCK // width * width
    for start in range(0, len(data), size):
        block: bytes = blosc2.compress2(data[start : start + size], **options)
        parts += (_LENGTH.pack(len(block)), block)
    return b"".join(parts)


def decompress_blosc2(data: memoryview, size: int) -> bytes:
    """What `compress_blosc2` was given, if it has *size* bytes."""
    blosc2 = _library()
    parts: list[bytes] = []
    position, left = 0, size
    while position < len(data):
        if len(data) - position < _LENGTH.size:
            raise CompressionError("a block of blosc2 was cut off")
        (length,) = _LENGTH.unpack_from(data, position)
        position += _LENGTH.size
        block = bytes(data[position : position + length])
        position += length
        try:
            # The block says how much memory it wants; it gets only what the array has.
            wanted, compressed, _ = blosc2.get_cbuffer_sizes(block)
            if wanted > min(left, _BLOCK) or compressed != len(block) or length != len(block):
                raise CompressionError("a block of blosc2 is damaged")
            part: bytes = blosc2.decompress2(block, nthreads=1)
        except (RuntimeError, SystemError, TypeError, ValueError) as error:
            if isinstance(error, CompressionError):
                raise
            raise CompressionError(f"a block of blosc2 is damaged: {error}") from error
        left -= len(part)
        parts.append(part)
    return b"".join(parts)


def _library() -> Any:
    with require_extra("pepperpy-infra-compression", "blosc2"):
        import blosc2  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]
    module: Any = blosc2
    return module
