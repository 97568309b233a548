"""Run one member of a compressed stream through a decoder, in steps that nothing can blow up."""

from __future__ import annotations

from typing import Protocol

from pepperpy.infra.compression._errors import CompressionError, OutputLimitError

_LARGEST_STEP = 1 << 20


class Decoder(Protocol):
    """What the decompressor objects of all libraries have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: memoryview, max_length: int, /) -> bytes: ...


def decode(decoder: Decoder, data: memoryview, limit: int, step: int) -> tuple[bytes, int]:
    """What one member holds, and how many bytes it takes up.

    Args:
        decoder: A new one.  It stops on its own where the member ends.
        data: Begins with the member.
        limit: The most bytes that may come out.
        step: How many bytes to try first.  What lies behind the member is copied by the decoders,
            so the first step of a stream of many small members had better be small.

    Raises:
        OutputLimitError: More than *limit* bytes came out.
        CompressionError: The data ends before the member does.
    """
    piece = data[:step] if step < len(data) else data
    parts: list[bytes] = []
    room, position = limit + 1, 0
    while True:
        part = decoder.decompress(piece, room)
        parts.append(part)
        position += len(piece)
        room -= len(part)
        if room <= 0:
            raise OutputLimitError(too_large(limit), limit=limit)
        if decoder.eof:
            break
        if position == len(data):
            raise CompressionError("the compressed data ends too early: it was cut off")
        step = max(step, min(step * 2, _LARGEST_STEP))
        piece = data[position : position + step]
    output = part if len(parts) == 1 else b"".join(parts)
    return output, position - len(decoder.unused_data or b"")


def too_large(limit: int) -> str:
    """What an `OutputLimitError` says."""
    return (
        f"the data decompresses to more than {limit} bytes; if you trust it, "
        "allow more with max_output_size="
    )
