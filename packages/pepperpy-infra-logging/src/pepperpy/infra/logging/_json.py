"""A record as one line of JSON."""

from __future__ import annotations

from time import gmtime, strftime
from typing import TYPE_CHECKING, Any

import msgspec

from ._context import current
from ._escape import escape_separators
from ._record import Record
from ._values import from_number, is_a

if TYPE_CHECKING:
    import logging

    from ._clean import Cleaner

_encode = msgspec.json.Encoder().encode


class JsonRenderer:
    """Renders ``timestamp``, ``level``, ``logger``, ``message``, then context, then fields."""

    needs_caller = False

    def __init__(self, cleaner: Cleaner) -> None:
        self._cleaner = cleaner
        self._is_secret, self._redact_text = cleaner.known_verdict, cleaner.redact_text
        self._message = cleaner.message

    def line(self, record: logging.LogRecord) -> bytes:
        """One JSON object and a line break; there is no other line break in it."""
        msg, args = record.msg, record.args
        plain = type(msg) is str and not args
        text = self._redact_text(msg) if plain else self._message(record)
        line: dict[str, Any] = {
            "timestamp": stamp(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": text,
        }
        # Most fields are short texts and numbers under harmless names.  Handled here and not by a
        # call of `fill`, they cost 0.25 us each and not 0.7.
        if type(record) is Record and current.get() is None:
            for name, value in record.fields.items():
                if self._is_secret(name) is False and name not in line:
                    kind = type(value)  # pyright: ignore[reportUnknownVariableType]
                    if kind is str:
                        line[name] = self._redact_text(value)
                        continue
                    if kind is int or kind is bool:
                        line[name] = value
                        continue
                self._cleaner.put(line, name, value)
            if record.exc_info:
                self._add_error(line, record)
        else:
            self._cleaner.fill(line, record)
            self._add_error(line, record)
        try:
            data = _encode(line)
        except Exception:  # noqa: BLE001 - what it cannot write, `encode` replaces
            data = encode(line)
        return data + b"\n" if data.isascii() else escape_separators(data) + b"\n"

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


# The last millisecond, rendered; one tuple, so that threads cannot see half of a change.
_last = (0, "1970-01-01T00:00:00.000")
_three_digits = tuple(f"{number:03d}" for number in range(1000))


def stamp(created: float) -> str:
    """A moment in ISO 8601, UTC, with microseconds."""
    global _last  # noqa: PLW0603 - a cache
    milli, micro = divmod(int(created * 1_000_000), 1000)
    known, text = _last
    if known != milli:
        second, thousandth = divmod(milli, 1000)
        text = f"{strftime('%Y-%m-%dT%H:%M:%S', gmtime(second))}.{_three_digits[thousandth]}"
        _last = (milli, text)
    # Looked up: to format three digits takes longer than all the rest.
    return f"{text}{_three_digits[micro]}Z"
