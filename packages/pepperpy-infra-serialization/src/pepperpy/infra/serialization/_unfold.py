"""One step from an object of Python to what formats hold: containers, numbers, text and bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final

from ._kinds import class_of, is_a
from ._libraries import present

Step = Callable[[Any], Any]
_SMALL_ENOUGH: Final = 8  # bytes of a number of numpy that a number of Python holds


def unfold(value: Any) -> Any:
    """The value as something simpler, not looking inside it.

    Times, numbers without a JSON form and the like are text, in the spelling of RFC 3339 and ISO
    8601; sequences and sets are lists; what has fields is a dict.

    Raises:
        TypeError: If there is nothing simpler.
    """
    kind: Any = class_of(value)
    return _step(kind)(value)


def unfold_for_json(value: Any) -> Any:
    """The same, where bytes are text as well: as base64, and in a model as the model says."""
    if is_a(value, (bytes, bytearray, memoryview)):
        from binascii import b2a_base64

        return b2a_base64(value, newline=False).decode()
    if is_model(class_of(value)) and hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return unfold(value)


def in_order(step: Step) -> Step:
    """The same step, but what it makes of a set does not change from run to run."""

    def ordered(value: Any) -> Any:
        made = step(value)
        if is_a(value, AbstractSet):
            made.sort(key=member_order)
        return made

    return ordered


def member_order(member: Any) -> tuple[str, str]:
    """What members of sets are sorted by."""
    own = sorted(member_order(each) for each in member) if is_a(member, frozenset) else member
    return class_of(member).__name__, repr(own)


def is_model(cls: type) -> bool:
    """Whether it is a class of pydantic, which is not imported to find out."""
    return hasattr(cls, "__pydantic_validator__")


@lru_cache(maxsize=1024)
def _step(cls: Any) -> Step:
    for known in (_exact, _fields, _container, _numpy):
        step = known(cls)
        if step is not None:
            return step
    return _refuse


def _refuse(value: Any) -> Any:
    raise _formless(_name(class_of(value)))


def _formless(what: str) -> TypeError:
    return TypeError(f"{what} has no form here; SerializerConfig(default=...) can give it one")


def _exact(cls: type) -> Step | None:
    """What stands for one scalar; subclasses of the builtins lose what they add."""
    from decimal import Decimal
    from enum import Enum
    from os import PathLike, fspath
    from uuid import UUID

    steps: list[tuple[type, Step]] = [
        (Enum, lambda value: value.value),
        (str, str.__str__),
        (int, int.__pos__),
        (float, float.__pos__),
        (bytes, bytes),
        (datetime, time_text),
        (date, date.isoformat),
        (time, time_text),
        (timedelta, _duration_text),
        (Decimal, str),
        (UUID, str),
        (PathLike, fspath),
    ]
    return next((step for base, step in steps if issubclass(cls, base)), None)


def time_text(value: datetime | time) -> str:
    """A moment as RFC 3339 has it; offsets with seconds, which that lacks, are told in UTC."""
    from datetime import UTC

    offset = value.utcoffset()
    if offset is not None and offset % timedelta(minutes=1) and isinstance(value, datetime):
        value = value.astimezone(UTC)
    text = value.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def _duration_text(value: timedelta) -> str:
    import msgspec

    text: str = msgspec.to_builtins(timedelta(value.days, value.seconds, value.microseconds))
    return text


def _fields(cls: type) -> Step | None:
    if is_model(cls) and hasattr(cls, "model_dump"):
        return lambda value: value.model_dump(mode="python")
    if hasattr(cls, "__struct_fields__"):
        return _struct
    names: list[str] | None = None
    if hasattr(cls, "__dataclass_fields__"):
        from dataclasses import fields

        names = [field.name for field in fields(cls)]
    elif (defined := getattr(cls, "__attrs_attrs__", None)) is not None:
        names = [field.name for field in defined]
    if names is None:
        return None
    # An attribute that was never set has nothing to be written.
    return lambda value: {name: getattr(value, name) for name in names if hasattr(value, name)}


def _struct(value: Any) -> Any:
    layout = value.__struct_config__
    if layout.array_like or layout.omit_defaults:
        import msgspec

        return msgspec.to_builtins(value, builtin_types=(bytes, datetime), enc_hook=unfold)
    names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
    held = {written: getattr(value, name) for written, name in names}
    return held if layout.tag is None else {layout.tag_field: layout.tag, **held}


def _container(cls: type) -> Step | None:
    from array import array
    from collections import UserList, deque

    if issubclass(cls, (bytearray, memoryview)):
        return bytes
    if issubclass(cls, (dict, Mapping)):
        return dict
    if issubclass(cls, (list, tuple, AbstractSet, deque, UserList, array)):
        return list
    return None


def _numpy(cls: type) -> Step | None:
    numpy = present("numpy")  # whoever has such a value has imported it
    if numpy is None or not issubclass(cls, (numpy.ndarray, numpy.generic)):
        return None
    return _numpy_list


def _numpy_list(value: Any) -> Any:
    kind, width = value.dtype.kind, value.dtype.itemsize
    if kind == "M":
        library = present("numpy")
        if library.isnat(value).any():
            raise TypeError("NaT is no moment; None can stand for it")
        return library.datetime_as_string(value).tolist()
    if (kind in "mcV" and value.dtype.names is None) or (kind == "f" and width > _SMALL_ENOUGH):
        raise _formless(f"numpy's {value.dtype}")
    return value.tolist()


def _name(cls: type) -> str:
    return (
        cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
    )
