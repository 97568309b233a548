"""Asking for the type of values that may be of any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# The builtin would narrow the value to a container of something unknown, for type checkers.
is_a: Callable[[object, Any], bool] = isinstance
class_of: Callable[[object], Any] = type


def derives_from(value: object, cls: type) -> bool:
    """What `isinstance` says, without the detour of pydantic's classes, which takes far longer."""
    return cls in type(value).__mro__


def kind_name(value: object) -> str:
    """What *value* is, without telling it: "a list", "the class Shop"."""
    if isinstance(value, type):
        return f"the class {value.__qualname__}"
    return f"a {type(value).__qualname__}"
