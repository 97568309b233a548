"""What the payloads of frames are, beside serialized values: columns, arrays, datasets."""

from __future__ import annotations

from typing import Any, Final

from ._errors import CompressionError
from ._frame import Opened
from ._metadata import FrameKind

DATASET_MAGIC: Final = b"PPZD"
"""What a dataset begins with, which is no frame but holds them."""


def room_for(kind: FrameKind, limit: int) -> int:
    """How large a payload may be for what is in it to have *limit* bytes."""
    if kind is FrameKind.NUMPY:
        from ._arrays import MOST_HEADER

        return limit + MOST_HEADER
    return limit


def read_kind(opened: Opened, limit: int) -> Any:
    """The value in a payload that is no serialized value."""
    if opened.kind is FrameKind.COLUMNS:
        from ._columns import decode_columns

        values = decode_columns(opened.payload, limit)
        if len(values) != 1:
            raise CompressionError("the frame is a chunk of a dataset, and no value")
        return values[0]
    if opened.kind is FrameKind.NUMPY:
        from ._arrays import decode_array

        return decode_array(opened.payload, limit)
    raise CompressionError(f"a frame cannot hold a {opened.kind.name.lower()}")
