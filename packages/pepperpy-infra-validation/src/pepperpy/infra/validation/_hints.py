"""Types as rules: classes, and what `typing` makes of them.  Nothing is converted."""

from __future__ import annotations

import types
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Generator,
    Iterator,
    Mapping,
    MutableMapping,
    MutableSequence,
    Sequence,
)
from enum import Enum
from functools import partial
from inspect import isroutine
from typing import (
    Annotated,
    Any,
    ForwardRef,
    Literal,
    NewType,
    TypeVar,
    Union,
    Unpack,
    get_args,
    get_origin,
    get_type_hints,
)

from ._bounds import class_of, shown
from ._branches import All, Any_
from ._build import Steps, Want
from ._collections import max_items, min_items
from ._errors import SchemaError
from ._fields import Fields, Items, Key
from ._nodes import Anything, Leaf, Node
from ._numbers import is_integer, less_than, max_value, min_value, more_than, multiple_of
from ._spec import Spec, record_of
from ._strings import max_length, min_length
from ._types import (
    instance_spec,
    is_bool,
    is_dict,
    is_list,
    is_none,
    is_string,
    is_subclass_of,
)
from ._validator import RuleValidator, Validator

_PLAIN: dict[Any, Any] = {
    str: is_string,
    int: is_integer,
    bool: is_bool,
    dict: is_dict,
    list: is_list,
    type(None): is_none,
}
_CALLABLE: Any = Callable
_OF_JSON = {str, int, bool, type(None)}
_MAPPINGS = (dict, Mapping, MutableMapping)
_TO_BE_CONSUMED = (
    Iterator,
    Generator,
    Awaitable,
    Coroutine,
    AsyncIterable,
    AsyncIterator,
    AsyncGenerator,
)
_SEQUENCES = (list, tuple, set, frozenset, Sequence, MutableSequence, Collection)


def is_hint(rule: Any) -> bool:
    """Whether *rule* is a type, or something that stands for types."""
    return (
        isinstance(rule, (type, types.UnionType, TypeVar, NewType, ForwardRef))
        or rule is Any
        or get_origin(rule) is not None
        or type(rule).__module__ in ("typing", "typing_extensions")
        or _guest_kind(rule) is not None
    )


def steps(hint: Any) -> Node | Steps:
    """The node of a type, or the steps that build it."""
    if hint is Any or hint is object:
        return Anything()
    meant = _standing_for(hint)
    if meant is not None:
        return _passing_on(meant)
    if _guest_kind(hint) is not None:
        return _guest(hint)
    origin = get_origin(hint)
    if origin is None:
        return _class(hint)
    if getattr(hint, "__unpacked__", False) or origin is Unpack:
        raise SchemaError(f"{hint} stands for several types, where one is due")
    if not hasattr(hint, "__args__"):  # as typing.List without brackets
        return _passing_on(origin)
    make = _ORIGINS.get(origin)
    return _guest(hint) if make is None else make(hint, origin, get_args(hint))


def _standing_for(hint: Any) -> Any:
    """What a type is another name of, if it is."""
    if isinstance(hint, NewType):
        return hint.__supertype__
    if getattr(get_origin(hint), "_name", "") in ("Required", "NotRequired", "ReadOnly"):
        return get_args(hint)[0]
    if isinstance(hint, TypeVar):
        bound: Any = Union[hint.__constraints__] if hint.__constraints__ else hint.__bound__  # noqa: UP007
        return Any if bound is None else bound
    # type X = ..., of Python 3.12
    return getattr(hint, "__value__", None) if type(hint).__name__ == "TypeAliasType" else None


def _class(hint: Any) -> Node | Steps:
    plain = record_of(_PLAIN.get(hint))
    if plain is not None:
        return Leaf(plain)
    if hint is float:
        return Leaf(_FLOAT)
    if not isinstance(hint, type):
        raise SchemaError(f"{hint!r} is no type that a value can be checked against")
    try:
        isinstance(None, hint)
    except TypeError as error:
        raise SchemaError(f"{hint.__name__} can't be checked against: {error}") from error
    return Leaf(instance_spec((hint,)))


def _is_real(value: Any) -> bool:
    return isinstance(value, (float, int)) and not isinstance(value, bool)


# As type checkers have it, an int is good where a float is due.
_FLOAT = Spec(
    check=_is_real,
    code="number",
    message="must be a number",
    fast="(type({v}) is float or type({v}) is int)",
    atomic=True,
    schema={"type": "number"},
)


def _passing_on(rule: Any) -> Steps:
    return (yield Want(rule))


def _any_of(_: Any, __: Any, arms: tuple[Any, ...]) -> Steps:
    nodes: list[Node] = []
    for arm in arms:
        nodes.append((yield Want(arm)))  # noqa: PERF401 - a comprehension cannot yield
    return Any_(nodes)


def _consumable(_: Any, origin: Any, __: Any) -> Node | Steps:
    return _class(origin)  # whoever looked at the items would take them away


def _callable(_: Any, __: Any, ___: tuple[Any, ...]) -> Node:
    # What it takes and returns, it does not tell.
    return Leaf(instance_spec((_CALLABLE,), message="must be callable", code="callable"))


def _subclass(_: Any, __: Any, classes: tuple[Any, ...]) -> Steps:
    wanted = _standing_for(classes[0]) or classes[0]
    return _passing_on(is_subclass_of(object if wanted is Any else wanted))


def _items(_: Any, __: Any, arguments: tuple[Any, ...]) -> Steps:
    key, item = arguments
    return Items((yield Want(key)), (yield Want(item)))


