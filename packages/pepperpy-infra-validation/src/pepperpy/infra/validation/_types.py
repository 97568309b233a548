"""Rules for what kind of thing a value is."""

from __future__ import annotations

from types import UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin

from ._bounds import class_of
from ._errors import SchemaError
from ._spec import Spec, factory, recorded
from ._validator import RuleValidator, Validator

Classes: TypeAlias = type | UnionType | tuple[Any, ...]


@recorded(
    code="string",
    message="must be a string",
    fast="type({v}) is str",
    atomic=True,
    schema={"type": "string"},
)
def is_string(value: object) -> bool:
    """Text."""
    return isinstance(value, str)


@recorded(
    code="boolean",
    message="must be True or False",
    fast="type({v}) is bool",
    atomic=True,
    schema={"type": "boolean"},
)
def is_bool(value: object) -> bool:
    """True or False; 0 and 1 are neither."""
    return isinstance(value, bool)


@recorded(
    code="none", message="must be None", fast="{v} is None", atomic=True, schema={"type": "null"}
)
def is_none(value: object) -> bool:
    """None; with `any_of` it makes a value that may be missing: ``any_of(is_none, is_email)``."""
    return value is None


@recorded(code="not_none", message="must not be None", fast="{v} is not None")
def is_not_none(value: object) -> bool:
    """Anything but None."""
    return value is not None


@recorded(
    code="mapping", message="must be a mapping", fast="type({v}) is dict", schema={"type": "object"}
)
def is_dict(value: object) -> bool:
    """A dict."""
    return isinstance(value, dict)


@recorded(code="list", message="must be a list", fast="type({v}) is list", schema={"type": "array"})
def is_list(value: object) -> bool:
    """A list; a tuple is none."""
    return isinstance(value, list)


@recorded(code="set", message="must be a set", fast="type({v}) is set")
def is_set(value: object) -> bool:
    """A set or frozenset."""
    return isinstance(value, (set, frozenset))


@factory
def is_instance_of(*classes: Classes) -> Validator:
    """An instance of one of *classes*; True and False are instances of bool, and of int only with it.

    Examples:
        >>> (
        ...     is_instance_of(int, float)(1.5),
        ...     is_instance_of(int)(True),
        ...     is_instance_of((int, bool))(True),
        ... )
        (True, False, True)
    """
    return RuleValidator(instance_spec(flat("is_instance_of", classes)))


@factory
def is_subclass_of(*classes: Classes) -> Validator:
    """A class that derives from one of *classes*, or is one.

    Examples:
        >>> is_subclass_of(Exception)(ValueError), is_subclass_of(Exception)(ValueError())
        (True, False)
    """
    wanted = flat("is_subclass_of", classes)
    return RuleValidator(
        Spec(
            check=lambda value: isinstance(value, type) and issubclass(value, wanted),
            code="subclass_of",
            message=f"must be a subclass of {_names(wanted)}",
            params={"type": _names(wanted)},
        )
    )


def instance_spec(classes: tuple[type, ...], **instead: Any) -> Spec:
    """The rule that a value is an instance of one of *classes*."""
    named = _names(classes)
    what: dict[str, Any] = {
        "code": "instance_of",
        "message": f"must be an instance of {named}",
        "params": {"type": named},
        **instead,
    }
    if int in classes and bool not in classes:

        def check(value: Any) -> bool:
            return isinstance(value, classes) and not isinstance(value, bool)
    else:

        def check(value: Any) -> bool:
            return isinstance(value, classes)

    # `isinstance` may ask the class, or the value, and those may raise.
    fast = " or ".join(f"type({{v}}) is {{c{at}}}" for at in range(len(classes)))
    names = {f"c{at}": kind for at, kind in enumerate(classes)}
    return Spec(check=check, fast=f"({fast})", names=names, exact=False, **what)


def flat(rule: str, given: Any) -> tuple[type, ...]:
    """The classes in what `isinstance` would take."""
    if isinstance(given, UnionType) or get_origin(given) is Union:
        given = get_args(given)
    if class_of(given) is tuple:
        found = tuple(kind for each in given for kind in flat(rule, each))
        if found:
            return found
    if isinstance(given, type) and get_origin(given) is None:
        return (given,)
    if given is None:
        return (type(None),)
    raise SchemaError(f"{rule}() must be given classes; got {given!r}")


def _names(classes: tuple[type, ...]) -> str:
    return " or ".join(kind.__name__ for kind in classes)
