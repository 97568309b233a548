"""An array as bytes: what it is like, then its items, rearranged.

    length of the header, 4 bytes | header | items

The header is a MessagePack array: the type, the shape, whether the first axis runs fastest, and the
filter.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pepperpy.infra.compression._errors import CompressionError, OutputLimitError
from pepperpy.infra.serialization import SerializationError, deserialize_msgpack, serialize_msgpack
from pepperpy.infra.utils import require_extra

from ._dtypes import build, describe
from ._filters import Filter, apply, bytes_of, candidates, undo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_HEADER: Final = 1 << 16
"""Bytes that a header has at most."""

_LENGTH = struct.Struct("<I")
_MOST_AXES = 64


class Layout(NamedTuple):
    """What is needed beside its items to make an array."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool

    @property
    def items(self) -> int:
        """How many there are."""
        return math.prod(self.shape)

    def pack(self, kind: Filter) -> bytes:
        """The header."""
        header = serialize_msgpack([describe(self.dtype), [*self.shape], self.fortran, int(kind)])
        if len(header) + _LENGTH.size > MOST_HEADER:
            raise CompressionError(
                f"the type of the array has too many fields: {len(header)} bytes"
            )
        return _LENGTH.pack(len(header)) + header


def flatten(array: NDArray[Any]) -> tuple[Layout, NDArray[Any]]:
    """How the array lies in memory, and its items in that order.

    Raises:
        CompressionError: Its type cannot be told as data.
    """
    import numpy as np

    describe(array.dtype)
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    layout = Layout(array.dtype, array.shape, fortran)
    if not array.dtype.itemsize:
        return layout, np.ndarray((array.size,), array.dtype)
    items = array.T if fortran else array
    if not items.flags.c_contiguous:
        # A copy leaves out what lies between the fields of a structure, so that must not be chance.
        copied = np.ndarray(items.shape, items.dtype)
        bytes_of(copied.reshape(-1))[:] = 0
        copied[...] = items
        items = copied
    return layout, items.reshape(-1)


def encode_array(layout: Layout, flat: NDArray[Any], kind: Filter) -> bytes:
    """The payload of an array."""
    return b"".join((layout.pack(kind), apply(kind, flat).data))


def decode_array(payload: bytes, limit: int) -> NDArray[Any]:
    """The array, which is the caller's own.

    Raises:
        CompressionError: The payload is damaged.
        OutputLimitError: The array has more than *limit* bytes.
    """
    with require_extra("pepperpy-infra-compression", "numpy"):
        import numpy as np
    view = memoryview(payload)
    (length,) = _LENGTH.unpack_from(payload) if len(payload) >= _LENGTH.size else (0,)
    start = _LENGTH.size + length
    try:
        layout, kind = _read_header(payload[_LENGTH.size : start])
    except (SerializationError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise CompressionError(f"what the array is like cannot be read: {error}") from error
    size = layout.items * layout.dtype.itemsize
    if size > limit:
        raise OutputLimitError(
            f"the array has {size} bytes and {limit} are allowed; "
            "if you trust it, allow more with max_output_size=",
            limit=limit,
        )
    data = view[start:]
    if kind is Filter.BLOSC2:
        from ._blosc2 import decompress_blosc2

        data = memoryview(decompress_blosc2(data, size))
    if len(data) != size:
        raise CompressionError(f"the array needs {size} bytes and has {len(data)}")
    try:
        # Not empty(), which makes texts of one byte of those without any.
        array = np.ndarray(layout.shape, layout.dtype, order="F" if layout.fortran else "C")
    except (OverflowError, ValueError) as error:  # nothing, along an axis that is too long
        raise CompressionError(f"there is no array of this shape: {error}") from error
    flat = (array.T if layout.fortran else array).reshape(-1)
    undo(kind, np.frombuffer(data, np.uint8), flat)
    return array


def _read_header(header: bytes) -> tuple[Layout, Filter]:
    described, shape, fortran, kind = deserialize_msgpack(header)
    dtype = build(described)
    if dtype.hasobject:
        raise ValueError("it has Python objects")
    if len(shape) > _MOST_AXES or any(type(axis) is not int or axis < 0 for axis in shape):
        raise ValueError("an axis is no number")
    if not isinstance(fortran, bool):
        raise ValueError("the order is no truth value")  # noqa: TRY004 - of bytes, not of arguments
    found = Filter(kind)
    if found not in {Filter.BLOSC2, *candidates(dtype)}:
        raise ValueError(f"{dtype} is not kept by {found.name}")
    layout = Layout(dtype, tuple(shape), fortran)
    if dtype.itemsize == 0 and layout.items > MOST_HEADER:
        raise ValueError("there are too many items of no size")
    return layout, found
