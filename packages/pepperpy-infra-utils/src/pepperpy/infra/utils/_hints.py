"""The annotations of a class, resolved one by one."""

from __future__ import annotations

import sys
from types import FunctionType
from typing import Any, NamedTuple, get_type_hints


class Unresolved(NamedTuple):
    """An annotation that names something that can't be found."""

    text: str
    problem: str


def hints_of(cls: type) -> dict[str, Any]:
    """Types by name: of the class's annotations, and of its constructor's parameters."""
    hints: dict[str, Any] = {}
    for base in reversed(cls.__mro__[:-1]):
        hints |= _resolved(base, base)
    constructor: object = getattr(cls, "__init__")  # noqa: B009 - of the class, and not bound
    if isinstance(constructor, FunctionType):
        hints |= _resolved(constructor, cls)
    hints.pop("return", None)
    return {name: hint for name, hint in hints.items() if not _is_class_variable(hint)}


def _resolved(owner: Any, cls: type) -> dict[str, Any]:
    names = _names_for(owner, cls)
    resolved: dict[str, Any] = {}
    for name, hint in _annotations(owner).items():
        # One at a time: a name that is only there for type checkers must not hide the others.
        holder = type("_", (), {"__annotations__": {name: hint}})
        try:
            resolved[name] = get_type_hints(holder, names, include_extras=True)[name]
        except (NameError, AttributeError, TypeError, SyntaxError) as error:
            resolved[name] = Unresolved(str(hint), str(error))
    return resolved


def _names_for(owner: Any, cls: type) -> dict[str, Any]:
    """What an annotation can name; of the class's own attributes only classes, as `list` may be one."""
    return {
        **{name: item for name, item in vars(cls).items() if isinstance(item, type)},
        **{parameter.__name__: parameter for parameter in getattr(owner, "__type_params__", ())},
        **vars(sys.modules.get(owner.__module__, sys)),
        cls.__name__: cls,
    }


def _annotations(owner: Any) -> dict[str, Any]:
    if sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        return get_annotations(owner, format=Format.FORWARDREF)
    from inspect import get_annotations

    return get_annotations(owner)


def _is_class_variable(hint: Any) -> bool:
    return "ClassVar[" in (hint.text if isinstance(hint, Unresolved) else repr(hint))[:24]
