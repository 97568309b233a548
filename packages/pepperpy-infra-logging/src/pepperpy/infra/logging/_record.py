"""A log record that costs little until somebody looks at it."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Mapping
from threading import current_thread, get_ident
from time import time
from typing import TYPE_CHECKING, Any, TypeAlias

from ._context import current
from ._values import format_text, is_a, key_text, safe_repr, safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from types import FrameType, TracebackType

ExcInfo: TypeAlias = "tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None] | None"

_BLANK = logging.LogRecord("", 0, "", 0, "", (), None)
# What a record has by itself; anything else on it was added by `extra=`, fields or a filter.
ATTRIBUTES = frozenset(_BLANK.__dict__) | {"message", "asctime", "taskName"}
# The same dict that `logging.getLevelName` asks, in a third of the time.
level_names: dict[int, str] = logging._levelToName  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


_new = object.__new__


class Record(logging.LogRecord):
    """The little that our own handlers need; nobody else is handed one.  Made by `make`."""

    fields: dict[Any, Any]
    stack_info: str | None = None
    exc_text: str | None = None

    # Not `__init__`: before Python 3.13 calling a class takes 0.2 us of its own.
    @staticmethod
    def make(  # noqa: PLR0917 - keywords would cost 50 ns
        created: float,
        name: str,
        level: int,
        msg: object,
        args: Any,
        exc_info: ExcInfo,
        fields: dict[Any, Any],
    ) -> Record:
        """A record that took a tenth of the time of a `logging.LogRecord`."""
        record = _new(Record)
        record.name = name
        record.levelno = level
        record.levelname = level_names.get(level) or logging.getLevelName(level)
        record.msg = msg  # anything with a text, as the stdlib allows
        record.args = args
        record.exc_info = exc_info
        record.created = created
        record.fields = fields
        return record


class FullRecord(logging.LogRecord):
    """A record for everybody, with all that the standard library's have.

    It is complete when it is made: handlers keep records, and read them in other threads.  Beside
    its attributes it remembers what they were called in the call, and the context of the call.
    """

    __slots__ = ("_context", "_names", "_outer")

    # Names of its attributes -> what they are called in the call, and in its context.
    _names: dict[str, Any]
    _outer: dict[str, Any]
    _context: dict[str, object]

    # Filled in here and not by `LogRecord.__init__`, which takes twice as long.
    @staticmethod
    def make(  # noqa: PLR0917 - as above
        name: str,
        level: int,
        msg: object,
        args: Any,
        exc_info: ExcInfo,
        fields: dict[Any, Any],
        frame: FrameType,
        stack_info: str | None = None,
    ) -> FullRecord:
        """A record for everybody; *frame* is that of the caller."""
        code = frame.f_code
        path, created = code.co_filename, time()
        file = _files.get(path) or _file_of(path)
        thread = get_ident() if logging.logThreads else None
        record = _new(FullRecord)
        record.name = name
        record.msg = msg
        record.args = args
        record.levelname = level_names.get(level) or logging.getLevelName(level)
        record.levelno = level
        record.pathname = path
        record.filename = file[0]
        record.module = file[1]
        record.exc_info = exc_info
        record.exc_text = None
        record.stack_info = stack_info
        record.lineno = frame.f_lineno
        record.funcName = code.co_name
        record.created = created
        record.msecs = created % 1 * 1000 // 1
        record.relativeCreated = (created - _STARTED) * 1000
        record.thread = thread
        record.threadName = (_threads.get(thread) or current_thread()).name if thread else None
        record.processName = _process_name() if logging.logMultiprocessing else None
        record.process = _pid if logging.logProcesses else None
        if _HAS_TASKS:
            record.taskName = _task_name()
        record._names = _add(record, fields) if fields else _NOTHING  # noqa: SLF001 - its own class
        if (node := current.get()) is None:
            record._context = record._outer = _NOTHING  # noqa: SLF001
        else:
            record._context, record._outer = node.fields, _add(record, node.fields, record._names)  # noqa: SLF001
        return record

    def __reduce__(self) -> tuple[Any, ...]:
        # Copies are records of the standard library: who reads them may not have this package.
        return logging.makeLogRecord, (dict(self.__dict__),)

    def getMessage(self) -> str:  # noqa: N802 - the standard library's name
        """The message with its arguments; if they do not fit, that is said in the text."""
        return message_of(self)


# The names that a field must not take on a record.
_RESERVED = ATTRIBUTES.union(dir(logging.LogRecord), FullRecord.__slots__)


def _add(record: FullRecord, fields: dict[Any, Any], taken: Container[str] = ()) -> dict[str, Any]:
    """Put *fields* on *record*; returns under which names."""
    names: dict[str, Any] = {}
    for key, value in fields.items():
        name = key if type(key) is str else key_text(key)
        while name in _RESERVED or name in names or name in taken:
            name += "_"
        setattr(record, name, value)
        names[name] = key
    return names


_NOTHING: dict[str, Any] = {}
_STARTED = _BLANK.created - _BLANK.relativeCreated / 1000
_HAS_TASKS = hasattr(_BLANK, "taskName")  # since Python 3.12

# The same dict that `threading.current_thread` asks; threads of other origin are not in it.
_threads: dict[int, Any] = threading._active  # type: ignore[attr-defined]  # noqa: SLF001
_pid = os.getpid()  # a system call takes longer than all else of a record


def _after_fork() -> None:
    global _pid  # noqa: PLW0603 - a cache
    _pid = os.getpid()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

# Path -> name with and without extension.  As many as there are files that log.
_files: dict[str, tuple[str, str]] = {}


def _file_of(path: str) -> tuple[str, str]:
    name = os.path.basename(path)
    if len(_files) > 10_000:  # code that is made at run time, each piece with a name of its own
        _files.clear()
    found = _files[path] = (name, os.path.splitext(name)[0])
    return found


def _process_name() -> str:
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing is None:
        return "MainProcess"
    try:
        return str(multiprocessing.current_process().name)
    except Exception:  # noqa: BLE001 - a half-imported module
        return "MainProcess"


def _task_name() -> str | None:
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or not logging.logAsyncioTasks:  # type: ignore[attr-defined,unused-ignore]  # pyright: ignore[reportAttributeAccessIssue]
        return None
    try:
        return str(asyncio.current_task().get_name())
    except Exception:  # noqa: BLE001 - no task, or a half-imported module
        return None


PLAIN_ARGUMENTS = frozenset({str, int, float, bool, type(None)})


def message_of(
    record: logging.LogRecord,
    args: Any = None,
    show: Callable[[str, Any], str] = lambda _, args: safe_repr(args),
) -> str:
    """The record's message, or with other *args*.

    That they do not fit is told in the text, where *show* gets the message and says what is shown
    of them.
    """
    msg: object = record.msg
    args = record.args if args is None else args
    text = msg if type(msg) is str else safe_text(msg)
    try:
        return format_text(text, args) if args else text
    except Exception as error:  # noqa: BLE001 - a boundary: the line must be written
        return f"{text} <arguments do not fit: {show(text, args)}: {safe_text(error)}>"


def only_mapping(args: tuple[Any, ...]) -> Any:
    """*args*, or its one mapping: ``info("%(user)s", {"user": "ann"})`` is allowed."""
    if len(args) == 1 and type(args[0]) not in PLAIN_ARGUMENTS:
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
    added = added_to(record)
    if not isinstance(record, FullRecord):
        return added
    names, outer, context = record._names, record._outer, record._context  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return {
        names.get(name, name): value
        for name, value in added.items()
        if name not in outer or context[outer[name]] is not value
    }


def added_to(record: logging.LogRecord) -> dict[str, Any]:
    """What a record has beyond the attributes of every record."""
    return {name: value for name, value in record.__dict__.items() if name not in ATTRIBUTES}


def context_of(record: logging.LogRecord) -> Mapping[str, object]:
    """The context of the call: a record may be rendered long after it, and in another thread."""
    if isinstance(record, FullRecord):
        return record._context  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    node = current.get()
    return node.fields if node else {}


def with_field(record: logging.LogRecord, name: str, value: object) -> logging.LogRecord:
    """A copy of *record* with one field more; *record* itself belongs to all handlers.

    Where the name is taken, the field gets a trailing ``_``.
    """
    # Not `copy.copy`: copies of ours are for readers who do not have this package.
    copied = _new(type(record))
    copied.__dict__.update(record.__dict__)
    if isinstance(copied, Record):
        while name in copied.fields:
            name += "_"
        copied.fields = {**copied.fields, name: value}
        return copied
    if isinstance(copied, FullRecord):
        for slot in FullRecord.__slots__:
            setattr(copied, slot, getattr(record, slot))
    while name in copied.__dict__ or name in _RESERVED:
        name += "_"
    setattr(copied, name, value)
    return copied


def told_of(
    record: logging.LogRecord, message: str, fields: Mapping[Any, object]
) -> logging.LogRecord:
    """A record about *record*, from the same place, with a message and fields of its own.

    It has all that it will ever show, since it is written later and perhaps by another thread.
    """
    told = _new(FullRecord)
    told.__dict__.update(_BLANK.__dict__)
    told.__dict__.update((name, record.__dict__[name]) for name in _KEPT & record.__dict__.keys())
    told.msg = message
    told._context = told._outer = _NOTHING  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    told._names = _add(told, dict(fields))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return told


_KEPT = ATTRIBUTES - {"args", "asctime", "exc_info", "exc_text", "message", "msg", "stack_info"}


def exc_info_of(given: Any) -> ExcInfo:
    """What ``exc_info=`` stands for: an error, its triple, or anything true for the current one."""
    # Not isinstance, which asks an object for its class.
    kind: Any = type(given)  # pyright: ignore[reportUnknownVariableType]
    if issubclass(kind, BaseException):  # may be false, as any object
        return kind, given, given.__traceback__
    if issubclass(kind, tuple) and len(given) == 3:
        return given  # type: ignore[no-any-return]
    return sys.exc_info() if is_true(given) else None


def is_true(given: object) -> bool:
    """Whether *given* is true; what cannot say so is."""
    try:
        return bool(given)
    except Exception:  # noqa: BLE001 - a boundary: the line must be written
        return True
