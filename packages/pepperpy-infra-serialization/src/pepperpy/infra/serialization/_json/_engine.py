"""The engines that write JSON: quick where a value is as they like it, and none of their own rules."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import isfinite
from typing import Any, Final

from pepperpy.infra.serialization._kinds import class_of

Dumps = Callable[[Any, Callable[[Any], Any], int], bytes]
"""Writes a value, or raises whatever it likes; takes what orjson takes."""

LEVELS: Final = 254
"""How deep orjson writes."""

_SCALARS: Final = frozenset({str, int, bool, type(None)})
_NAMES: Final = frozenset({str})
_MANY: Final = 4096
_EXPONENT: Final = 1e16


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

    This goes level by level: it is no deeper than the engine takes, and needs no stack.
    """
    level: list[Any] = [value]
    for _ in range(LEVELS):
        if len(level) > _MANY:
            # What is shared, or holds itself, would else grow with every level.
            level = [*{id(each): each for each in level}.values()]
        inner = _opened(level)
        if not inner:
            return inner is not None
        level = inner
    return False


def _opened(level: list[Any]) -> list[Any] | None:
    """What the containers of a level hold; `None` if something there is not as it should be."""
    inner: list[Any] = []
    names: list[Any] = []
    for each in level:
        kind = class_of(each)
        if kind in _SCALARS:
            continue
        if kind is dict:
            names += each
            inner += each.values()
        elif kind is list or kind is tuple:
            inner += each
        elif kind is not float or (abs(each) >= _EXPONENT and isfinite(each)):
            return None
    return inner if set(map(class_of, names)) <= _NAMES else None
