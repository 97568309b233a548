"""Where in the data something is: ``users[3].email``, and the parts that it is made of."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any, TypeAlias

Parts: TypeAlias = tuple[Any, ...]
"""Keys and indices from the outside in."""

# A key is written as it is unless that could be read otherwise: as nesting, index or quotation.
_BARE = re.compile(r"""[^\s.\[\]"'\\]++""").fullmatch
_TYPE: Any = type  # else checkers would see types of unknown things
_PLAIN = frozenset((int, bool, float, type(None), bytes, str))
_SEGMENT = re.compile(
    r"""(?:(?P<first>\A)|(?P<dot>\.))(?P<bare>[^\s.\[\]"'\\]++)"""
    r"""|\[(?P<index>-?[0-9]++)\]|\[(?P<quoted>"(?:[^"\\]|\\.)*+")\]""",
    re.DOTALL,
)


def render(parts: Parts) -> str:
    """The path in text; nothing for the data itself.

    Examples:
        >>> render(("users", 3, "email")), render(("a.b",))
        ('users[3].email', '["a.b"]')
    """
    if len(parts) == 1 and type(parts[0]) is str and parts[0].isidentifier():
        return parts[0]  # most are like that
    text = ""
    for part in parts:
        if type(part) is str and (
            part.isidentifier() or (_BARE(part) is not None and part.isprintable())
        ):
            text = f"{text}.{part}" if text else part
        else:
            text = f"{text}[{_bracketed(part)}]"
    return text


def parse(path: str) -> Parts:
    """The parts of a path in text; one part if it is no path."""
    parts: list[Any] = []
    at = 0
    while at < len(path):
        found = _SEGMENT.match(path, at)
        if found is None or (found["dot"] and at == 0):
            return (path,)
        parts.append(_part(found))
        at = found.end()
    return tuple(parts)


def _part(found: re.Match[str]) -> Any:
    import json

    if found["quoted"] is not None:
        return json.loads(found["quoted"], strict=False)
    return int(found["index"]) if found["index"] is not None else found["bare"]


def _bracketed(part: Any) -> str:
    import json

    if isinstance(part, str):
        return json.dumps(str(part), ensure_ascii=not part.isprintable())
    if _is_plain(part):
        with suppress(ValueError):  # an integer of more digits than Python writes down
            return repr(part)
    return f"<{type(part).__name__}>"  # its repr may be anything, and may raise


def _is_plain(part: Any) -> bool:
    kind = _TYPE(part)
    return all(map(_is_plain, part)) if kind is tuple else kind in _PLAIN
