"""Which serializer writes and reads the values in frames."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

from pepperpy.infra.serialization import (
    SerializationError,
    SerializationFormat,
    Serializer,
    SerializerConfig,
    UnsafeDataError,
    get_serializer,
)

from ._algorithm import choose
from ._errors import CompressionError, UnsafeFrameError

Serialization: TypeAlias = SerializationFormat | str | Serializer
"""A format, its text, or a serializer with options of its own."""


def format_of(serialization: Serialization) -> SerializationFormat:
    """The format that is meant."""
    given: Any = serialization
    # Asked last, since asking for a class that others may derive from takes longer.
    if not isinstance(given, (SerializationFormat, str)) and isinstance(given, Serializer):
        return given.format
    meant: SerializationFormat = choose(SerializationFormat, given, "serialization")
    return meant


def serializer_for(serialization: Serialization, *, trusted: bool) -> Serializer:
    """The serializer that is meant; a trusted pickle may hold anything."""
    if isinstance(serialization, SerializationFormat):
        return _serializer(serialization, trusted)
    format_ = format_of(serialization)
    return _serializer(format_, trusted) if isinstance(serialization, str) else serialization


@cache
def _serializer(format: SerializationFormat, trusted: bool) -> Serializer:  # noqa: A002
    if format is SerializationFormat.PICKLE:
        return get_serializer(format, SerializerConfig(unsafe=trusted))
    # Values come back as they were or are refused, so JSON's null for NaN will not do.
    return get_serializer(format, SerializerConfig(nan="raise"))


def write(serializer: Serializer, value: Any) -> bytes:
    """The value as bytes.

    Raises:
        CompressionError: The format cannot hold it.
    """
    if isinstance(value, str) and serializer.format is SerializationFormat.RAW:
        raise CompressionError("text as RAW would come back as bytes; compress text.encode()")
    try:
        return serializer.serialize(value)
    except SerializationError as error:
        raise CompressionError(f"this value cannot be written: {error}") from error


def read(serializer: Serializer, payload: bytes) -> Any:
    """The value that the bytes hold.

    Raises:
        CompressionError: They hold none.
        UnsafeFrameError: They ask for something that reading data must not do.
    """
    try:
        return serializer.deserialize(payload)
    except UnsafeDataError as error:
        raise UnsafeFrameError(f"what the data holds is not safe to read: {error}") from error
    except SerializationError as error:
        name = serializer.format.name
        raise CompressionError(f"what the data holds is no {name}: {error}") from error
