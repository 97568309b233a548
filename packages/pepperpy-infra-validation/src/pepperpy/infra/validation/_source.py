"""What a rule is called in messages: the text of a lambda, the name of a function."""

from __future__ import annotations

import ast
import linecache
from functools import lru_cache, partial
from types import CodeType, FunctionType, MethodType
from typing import Any

from pepperpy.infra.utils.redaction import redact_text

_LONGEST = 200  # letters of source that a message shows


def described(rule: Any) -> str:
    """What a value has to do for a rule that has no message of its own."""
    while isinstance(rule, (partial, MethodType)):
        rule = rule.func if isinstance(rule, partial) else rule.__func__
    if isinstance(rule, FunctionType) and rule.__name__ == "<lambda>":
        text = _lambda_text(rule.__code__)
        return f"must satisfy: {text}" if text else "failed a custom check"
    name = getattr(rule, "__qualname__", None) or type(rule).__qualname__
    if not isinstance(name, str):
        return "failed a custom check"
    return f"must satisfy {name.rpartition('<locals>.')[2]}"


@lru_cache(maxsize=1024)
def _lambda_text(code: CodeType) -> str | None:
    """The text behind the colon, `None` if there is no source, or none that can be trusted."""
    text = _cut_out(code)
    tree = _parsed(text) if text is not None else None
    if text is None or tree is None or not _is_of(tree, code):
        return None
    if "\n" in text:
        text = ast.unparse(tree)  # in one line, and without comments
    text = redact_text(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _cut_out(code: CodeType) -> str | None:
    # Each instruction knows the span of its expression; the body is what all of them cover.
    spans = [
        ((line, column), (end_line, end_column))
        for line, end_line, column, end_column in code.co_positions()
        if line is not None
        and end_line is not None
        and column is not None
        and end_column is not None
        if (line, column) != (end_line, end_column)
    ]
    lines = linecache.getlines(code.co_filename)
    if not spans or not lines:
        return None
    (first, start), (last, end) = min(spans)[0], max(span[1] for span in spans)
    if last > len(lines):
        return None
    rows = [line.encode() for line in lines[first - 1 : last]]  # columns count octets
    rows[-1] = rows[-1][:end]
    rows[0] = rows[0][start:]
    return b"".join(rows).decode(errors="replace")


def _parsed(text: str) -> ast.Expression | None:
    try:
        # The brackets around a body of several lines are not part of it.
        return ast.parse(f"({text}\n)", mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_of(tree: ast.Expression, code: CodeType) -> bool:
    """Whether this is the source still: the file may have changed since it was compiled."""
    written = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    written |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return {*code.co_names, *code.co_freevars} <= written
