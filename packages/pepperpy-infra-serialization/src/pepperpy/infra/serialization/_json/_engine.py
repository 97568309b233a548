"""The engines that write JSON: quick where a value is as they like it, and none of their own rules."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import chain
from math import isfinite
from operator import methodcaller
from typing import Any, Final

from pepperpy.infra.serialization._kinds import class_of

Dumps = Callable[[Any, Callable[[Any], Any], int], bytes]
"""Writes a value, or raises whatever it likes; takes what orjson takes."""

LEVELS: Final = 254
"""How deep orjson writes."""

_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_CONTAINERS: Final = frozenset({dict, list, tuple})
_EXPONENT: Final = 1e16
_values: Callable[[Any], Any] = methodcaller("values")


@cache
def engine() -> tuple[Dumps, int, int, int]:
    """The function that writes, and its options: always, for sorted keys, for an indent of two."""
    try:
        import orjson
    except ImportError:
        return _msgspec_dumps, 0, 1, 2
    # What has fields and times go through `unfold`: orjson would write what is cached in an
    # object, and cut seconds off an offset.
    always = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
    return orjson.dumps, always, orjson.OPT_SORT_KEYS, orjson.OPT_INDENT_2


class NotQuickError(Exception):
    """A value is not as the engine likes it."""


def _msgspec_dumps(value: Any, hook: Callable[[Any], Any], options: int) -> bytes:
    """Write what msgspec writes as orjson does.  It has rules of its own for everything else."""
    from msgspec import json

    del hook
    if not _quick(value):
        raise NotQuickError
    written = json.encode(value, order="sorted" if options & 1 else None)
    return json.format(written, indent=2) if options & 2 else written


def _quick(value: Any) -> bool:
    """Whether there are only containers with text as keys and scalars, and no float is huge.

    This goes level by level, so that loops of C do the work.
    """
    level: list[Any] = [value]
    for _ in range(LEVELS):
        kinds = set(map(class_of, level))
        if not kinds <= _SCALARS | _CONTAINERS:
            return False
        if float in kinds and not all(
            abs(each) < _EXPONENT or not isfinite(each) for each in level if class_of(each) is float
        ):
            return False
        if not kinds & _CONTAINERS:
            return True
        # By identity: what is shared, or holds itself, would else grow with every level.
        inner = {id(each): each for each in level if class_of(each) in _CONTAINERS}.values()
        dicts = [each for each in inner if class_of(each) is dict]
        if not set(map(class_of, chain.from_iterable(dicts))) <= {str}:
            return False
        lists = (each for each in inner if class_of(each) is not dict)
        level = [*chain.from_iterable(map(_values, dicts)), *chain.from_iterable(lists)]
    return False
