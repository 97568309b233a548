"""A log record that costs little until somebody looks at it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from time import time
from typing import TYPE_CHECKING, Any, TypeAlias

from ._context import current
from ._values import format_text, is_a, key_text, safe_repr, safe_text

if TYPE_CHECKING:
    from types import FrameType, TracebackType

ExcInfo: TypeAlias = "tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None] | None"

_BLANK = logging.LogRecord("", 0, "", 0, "", (), None)
# What a record has by itself; anything else on it was added by `extra=`, fields or a filter.
ATTRIBUTES = frozenset(_BLANK.__dict__) | {"message", "asctime", "taskName"}
_KNOWN = ATTRIBUTES | {"_fields"}
# The same dict that `logging.getLevelName` asks, in a third of the time.
_level_names: dict[int, str] = logging._levelToName  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


_new = object.__new__


class Record(logging.LogRecord):
    """The little that our own handlers need; nobody else is handed one.  Made by `make`."""

    fields: dict[Any, Any]
    stack_info: str | None = None
    exc_text: str | None = None

    # Not `__init__`: before Python 3.13 calling a class takes 0.2 us of its own.
    @staticmethod
    def make(  # noqa: PLR0917 - keywords would cost 50 ns
        name: str, level: int, msg: object, args: Any, exc_info: ExcInfo, fields: dict[Any, Any]
    ) -> Record:
        """A record that took a tenth of the time of a `logging.LogRecord`."""
        record = _new(Record)
        record.name = name
        record.levelno = level
        record.levelname = _level_names.get(level) or logging.getLevelName(level)
        record.msg = msg  # anything with a text, as the stdlib allows
        record.args = args
        record.exc_info = exc_info
        record.created = time()
        record.fields = fields
        return record


class FullRecord(logging.LogRecord):
    """A record for everybody: a lean one that is filled in at the first look.

    While the call lasts it holds the caller's frame.  Whoever hands it out calls `settle` when the
    handlers are done, so that one that was kept still tells who called, and in which thread.
    """

    _lean: Record
    _frame: FrameType
    _fields: dict[Any, Any]

    @staticmethod
    def make(lean: Record, frame: FrameType) -> FullRecord:
        """A record for everybody, from the lean one and the frame of the caller."""
        record = _new(FullRecord)
        record._lean = lean  # noqa: SLF001 - its own class
        record._frame = frame  # noqa: SLF001
        return record

    def __getattr__(self, name: str) -> Any:
        """Find what is not there before the first look: attributes and fields."""
        own = self.__dict__
        try:
            return own[name]
        except KeyError:
            raise AttributeError(f"the log record has no {name!r}", name=name, obj=self) from None

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
        """Everything, filled in: formatters, `vars()` and exporters read records this way."""
        own: dict[str, Any] = _own_dict(self)
        if "_lean" in own:
            self._complete(own)
        return own

    def __reduce__(self) -> tuple[Any, ...]:
        own = {name: value for name, value in self.__dict__.items() if name != "_fields"}
        return logging.makeLogRecord, (own,)

    def getMessage(self) -> str:  # noqa: N802 - the standard library's name
        """The message with its arguments; if they do not fit, that is said in the text."""
        return message_of(self)

    def fields_now(self) -> dict[Any, Any]:
        """The fields, with what filters added."""
        return self._fields

    def settle(self) -> None:
        """Fill in what only the moment of the call knows; the frame is let go."""
        own: dict[str, Any] = _own_dict(self)
        if "_lean" in own:
            self._complete(own)

    def absorb(self, before: dict[str, Any]) -> None:
        """Take what filters have put on the record since *before* as fields."""
        for name, value in self.__dict__.items():
            if name not in _KNOWN and before.get(name, self) is not value:
                self._fields = {**self._fields, name: value}

    def _complete(self, own: dict[str, Any]) -> None:
        lean: Record = own.pop("_lean")
        frame: FrameType = own.pop("_frame")
        code = frame.f_code
        full = logging.LogRecord(
            lean.name,
            lean.levelno,
            code.co_filename,
            frame.f_lineno,
            "",
            None,
            lean.exc_info,
            code.co_name,
            lean.stack_info,
        )
        full.__dict__.update(msg=lean.msg, args=lean.args, created=lean.created)
        full.relativeCreated += (lean.created - full.created) * 1000
        full.msecs = int(lean.created % 1 * 1000) + 0.0
        full.__dict__["_fields"] = lean.fields
        # What a handler has set before it looked, `message` for one, stays.
        for name, value in full.__dict__.items():
            own.setdefault(name, value)
        node = current.get()
        for fields in (lean.fields, node.fields if node else {}):
            _add(own, fields)


def _add(own: dict[str, Any], fields: dict[Any, Any]) -> None:
    for key, value in fields.items():
        name = key_text(key)
        while name in ATTRIBUTES or name in own:
            name += "_"
        own[name] = value


_own_dict = logging.LogRecord.__dict__["__dict__"].__get__


_PLAIN_ARGUMENTS = frozenset({str, int, float, bool, type(None)})


def message_of(record: logging.LogRecord, args: Any = None) -> str:
    """The record's message, or with other *args*; tells in the text if they do not fit."""
    msg: object = record.msg
    args = record.args if args is None else args
    try:
        text = msg if type(msg) is str else safe_text(msg)
        return format_text(text, args) if args else text
    except Exception as error:  # noqa: BLE001 - a boundary: the line must be written
        return f"{safe_text(msg)} <arguments do not fit: {safe_repr(args)}: {safe_text(error)}>"


def only_mapping(args: tuple[Any, ...]) -> Any:
    """*args*, or its one mapping: ``info("%(user)s", {"user": "ann"})`` is allowed."""
    if len(args) == 1 and type(args[0]) not in _PLAIN_ARGUMENTS:
        try:
            if is_a(args[0], Mapping) and args[0]:
                return args[0]
        except Exception:  # noqa: BLE001 - a boundary: an object may lie about its class
            return args
    return args


def fields_of(record: logging.LogRecord) -> dict[Any, object]:
    """What was given with the record: key=value, ``extra=``, what filters added."""
    if isinstance(record, Record):
        return record.fields
    if isinstance(record, FullRecord):
        return record.fields_now()
    own = record.__dict__
    return {name: own[name] for name in own if name not in _KNOWN}


def exc_info_of(given: Any) -> ExcInfo:
    """What ``exc_info=`` stands for: an error, its triple, or anything true for the current one."""
    if isinstance(given, BaseException):
        return type(given), given, given.__traceback__
    if is_a(given, tuple) and len(given) == 3:
        return given  # type: ignore[no-any-return]
    return sys.exc_info()
