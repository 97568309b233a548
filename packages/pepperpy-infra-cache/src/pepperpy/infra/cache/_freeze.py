"""Hashable stand-ins for arguments, with which equal means the same, type by type."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict, deque
from collections.abc import Hashable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any, Final, cast

# Of exactly these classes a value can stand for itself: no value of another one equals it.
_SELF: Final = frozenset({str, bytes, type(None), type(...)})
_PLAIN: Final = _SELF | {int, bool}
_MOMENTS: Final = (dt.datetime, dt.time)
# Values of one class that are equal and yet not the same: (1,) and (True,), Decimal("1.0") and
# Decimal("1.00"), a moment and the same one in another time zone.
_MANIFOLD: Final = (
    tuple,
    Mapping,
    AbstractSet,
    complex,
    Decimal,
    memoryview,
    slice,
    range,
    *_MOMENTS,
)


class CannotFreezeError(Exception):
    """Nothing hashable says the same as a value.

    *kind* is the name of its class, and *problem* what is wrong with it.
    """

    def __init__(self, kind: str, problem: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.problem = problem or f"{kind} is not hashable"


class Mark:
    """Stands in a key where nothing that a caller passes can stand."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


def is_flat(value: object) -> bool:
    """Whether *value*, if it can be hashed, says all of itself together with its class.

    A tuple does not: ``(1,)``, ``(True,)`` and ``(1.0,)`` are of one class, and equal.  Nor does
    0.0, which equals -0.0, nor NaN, which equals nothing.
    """
    if value.__class__ in _PLAIN:
        return True
    if isinstance(value, float):
        return value < 0 or value > 0
    return not isinstance(value, _MANIFOLD)


def freeze(value: Any) -> Hashable:
    """What is equal for two values only if they are the same throughout, classes included.

    Lists, dicts, sets, arrays, dataclasses and pydantic models are taken by what they hold now; the
    order of a dict does not matter.

    Raises:
        CannotFreezeError: If *value*, or something in it, is neither hashable nor one of these, or
            contains itself.
    """
    try:
        return _freeze(value)
    except RecursionError:
        raise CannotFreezeError(type(value).__name__, CONTAINS_ITSELF) from None


CONTAINS_ITSELF: Final = "it contains itself, or is nested too deeply"


def thaw(part: Any) -> Any:
    """The value that `freeze` made *part* from, if it was flat; else anything else."""
    return part[1] if part.__class__ is tuple and len(part) == 2 else part


def fields_of(value: Any) -> tuple[Any, ...] | None:
    """What an object is made of, for equality, where its class declares that; else `None`."""
    kind = _class_of(value)
    if is_dataclass(kind):
        names = [each.name for each in fields(kind) if each.compare]
    elif hasattr(kind, "__pydantic_fields__"):
        own = cast("dict[str, Any]", vars(value))  # with what cached properties have worked out
        names = list(kind.__pydantic_fields__)
        return (
            *(own.get(name, ...) for name in names),
            value.__pydantic_extra__,
            value.__pydantic_private__,
        )
    elif hasattr(kind, "__attrs_attrs__"):
        names = [each.name for each in kind.__attrs_attrs__ if each.eq]
    elif hasattr(kind, "__struct_fields__"):  # msgspec
        names = kind.__struct_fields__
    else:
        return None
    return tuple(getattr(value, name) for name in names)


def is_array(value: Any) -> bool:
    """Whether *value* is an array of numpy's, or quite like one."""
    return hasattr(value, "dtype") and hasattr(value, "tobytes")


# Flat values give pairs of class and value, and all others something longer: `thaw` relies on it.


def _freeze(value: Any) -> Hashable:
    kind = _class_of(value)
    if kind in _SELF:
        return value  # type: ignore[no-any-return]
    held = _held(value, kind) or _told_by_text(value)
    if held is not None:
        return (kind, *held)
    try:
        hash(value)
    except TypeError:
        return (kind, "inside", _inside(value))
    return (kind, value)


def _class_of(value: Any) -> Any:
    return cast("Any", type(value))


def _held(value: Any, kind: Any) -> tuple[Hashable, ...] | None:
    """What a builtin container holds, and how; `None` for all else."""
    if issubclass(kind, (list, tuple)):
        return ("items", tuple(map(_freeze, value)))
    if issubclass(kind, Mapping):
        pairs = [(_freeze(k), _freeze(v)) for k, v in value.items()]
        ordered = issubclass(kind, OrderedDict)
        return ("ordered", tuple(pairs)) if ordered else ("pairs", frozenset(pairs))
    if issubclass(kind, AbstractSet):
        return ("members", frozenset(map(_freeze, value)))
    if kind is slice:  # it can be hashed from Python 3.12 on
        return ("items", *map(_freeze, (value.start, value.stop, value.step)))
    if issubclass(kind, memoryview):
        return ("bytes", value.tobytes(), value.format, value.shape)
    return ("bytes", bytes(value)) if issubclass(kind, bytearray) else None


def _told_by_text(value: Any) -> tuple[Hashable, ...] | None:
    """What tells numbers, ranges and moments from their equals."""
    if isinstance(value, float):
        return None if is_flat(value) else ("text", float.__repr__(value))
    if isinstance(value, complex):
        return ("text", complex.__repr__(value))
    if isinstance(value, Decimal):
        return ("text", Decimal.__repr__(value))
    if isinstance(value, range):
        return ("text", repr(value))
    if isinstance(value, _MOMENTS):
        return ("zone", value.replace(tzinfo=None), value.fold, _freeze(value.tzinfo))
    return None


def _inside(value: Any) -> tuple[Hashable, ...]:
    """What an unhashable object is made of."""
    if is_array(value):
        return _array(value)
    parts = fields_of(value)
    if parts is not None:
        return tuple(map(_freeze, parts))
    if issubclass(_class_of(value), deque):
        return tuple(map(_freeze, value))
    if hasattr(value, "typecode") and hasattr(value, "tobytes"):  # of the module `array`
        return (value.typecode, value.tobytes())
    # Nothing is guessed of others: the items of a data frame do not say what its columns are.
    raise CannotFreezeError(type(value).__name__)


def _array(value: Any) -> tuple[Hashable, ...]:
    from hashlib import blake2b

    if value.dtype.hasobject:
        return (str(value.dtype), value.shape, _freeze(value.tolist()))
    return (str(value.dtype), value.shape, blake2b(value.tobytes(), digest_size=32).digest())
