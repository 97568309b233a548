"""Rules for what holds other things."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from dataclasses import fields, is_dataclass
from typing import Any, overload

from ._bounds import class_of, plural, refused, shown, size, sizes
from ._errors import SchemaError
from ._spec import Spec, factory, recorded, spec_of
from ._validator import RuleValidator, Validator

_TEXT = (str, bytes, bytearray)
_LISTS = "(type({v}) is list or type({v}) is dict or type({v}) is tuple or type({v}) is set)"


def _is_collection(value: Any) -> bool:
    return isinstance(value, Sized) and not isinstance(value, _TEXT)


@factory
def min_items(count: int) -> Validator:
    """A collection of at least *count* items; text is none, see `min_length`.

    Examples:
        >>> min_items(1)(["a"]), min_items(1)([]), min_items(1)("a")
        (True, False, False)
    """
    limit = size("min_items", "the count", count)
    return RuleValidator(
        Spec(
            check=lambda value: _is_collection(value) and len(value) >= limit,
            code="min_items",
            message=f"must have at least {plural(limit, 'item')}",
            params={"limit": limit},
            fast=f"{_LISTS} and len({{v}}) >= {limit}",
            schema={"minItems": limit},
        )
    )


@factory
def max_items(count: int) -> Validator:
    """A collection of at most *count* items; text is none, see `max_length`.

    Examples:
        >>> max_items(1)({"a": 1}), max_items(1)([1, 2])
        (True, False)
    """
    limit = size("max_items", "the count", count)
    return RuleValidator(
        Spec(
            check=lambda value: _is_collection(value) and len(value) <= limit,
            code="max_items",
            message=f"must have at most {plural(limit, 'item')}",
            params={"limit": limit},
            fast=f"{_LISTS} and len({{v}}) <= {limit}",
            schema={"maxItems": limit},
        )
    )


@factory
def items_between(min_items: int, max_items: int) -> Validator:
    """A collection of *min_items* to *max_items* items, both included.

    Examples:
        >>> items_between(1, 2)({1, 2}), items_between(1, 2)([])
        (True, False)
    """
    least, most = sizes("items_between", min_items, max_items)
    return RuleValidator(
        Spec(
            check=lambda value: _is_collection(value) and least <= len(value) <= most,
            code="items_between",
            message=f"must have {least} to {plural(most, 'item')}",
            params={"min": least, "max": most},
            fast=f"{_LISTS} and {least} <= len({{v}}) <= {most}",
            schema={"minItems": least, "maxItems": most},
        )
    )


@factory
def contains(item: Any) -> Validator:
    """A collection, or a text, that has *item* in it.

    Examples:
        >>> contains("admin")(["user", "admin"]), contains("@")("a@b"), contains(3)(None)
        (True, True, False)
    """
    named = shown(item) if isinstance(item, (str, int, float, bytes)) else type(item).__name__
    return RuleValidator(
        Spec(
            check=lambda value: item in value,
            code="contains",
            message=f"must contain {named}",
            params={"item": item},
        )
    )


@overload
def unique_items() -> Validator: ...


@overload
def unique_items(value: object, /) -> bool: ...


def unique_items(*values: object) -> bool | Validator:
    """A collection that has no item twice, by ``==``; a rule by itself, called and not called.

    Lists, dicts and sets in it count by what they hold.  1 and 1.0 are the same item, 1 and True
    are not.  It takes linear time, but for objects that are neither hashable nor made of fields.

    Examples:
        >>> unique_items([[1], [2]]), unique_items([{"a": 1}, {"a": 1}]), unique_items("aa")
        (True, False, False)
    """
    if not values:
        return _UNIQUE
    if len(values) > 1:
        raise SchemaError(f"unique_items takes one collection; got {len(values)} values")
    value: Any = next(iter(values))
    if not isinstance(value, Iterable) or not isinstance(value, Sized):
        return False
    try:
        return _are_unique(value)
    except Exception as error:  # noqa: BLE001 - items with methods of their own
        return refused(error)


def _are_unique(items: Iterable[Any]) -> bool:
    seen: set[Any] = set()
    rest: list[Any] = []
    for item in items:
        frozen = _frozen(item)
        try:
            if frozen in seen:
                return False
            seen.add(frozen)
        except TypeError:  # an object that has no hash
            if item in rest:
                return False
            rest.append(item)
    return True


def _frozen(item: Any) -> Any:
    """Something hashable that is equal exactly where *item* is."""
    kind = class_of(item)
    freeze = _FREEZING.get(kind)
    if freeze is not None:
        return kind, freeze(item)
    if kind.__hash__ is None and is_dataclass(item):
        return kind, tuple(
            _frozen(getattr(item, each.name)) for each in fields(item) if each.compare
        )
    return item


def _each_frozen(items: Any) -> Any:
    return tuple(map(_frozen, items))


def _dict_frozen(item: dict[Any, Any]) -> Any:
    return frozenset((key, _frozen(each)) for key, each in item.items())


_FREEZING: dict[type, Any] = {
    bool: bool,
    list: _each_frozen,
    tuple: _each_frozen,
    dict: _dict_frozen,
    set: frozenset,
    bytearray: bytes,
}
recorded(code="unique_items", message="must have no item twice", schema={"uniqueItems": True})(
    unique_items
)
_UNIQUE = RuleValidator(spec_of(unique_items))
