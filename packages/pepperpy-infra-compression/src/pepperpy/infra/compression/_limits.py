"""How much a reader lets come out of compressed data."""

from __future__ import annotations

import sys
from typing import Final

from ._errors import CompressionOptionError

AUTO: Final = -1
"""The default of *max_output_size*: 256 MiB, or a hundred times the input if that is more."""

_LEAST = 256 << 20
_FACTOR = 100


def limit_for(length: int, max_output_size: int | None) -> int:
    """The most bytes that an input of *length* bytes may become; `None` lifts the limit."""
    if max_output_size is None:
        return sys.maxsize - 1
    if max_output_size == AUTO:
        return max(_LEAST, length * _FACTOR)
    if (
        isinstance(max_output_size, bool)
        or not isinstance(max_output_size, int)
        or max_output_size < 0
    ):
        raise CompressionOptionError(
            f"max_output_size must be a number of bytes, or None for no limit; got {max_output_size!r}",
            option="max_output_size",
        )
    return min(max_output_size, sys.maxsize - 1)
