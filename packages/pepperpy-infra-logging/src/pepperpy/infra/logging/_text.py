"""A record as a line of text, for people and for ``grep``."""

from __future__ import annotations

import logging
import re
from time import localtime, strftime
from typing import TYPE_CHECKING, Any

from ._errors import InvalidFormatError
from ._escape import escape, indent
from ._json import encode, stamp
from ._record import ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._clean import Cleaner

_NAMED = re.compile(r"%\(([^)]*)\)")
_CONVERSION = re.compile(r"%(?:\(([^)]*)\)[-#0 +]*\d*(?:\.\d+)?[hlL]?[a-zA-Z]|%)")
_BARE = re.compile(r"[\w.:/@+,*-]+").fullmatch
_WITH_SECRETS = frozenset({"exc_info", "exc_text", "stack_info"})
# Known without looking at the caller's frame.
_CHEAP = frozenset({"asctime", "created", "levelname", "levelno", "message", "msg", "name"})


class TextRenderer:
    """Renders ``2026-01-31T12:00:00.000000Z INFO     app: message key=value``.

    What the program says is escaped, so a record is one line; tracebacks follow on lines of their
    own that begin with blanks.  No record can pass for another.
    """

    needs_caller = False

    def __init__(self, cleaner: Cleaner) -> None:
        self._cleaner = cleaner

    def line(self, record: logging.LogRecord) -> bytes:
        """The line, and the traceback if there is one."""
        fields: dict[str, Any] = {}
        self._cleaner.fill(fields, record)
        line = self._line(record, escape(self._cleaner.message(record)), fields)
        for text in (self._cleaner.traceback(record), self._cleaner.stack(record)):
            if text is not None:
                line = f"{line}\n{self._traceback(text)}"
        return f"{line}\n".encode("utf-8", "backslashreplace")

    def _line(self, record: logging.LogRecord, message: str, fields: dict[str, Any]) -> str:
        name = escape(record.name)
        line = f"{stamp(record.created)} {escape(record.levelname):<8} {name}: {message}"
        return " ".join((line, *pairs(fields))) if fields else line

    def _traceback(self, text: str) -> str:
        return indent(text)


class FormattedText(TextRenderer):
    """Renders with a format of the user, in the ``%(name)s`` style of the standard library.

    Fields can be named in it like the attributes of a record; those that are not named follow at
    the end of the line, and a name that a record does not have is shown as ``-``.
    """

    def __init__(self, cleaner: Cleaner, format_string: str) -> None:
        super().__init__(cleaner)
        check_format(format_string)
        self._format = format_string
        self._names = frozenset(_NAMED.findall(format_string))
        self.needs_caller = not self._names.isdisjoint(ATTRIBUTES - _CHEAP)

    def _line(self, record: logging.LogRecord, message: str, fields: dict[str, Any]) -> str:
        known: dict[str, Any] = {"message": message, "msg": message, "args": ""}
        known["asctime"] = stamp(record.created)
        if not self._names.isdisjoint(_WITH_SECRETS):
            known["exc_info"] = known["exc_text"] = self._cleaner.traceback(record)
            known["stack_info"] = self._cleaner.stack(record)
        rest = {name: value for name, value in fields.items() if name not in self._names}
        row = _Row()
        for name in self._names:
            if name in ATTRIBUTES:
                row[name] = _shown(known[name] if name in known else getattr(record, name, None))
            elif name in fields:
                row[name] = _shown(fields[name])
        # Its own line breaks are the user's wish; what is filled in has none.
        return " ".join((self._filled(row), *pairs(rest)))

    def _filled(self, row: _Row) -> str:
        try:
            return self._format % row
        except Exception:  # noqa: BLE001 - a boundary: a `%d` without a number, for one
            return _CONVERSION.sub(lambda found: _converted(found, row), self._format)


def _converted(found: re.Match[str], row: _Row) -> str:
    """One place of a format filled in, as text if its value has the wrong type for it."""
    try:
        return found[0] % row
    except Exception:  # noqa: BLE001 - as above
        return str(row[found[1]])


class _Row(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "-"


def _shown(value: object) -> object:
    if isinstance(value, str):
        return escape(value)
    return value if isinstance(value, (int, float)) else escape(encode(value).decode())


def check_format(format_string: str) -> None:
    """Refuse what the standard library's ``%`` style refuses, before the first line."""
    try:
        # Which takes "" for its default.
        logging.PercentStyle(format_string or " ").validate()
        sample = logging.LogRecord("", 20, "", 0, "", (), None)
        sample.__dict__.update(message="", asctime="", taskName="")
        names = dict.fromkeys(_NAMED.findall(format_string), 0)
        _ = format_string % {**names, **sample.__dict__}
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidFormatError(
            f"format_string must be like '%(asctime)s %(levelname)s %(name)s: %(message)s'; "
            f"got {format_string!r} ({error})",
            format=format_string,
        ) from error


def pairs(fields: dict[str, Any]) -> Iterable[str]:
    """``key=value`` for each field; in quotes where it could be misread."""
    return [f"{quoted(name)}={quoted(value)}" for name, value in fields.items()]


def quoted(value: object) -> str:
    """A key or value without anything that could be taken for the next one."""
    if type(value) is str and _BARE(value):
        return escape(value)
    return escape(encode(value).decode())


def local_time(created: float) -> str:
    """The time of day here, with milliseconds."""
    return f"{strftime('%H:%M:%S', localtime(created))}.{int(created % 1 * 1000):03d}"
