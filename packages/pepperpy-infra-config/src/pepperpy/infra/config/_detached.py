"""Copies that share no list, dict or set with what they were made of."""

from __future__ import annotations

from collections import deque
from copy import copy
from dataclasses import fields, is_dataclass
from typing import Any, Final

from pydantic import BaseModel

from ._kinds import derives_from, is_a

_PLAIN = frozenset({str, int, float, bool, type(None)})
_DEPTH: Final = 100  # for what holds itself


def detached(value: Any, depth: int = 0) -> Any:
    """*value*, or a copy of it if something in it can be changed.

    Unlike a deep copy it takes what nobody can copy, like a lock, as it is.
    """
    if type(value) in _PLAIN or depth > _DEPTH:
        return value
    if derives_from(value, BaseModel):
        return _model(value, depth + 1)
    if is_dataclass(value) and not isinstance(value, type):
        return _dataclass(value, depth + 1)
    return _container(value, depth + 1)


def _container(value: Any, depth: int) -> Any:
    if is_a(value, dict):
        copied = copy(value)
        copied.update({key: detached(item, depth) for key, item in value.items()})
        return copied
    if is_a(value, (list, deque)):
        copied = copy(value)
        for at, item in enumerate(value):
            copied[at] = detached(item, depth)
        return copied
    if is_a(value, (set, bytearray)):
        return copy(value)
    if is_a(value, tuple):
        items = [detached(item, depth) for item in value]
        if any(new is not old for new, old in zip(items, value, strict=True)):
            return value._make(items) if hasattr(value, "_make") else tuple(items)
    return value


def _changed(named: dict[str, Any], depth: int) -> dict[str, Any]:
    return {
        name: copied
        for name, item in named.items()
        if type(item) not in _PLAIN and (copied := detached(item, depth)) is not item
    }


def _model(model: BaseModel, depth: int) -> BaseModel:
    changed = _changed(vars(model), depth)
    extra = model.__pydantic_extra__ and _changed(model.__pydantic_extra__, depth)
    if not changed and not extra:
        return model
    copied = copy(model)
    vars(copied).update(changed)
    if extra and copied.__pydantic_extra__ is not None:
        copied.__pydantic_extra__.update(extra)
    return copied


def _dataclass(value: Any, depth: int) -> Any:
    named = {each.name: getattr(value, each.name, None) for each in fields(value)}
    changed = _changed(named, depth)
    if not changed:
        return value
    copied = copy(value)
    for name, item in changed.items():
        object.__setattr__(copied, name, item)  # it may be frozen
    return copied