def _sequence(_: Any, origin: Any, arguments: tuple[Any, ...]) -> Steps:
    if origin is tuple and arguments[-1:] != (...,):
        return _row(arguments)
    return _alike(origin, arguments[0])


def _row(arguments: tuple[Any, ...]) -> Steps:
    nodes: list[Node] = []
    for argument in arguments:
        nodes.append((yield Want(argument)))  # noqa: PERF401 - a comprehension cannot yield
    from ._rows import Row

    return Row(nodes)


def _alike(origin: Any, argument: Any) -> Steps:
    from ._rows import Alike

    item = yield Want(argument)
    return Alike(origin if origin in (list, tuple, set, frozenset) else None, item)


def typed_dict(hint: Any, fields: Fields) -> Steps:
    """The steps that put the keys of a TypedDict into *fields*."""
    keys: list[Key] = []
    for name, inner in get_type_hints(hint, include_extras=True).items():
        # `__required_keys__` does not see what stands in annotations that are text.
        required = _said_required(inner)
        required = name in hint.__required_keys__ if required is None else required
        keys.append(Key(name, (yield Want(inner, name)), required=required))
    fields.complete(keys)
    return fields


def _said_required(hint: Any) -> bool | None:
    while (origin := get_origin(hint)) is not None:
        name = getattr(origin, "_name", "")
        if name in ("Required", "NotRequired"):
            return name == "Required"
        if origin is not Annotated and name != "ReadOnly":
            return None
        hint = get_args(hint)[0]
    return None


def _literal(_: Any, __: Any, values: tuple[Any, ...]) -> Node:
    known: list[Any] = [(type(value), value) for value in values]
    named = " or ".join(map(shown, values))
    written = [value.value if isinstance(value, Enum) else value for value in values]
    return Leaf(
        Spec(
            check=lambda value: (type(value), value) in known,
            code="literal",
            message=f"must be {named}",
            params={"values": list(values)},
            schema={"enum": written} if {*map(type, written)} <= _OF_JSON else None,
        )
    )


def _annotated(hint: Any, _: Any, arguments: tuple[Any, ...]) -> Steps | Node:
    base, *notes = arguments
    if any(_is_for_pydantic(note) for note in notes):
        return _guest(hint)
    return _all_of([base, *(rule for note in notes for rule in _constraints(note))])


def _all_of(rules: list[Any]) -> Steps:
    nodes: list[Node] = []
    for rule in rules:
        nodes.append((yield Want(rule)))  # noqa: PERF401 - a comprehension cannot yield
    return All(nodes) if len(nodes) > 1 else nodes[0]


def _constraints(note: Any) -> Iterator[Any]:
    """The rules in a note; notes of unknown kinds are for others."""
    if isinstance(note, (Validator, partial)) or isroutine(note):
        yield note
    elif hasattr(class_of(note), "__is_annotated_types_grouped_metadata__"):
        for each in note:
            yield from _constraints(each)
    elif class_of(note).__module__.partition(".")[0] == "annotated_types":
        yield from _vocabulary(note)


def _vocabulary(note: Any) -> Iterator[Any]:
    """What a note of the package annotated-types means."""
    for name, value in _slots(note):
        if value is not None and name in _MEANINGS:
            yield _MEANINGS[name](value)
    if class_of(note).__name__ == "Predicate":
        yield note.func


def _slots(note: Any) -> Iterator[tuple[str, Any]]:
    for name in getattr(class_of(note), "__dataclass_fields__", ()):
        yield name, getattr(note, name)


def _least(count: int) -> Validator:
    return _sized(min_length(count), min_items(count))


def _most(count: int) -> Validator:
    return _sized(max_length(count), max_items(count))


def _sized(text: Any, items: Any) -> Validator:
    return RuleValidator(
        Spec(
            check=lambda value: (text if isinstance(value, str) else items).spec.check(value),
            code=text.spec.code,
            message=f"{text.spec.message.removesuffix('s').removesuffix(' character')} characters or items",
            params=text.spec.params,
            schema={**text.spec.schema, **items.spec.schema, "type": ["string", "array", "object"]},
        )
    )


_MEANINGS: dict[str, Any] = {
    "gt": more_than,
    "ge": min_value,
    "lt": less_than,
    "le": max_value,
    "multiple_of": multiple_of,
    "min_length": _least,
    "max_length": _most,
}


def _guest_kind(hint: Any) -> str | None:
    """Whether pydantic has to be asked, since the type says of itself how."""
    if isinstance(hint, type) and (
        hasattr(hint, "__get_pydantic_core_schema__") or hasattr(hint, "__pydantic_validator__")
    ):
        return "class"
    is_adapter = type(hint).__module__.startswith("pydantic.") and hasattr(hint, "validate_python")
    return "adapter" if is_adapter else None


def _is_for_pydantic(note: Any) -> bool:
    kind = class_of(note)
    return kind.__module__.partition(".")[0] == "pydantic" or hasattr(
        note, "__get_pydantic_core_schema__"
    )


def _guest(hint: Any) -> Node:
    from ._guest import guest

    return guest(hint)


_ORIGINS: dict[Any, Any] = {
    Annotated: _annotated,
    Literal: _literal,
    Union: _any_of,
    types.UnionType: _any_of,
    **dict.fromkeys(_TO_BE_CONSUMED, _consumable),
    Callable: _callable,
    type: _subclass,
    **dict.fromkeys(_MAPPINGS, _items),
    **dict.fromkeys(_SEQUENCES, _sequence),
}
