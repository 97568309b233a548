"""XML that keeps types: attributes say what each element holds."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from datetime import datetime
from math import inf, isinf, isnan, nan
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.serialization._errors import SerializationError, too_deep
from pepperpy.infra.serialization._plain import members, plain

from ._layout import Element, lay_out
from ._text import PLAIN_NAME, escaped, in_attribute, in_text, is_allowed, unescaped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pepperpy.infra.serialization._config import SerializerConfig

_ROOT: Final = "data"
_ITEM: Final = "item"
_ENTRY: Final = "entry"

_ELSEWHERE: Final = 'XML from elsewhere is read with convention="plain"'


# Writing


def write(value: Any, config: SerializerConfig) -> bytes:
    """The value as a document, each element with its type.

    Raises:
        SerializationError: XML cannot hold it.
    """
    return lay_out((_ROOT, value), _Writer(config).element, config, config.max_depth)


class _Writer:
    def __init__(self, config: SerializerConfig) -> None:
        self.config = config

    def element(self, tag: str, value: Any) -> Element:
        value = plain(value, _PLAIN, self.config)
        kind = value.__class__
        if kind is dict:
            pairs = members(value, self._key, self.config)
            items = [(_tag(key), item) for key, item in pairs]
            return Element(f'{tag} type="dict"', items=items)
        if kind is list:
            return Element(f'{tag} type="list"', items=[(_ITEM, item) for item in value])
        attributes, text = _SCALARS[kind](value)
        return Element(tag + attributes, text)

    def _key(self, key: Any) -> str:
        key = plain(key, _PLAIN, self.config)
        if key.__class__ in {dict, list}:
            raise SerializationError("a key in XML is text; it cannot be a collection")
        return key if isinstance(key, str) else _key_text(key)


def _key_text(key: Any) -> str:
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, bytes):
        return b64encode(key).decode()
    return key.isoformat() if isinstance(key, datetime) else str(key)


def _tag(key: str) -> str:
    if PLAIN_NAME.fullmatch(key):
        return key
    return f'{_ENTRY} key="{in_attribute(escaped(key))}"'


_Written = tuple[str, str]


def _typed(kind: str, text: str) -> _Written:
    return f' type="{kind}"', text


def _str(value: str) -> _Written:
    if is_allowed(value):
        return "", in_text(value)
    return ' escaped="true"', in_text(escaped(value))


def _float(value: float) -> _Written:
    if isnan(value):
        return _typed("float", "NaN")
    if isinf(value):
        return _typed("float", "INF" if value > 0 else "-INF")
    return _typed("float", repr(value))


def _datetime(value: datetime) -> _Written:
    text = value.isoformat()
    return ("", text) if value.utcoffset() is None else _typed("datetime", text)


_SCALARS: Final[dict[type, Callable[[Any], _Written]]] = {
    str: _str,
    int: lambda value: _typed("int", str(value)),
    float: _float,
    bool: lambda value: _typed("bool", "true" if value else "false"),
    type(None): lambda _: _typed("null", ""),
    bytes: lambda value: _typed("bytes", b64encode(value).decode()),
    datetime: _datetime,
}
_PLAIN: Final[frozenset[type]] = frozenset({*_SCALARS, dict, list})


# Reading


class _Element:
    __slots__ = ("escaped", "items", "key", "kind", "text")

    def __init__(self, name: str, attributes: Sequence[str]) -> None:
        given = dict(zip(attributes[::2], attributes[1::2], strict=True))
        self.key = unescaped(given.pop("key")) if "key" in given else name
        self.kind = given.pop("type", None)
        self.escaped = given.pop("escaped", "false")
        if given or self.escaped not in {"true", "false"}:
            odd = next(iter(given), "escaped")
            raise SerializationError(
                f"<{name}> has an attribute {odd!r}, which no value has; {_ELSEWHERE}"
            )
        self.text: list[str] = []
        self.items: list[Any] | dict[str, Any] | None = None
        if self.kind in {"dict", "list"}:
            self.items = {} if self.kind == "dict" else []

    def add(self, child: _Element, value: Any) -> None:
        if self.items is None and self.kind is None:
            self.items = {}  # what others write who keep no types
        if isinstance(self.items, list):
            self.items.append(value)
        elif self.items is None or child.key in self.items:
            what = "holds elements" if self.items is None else f"holds {child.key!r:.60} twice"
            raise SerializationError(
                f"an element of type {self.kind or 'dict'} {what}; {_ELSEWHERE}"
            )
        else:
            self.items[child.key] = value

    def value(self) -> Any:
        text = "".join(self.text)
        if self.items is not None:
            if text.strip(" \t\r\n"):
                raise SerializationError(f"there is text between elements; {_ELSEWHERE}")
            return self.items
        if self.escaped == "true":
            text = unescaped(text)
        read = _READERS.get(self.kind or "str")
        if read is None:
            raise SerializationError(f"no value has the type {self.kind!r:.60}; {_ELSEWHERE}")
        try:
            return read(text)
        except ValueError as error:
            raise SerializationError(f"an element of type {self.kind} holds none") from error


class Reader:
    """Makes the value of a document."""

    def __init__(self, max_depth: int) -> None:
        self._max_depth = max_depth
        self._open: list[_Element] = []
        self.value: Any = None

    def start(self, name: str, attributes: Sequence[str]) -> None:
        begun = _Element(name, attributes)
        if begun.items is not None and len(self._open) >= self._max_depth:
            raise too_deep("XML", self._max_depth)
        self._open.append(begun)

    def text(self, text: str) -> None:
        if self._open:
            self._open[-1].text.append(text)

    def end(self, _name: str) -> None:
        ended = self._open.pop()
        value = ended.value()
        if self._open:
            self._open[-1].add(ended, value)
        else:
            self.value = value


_WHOLE: Final = re.compile(r"[-+]?[0-9]+")
_REAL: Final = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_NO_NUMBERS: Final = {"NaN": nan, "INF": inf, "-INF": -inf}


def _read_int(text: str) -> int:
    if _WHOLE.fullmatch(text) is None:
        raise ValueError(text[:60])
    return int(text)


def _read_float(text: str) -> float:
    if text in _NO_NUMBERS:
        return _NO_NUMBERS[text]
    if _REAL.fullmatch(text) is None or isinf(float(text)):
        raise ValueError(text[:60])
    return float(text)


def _one_of(words: dict[str, Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if text not in words:
            raise ValueError(text[:60])
        return words[text]

    return read


_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "str": str,
    "int": _read_int,
    "float": _read_float,
    "bool": _one_of({"true": True, "false": False}),
    "null": _one_of({"": None}),
    "bytes": lambda text: b64decode(text, validate=True),
    "datetime": datetime.fromisoformat,
}
