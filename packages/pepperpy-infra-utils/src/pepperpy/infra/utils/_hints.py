"""The annotations of a class, resolved one by one, and what they mean where they stand."""

from __future__ import annotations

import sys
import typing
from collections.abc import Container, Mapping
from dataclasses import InitVar
from types import FunctionType, MappingProxyType
from typing import (
    Annotated,
    Any,
    Final,
    NamedTuple,
    NewType,
    NotRequired,
    Required,
    Self,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

from ._shape import class_of, declares_fields, is_a

# They say something about a field and nothing about its type.  ReadOnly came with Python 3.13.
_QUALIFIERS: tuple[Any, ...] = (
    Annotated,
    Final,
    Required,
    NotRequired,
    getattr(typing, "ReadOnly", None),
)


class Hint(NamedTuple):
    """A type, and what its type variables and `Self` stand for at this place."""

    type: Any
    names: Mapping[Any, Any] = MappingProxyType({})

    @property
    def origin(self) -> Any:
        """The class without what stands in brackets behind it."""
        return get_origin(self.type) or self.type

    @property
    def arguments(self) -> list[Hint]:
        """What stands in the brackets."""
        return [Hint(each, self.names) for each in get_args(self.type)]

    def bare(self) -> Hint:
        """The type itself: without a qualifier, `NewType`, a type variable or an alias around it."""
        inner: Any = self.type
        if self.origin in _QUALIFIERS and self.arguments:
            return self.arguments[0].bare()
        if inner is Self or isinstance(inner, TypeVar):
            return self.names.get(inner) or Hint(getattr(inner, "__bound__", None) or Any).bare()
        if class_of(self.origin).__name__ == "TypeAliasType":
            names = zip(self.origin.__type_params__, self.arguments, strict=False)
            return Hint(self.origin.__value__, {name: each.bare() for name, each in names}).bare()
        if is_a(inner, NewType):
            return Hint(inner.__supertype__, self.names).bare()
        if is_a(inner, InitVar):
            return Hint(inner.type, self.names).bare()
        return self


class Unresolved(NamedTuple):
    """An annotation that names something that can't be found."""

    text: str
    problem: str


def hints_of(hint: Hint) -> dict[str, Hint]:
    """Types by name: of the class's annotations, and of its constructor's parameters."""
    bases: Any = hint.origin.__mro__[:-1]
    names = _names_by_class(hint, hint)
    types: dict[str, Hint] = {}
    for base in reversed(bases):
        types |= _hints(base, base, names)
    maker = next((base for base in bases if "__init__" in vars(base)), object)
    if isinstance(maker.__init__, FunctionType):
        # A constructor that was made from the fields knows no better.
        known = types if declares_fields(maker) else {}
        types |= _hints(maker.__init__, maker, names, known)
    types.pop("return", None)
    return {name: each for name, each in types.items() if not _is_class_variable(each.type)}


def _names_by_class(hint: Hint, own: Hint) -> dict[type, dict[Any, Hint]]:
    """For each class that *hint* derives from, what its type variables stand for in it."""
    cls = hint.origin
    if not isinstance(cls, type):  # NamedTuple and TypedDict are functions
        return {}
    variables = getattr(cls, "__parameters__", ())
    names: dict[Any, Hint] = {Self: own}
    names.update(zip(variables, (each.bare() for each in hint.arguments), strict=False))
    found = {cls: names}
    for base in vars(cls).get("__orig_bases__", cls.__bases__):
        found |= _names_by_class(Hint(base, names), own)
    return found


def _hints(
    owner: Any,
    cls: type,
    names: Mapping[type, Mapping[Any, Hint]],
    known: Container[str] = (),
) -> dict[str, Hint]:
    annotations = {name: each for name, each in _annotations(owner).items() if name not in known}
    resolved = _resolved(annotations, _names_for(owner, cls))
    return {name: Hint(each, names.get(cls, {})) for name, each in resolved.items()}


def _resolved(annotations: Mapping[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    resolved: dict[str, Any] = {}
    for name, hint in annotations.items():
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
