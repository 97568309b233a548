"""The bounds that rules are given, checked where they are written."""

from __future__ import annotations

import sys
from numbers import Number
from typing import Any

from pepperpy.infra.utils import passes_through

from ._errors import SchemaError

_TYPE: Any = type


def size(rule: str, name: str, given: Any) -> int:
    """*given*, if it is a number of things."""
    if type(given) is not int or not 0 <= given <= sys.maxsize:
        raise SchemaError(f"{name} of {rule}() must be an integer from 0 on; got {shown(given)}")
    return given


def sizes(rule: str, least: Any, most: Any) -> tuple[int, int]:
    """Both, if there is anything between them."""
    least, most = size(rule, "the least", least), size(rule, "the most", most)
    if least > most:
        raise SchemaError(f"{rule}({least}, {most}) can never pass; the least comes first")
    return least, most


def limit(rule: str, given: Any) -> Any:
    """*given*, if other values can be more or less than it."""
    try:
        str(given)  # as messages will write it
        is_nan = bool(given != given)  # noqa: PLR0124
    except Exception as error:
        raise SchemaError(f"{rule}() can't take {shown(given)} for a bound: {error}") from error
    if given is None or isinstance(given, (bool, complex)) or is_nan:
        raise SchemaError(f"{rule}() must be given a value with an order; got {shown(given)}")
    return given


def shown(given: Any) -> str:
    """Something of the programmer's, for messages."""
    try:
        return repr(given)
    except Exception:  # noqa: BLE001 - Python writes no integers of more than 4300 digits
        return f"<{type(given).__name__}>"


def is_number(value: Any) -> bool:
    """A real number; bool is none."""
    if isinstance(value, (int, float)):
        return not isinstance(value, bool)
    return isinstance(value, Number) and not isinstance(value, complex)


def refused(error: Exception) -> bool:
    """The answer about a value whose own methods failed: no, unless it is control flow."""
    if passes_through(error):
        raise error
    return False


def class_of(value: Any) -> Any:
    """Its class; type checkers, to whom it would be one of unknown arguments, are told nothing."""
    return _TYPE(value)


def plural(count: int, one: str) -> str:
    """``1 item``, ``2 items``."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"
