"""Hashable stand-ins for arguments, with which equal means the same, type by type."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from typing import Any, Final

# Of exactly these classes a value can stand for itself: no value of another one equals it.
_SELF: Final = frozenset({str, bytes, type(None), type(...)})
_CONTAINERS: Final = (tuple, frozenset)


class CannotFreezeError(Exception):
    """Nothing hashable says the same as a value; *kind* is the name of its class."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def is_flat(value: object) -> bool:
    """Whether *value*, if it can be hashed, says all of itself together with its class.

    A tuple does not: ``(1,)``, ``(True,)`` and ``(1.0,)`` are of one class, and equal.
    """
    return not isinstance(value, _CONTAINERS)


def freeze(value: Any) -> Hashable:
    """What is equal for two values only if they are equal and of the same classes throughout.

    Lists, dicts, sets, arrays, dataclasses and pydantic models are taken by what they hold now; the
    order of a dict does not matter.

    Raises:
        CannotFreezeError: If *value*, or something in it, is neither hashable nor one of these, or
            contains itself.
    """
    try:
        return _freeze(value)
    except RecursionError:
        raise CannotFreezeError(type(value).__name__) from None


def thaw(part: Any) -> Any:
    """The value that `freeze` made *part* from, if it was flat; else anything else."""
    return part[1] if type(part) is tuple and len(part) == 2 else part


def _freeze(value: Any) -> Hashable:
    kind: Any = type(value)
    if kind in _SELF:
        return value  # type: ignore[no-any-return]
    held = _held(value)
    if held is not None:
        return (kind, *held)
    try:
        hash(value)
    except TypeError:
        return (kind, "inside", _inside(value))
    return (kind, value)


def _held(value: Any) -> tuple[Hashable, Hashable] | None:
    """What a builtin container holds, and how; `None` for all else."""
    if isinstance(value, (list, tuple)):
        return ("items", tuple(map(_freeze, value)))
    if isinstance(value, Mapping):
        return ("pairs", frozenset((_freeze(k), _freeze(v)) for k, v in value.items()))
    if isinstance(value, AbstractSet):
        return ("members", frozenset(map(_freeze, value)))
    return ("bytes", bytes(value)) if isinstance(value, (bytearray, memoryview)) else None


def _inside(value: Any) -> tuple[Hashable, ...]:
    """What an unhashable object is made of."""
    kind: Any = type(value)
    if hasattr(value, "dtype") and hasattr(value, "tobytes"):  # a numpy array
        return _array(value)
    if is_dataclass(kind):
        # What equality ignores does not tell two objects apart either.
        return tuple(_freeze(getattr(value, each.name)) for each in fields(kind) if each.compare)
    if hasattr(kind, "__pydantic_fields__"):
        return (_freeze(vars(value)), _freeze(value.__pydantic_extra__))
    if hasattr(kind, "__attrs_attrs__"):
        return tuple(_freeze(getattr(value, each.name)) for each in kind.__attrs_attrs__ if each.eq)
    if kind.__hash__ is None and hasattr(value, "__iter__") and hasattr(value, "__len__"):
        return tuple(map(_freeze, value))  # deques and others like them
    raise CannotFreezeError(kind.__name__)


def _array(value: Any) -> tuple[Hashable, ...]:
    from hashlib import blake2b

    if value.dtype.hasobject:
        return (str(value.dtype), value.shape, _freeze(value.tolist()))
    return (str(value.dtype), value.shape, blake2b(value.tobytes(), digest_size=32).digest())
