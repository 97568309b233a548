r"""``.env`` files: ``NAME=value`` lines with comments, quotes and ``export``.

What stands in single quotes is taken as it is; in double quotes ``\n``, ``\t``, ``\"``, ``\\`` and
``\$`` are escapes.  Quoted values may hold line breaks.  Nothing is ever replaced by the value of
another variable.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ._document import Fault, broken, decode

_NAME = re.compile(r"[^\S\n]*(?:export[^\S\n]+)?([^\s=#'\"]+)[^\S\n]*(=)?[^\S\n]*")
_SINGLE = re.compile(r"'([^']*)'")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PLAIN = re.compile(r"((?:[^\s#](?:\S|[^\S\n]+(?![\s#]|\Z))*)?)")
_REST = re.compile(r"[^\S\n]*(?:#[^\n]*)?(?:\n|\Z)")
_BLANK = re.compile(r"\s*(?:#[^\n]*(?:\n|\Z)\s*)*")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "$": "$", "'": "'"}


class Entry(NamedTuple):
    """One variable, and the line that it begins in."""

    value: str
    line: int

    def __repr__(self) -> str:
        return f"Entry(line={self.line})"  # the value may be a secret


def parse_dotenv(path: str, content: bytes) -> dict[str, Entry]:
    """The variables of a file; where one stands there twice, the last counts.

    Raises:
        ConfigSyntaxError: With the line.  The line's text is not told.
    """
    text = decode(path, content).replace("\r\n", "\n")
    entries: dict[str, Entry] = {}
    at = _skip(text, 0)
    line, counted = 1, 0
    while at < len(text):
        line += text.count("\n", counted, at)
        counted = at
        named = _NAME.match(text, at)
        if named is None or named[2] is None:
            raise broken(path, Fault("a line must be NAME=value, or a comment after #", line))
        value, at = _value(path, text, named.end(), line)
        rest = _REST.match(text, at)
        if rest is None:
            raise broken(path, Fault("text follows the closing quote", line))
        entries[named[1]] = Entry(value, line)
        at = _skip(text, rest.end())
    return entries


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _value(path: str, text: str, at: int, line: int) -> tuple[str, int]:
    quote = text[at : at + 1]
    if quote in ("'", '"') and quote:
        found = (_SINGLE if quote == "'" else _DOUBLE).match(text, at)
        if found is None:
            raise broken(path, Fault("the quote is never closed", line))
        inner = found[1]
        return (_unescaped(inner) if quote == '"' else inner), found.end()
    plain = _PLAIN.match(text, at)
    return (plain[1], plain.end()) if plain else ("", at)


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[0]), text)
