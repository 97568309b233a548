"""Columns of numbers: whole ones as steps or offsets in few bytes, others as decimals or bit for bit.

Bytes of one weight lie together (all lowest bytes, then all second ones, ...), which is what lets a
compressor find the likeness of neighbours.  Slices with a step do that at the speed of C.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from itertools import accumulate
from operator import sub
from typing import Any

from ._damage import exactly, expect

_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}
_MANY = 64
_MOST_DIGITS = 9
_SAMPLE = 16


def encode_ints(values: list[int]) -> tuple[Any, ...] | None:
    """Steps from one value to the next, or distances from the least; whichever varies less.

    `None` if neither fits into 64 bits.
    """
    numpy = _numpy()
    if numpy and len(values) >= _MANY:
        parts = _encode_by(numpy, values)
        if parts is not None:
            return parts
    steps = list(map(sub, values[1:], values))
    least = min(steps, default=0)
    reach = max(steps, default=0) - least
    rising = least >= 0
    low = values[0] if rising else min(values)
    span = (values[-1] if rising else max(values)) - low
    stepwise, width = _width(reach), _width(span)
    if min(stepwise, width) > 8:
        return None
    if stepwise < width or (stepwise == width and len(set(steps)) < len(set(values))):
        data = _pack(steps, least, stepwise) if reach else bytes(len(steps))
        return True, stepwise, _wide(values[0]), _wide(least), data
    return False, width, _wide(low), 0, _pack(values, low, width)


def _numpy() -> Any:
    """NumPy, if it is there already: to load it for this would take longer than it saves."""
    found = sys.modules.get("numpy")
    specification = getattr(found, "__spec__", None)
    # Another thread may be in the midst of importing it.
    ready = specification and not getattr(specification, "_initializing", False)
    return found if ready else None


def _encode_by(numpy: Any, values: list[int]) -> tuple[Any, ...] | None:
    """As `encode_ints`, to the byte, at three times its speed; `None` if a step might overflow."""
    try:
        numbers = numpy.array(values, numpy.int64)
    except OverflowError:
        return None
    low = int(numbers.min())
    span = int(numbers.max()) - low
    if span >= 1 << 62:
        return None
    steps = numbers[1:] - numbers[:-1]
    least = int(steps.min())
    stepwise, width = _width(int(steps.max()) - least), _width(span)
    if stepwise < width or (stepwise == width and len(set(steps.tolist())) < len(set(values))):
        return True, stepwise, values[0], least, _spread(steps - least, stepwise)
    return False, width, low, 0, _spread(numbers - low, width)


def _spread(offsets: Any, width: int) -> bytes:
    planes: bytes = offsets.astype(f"<u{width}").view("u1").reshape(-1, width).T.tobytes()
    return planes


def decode_ints(parts: Sequence[Any], count: int) -> list[int]:
    """What `encode_ints` was given."""
    expect(len(parts) == 5, "a column of whole numbers has five parts")
    stepwise, width, first, least, data = parts
    first, least = _whole(first), _whole(least)
    expect(width in _CODES, "whole numbers take 1, 2, 4 or 8 bytes")
    stored = count - 1 if stepwise else count
    exactly(data, stored * width)
    if data.count(0) == len(data):
        if stepwise and least:
            return list(range(first, first + least * count, least))
        return [first] * count
    offsets = _unpack(data, _CODES[width])
    if stepwise:
        steps = map(least.__add__, offsets) if least else offsets
        return [*accumulate(steps, initial=first)]
    return [*map(first.__add__, offsets)] if first else offsets.tolist()


def encode_floats(values: list[float]) -> tuple[Any, ...]:
    """Every bit of each number."""
    return (_split(array("d", values)),)


def decode_floats(parts: Sequence[Any], count: int) -> list[float]:
    """What `encode_floats` was given."""
    expect(len(parts) == 1, "a column of floats has one part")
    exactly(parts[0], count * 8)
    return _unpack(parts[0], "d").tolist()


def as_decimals(values: list[float]) -> tuple[int, list[int]] | None:
    """Digits after the point and whole numbers, if dividing gives back every bit of each value."""
    digits = max(map(_digits, values[:: len(values) // _SAMPLE + 1]))
    if digits > _MOST_DIGITS:
        return None
    scale = 10**digits
    try:
        wholes = [round(value * scale) for value in values]
    except (OverflowError, ValueError):  # infinite, or not a number
        return None
    # Compared as bytes: -0.0 equals 0.0 and is not the same.
    same = array("d", from_decimals(digits, wholes)).tobytes() == array("d", values).tobytes()
    return (digits, wholes) if same else None


def from_decimals(digits: int, wholes: list[int]) -> list[float]:
    """The floats that `as_decimals` took apart."""
    expect(digits in range(_MOST_DIGITS + 1), "decimals have 0 to 9 digits")
    scale = 10**digits
    return [whole / scale for whole in wholes]


def _digits(value: float) -> int:
    text = repr(value)
    point = text.find(".")
    if point < 0 or "e" in text:
        return _MOST_DIGITS + 1
    return 0 if text.endswith(".0") else len(text) - point - 1


def _width(span: int) -> int:
    return next((width for width in _CODES if span < 1 << 8 * width), 16)


def _pack(values: list[int], low: int, width: int) -> bytes:
    if low:
        values = [value - low for value in values]
    return _split(array(_CODES[width], values))


def _split(numbers: array[Any]) -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    raw = numbers.tobytes()
    width = numbers.itemsize
    return raw if width == 1 else b"".join([raw[place::width] for place in range(width)])


def _unpack(data: bytes, code: str) -> array[Any]:
    numbers: array[Any] = array(code)
    width = numbers.itemsize
    if width > 1:
        count = len(data) // width
        items = bytearray(len(data))
        for place in range(width):
            items[place::width] = data[place * count : (place + 1) * count]
        data = bytes(items)
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _wide(number: int) -> int | bytes:
    """As MessagePack can hold it: what has more than 64 bits as bytes."""
    if -(1 << 63) <= number < 1 << 64:
        return number
    return number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True)


def _whole(number: Any) -> int:
    if isinstance(number, bytes):
        return int.from_bytes(number, "little", signed=True)
    expect(type(number) is int, "a number was expected")
    return int(number)
