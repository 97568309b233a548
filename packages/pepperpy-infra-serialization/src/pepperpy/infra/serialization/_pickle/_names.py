"""The names that a safe pickle may ask for, and what it gets for them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.serialization._errors import UnsafeDataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ._scan import Name, Names

UUID_NAME: Final = ("uuid", "UUID")
NDARRAY: Final = ("numpy", "ndarray")

_FACTORIES: Final[Mapping[Name, object]] = {
    ("builtins", kind.__name__): kind
    for kind in (bool, bytes, dict, float, frozenset, int, list, set, str, tuple)
}
"""What a defaultdict may make; as values only, since many of them can be made to take for ever."""


def resolve(names: Names, allowed: Mapping[Name, object]) -> dict[Name, object]:
    """What each name in the pickle stands for.

    Raises:
        UnsafeDataError: One is neither plain data nor among *allowed*.
    """
    return {name: _resolve(name, names, allowed) for name in names.asked}


def _resolve(name: Name, names: Names, allowed: Mapping[Name, object]) -> object:
    if name in allowed:
        return allowed[name]
    if name in names.stored:
        if name in _CLASSES:
            return _callables()[name]
        # A set of what a range has is the only one that could take for ever.
        if name in _FACTORIES and (
            name not in names.called or (name in _SETS and _RANGE not in names.asked)
        ):
            return _FACTORIES[name]
    elif name in _callables():
        return _callables()[name]
    raise refusal(name)


def refusal(name: Name) -> UnsafeDataError:
    """The error for a name that nobody allowed."""
    text = f"{name[0]}.{name[1]}"
    return UnsafeDataError(
        f"the pickle asks for {text}, which is no plain data; "
        "if it comes from where you trust, allow=[...] takes the class"
    )


def by_name(allow: Iterable[Any]) -> dict[Name, object]:
    """The classes and functions in *allow* by the names that pickles have for them."""
    return {(item.__module__, item.__qualname__): item for item in allow}


_RANGE: Final = ("builtins", "range")
_SETS: Final = frozenset({("builtins", "set"), ("builtins", "frozenset")})

# Callables of which the class itself is given out: no argument makes them do anything but fail.
_CLASSES: Final = frozenset(
    {
        ("builtins", "complex"),
        _RANGE,
        ("builtins", "slice"),
        ("datetime", "timedelta"),
        ("datetime", "timezone"),
        ("zoneinfo", "ZoneInfo"),
        UUID_NAME,
    }
)


@cache
def _callables() -> dict[Name, object]:
    import datetime as dt
    import pathlib
    import uuid
    import zoneinfo

    from . import _makers

    paths: dict[Name, object] = {
        (module, kind.__name__): kind
        for module in ("pathlib", "pathlib._local")
        for kind in (
            pathlib.PosixPath,
            pathlib.PurePosixPath,
            pathlib.PureWindowsPath,
            pathlib.WindowsPath,
        )
    }
    return {
        ("builtins", "bytearray"): _makers.make_bytearray,
        ("builtins", "bytes"): _makers.make_bytes,
        ("builtins", "complex"): complex,
        ("builtins", "frozenset"): _makers.make_frozenset,
        ("builtins", "getattr"): _makers.zone_maker,
        _RANGE: range,
        ("builtins", "set"): _makers.make_set,
        ("builtins", "slice"): slice,
        ("_codecs", "encode"): _makers.encode,
        ("collections", "Counter"): _makers.make_counter,
        ("collections", "OrderedDict"): _makers.make_ordered_dict,
        ("collections", "defaultdict"): _makers.make_defaultdict,
        ("collections", "deque"): _makers.make_deque,
        ("datetime", "date"): _makers.make_date,
        ("datetime", "datetime"): _makers.make_datetime,
        ("datetime", "time"): _makers.make_time,
        ("datetime", "timedelta"): dt.timedelta,
        ("datetime", "timezone"): dt.timezone,
        ("decimal", "Decimal"): _makers.make_decimal,
        ("zoneinfo", "ZoneInfo"): zoneinfo.ZoneInfo,
        UUID_NAME: uuid.UUID,
        **paths,
    }


NUMPY: Final[Mapping[Name, str]] = {
    ("numpy", "dtype"): "make_dtype",
    NDARRAY: "ndarray",
    ("numpy._core.multiarray", "_reconstruct"): "start_array",
    ("numpy.core.multiarray", "_reconstruct"): "start_array",
    ("numpy._core.multiarray", "scalar"): "make_scalar",
    ("numpy.core.multiarray", "scalar"): "make_scalar",
    ("numpy._core.numeric", "_frombuffer"): "make_array",
    ("numpy.core.numeric", "_frombuffer"): "make_array",
}
