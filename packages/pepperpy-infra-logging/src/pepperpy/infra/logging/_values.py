"""Any value as plain data: what JSON knows, with secrets masked, whatever the value does."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from pepperpy.infra.utils.redaction import Redactor

DEPTH_LIMIT: Final = 64
ITEM_LIMIT: Final = 50_000
_REPR_DEPTH: Final = 3

_inside = threading.local()


def safe_text(value: object) -> str:
    """``str(value)``, or what went wrong with it."""
    return _guarded(str, value)


def safe_repr(value: object) -> str:
    """``repr(value)``, or what went wrong with it."""
    return _guarded(repr, value)


def format_text(text: str, args: Any) -> str:
    """``text % args``.

    Raises:
        Exception: What an argument raises, or `RecursionError` if it logs itself again and again.
    """
    with one_deeper():
        return str(text % args)


def _guarded(convert: Callable[[object], str], value: object) -> str:
    try:
        with one_deeper():
            return str.__str__(convert(value))  # a subclass of str may lie again
    except Exception as error:  # noqa: BLE001 - a boundary: the line must be written
        return f"<{_name_of(value)} without a text: {type(error).__name__}>"


class one_deeper:  # noqa: N801 - reads as a verb
    """Counts how deep this thread is in texts of objects.

    A `__repr__`, or the `__str__` of an error, may log its own object: without the count that would only end at the interpreter's
    limit, with a line for each level.
    """

    def __enter__(self) -> None:
        depth = getattr(_inside, "depth", 0)
        if depth >= _REPR_DEPTH:
            raise RecursionError("logs itself")
        _inside.depth = depth + 1

    def __exit__(self, *_: object) -> None:
        _inside.depth -= 1


def _name_of(value: object) -> str:
    return type(value).__name__


class Plain:
    """One walk over one value; not to be used twice at the same time."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._left = ITEM_LIMIT
        self._path: set[int] = set()

    def __call__(self, value: Any) -> Any:
        """*value* in plain data."""
        try:
            return self._walk(value)
        except Exception as error:  # noqa: BLE001 - a boundary: the line must be written
            return f"<{_name_of(value)} unreadable: {type(error).__name__}>"

    def _walk(self, value: Any) -> Any:  # noqa: PLR0911 - a list of cases
        self._left -= 1
        if self._left < 0:
            return "<too large>"
        if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
            value = value.item()  # a number of Python
        if value is None or value is True or value is False:
            return value
        convert = next((how for kinds, how in _SIMPLE if isinstance(value, kinds)), None)
        if convert is not None:
            return self._masked(convert(value))
        if not _is_container(value):
            return self._masked(_object_text(value))
        if id(value) in self._path:
            return "<cycle>"
        if len(self._path) >= DEPTH_LIMIT:
            return "<nested too deep>"
        self._path.add(id(value))
        try:
            return self._container(value)
        finally:
            self._path.discard(id(value))

    def _masked(self, value: Any) -> Any:
        return self._redactor.redact_text(value) if type(value) is str else value

    def _container(self, value: Any) -> Any:
        if is_a(value, Mapping):
            return self._mapping(value.items())
        kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
        names: Any = getattr(kind, "_fields", None)
        if is_a(value, tuple) and is_a(names, tuple):
            return self._mapping(zip(names, value, strict=False))
        if hasattr(kind, "__dataclass_fields__"):
            shown = [field.name for field in fields(value) if field.repr]
            return self._mapping((name, getattr(value, name, None)) for name in shown)
        plain = [self(item) for item in value]
        if len(plain) == 2 and is_a(value, (tuple, list)) and self._names_a_secret(plain[0]):
            plain[1] = mask(plain[1], self._redactor)  # a header, or an item of a mapping
        return plain

    def _names_a_secret(self, name: object) -> bool:
        return type(name) is str and self._redactor.is_secret_name(name)

    def _mapping(self, items: Any) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for key, item in items:
            name = key_text(key)
            shown = self._redactor.redact_text(name)
            while shown in plain:
                shown += "_"
            if self._redactor.is_secret_name(name):
                plain[shown] = mask(item, self._redactor)
            else:
                plain[shown] = self(item)
            if self._left < 0:
                break
        return plain


def is_a(value: object, kinds: type | tuple[type, ...]) -> bool:
    """`isinstance`, from which the type checkers conclude nothing: our values are anything."""
    return isinstance(value, kinds)


def mask(value: object, redactor: Redactor) -> object:
    """What is shown of a secret: that it was not set, or the mask."""
    return (
        value if value is None or value is True or value is False or value == "" else redactor.mask
    )


def key_text(key: object) -> str:
    """A mapping's key as text."""
    if type(key) is str:
        return key
    if isinstance(key, (bytes, Enum, str)):
        plain = _from_bytes(key) if isinstance(key, bytes) else _from_enum(key)
        return plain if type(plain) is str else safe_text(plain)
    return safe_text(key)


def _is_container(value: object) -> bool:
    if isinstance(value, type):
        return False
    return isinstance(value, (Mapping, list, tuple, set, frozenset)) or (
        # One that has a text of its own has it to hide something, or to be short.
        hasattr(type(value), "__dataclass_fields__") and _made_by_dataclass(type(value).__repr__)
    )


@dataclass
class _Sample:
    pass


def _made_by_dataclass(method: object) -> bool:
    return _file_of_inner(method) == _file_of_inner(_Sample.__repr__)


def _file_of_inner(method: object) -> object:
    inner = getattr(method, "__wrapped__", None)
    return getattr(getattr(inner, "__code__", None), "co_filename", None) or method


def _object_text(value: object) -> str:
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {safe_text(value)}"
    if type(value).__module__ in _PLAIN_MODULES:
        return _SPECIAL.get(type(value).__name__, safe_text)(value)
    return safe_repr(value)


def _from_bytes(value: bytes | bytearray | memoryview) -> str:
    return bytes(value).decode("utf-8", "backslashreplace")


def _from_enum(value: object) -> object:
    inner = value.value if isinstance(value, Enum) else value
    if isinstance(inner, str):
        return str.__str__(inner)
    return from_number(inner) if isinstance(inner, (int, float)) else safe_text(value)


def from_number(value: float) -> object:
    """A number that JSON can write, or its text."""
    if isinstance(value, int):
        number = int.__int__(value)
        # Longer ones have no decimal text in Python, on purpose: it takes quadratic time.
        return number if number.bit_length() < 10_000 else hex(number)
    exact = float.__float__(value)
    # JSON has no NaN and no infinity; null would be another value.
    return exact if exact - exact == 0 else repr(exact)


_SIMPLE: tuple[tuple[type | tuple[type, ...], Callable[[Any], object]], ...] = (
    (Enum, _from_enum),
    (str, str.__str__),
    ((int, float), from_number),
    ((bytes, bytearray, memoryview), _from_bytes),
)

# Types whose `str` is what one wants to read; found by name, so that nothing is imported for them.
_PLAIN_MODULES = frozenset(
    {"datetime", "decimal", "uuid", "pathlib", "pathlib._local", "fractions", "ipaddress"}
)
_SPECIAL: dict[str, Callable[[Any], str]] = {
    "datetime": lambda value: _guarded(lambda moment: moment.isoformat(), value),  # type: ignore[attr-defined]
}
