"""The types that tags bring back: what stands in a document for each, and how it is made again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from ._errors import SerializationError, UnsafeDataError
from ._kinds import class_of, is_a
from ._libraries import present, required
from ._unfold import member_order

_EQUAL_HASHES: Final = 1000
# What `dtype.str` gives, and nothing else that NumPy reads: "<M8[s/0]" would end the process.
_DTYPE: Final = re.compile(r"[<>|][biufcmMSUV][0-9]{1,9}(\[([1-9][0-9]*)?[A-Za-z]{1,2}\])?")


@dataclass(frozen=True, slots=True)
class Tag:
    """One type: *take* gives what is written for a value of it, *make* the value again."""

    name: str
    take: Callable[[Any], Any]
    make: Callable[[Any], Any]


def _moment(value: datetime) -> Any:
    return [value.isoformat(), value.fold]


def _to_moment(payload: Any) -> datetime:
    text, fold = payload
    return datetime.fromisoformat(text).replace(fold=fold)


def _time(value: time) -> Any:
    return [value.isoformat(), value.fold]


def _to_time(payload: Any) -> time:
    text, fold = payload
    return time.fromisoformat(text).replace(fold=fold)


def _members(value: Any) -> Any:
    # In an order of their own, since that of a set changes from run to run.
    plain = {*map(class_of, value)} in ({str}, {int})
    return sorted(value, key=None if plain else member_order)


def _array(value: Any) -> Any:
    if value.dtype.hasobject or value.dtype.names is not None or not value.dtype.itemsize:
        raise SerializationError(f"an array of {value.dtype} has no tag; lists can stand for it")
    return [value.dtype.str, list(value.shape), value.tobytes()]


def _to_array(payload: Any) -> Any:
    np = required("numpy")
    kind, shape, held = payload
    if not _DTYPE.fullmatch(kind):
        raise ValueError("the dtype is none")
    dtype = np.dtype(kind)
    if not is_a(shape, list) or any(type(length) is not int or length < 0 for length in shape):
        raise ValueError("the shape is none")
    return np.frombuffer(held, dtype).reshape(tuple(shape)).copy()


def _to_scalar(payload: Any) -> Any:
    return _to_array(payload)[()]


def _exactly(cls: Any) -> Callable[[Any], Any]:
    """Make it from text or a list, and nothing else: ``set("ab")`` would be a value as well."""
    wanted = list if cls in (tuple, set, frozenset) else str

    makes: Any = cls

    def make(payload: Any) -> Any:
        if not is_a(payload, wanted):
            raise TypeError(f"{cls.__name__} wants {wanted.__name__}")
        if cls in (set, frozenset):
            _refuse_equal_hashes(payload)
        return makes(payload)

    return make


@lru_cache(maxsize=1)
def _by_type() -> dict[type, Tag]:
    from decimal import Decimal
    from pathlib import Path, PosixPath, PurePath, WindowsPath
    from uuid import UUID

    path = Tag("path", str, _exactly(Path))
    return {
        tuple: Tag("tuple", list, _exactly(tuple)),
        set: Tag("set", _members, _exactly(set)),
        frozenset: Tag("frozenset", _members, _exactly(frozenset)),
        complex: Tag("complex", repr, _exactly(complex)),
        datetime: Tag("datetime", _moment, _to_moment),
        date: Tag("date", date.isoformat, date.fromisoformat),
        time: Tag("time", _time, _to_time),
        timedelta: Tag(
            "timedelta", lambda v: [v.days, v.seconds, v.microseconds], lambda p: timedelta(*p)
        ),
        Decimal: Tag("decimal", str, _exactly(Decimal)),
        UUID: Tag("uuid", str, _exactly(UUID)),
        PosixPath: path,
        WindowsPath: path,
        PurePath: path,
    }


_ARRAY: Final = Tag("ndarray", _array, _to_array)
_SCALAR: Final = Tag("scalar", _array, _to_scalar)


def pairs_to_dict(payload: Any) -> dict[Any, Any]:
    """A dict from the list of its members."""
    _refuse_equal_hashes([key for key, _ in payload])
    made = {key: item for key, item in payload}  # noqa: C416 - each must be a pair
    if len(made) != len(payload):
        raise ValueError("two members have one key")
    return made


def _refuse_equal_hashes(items: list[Any]) -> None:
    # The hashes of numbers are no secret: many with one hash would make each look-up a search.
    if len(items) > _EQUAL_HASHES:
        from collections import Counter

        if max(Counter(map(hash, items)).values()) > _EQUAL_HASHES:
            raise UnsafeDataError("the members of a set or a dict are made to be slow to look up")


def _found(value: Any) -> Any:
    return value


class Tags:
    """Which values are written with a tag.

    *own* makes what only one format needs tags for, by their names; it finds those values itself.
    """

    def __init__(self, allow: Sequence[type[Any]], **own: Callable[[Any], Any]) -> None:
        self._by_type = _by_type()
        self._by_name = {tag.name: tag for tag in (*self._by_type.values(), _ARRAY, _SCALAR)}
        self._by_name.update({name: Tag(name, _found, make) for name, make in own.items()})
        self._enums = {_name(cls): cls for cls in allow if issubclass(cls, Enum)}
        self._by_name["enum"] = Tag("enum", self._member, self._to_member)

    def find(self, value: Any) -> Tag | None:
        """The tag for a value, if it needs one."""
        cls = class_of(value)
        tag = self._by_type.get(cls)
        if tag is not None:
            return tag
        if is_a(value, Enum):
            return self._by_name["enum"] if _name(cls) in self._enums else None
        numpy = present("numpy")
        if numpy is None:
            return None
        if cls is numpy.ndarray:
            return _ARRAY
        return _SCALAR if is_a(value, numpy.generic) else None

    def make(self, name: object, payload: Any) -> Any:
        """The value that a tag with this name and payload stands for.

        Raises:
            SerializationError: If there is no such tag, or this is nothing that it can stand for.
        """
        tag = self._by_name.get(name) if isinstance(name, str) else None
        if tag is None:
            raise SerializationError(f"there is no tag {name!r}")
        try:
            return tag.make(payload)
        except SerializationError:
            raise
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise SerializationError(
                f"the tag {name!r} holds nothing that it stands for"
            ) from error

    def _member(self, value: Enum) -> Any:
        return [_name(class_of(value)), value.name]

    def _to_member(self, payload: Any) -> Any:
        cls, member = payload
        return self._enums[cls][member]


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
