"""A record as one line of JSON."""

from __future__ import annotations

from logging import getLevelName
from time import gmtime, strftime
from typing import TYPE_CHECKING, Any

import msgspec

from ._context import current
from ._escape import escape_separators
from ._record import PLAIN_ARGUMENTS, level_names
from ._values import from_number, is_a

if TYPE_CHECKING:
    import logging

    from ._clean import Cleaner

_encoder = msgspec.json.Encoder()
_encode, _encode_lines = _encoder.encode, _encoder.encode_lines


class JsonRenderer:
    """Renders ``timestamp``, ``level``, ``logger``, ``message``, then context, then fields."""

    needs_caller = False

    def __init__(self, cleaner: Cleaner) -> None:
        self._cleaner = cleaner
        self._is_secret, self._redact_text = cleaner.known_verdict, cleaner.redact_text

    def line_of_call(  # noqa: PLR0917 - the hot path in one piece
        self, at: float, name: str, level: int, msg: Any, args: Any, fields: dict[Any, Any]
    ) -> bytes | None:
        """The line of a call with nothing but short texts and numbers, as most are.

        None where it takes more than that: then `line` says it.
        """
        kind: Any = type(args)  # pyright: ignore[reportUnknownVariableType]
        if type(msg) is not str or kind is not tuple:
            return None
        redact_text = self._redact_text
        text: str = msg
        if args:
            for arg in args:
                if type(arg) not in PLAIN_ARGUMENTS:
                    return None
            text %= args
        message = redact_text(text)
        if args and message is not text:
            return None  # which argument is it?
        line: dict[str, Any] = {
            "timestamp": stamp(at),
            "level": level_names.get(level) or getLevelName(level),
            "logger": name,
            "message": message,
        }
        node = current.get()
        given: Any = fields.items() if node is None else [*node.fields.items(), *fields.items()]
        for key, value in given:
            if self._is_secret(key) is not False or key in line:
                return None
            kind = type(value)  # pyright: ignore[reportUnknownVariableType]
            if kind is str:
                line[key] = redact_text(value)
            elif kind is int or kind is bool or value is None:
                line[key] = value
            else:
                return None
        data = _encode_lines([line])  # with the line break, which else would be another copy
        return data if data.isascii() else escape_separators(data[:-1]) + b"\n"

    def line(self, record: logging.LogRecord) -> bytes:
        """One JSON object and a line break; there is no other line break in it."""
        line: dict[str, Any] = {
            "timestamp": stamp(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": self._cleaner.message(record),
        }
        self._cleaner.fill(line, record)
        self._add_error(line, record)
        return encode(line) + b"\n"

    def _add_error(self, line: dict[str, Any], record: logging.LogRecord) -> None:
        found = {"exception": self._cleaner.error(record), "stack": self._cleaner.stack(record)}
        for name, value in found.items():
            if value is None:
                continue
            if name in line:
                free = name + "_"
                while free in line:
                    free += "_"
                line[free] = line.pop(name)
            line[name] = value


def encode(value: object) -> bytes:
    """Plain data as JSON without any character that some reader takes for the end of a line."""
    try:
        data = _encode(value)
    except Exception:  # noqa: BLE001 - lone surrogates, endless numbers
        data = _encode(_encodable(value))
    return data if data.isascii() else escape_separators(data)


def _encodable(value: Any) -> Any:
    if is_a(value, dict):
        return {_encodable(str(key)): _encodable(item) for key, item in value.items()}
    if is_a(value, list):
        return [_encodable(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return from_number(value)
    return str(value).encode("utf-8", "backslashreplace").decode()


# The last millisecond, when it began in microseconds and rendered; one tuple, so that threads cannot
# see half of a change.
_last = (0, "1970-01-01T00:00:00.000")
# Looked up: to format three digits takes longer than all the rest.
_ends = tuple(f"{number:03d}Z" for number in range(1000))


def stamp(created: float) -> str:
    """A moment in ISO 8601, UTC, with microseconds."""
    global _last  # noqa: PLW0603 - a cache
    moment = int(created * 1_000_000)
    begun, text = _last
    if not 0 <= moment - begun < 1000:
        milli = moment // 1000
        begun, second = milli * 1000, milli // 1000
        text = f"{strftime('%Y-%m-%dT%H:%M:%S', gmtime(second))}.{milli % 1000:03d}"
        _last = (begun, text)
    return text + _ends[moment - begun]
