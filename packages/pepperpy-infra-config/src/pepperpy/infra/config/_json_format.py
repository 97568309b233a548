"""JSON: parsing without surprises, and finding lines again."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ._document import Fault, Parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+')


class _TwiceError(ValueError):
    pass


def parse(text: str) -> Parsed:
    """The value of a document; two equal keys in one object are refused."""
    try:
        return Parsed(json.loads(text, object_pairs_hook=_once))
    except json.JSONDecodeError as error:
        return Parsed(fault=Fault(error.msg.lower(), error.lineno, error.colno))
    except _TwiceError:
        return Parsed(fault=Fault("a key stands there twice", _twice(text)))
    except RecursionError:
        return Parsed(fault=Fault("it is nested too deep"))
    except ValueError:  # a number of more digits than Python reads
        return Parsed(fault=Fault("a number is too long"))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _TwiceError
    return made


def _twice(text: str) -> int | None:
    seen: set[tuple[str, ...]] = set()
    for path, line in _places(text):
        if path in seen:
            return line
        seen.add(path)
    return None


def section(text: str, line: int) -> str | None:
    """The last key of the outermost object at or above a line."""
    last = None
    for path, number in _places(text):
        if number > line:
            break
        last = path[0]
    return last


def locate(text: str, keys: Sequence[str]) -> int | None:
    """The line where the value is, or that which it lies in."""
    best, depth = None, 0
    for path, line in _places(text):
        if len(path) > depth and path == tuple(keys[: len(path)]):
            best, depth = line, len(path)
    return best


def _places(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Each key and item with the line that it stands in, in a text that may break off."""
    path: list[str] = []
    kinds: list[str] = []
    line, done, before = 1, 0, ""
    for found in _TOKEN.finditer(text):
        line += text.count("\n", done, found.start())
        done, piece = found.start(), found[0]
        begins_item = bool(kinds) and kinds[-1] == "[" and before in ("[", ",") and piece != "]"
        if begins_item:
            path[-1] = str(int(path[-1]) + 1)
            yield tuple(path), line
        if piece in "[{":
            kinds.append(piece)
            path.append("-1" if piece == "[" else "")
        elif piece in "]}":
            if not kinds:
                return
            kinds.pop()
            path.pop()
        elif kinds and kinds[-1] == "{" and before in ("{", ",") and piece.startswith('"'):
            path[-1] = _unquoted(piece)
            yield tuple(path), line
        before = piece


def _unquoted(piece: str) -> str:
    try:
        return str(json.loads(piece))
    except ValueError:
        return piece.strip('"')
