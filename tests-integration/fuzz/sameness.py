"""Whether two values are the same, as strictly as Python can tell."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any


def same(one: Any, other: Any, *, lists: bool = False) -> bool:
    """Whether types and values are equal: 1 and 1.0 differ, NaN is NaN, -0.0 is not 0.0.

    Values may contain themselves, be shared, and be nested to any depth.  With *lists*, a list
    may stand for a tuple or a set, and text for a date or a moment.
    """
    seen: set[tuple[int, int]] = set()
    rest = [(one, other)]
    while rest:
        left, right = rest.pop()
        pair = id(left), id(right)
        if pair in seen:
            continue
        if lists:
            left, right = _simpler(left, right)
        if type(left) is not type(right):
            return False
        ours, theirs = _inner(left), _inner(right)
        if ours is None or theirs is None:
            if not _equal(left, right):
                return False
            continue
        if len(ours) != len(theirs):
            return False
        seen.add(pair)
        rest += zip(ours, theirs, strict=True)
    return True


def weight(value: Any, most: int) -> int:
    """How many values it is when each place counts, up to *most*."""
    rest, count = [value], 0
    while rest and count < most:
        count += 1
        rest += (_inner(rest.pop()) or [])[:most]
    return count


def _inner(value: Any) -> list[Any] | None:
    if isinstance(value, (list, tuple)):
        return [*value]
    if isinstance(value, dict):
        return [*value, *value.values()]
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        return [getattr(value, name, None) for name in value.__dataclass_fields__]
    return None


def _simpler(left: Any, right: Any) -> tuple[Any, Any]:
    if isinstance(left, date) and isinstance(right, str):
        return left.isoformat(), right
    if isinstance(left, tuple) and isinstance(right, list):
        return [*left], right
    if isinstance(left, set) and isinstance(right, list):
        return _sorted(left), _sorted(right)
    return left, right


def _sorted(values: Iterable[Any]) -> list[str]:
    return sorted(map(repr, values))


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, float):
        return repr(left) == repr(right) and math.copysign(1, left) == math.copysign(1, right)
    if isinstance(left, (complex, type)):
        return repr(left) == repr(right)
    if isinstance(left, (set, frozenset)):
        return _sorted(left) == _sorted(right)
    if hasattr(left, "dtype"):
        alike = left.dtype == right.dtype and left.shape == right.shape
        return bool(alike and left.tobytes() == right.tobytes())
    if isinstance(left, datetime) and left == right:
        return bool(left.fold == right.fold)
    return bool(left == right or repr(left) == repr(right))
