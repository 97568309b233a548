"""The payload of columns: a number of values, and the column that holds them."""

from __future__ import annotations

from typing import Any

from pepperpy.infra.compression._errors import CompressionError
from pepperpy.infra.serialization import SerializationError

from . import _values
from ._column import decode, encode
from ._damage import expect
from ._room import Room


def encode_columns(values: list[Any], *, depth: int = 0) -> bytes:
    """The values as one column, which comes back value by value and type by type.

    Raises:
        CompressionError: A value would come back as another, or is nested too deep.
    """
    try:
        return _values.plain().serialize([len(values), encode(values, depth)])
    except CompressionError:
        raise
    except (SerializationError, RecursionError) as error:
        raise CompressionError(f"this data cannot be kept exactly: {error}") from error


def decode_columns(payload: bytes, limit: int) -> list[Any]:
    """What `encode_columns` was given.

    Args:
        payload: What it returned.
        limit: How many bytes the payload might have had, from which follows how much memory the
            values may take.
    """
    try:
        count, column = _values.plain().deserialize(payload)
        expect(type(count) is int and count >= 0, "the number of values is no number")
        return decode(column, count, Room(limit))
    except CompressionError:
        raise
    except (
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
        RecursionError,
        StopIteration,
    ) as error:
        raise CompressionError(f"these columns are damaged: {error}") from error
