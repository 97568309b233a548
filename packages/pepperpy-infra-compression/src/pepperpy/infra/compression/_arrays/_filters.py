"""Rearranging the bytes of an array so that a compressor finds what is alike in them.

Shuffled, all first bytes of the items lie together, then all second ones, ...; of steps, each
item is what it adds to the one before it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_COUNTED = "iumM"  # kinds of items that are whole numbers
_WIDEST = 256


class Filter(IntEnum):
    """What was done with the bytes before they were compressed."""

    NONE = 0
    SHUFFLE = 1
    STEPS = 2
    BLOSC2 = 3


def candidates(dtype: np.dtype[Any]) -> list[Filter]:
    """What may help with items of a type."""
    tried = [Filter.NONE]
    if 1 < width_of(dtype) <= _WIDEST:
        tried.append(Filter.SHUFFLE)
    if dtype.kind in _COUNTED:
        tried.append(Filter.STEPS)
    return tried


def width_of(dtype: np.dtype[Any]) -> int:
    """The bytes of what is shuffled: of a number in a complex number, or a character in a text."""
    if dtype.kind == "c":
        return dtype.itemsize // 2
    if dtype.kind == "U":
        return 4
    return 1 if dtype.kind == "S" else dtype.itemsize


def apply(kind: Filter, flat: NDArray[Any]) -> NDArray[np.uint8]:
    """The bytes of a flat array, rearranged."""
    if kind is Filter.NONE:
        return bytes_of(flat)
    if kind is Filter.STEPS:
        flat = _steps(flat)
    return _shuffle(bytes_of(flat), width_of(flat.dtype))


def undo(kind: Filter, data: NDArray[np.uint8], out: NDArray[Any]) -> None:
    """Fill a flat array with the bytes as they were."""
    if kind in {Filter.NONE, Filter.BLOSC2}:
        bytes_of(out)[:] = data
        return
    _unshuffle(data, bytes_of(out), width_of(out.dtype))
    if kind is Filter.STEPS:
        _add_up(out)


def bytes_of(flat: NDArray[Any]) -> NDArray[np.uint8]:
    """The same memory, byte by byte."""
    import numpy as np

    return flat.view(np.uint8) if flat.dtype.itemsize else np.empty(0, np.uint8)


def _numbers_of(flat: NDArray[Any], order: str) -> NDArray[Any]:
    """The same bytes as whole numbers without a sign, which start anew when they overflow."""
    return flat.view(f"{order}u{flat.dtype.itemsize}")


def _steps(flat: NDArray[Any]) -> NDArray[Any]:
    """What each item adds to the one before it, modulo its size, as little-endian numbers.

    The sign is the lowest bit, so that small steps have no high bits in either direction.
    """
    import numpy as np

    numbers = _numbers_of(flat, _order(flat))
    steps = np.empty(len(flat), f"<u{flat.dtype.itemsize}")
    steps[:1] = numbers[:1]
    np.subtract(numbers[1:], numbers[:-1], out=steps[1:])
    signs = steps.view(f"<i{flat.dtype.itemsize}") >> (8 * flat.dtype.itemsize - 1)
    steps <<= 1
    steps ^= signs.view(steps.dtype)
    return steps


def _add_up(out: NDArray[Any]) -> None:
    import numpy as np

    steps = _numbers_of(out, "<")
    signs = steps & 1
    steps >>= 1
    steps ^= -signs
    _numbers_of(out, _order(out))[:] = np.add.accumulate(steps, dtype=steps.dtype)


def _order(flat: NDArray[Any]) -> str:
    return ">" if flat.dtype.str[0] == ">" else "<"


def _shuffle(items: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    import numpy as np

    planes = np.empty((width, len(items) // width), np.uint8)
    for place, plane in enumerate(planes):
        plane[:] = items[place::width]
    return planes.reshape(-1)


def _unshuffle(planes: NDArray[np.uint8], items: NDArray[np.uint8], width: int) -> None:
    # One byte of all items at a time: three times as fast as to transpose.
    for place, plane in enumerate(planes.reshape(width, -1)):
        items[place::width] = plane
