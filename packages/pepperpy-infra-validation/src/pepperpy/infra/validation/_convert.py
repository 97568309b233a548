"""`coerce`: text and numbers become what the program wants, if nothing is lost by it."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from math import inf, isfinite
from typing import Any

from ._bounds import is_number
from ._compose import Single
from ._errors import SchemaError
from ._hints import is_hint
from ._nodes import Replacing
from ._validator import Validator

_INTEGER = re.compile(r"\s*+[+-]?+[0-9]++\s*+").fullmatch
_REAL = re.compile(r"[^_\x80-\U0010ffff]*+").fullmatch  # float() knows more than one writes
_DIGIT = re.compile(r"[0-9]").search
_TOO_LARGE = 10**4300
_COLLECTIONS: Any = (list, tuple, set, frozenset)
_BOOLS = {
    "true": True, "yes": True, "on": True, "1": True,
    "false": False, "no": False, "off": False, "0": False,
}  # fmt: skip


def coerce(kind: Any, *, message: str | None = None) -> Validator:
    """A step that puts a *kind* in the place of the value, if nothing is lost by it.

    Args:
        kind: ``int`` takes ``"7"`` and ``7.0``, not ``"7.5"``; ``float`` not
            ``"1e400"`` nor integers of which it would lose digits; ``bool`` takes ``"yes"``,
            ``"off"`` and the like; ``str`` takes numbers; ``list``, ``tuple``, ``set`` each other;
            `date`, `datetime` and `time` ISO 8601; `Decimal`, `UUID`, `Path`; an enum by value.
            Any other type, models included, is left to pydantic (extra ``pydantic``).
        message: Without one, ``must be convertible to int``.

    Examples:
        >>> from pepperpy.infra.validation import all_of, is_positive, validate
        >>> validate("7", all_of(coerce(int), is_positive)).validated_data
        7
        >>> validate("7.5", coerce(int)).errors
        [ValidationError('must be convertible to int', path='', code='coerce')]
    """
    if not is_hint(kind):
        raise SchemaError(
            f"coerce() must be given a type; got {kind!r}; for a function see transform()"
        )
    convert = _converter(kind)
    name = getattr(kind, "__name__", None) or str(kind)
    words = message or f"must be convertible to {name}"
    return Single(lambda: Replacing(convert, lambda: words, code="coerce", params={"type": name}))


def _converter(kind: Any) -> Callable[[Any], Any]:
    if kind in _CONVERTERS:
        return _CONVERTERS[kind]
    module = getattr(kind, "__module__", "")
    made: Any = kind
    if isinstance(kind, type) and module in ("datetime", "_pydatetime"):
        return lambda value: value if type(value) is kind else made.fromisoformat(value)
    if (isinstance(kind, type) and module in ("decimal", "uuid")) or module.startswith("pathlib"):
        return lambda value: value if isinstance(value, kind) else kind(_text(value))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    from ._guest import converter

    return converter(kind)


def _to_int(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, str):
        if not _INTEGER(value):
            raise ValueError
        return int(value)
    # Decimal("1e999999999") would be a gigabyte of digits; Python refuses text of so many, too.
    if not isinstance(value, (int, float)) and abs(value) >= _TOO_LARGE:
        raise ValueError
    made = int(value)
    if made != value:
        raise ValueError
    return made


def _to_float(value: Any) -> float:
    if isinstance(value, str):
        if not _REAL(value):
            raise ValueError
    elif not is_number(value):
        raise TypeError
    made = float(value)
    finite = isfinite(made)
    # What is too large for a float became infinity, and of a large integer digits may be lost.
    if (isinstance(value, int) and made != value) or (not finite and _is_finite(value)):
        raise ValueError
    return made


def _is_finite(value: Any) -> bool:
    return bool(_DIGIT(value)) if isinstance(value, str) else abs(value) < inf


def _to_bool(value: Any) -> bool:
    return value if isinstance(value, bool) else _BOOLS[_text(value).strip().lower()]


def _text(value: Any) -> str:
    if isinstance(value, str) or (hasattr(value, "__index__") or isinstance(value, float)):
        return str(value)
    from decimal import Decimal
    from uuid import UUID

    if isinstance(value, (Decimal, UUID, Enum)):
        return str(value.value if isinstance(value, Enum) else value)
    raise TypeError


def _to_collection(kind: Any) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if not isinstance(value, _COLLECTIONS):
            raise TypeError
        made = kind(value)
        if len(made) != len(value):  # a set of a list that has something twice
            raise ValueError
        return made

    return convert


_CONVERTERS: dict[Any, Callable[[Any], Any]] = {
    int: _to_int,
    float: _to_float,
    bool: _to_bool,
    str: _text,
    list: _to_collection(list),
    tuple: _to_collection(tuple),
    set: _to_collection(set),
    frozenset: _to_collection(frozenset),
}
