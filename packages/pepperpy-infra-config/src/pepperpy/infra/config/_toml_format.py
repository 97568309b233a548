"""TOML: parsing, and finding lines again."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from ._document import Fault, Parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)\Z")
_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?\Z")
_KEY = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([\w-]+))\s*(\.|=|\Z)""")
_FENCE = re.compile(r'"""|\'\'\'')


def parse(text: str) -> Parsed:
    """The tables of a document."""
    try:
        return Parsed(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        problem = str(error)
    except RecursionError:
        return Parsed(fault=Fault("it is nested too deep"))
    found = _PLACE.search(problem)
    message = _PLACE.sub("", problem).lower()
    if found is None or found[1] is None:
        return Parsed(fault=Fault(message, text.count("\n") + 1))
    return Parsed(fault=Fault(message, int(found[1]), int(found[2])))


def section(text: str, line: int) -> str | None:
    """The last header above a line."""
    last = None
    for number, content in _outside_of_texts(text):
        if number > line:
            break
        if (found := _HEADER.match(content)) and (keys := _keys(found[2])):
            last = ".".join(keys)
    return last


def locate(text: str, keys: Sequence[str]) -> int | None:
    """The line where the value is, or that which it lies in."""
    table: list[str] = []
    counts: dict[tuple[str, ...], int] = {}
    best, depth = None, 0
    for number, content in _outside_of_texts(text):
        found = _HEADER.match(content)
        if found is not None and (named := _keys(found[2])):
            table = named
            if found[1] == "[[":
                counts[tuple(named)] = counts.get(tuple(named), -1) + 1
            path = _counted(table, counts)
        else:
            inner = _keys(content, ends="=")
            if not inner:
                continue
            path = [*_counted(table, counts), *inner]
        if len(path) > depth and path == list(keys[: len(path)]):
            best, depth = number, len(path)
        elif best is None and path[: len(keys)] == list(keys):
            best = number  # a table that has no header of its own
    return best


def _counted(table: list[str], counts: dict[tuple[str, ...], int]) -> list[str]:
    """The header's keys, with the number of the item behind each array of tables."""
    path: list[str] = []
    for at, key in enumerate(table, 1):
        path.append(key)
        if (number := counts.get(tuple(table[:at]))) is not None:
            path.append(str(number))
    return path


def _keys(text: str, ends: str = "") -> list[str]:
    """``a."b.c"`` as its parts; nothing if that is no key."""
    keys: list[str] = []
    at = 0
    while found := _KEY.match(text, at):
        keys.append(next(part for part in found.groups() if part is not None))
        at = found.end()
        if found[4] != ".":
            return keys if found[4] == ends else []
    return []


def _outside_of_texts(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines, without those that begin inside of a text of several lines."""
    fence = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not fence:
            yield number, line
        for found in _FENCE.findall(line):
            if not fence:
                fence = found
            elif fence == found:
                fence = ""
