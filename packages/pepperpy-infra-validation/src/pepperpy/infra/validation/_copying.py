"""Copies of data: what the result holds shares nothing changeable with what was given."""

from __future__ import annotations

from typing import Any

from ._bounds import class_of

_FLAT: frozenset[Any] = frozenset((str, int, float, bool, type(None), bytes, complex))
CONTAINERS: frozenset[Any] = frozenset((dict, list, set, tuple, bytearray))


def copied(value: Any) -> Any:
    """*value* with every dict, list, set, tuple and bytearray in it copied; other objects stay."""
    return value if type(value) not in CONTAINERS else _copy(value, {})


def _copy(value: Any, known: dict[int, Any]) -> Any:
    kind = class_of(value)
    if kind in _FLAT or kind not in CONTAINERS:
        return value
    if id(value) in known:  # data may hold itself
        return known[id(value)]
    if kind is dict:
        fresh: dict[Any, Any] = {}
        known[id(value)] = fresh
        for key, item in value.items():
            fresh[key] = item if type(item) in _FLAT else _copy(item, known)
        return fresh
    if kind is list:
        items: list[Any] = []
        known[id(value)] = items
        items.extend([item if type(item) in _FLAT else _copy(item, known) for item in value])
        return items
    # What a set holds is hashable, and cannot be changed.
    made = tuple(_copy(item, known) for item in value) if kind is tuple else kind(value)
    known[id(value)] = made  # else what is shared at every depth would take exponential time
    return made
