"""No compression: the bytes as they are.  A frame adds the checksum."""

from __future__ import annotations

from pepperpy.infra.compression._algorithm import CompressionLevel
from pepperpy.infra.compression._errors import OutputLimitError

from ._feed import too_large


def compress(payload: bytes, level: CompressionLevel) -> bytes:  # noqa: ARG001 - as all engines
    """The payload."""
    return payload


def decompress_member(data: memoryview, limit: int, step: int) -> tuple[bytes, int]:  # noqa: ARG001
    """See `Engine`."""
    if len(data) > limit:
        raise OutputLimitError(too_large(limit), limit=limit)
    return bytes(data), len(data)
