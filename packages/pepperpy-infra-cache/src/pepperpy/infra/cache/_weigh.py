"""How many bytes a result takes, for caches that are bounded by bytes."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from types import MemberDescriptorType
from typing import Any, Final, cast

_WHOLE: Final = (str, bytes, bytearray, int, float, type)
"""Of these the size says all."""


def weight_of(value: Any) -> int:
    """The size of *value* in bytes, with all that builtin containers and attributes in it hold.

    What stands in it twice counts once.  What lies outside of Python's memory counts only if the
    object tells, as arrays do.
    """
    seen: set[int] = set()
    ahead: list[Any] = [value]
    total = 0
    while ahead:
        obj = ahead.pop()
        if id(obj) in seen:
            continue
        seen.add(id(obj))
        total += sys.getsizeof(obj, 64)
        if not isinstance(obj, _WHOLE):
            ahead.extend(_held_by(obj))
    return total


def _held_by(obj: Any) -> Iterator[Any]:
    kind = cast("Any", type(obj))
    if issubclass(kind, Mapping):
        yield from obj.keys()
        yield from obj.values()
    elif issubclass(kind, (list, tuple, deque, AbstractSet)):
        yield from obj
    if hasattr(obj, "__dict__"):
        yield obj.__dict__
    parents: tuple[type, ...] = kind.__mro__
    for parent in parents:
        for slot in vars(parent).values():
            if isinstance(slot, MemberDescriptorType):
                with suppress(AttributeError):  # nothing in it
                    yield slot.__get__(obj)
