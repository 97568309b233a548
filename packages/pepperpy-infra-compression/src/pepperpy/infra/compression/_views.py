"""What callers may give as bytes."""

from __future__ import annotations

from typing import TypeAlias

from ._errors import CompressionOptionError

Data: TypeAlias = bytes | bytearray | memoryview
"""What is read: anything that holds bytes."""


def as_view(data: Data) -> memoryview:
    """The bytes of *data*, one by one, whatever the items of a memoryview are."""
    if data.__class__ is bytes:
        return memoryview(data)
    try:
        view = memoryview(data)
    except TypeError:
        raise CompressionOptionError(
            f"data must be bytes; got {type(data).__name__}", option="data"
        ) from None
    if view.format == "B" and view.contiguous and view.ndim == 1:
        return view
    return view.cast("B") if view.c_contiguous and view.nbytes else memoryview(view.tobytes())
