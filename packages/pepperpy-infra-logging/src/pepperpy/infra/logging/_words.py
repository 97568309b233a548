"""The keywords of the standard library's calls, told from fields."""

from __future__ import annotations

from typing import Any

from ._values import key_text, safe_repr

# In the order in which `logging.Logger._log` takes them.
_IN_ORDER = ("exc_info", "extra", "stack_info", "stacklevel")
WORDS = frozenset(_IN_ORDER)
"""Every other keyword is a field."""


def with_extra(extra: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """Fields and ``extra=`` together; where both use a name, the field has it."""
    if extra is None:
        return fields
    try:
        given: dict[Any, Any] = dict(extra)
    except Exception:  # noqa: BLE001 - a boundary: it is shown in the line that it is no mapping
        given = {"extra": safe_repr(extra)}
    if not fields:
        return dict(given)
    merged: dict[str, Any] = {}
    for key, value in given.items():
        name = key_text(key)
        while name in fields or name in merged:
            name += "_"
        merged[name] = value
    return {**merged, **fields}


def with_words(words: tuple[Any, ...], fields: dict[str, Any]) -> dict[str, Any]:
    """*fields* with what the standard library's `_log` takes by position."""
    return {**dict(zip(_IN_ORDER, words, strict=False)), **fields} if words else fields
