"""What kind of thing a class is: data with fields, or a value; and the errors about that."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

from ._errors import UtilsError

if TYPE_CHECKING:
    from collections.abc import Callable

# For values of any type, which the builtins would narrow to containers of something unknown.
is_a: Callable[[object, Any], bool] = isinstance
class_of: Callable[[object], Any] = type


class ObjectConversionError(UtilsError, TypeError, ValueError):
    """An object can't become a dict, or a dict not the object that was asked for.

    *where* is an attribute: the place inside the object or data, like ``user.children[0]``.
    """

    code = "utils-object-conversion"


class UnsafeKeyError(ObjectConversionError):
    """The data has a key like ``__class__``, which would reach into the machinery of objects.

    *key* and *where* are attributes.
    """

    code = "utils-unsafe-key"


def refuse(problem: str, where: str) -> NoReturn:
    """Say what is wrong, and where.

    Raises:
        ObjectConversionError: Always.
    """
    raise ObjectConversionError(problem, where=where)


def is_data(cls: type, *, asked: bool = False) -> bool:
    """Whether objects of the class are taken apart and made from dicts; else they are values.

    What derives from a date is a date; where the user *asked* for this very class, it is not.
    """
    from enum import Enum

    if Enum in cls.__mro__:
        return False
    if declares_fields(cls):
        return True
    if asked or _is_standard(cls):
        return not _is_standard(cls)
    return not any(_is_standard(base) for base in cls.__mro__ if not _is_form(base))


def _is_standard(cls: type) -> bool:
    return cls.__module__.partition(".")[0] in sys.stdlib_module_names


def _is_form(base: type) -> bool:
    """Whether deriving from the base makes no value: it is an interface, an error or a namespace."""
    if base is object or issubclass(base, (BaseException, SimpleNamespace)):
        return True
    return base.__module__ in ("abc", "typing", "collections.abc")


def is_named_tuple(cls: type) -> bool:
    """Whether the class is a tuple whose items have names."""
    return tuple in cls.__mro__ and hasattr(cls, "_fields")


def declares_fields(cls: type) -> bool:
    """Whether the class itself tells which fields its objects have."""
    return (
        cls is SimpleNamespace
        or is_named_tuple(cls)
        or any(
            hasattr(cls, mark)
            for mark in ("__dataclass_fields__", "__attrs_attrs__", "__struct_fields__")
        )
    )


def slot_names(cls: type) -> list[str]:
    """The slots of the class and of what it derives from, those first."""
    names: list[str] = []
    for base in reversed(cls.__mro__):
        slots = base.__dict__.get("__slots__", ())
        names.extend([slots] if isinstance(slots, str) else slots)
    return names
