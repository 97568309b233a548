"""Values that no column has a form for: kept as MessagePack, and only if they come back the same."""

from __future__ import annotations

import math
from enum import Enum
from functools import cache
from itertools import chain
from typing import Any

from pepperpy.infra.compression._errors import CompressionError
from pepperpy.infra.serialization import (
    MessagePackSerializer,
    SerializationError,
    SerializerConfig,
)

_CONTAINERS = {list, dict}
_PLAIN = {type(None), bool, int, float, str, bytes, list, dict}


@cache
def plain() -> MessagePackSerializer:
    """MessagePack as it is, for what it has types for."""
    return MessagePackSerializer()


@cache
def tagged() -> MessagePackSerializer:
    """MessagePack with the names of types it has not."""
    return MessagePackSerializer(SerializerConfig(tagged=True))


def is_tree(values: list[Any]) -> bool:
    """Whether MessagePack takes the values: not too deep, and nothing that holds itself."""
    try:
        plain().serialize(values)
    except SerializationError:
        return False
    return True


def is_plain(values: list[Any]) -> bool:
    """Whether MessagePack brings back all of the values, and what is in them, as they are."""
    if not _CONTAINERS.isdisjoint(map(type, values)) and not is_tree(values):
        return False
    level: list[Any] = values
    while level:
        kinds = set(map(type, level))
        if not kinds <= _PLAIN or (int in kinds and not _fit(level)):
            return False
        maps: list[dict[Any, Any]] = [value for value in level if type(value) is dict]
        if set(map(type, chain.from_iterable(maps))) - {str}:
            return False
        lists: list[list[Any]] = [value for value in level if type(value) is list]
        level = [*chain.from_iterable(lists), *chain.from_iterable(each.values() for each in maps)]
    return True


def encode_tagged(values: list[Any]) -> bytes:
    """The values with the names of their types, or an error if one would come back as another."""
    try:
        data = tagged().serialize(values)
        back = tagged().deserialize(data)
    except SerializationError as error:
        raise CompressionError(f"a value cannot be kept exactly: {error}") from error
    _check_same(values, back)
    return data


def decode_tagged(data: bytes) -> Any:
    """What `encode_tagged` was given."""
    return tagged().deserialize(data)


def _fit(level: list[Any]) -> bool:
    whole = [value for value in level if type(value) is int]
    return min(whole) >= -(1 << 63) and max(whole) < 1 << 64


def _check_same(value: Any, found: Any) -> None:
    """Raise an error if anything tells them apart, even a sign of zero or the order of keys."""
    kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
    if kind is dict and type(found) is dict:
        value, found = [*value.items()], [*found.items()]
    elif kind in {set, frozenset} and value == found:
        # Side by side, since equal sets may have their members in different orders.
        of_found = {member: member for member in found}
        value, found = [*value], [of_found[member] for member in value]
    if type(value) is type(found) and type(value) in {list, tuple} and len(value) == len(found):
        for each, other in zip(value, found, strict=True):
            _check_same(each, other)
    elif kind is not type(found) or not _is_alike(value, found):
        plainly = "write its .value" if isinstance(value, Enum) else "convert it to plain types"
        raise CompressionError(
            f"a value of type {kind.__name__} would not come back as it is; {plainly} first"
        )


def _is_alike(value: Any, found: Any) -> bool:
    if type(value) is float:
        alike = math.copysign(1, value) == math.copysign(1, found)
        return alike and (value == found or (math.isnan(value) and math.isnan(found)))
    if hasattr(value, "as_tuple"):  # a Decimal, whose NaN equals nothing, or must not be compared
        return bool(value.as_tuple() == found.as_tuple())
    if hasattr(value, "dtype"):  # of NumPy, where `==` is no truth value, and NaN equals nothing
        told, known = ((each.dtype, each.shape, each.tobytes()) for each in (value, found))
        return bool(told == known)
    return bool(value == found) and repr(value) == repr(found)
