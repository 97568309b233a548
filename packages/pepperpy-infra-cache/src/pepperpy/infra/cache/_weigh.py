"""How many bytes a result takes, for caches that are bounded by bytes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any


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
        if isinstance(obj, (str, bytes, bytearray, int, float, type)):
            continue
        if isinstance(obj, Mapping):
            ahead.extend(obj.keys())
            ahead.extend(obj.values())
        elif isinstance(obj, (list, tuple, AbstractSet)):
            ahead.extend(obj)
        if hasattr(obj, "__dict__"):
            ahead.append(obj.__dict__)
    return total
