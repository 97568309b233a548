"""Writing YAML: events straight to the emitter, so that nothing recurses."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from io import BytesIO, StringIO
from math import isinf, isnan
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.serialization._errors import SerializationError, too_deep
from pepperpy.infra.serialization._failures import named_errors
from pepperpy.infra.serialization._plain import members, plain

from ._scalars import PREFIX, ambiguous

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pepperpy.infra.serialization._config import SerializerConfig

_UNLIMITED: Final = 1 << 30  # or lines would be folded

_NEEDS_ESCAPES: Final = re.compile(
    "[^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
# What a block can show as it is: no line begins or ends with white space, and none is empty.
_BLOCK: Final = re.compile(r"[^\s](?:[^\n]*[^\s])?(?:\n[^\s](?:[^\n]*[^\s])?)+\n?")


def write(value: Any, config: SerializerConfig) -> bytes:
    """The value as a document of YAML, in block style.

    Raises:
        SerializationError: YAML cannot hold it.
    """
    yaml: Any = import_module("yaml")
    with named_errors("YAML cannot hold the value"):
        try:
            return _Writer(yaml, config).document(value)
        except UnicodeError as error:
            message = "YAML cannot hold text with half of a surrogate pair"
            raise SerializationError(message) from error


@cache
def _emitter_class() -> Any:
    """The emitter in C, if there is one: it writes bytes, the other one text."""
    try:
        return import_module("yaml.cyaml").CEmitter
    except ImportError:
        return None


class _Writer:
    def __init__(self, yaml: Any, config: SerializerConfig) -> None:
        self.events = yaml.events
        self.config = config
        in_c = _emitter_class()
        self.out: BytesIO | StringIO = StringIO() if in_c is None else BytesIO()
        emitter = (in_c or yaml.emitter.Emitter)(
            self.out, indent=config.indent or 2, width=_UNLIMITED, allow_unicode=True
        )
        self.emit: Callable[[Any], None] = emitter.emit

    def document(self, value: Any) -> bytes:
        events = self.events
        self.emit(events.StreamStartEvent(encoding="utf-8"))
        self.emit(events.DocumentStartEvent(explicit=False))
        self._value(value)
        self.emit(events.DocumentEndEvent(explicit=False))
        self.emit(events.StreamEndEvent())
        written = self.out.getvalue()
        return written.encode() if isinstance(written, str) else written

    def _value(self, value: Any) -> None:
        stack: list[tuple[Iterator[Any], Any]] = []
        end: Any = None
        items: Iterator[Any] = iter((value,))
        while True:
            for each in items:
                opened = self._begin(each)
                if opened is not None:
                    stack.append((items, end))
                    if len(stack) > self.config.max_depth:
                        raise too_deep("value", self.config.max_depth)
                    items, end = opened
                    break
            else:
                if not stack:
                    return
                self.emit(end)
                items, end = stack.pop()

    def _begin(self, value: Any) -> tuple[Iterator[Any], Any] | None:
        """Emit a scalar, or the start of what has items and an end."""
        events = self.events
        value = plain(value, _PLAIN, self.config)
        kind = value.__class__
        if kind is dict:
            pairs = members(value, self._key, self.config)
            self.emit(events.MappingStartEvent(None, None, True, flow_style=not pairs))
            return _flat(pairs), events.MappingEndEvent()
        if kind is list or kind is tuple:
            self.emit(events.SequenceStartEvent(None, None, True, flow_style=not value))
            return iter(value), events.SequenceEndEvent()
        text, tag, style = _SCALARS[kind](value)
        implicit = (tag is None and style is None, tag is None)
        self.emit(events.ScalarEvent(None, tag, implicit, text, style=style))
        return None

    def _key(self, key: Any) -> Any:
        made = plain(key, _PLAIN, self.config)
        if made.__class__ is dict:
            raise SerializationError(f"a {type(key).__name__} can be no key")
        return tuple(map(self._key, made)) if made.__class__ in {list, tuple} else made


def _flat(pairs: list[tuple[Any, Any]]) -> Iterator[Any]:
    for pair in pairs:
        yield from pair


_Scalar = tuple[str, str | None, str | None]


def _str(value: str) -> _Scalar:
    if _NEEDS_ESCAPES.search(value):
        return value, None, '"'
    if "\n" in value:
        return value, None, "|" if _BLOCK.fullmatch(value) else '"'
    return value, None, "'" if ambiguous(value) else None


def _float(value: float) -> _Scalar:
    if isnan(value):
        return ".nan", None, None
    if isinf(value):
        return ".inf" if value > 0 else "-.inf", None, None
    text = repr(value)
    if "." not in text and "e" in text:  # without the dot, YAML 1.1 takes it for text
        text = text.replace("e", ".0e")
    return text, None, None


def _datetime(value: datetime) -> _Scalar:
    offset = value.utcoffset()
    if offset is None:
        return _str(value.isoformat())
    if offset.seconds % 60 or offset.microseconds:  # which no timestamp can tell
        value = value.astimezone(UTC)
    return value.isoformat(), PREFIX + "timestamp", "'"


def _bytes(value: bytes) -> _Scalar:
    return b64encode(value).decode(), PREFIX + "binary", "'"


_SCALARS: Final[dict[type, Callable[[Any], _Scalar]]] = {
    str: _str,
    int: lambda value: (str(value), None, None),
    float: _float,
    bool: lambda value: ("true" if value else "false", None, None),
    type(None): lambda _: ("null", None, None),
    bytes: _bytes,
    datetime: _datetime,
}
_PLAIN: Final[frozenset[type]] = frozenset({*_SCALARS, dict, list, tuple})
