"""Making plain what a format has no form for, one step at a time."""

from __future__ import annotations

import dataclasses
import sys
from collections import deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from ._errors import SerializationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._config import SerializerConfig

# The builtin would narrow the value to a container of something unknown, for type checkers.
is_a: Callable[[object, Any], bool] = isinstance


def simpler(value: Any, config: SerializerConfig) -> Any:
    """What stands for *value*, which is not plain itself: a dict for a dataclass, text for a date, ...

    Its items may be anything again.

    Raises:
        SerializationError: Nothing does, and *default* has no answer either.
    """
    for kinds, step in _STEPS:
        if is_a(value, kinds):
            return step(value)
    if is_a(value, AbstractSet):
        return _listed(value, config)
    if dataclasses.is_dataclass(value) and not is_a(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    found = _of_library(value)
    if found is not _UNKNOWN:
        return found
    if config.default is None:
        raise SerializationError(
            f"a {_name(value)} has no form in this format; default= can give it one"
        )
    return _asked(value, config.default)


def members(
    value: dict[Any, Any], plain_key: Callable[[Any], Any], config: SerializerConfig
) -> list[tuple[Any, Any]]:
    """The members of a mapping, with plain keys, in the order in which they are written.

    Raises:
        SerializationError: Two keys become equal by being made plain.
    """
    pairs = [(key if key.__class__ is str else plain_key(key), item) for key, item in value.items()]
    if len({key for key, _ in pairs}) != len(value):
        raise SerializationError(
            f"two keys of a mapping are the same, written: {_twice(pairs)!r:.60}"
        )
    if config.sort_keys:
        pairs.sort(key=lambda pair: (type(pair[0]).__name__, _order(pair[0])))
    return pairs


def _twice(pairs: list[tuple[Any, Any]]) -> Any:
    seen: set[Any] = set()
    return next(key for key, _ in pairs if key in seen or seen.add(key))


def _order(key: Any) -> Any:
    return str(key) if is_a(key, (datetime, tuple, type(None))) else key


def _listed(value: Any, config: SerializerConfig) -> list[Any]:
    if not config.sort_keys:
        return list(value)
    try:
        return sorted(value)
    except TypeError:
        return sorted(value, key=lambda each: (type(each).__name__, str(each)))


def _asked(value: Any, default: Callable[[Any], Any]) -> Any:
    given = default(value)
    if given is value:
        raise SerializationError(f"default= gave the same {_name(value)} back")
    return given


def _name(value: object) -> str:
    return type(value).__qualname__


def _duration(value: timedelta) -> Any:
    import msgspec

    return msgspec.to_builtins(value)


# The order counts: members of an IntEnum are ints as well, and a datetime is a date.
_STEPS: Final[tuple[tuple[Any, Callable[[Any], Any]], ...]] = (
    (Enum, lambda value: value.value),
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (Mapping, dict),
    ((list, tuple, deque), list),
    ((bytes, bytearray, memoryview), bytes),
    (datetime, lambda value: value.isoformat()),
    ((date, time), lambda value: value.isoformat()),
    (timedelta, _duration),
    ((Decimal, UUID), str),
    (PathLike, fspath),
)

_UNKNOWN: Final = object()


def _of_library(value: Any) -> Any:
    """What stands for an object of attrs, msgspec, pydantic or numpy."""
    cls = type(value)
    if hasattr(cls, "__attrs_attrs__"):
        return {field.name: getattr(value, field.name) for field in cls.__attrs_attrs__}
    if hasattr(cls, "__struct_fields__"):
        return _of_struct(value)
    if hasattr(cls, "__pydantic_fields__"):
        return value.model_dump()
    numpy = sys.modules.get("numpy")
    if numpy is not None and is_a(value, (numpy.generic, numpy.ndarray)):
        return _of_numpy(value)
    return _UNKNOWN


def _of_struct(value: Any) -> Any:
    config = value.__struct_config__
    names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
    held = {written: getattr(value, name) for written, name in names}
    return held if config.tag is None else {config.tag_field: config.tag} | held


def _of_numpy(value: Any) -> Any:
    if value.dtype.kind == "M":
        return value.astype(str).tolist()
    plain = value.tolist()
    if (value.dtype.kind == "m" and type(plain) is int) or type(plain) is type(value):
        raise SerializationError(f"a {_name(value)} has no form in this format")
    return plain
