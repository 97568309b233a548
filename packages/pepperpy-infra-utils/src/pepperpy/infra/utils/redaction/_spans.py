"""How far a value reaches in a text: through quotes, brackets and the pieces of an expression.

Nothing here goes back over what it has read (possessive `++`), and what a call reads, it returns
as part of the value: a text is read once, whatever it holds.
"""

from __future__ import annotations

import re
from string import ascii_letters
from typing import NamedTuple

_STRING = re.compile(
    r'(?P<open>[A-Za-z]{0,2}+""")(?:[^"\\]|\\.?|"(?!""))*+(?P<close>(?:""")?)'
    r"|(?P<open1>[A-Za-z]{0,2}+''')(?:[^'\\]|\\.?|'(?!''))*+(?P<close1>(?:''')?)"
    r'|(?P<open2>[A-Za-z]{0,2}+")(?:[^"\\]|\\.?)*+(?P<close2>"?)'
    r"|(?P<open3>[A-Za-z]{0,2}+')(?:[^'\\]|\\.?)*+(?P<close3>'?)",
    re.DOTALL,
)
# The quotes of JSON in a string of JSON, at any depth.
_ESCAPED_OPEN = re.compile(r"""(\\++)(["'])""")
_ESCAPED_CLOSE = {
    '"': re.compile(r'(?<!\\)(\\*+)"'),
    "'": re.compile(r"(?<!\\)(\\*+)'"),
}
# A comma, a closing bracket or a quote belongs to a bare value if the value goes on after it.
_BARE = re.compile(
    r"""(?:[^\s&;,"'\\()\[\]{}>]++"""
    r"""|,++(?![\s&;)\]}>]|\\*+["']|\Z)"""
    r"""|[)\]}>]++(?![.:!?]*+(?:[\s&;,"'\\]|\Z))"""
    r"""|["'](?=\w)"""
    r"""|\\++(?!["']))++"""
)
_BRACKET = re.compile(r"""(?<!\\)\\*+["']|[\[({]|[\])}]""")
_ANGLES = re.compile(r"<[^<>\r\n]*+>")
_NEXT_STRING = re.compile(r"""([ \t]++)[A-Za-z]{0,2}+(["'])""")
_OR_A_STRING = re.compile(r"""[ \t]++(?:or|\+)[ \t]++(?=[A-Za-z]{0,2}+["'])""")
# What follows an annotation: `password: str | None = "x"`.
_ASSIGNED = re.compile(r"[ \t]*+(?:\|[ \t]*+None[ \t]*+)?=(?!=)[ \t]*+(?=\S)")
_SCHEME = re.compile(r"(?:basic|bearer|digest|negotiate|token)[ \t]++(?=[^\s=:])", re.IGNORECASE)

_LINE = re.compile(
    r"""(?:=\\*+"[^"\r\n]*+"?|=\\*+'[^'\r\n]*+'?|[^\r\n"'\\]|(?<=\w)["'](?=\w)|\\++(?!["']))++"""
)


class Span(NamedTuple):
    """A value in a text: where it ends, its quotes, and its pieces without quotes or brackets."""

    end: int
    opening: str
    closing: str
    words: tuple[str | None, ...]


def line_end(text: str, at: int) -> int:
    """Where the rest of a header ends: with its line, or with the quotes around both."""
    found = _LINE.match(text, at)
    return found.end() if found else at


def value_at(text: str, at: int) -> Span | None:
    """The value that begins at *at*; it takes in whatever still belongs to it."""
    if scheme := _SCHEME.match(text, at):
        first: Span | None = Span(scheme.end(), "", "", (None,))
    else:
        first = _piece(text, at)
    if first is None:
        return None
    # Whether a value goes on is told by how it began and by what follows, not by what was read
    # between: else a text that is masked already would be masked further.
    quote = first.opening.lstrip(ascii_letters)
    end, words = first.end, list(first.words)
    while (at := _next_piece(text, end, quote)) >= end and (piece := _piece(text, at)):
        end = piece.end
        words += piece.words
    return Span(end, first.opening, first.closing, tuple(words))


def _next_piece(text: str, end: int, quote: str) -> int:
    """Where the value goes on after *end*; -1 if it does not."""
    after = text[end : end + 1]
    if quote:
        if after.isalnum() or after == "_" or text.startswith(quote, end):
            return end
        glue = _NEXT_STRING.match(text, end)
        if glue and glue[2] == quote:
            return glue.end(1)
    elif (after and after in "([{") or _BARE.match(text, end):
        return end
    glue = _OR_A_STRING.match(text, end) or _ASSIGNED.match(text, end)
    return glue.end() if glue else -1


def _piece(text: str, at: int) -> Span | None:
    if text[at : at + 1] in ("(", "[", "{"):
        return Span(_closing(text, at), "", "", (None,))
    if text[at : at + 1] == "\\" and (escaped := _ESCAPED_OPEN.match(text, at)):
        end, closing = _escaped_end(text, escaped)
        return Span(end, escaped[0], closing, (None,))
    if found := _STRING.match(text, at):
        kind = next(kind for kind in ("", "1", "2", "3") if found["open" + kind] is not None)
        return Span(found.end(), found["open" + kind], found["close" + kind], (None,))
    if found := _ANGLES.match(text, at):
        return Span(found.end(), "", "", (None,))
    if found := _BARE.match(text, at):
        return Span(found.end(), "", "", (found[0],))
    return None


def _escaped_end(text: str, opened: re.Match[str]) -> tuple[int, str]:
    """Where a string ends whose quotes have backslashes; fewer of them end the string around it."""
    depth = len(opened[1])
    for found in _ESCAPED_CLOSE[opened[2]].finditer(text, opened.end()):
        if len(found[1]) <= depth:
            same = len(found[1]) == depth
            return (found.end(), found[0]) if same else (found.start(), "")
    return len(text), ""


def _closing(text: str, at: int) -> int:
    """Where the bracket at *at* is closed; the end of the text if it never is."""
    depth = 0
    while found := _BRACKET.search(text, at):
        at = found.end()
        if found[0][-1] in "\"'":
            string = _piece(text, found.start())
            at = max(at, string.end if string else at)
            continue
        depth += 1 if found[0] in "[({" else -1
        if depth == 0:
            return at
    return len(text)
