"""How much a reader lets come out of compressed data."""

from __future__ import annotations

import sys
from typing import Final, Literal, TypeAlias, TypeGuard

from ._errors import CompressionOptionError

OutputLimit: TypeAlias = int | Literal["auto"] | None
"""Bytes; "auto" is 256 MiB, or a hundred times the input if that is more; `None` is no limit."""

_LEAST: Final = 256 << 20
_FACTOR: Final = 100
_MOST: Final = sys.maxsize - 1


def limit_for(length: int, max_output_size: OutputLimit) -> int:
    """The most bytes that an input of *length* bytes may become."""
    if max_output_size is None:
        return _MOST
    if isinstance(max_output_size, str) and max_output_size == "auto":
        return max(_LEAST, length * _FACTOR)
    if is_whole(max_output_size, least=0):
        return min(max_output_size, _MOST)
    raise CompressionOptionError(
        f"max_output_size must be a number of bytes, 'auto', or None for no limit; got {max_output_size!r}",
        option="max_output_size",
    )


def is_whole(value: object, *, least: int) -> TypeGuard[int]:
    """Whether it is a whole number, and large enough."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
