"""Loggers that take fields: real `logging.Logger` objects with a short way to the handlers."""

from __future__ import annotations

import logging
import sys
import traceback
from time import time
from typing import TYPE_CHECKING, Any

from ._levels import parse_level
from ._record import FullRecord, added_to, exc_info_of, is_true, only_mapping
from ._values import is_a
from ._words import WORDS, with_extra, with_words

if TYPE_CHECKING:
    from types import FrameType

    from ._capture import capture_logs

_DEBUG, _INFO, _WARNING, _ERROR, _CRITICAL = 10, 20, 30, 40, 50

_STANDARD_FACTORY = logging.LogRecord
_full_record = FullRecord.make
_PLAIN = frozenset({str, int, float, bool})


def _original(name: str) -> Any:
    """A method of `logging.Logger`, if nobody has replaced it yet."""
    method = getattr(logging.Logger, name)
    file = getattr(getattr(method, "__code__", None), "co_filename", None)
    return method if file == logging.addLevelName.__code__.co_filename else None


# Tools for monitoring replace these in the class, and subclasses of programs override them.  Then
# a line has to pass through them.
_make_record, _handle = _original("makeRecord"), _original("handle")
_call_handlers = _original("callHandlers")

# The captures that are open, see _capture.py.  Changed there, read here on every call.
captures: list[capture_logs] = []


class _Missing:
    """Stands for a message that was given by keyword: the name ``msg`` is free for fields too."""


_MISSING: Any = _Missing()


class InfraLogger(logging.Logger):
    """A `logging.Logger` that takes ``%`` arguments, ``extra=`` and ``key=value`` fields in one call.

    Everything that works with loggers works with it: handlers, filters, levels, adapters, caplog.
    Do not create it; ask `get_logger`.
    """

    _cache: dict[int, bool]

    # The level methods are written out, and look into the logger's own memory of what is enabled
    # (`_cache`, which every change of a level clears): a call that is switched off then costs
    # 1.2x an empty function, where `isEnabledFor` alone doubles it.

    def debug(self, msg: Any = _MISSING, /, *args: object, **fields: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Log a line for developers; see `info`."""
        try:
            if not self._cache[_DEBUG]:
                return
        except KeyError:
            if not self.isEnabledFor(_DEBUG):
                return
        self._emit(_DEBUG, msg, args, fields)

    def info(self, msg: Any = _MISSING, /, *args: object, **fields: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Log a line.

        Args:
            msg: The text, with ``%`` places for *args*.
            args: Fill the places.
            fields: Data of the line.  ``exc_info``, ``extra``, ``stack_info`` and ``stacklevel``
                mean what they mean in the standard library; any other name is free.
        """
        try:
            if not self._cache[_INFO]:
                return
        except KeyError:
            if not self.isEnabledFor(_INFO):
                return
        self._emit(_INFO, msg, args, fields)

    def warning(self, msg: Any = _MISSING, /, *args: object, **fields: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Log that something is not as it should be; see `info`."""
        try:
            if not self._cache[_WARNING]:
                return
        except KeyError:
            if not self.isEnabledFor(_WARNING):
                return
        self._emit(_WARNING, msg, args, fields)

    def error(self, msg: Any = _MISSING, /, *args: object, **fields: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Log that something failed; see `info`."""
        if self.isEnabledFor(_ERROR):
            self._emit(_ERROR, msg, args, fields)

    def exception(self, msg: Any = _MISSING, /, *args: object, **fields: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Log that something failed, with the exception that is being handled; see `info`."""
        if self.isEnabledFor(_ERROR):
            fields.setdefault("exc_info", True)
            self._emit(_ERROR, msg, args, fields)

    def critical(self, msg: Any = _MISSING, /, *args: object, **fields: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Log that the program cannot go on; see `info`."""
        if self.isEnabledFor(_CRITICAL):
            self._emit(_CRITICAL, msg, args, fields)

    fatal = critical

    def log(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, level: Any = _MISSING, msg: Any = _MISSING, /, *args: object, **fields: Any
    ) -> None:
        """Log a line with the level of this number or name; see `info`."""
        level = fields.pop("level", None) if level is _MISSING else level
        try:
            number = parse_level(level)
        except Exception:  # noqa: BLE001 - a boundary: it may be anything
            number, fields["level"] = _ERROR, level  # the line is worth more than its level
        if self.isEnabledFor(number):
            self._emit(number, msg, args, fields)

    def bind(self, /, **fields: object) -> BoundLogger:
        """This logger with *fields* on each of its lines; this one stays as it is.

        Examples:
            >>> from pepperpy.infra.logging import capture_logs, get_logger
            >>> log = get_logger("shop").bind(order=7)
            >>> with capture_logs() as logs:
            ...     log.info("paid", amount=12)
            >>> logs[0].fields
            {'order': 7, 'amount': 12}
        """
        return _bound_to(self, fields)

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - the standard library's name
        """Whether a line of this level would be handled, or captured by `capture_logs`."""
        if captures:
            return not self.disabled
        return super().isEnabledFor(level)

    def getChild(self, suffix: str) -> InfraLogger:  # noqa: N802 - the standard library's name
        """The logger below this one."""
        name = self.name
        return get_logger(suffix if name == "root" else f"{name}.{suffix}")

    def __reduce__(self) -> tuple[Any, ...]:
        # Ours again where it is unpickled, in a process that may not have it yet.
        super().__reduce__()  # refuses a logger that its name does not lead to
        return get_logger, (self.name,)

    def _log(  # type: ignore[override]  # fields are one more kind of keyword
        self, level: int, msg: object, args: Any, /, *words: Any, **fields: Any
    ) -> None:
        """What the standard library's root functions and recipes for own levels call."""
        # Not `self._emit`: where a program has overridden this method, that one leads here.
        InfraLogger._emit(self, level, msg, args, with_words(words, fields))

    # The hot path in one piece: each function of its own would cost a line 50 ns.
    def _emit(  # noqa: C901, PLR0912
        self, level: int, msg: Any, args: Any, fields: dict[str, Any]
    ) -> None:
        if self.disabled:
            return
        if msg is _MISSING:
            msg = fields.pop("msg", "")
        exc_info, stack, depth = None, False, 1
        if fields and not WORDS.isdisjoint(fields):
            error = fields.pop("exc_info", None)
            exc_info = None if error is None else exc_info_of(error)
            stack = is_true(fields.pop("stack_info", False))
            depth = fields.pop("stacklevel", 1)
            if "extra" in fields:
                extra: Any = fields.pop("extra")
                # Not copied if it is all there is: nothing changes the fields of a record.
                alone = type(extra) is dict and not fields
                fields = extra if alone else with_extra(extra, fields)  # pyright: ignore[reportUnknownVariableType]
        if len(args) == 1 and type(args[0]) not in _PLAIN:
            args = only_mapping(args)

        kind = type(self)
        if (
            stack
            or captures
            or self.filters
            or kind.callHandlers is not _call_handlers
            or kind.handle is not _handle
            or kind.makeRecord is not _make_record
            or logging._logRecordFactory is not _STANDARD_FACTORY  # type: ignore[attr-defined]  # noqa: SLF001
        ):
            frame = _caller(depth)
            text = _stack_text(frame) if stack else None
            self._emit_with_care(
                _full_record(self.name, level, msg, args, exc_info, fields, frame, text)
            )
            return

        # The usual tree has one handler, at its root.
        top: logging.Logger = self
        while not top.handlers and top.propagate and top.parent is not None:
            top = top.parent
        handler: Any
        if len(top.handlers) == 1 and (top.parent is None or not top.propagate):
            for handler in top.handlers:  # not `[0]`: somebody may remove it just now
                if level < handler.level:
                    return
                if not getattr(handler, "needs_caller", True):
                    handler.take(time(), self.name, level, msg, args, exc_info, fields)
                    return
        # Our own handlers can do with the call; others get a record that has everything.
        lean = True
        handlers: list[Any] = []
        logger: logging.Logger | None = top
        while logger is not None:
            for handler in logger.handlers:
                if level >= handler.level:
                    handlers.append(handler)
                    if lean and getattr(handler, "needs_caller", True):
                        lean = False
            logger = logger.parent if logger.propagate else None
        if lean and handlers:
            at, name = time(), self.name
            for handler in handlers:
                handler.take(at, name, level, msg, args, exc_info, fields)
            return
        full = _full_record(self.name, level, msg, args, exc_info, fields, _caller(depth))
        if not handlers:
            self.callHandlers(full)  # which knows what to do if there are none at all
        for handler in handlers:
            if getattr(handler, "needs_caller", True):
                handler.handle(full)
            else:
                handler.take(full.created, self.name, level, msg, args, exc_info, fields)

    def _emit_with_care(self, full: FullRecord) -> None:
        """Do what only some calls need, through the methods that others may have replaced."""
        record: logging.LogRecord = full
        if (
            type(self).makeRecord is not _make_record
            or logging.getLogRecordFactory() is not _STANDARD_FACTORY
        ):
            record = self._remade(full)
        if captures:
            for capture in tuple(captures):
                capture.take(record)
            # Not isEnabledFor, which would remember the answer.
            level = record.levelno
            if level <= self.manager.disable or level < self.getEffectiveLevel():
                return
        self.handle(record)

    def _remade(self, full: FullRecord) -> logging.LogRecord:
        """The record as the program's own record factory or `makeRecord` makes it."""
        args: Any = full.args if type(full.args) is tuple else (full.args,)
        called = (full.name, full.levelno, full.pathname, full.lineno, full.msg, args)
        extra = added_to(full)
        try:
            return self.makeRecord(*called, full.exc_info, full.funcName, extra, full.stack_info)
        except KeyError:  # a field has the name of something that the factory has put there
            record = self.makeRecord(*called, full.exc_info, full.funcName, None, full.stack_info)
            record.__dict__.update({**extra, **record.__dict__})
            return record


def _of_origin(name: str) -> Any:
    """An attribute that a bound logger has in common with the logger that it stands for."""

    def get(logger: BoundLogger) -> Any:
        return getattr(logger.parent, name)

    def set_(logger: BoundLogger, value: Any) -> None:
        setattr(logger.parent, name, value)

    return property(get, set_)


class BoundLogger(InfraLogger):
    """A logger with fields that each of its lines carries; see `bind`.

    It stands for the logger it was made from: same name, level, handlers and filters, and what is
    changed here is changed there.
    """

    parent: InfraLogger
    _bound: dict[str, object]

    def __init__(self, logger: InfraLogger, fields: dict[str, object]) -> None:
        # Not super().__init__(), which makes a logger with a state of its own.
        if isinstance(logger, BoundLogger):
            fields = {**logger._bound, **fields}  # noqa: SLF001 - its own class
            logger = logger.parent
        self.name: str = logger.name
        self.parent = logger  # pyright: ignore[reportIncompatibleVariableOverride]
        self.manager: logging.Manager = logger.manager
        # The same object: a change of a level clears the memory of both.
        self._cache = logger._cache  # noqa: SLF001 - its own class
        self._bound = fields

    disabled: bool = _of_origin("disabled")
    propagate: bool = _of_origin("propagate")
    level: int = _of_origin("level")
    handlers: list[logging.Handler] = _of_origin("handlers")
    filters: list[Any] = _of_origin("filters")

    def unbind(self, *names: str) -> BoundLogger:
        """The logger without these fields."""
        kept = {name: value for name, value in self._bound.items() if name not in names}
        return _bound_to(self.parent, kept)

    def _log(  # type: ignore[override]
        self, level: int, msg: object, args: Any, /, *words: Any, **fields: Any
    ) -> None:
        self._emit(level, msg, args, with_words(words, fields))

    def _emit(self, level: int, msg: Any, args: Any, fields: dict[str, Any]) -> None:
        self.parent._emit(level, msg, args, {**self._bound, **fields})  # noqa: SLF001 - its own class

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802
        """Whether the logger that this one stands for would handle the line."""
        return self.parent.isEnabledFor(level)

    def setLevel(self, level: int | str) -> None:  # noqa: N802
        """Set the level of the logger that this one stands for."""
        self.parent.setLevel(level)

    def addHandler(self, hdlr: logging.Handler) -> None:  # noqa: N802
        """Add a handler to the logger that this one stands for."""
        self.parent.addHandler(hdlr)

    def hasHandlers(self) -> bool:  # noqa: N802
        """Whether a line would reach any handler."""
        return self.parent.hasHandlers()

    def handle(self, record: logging.LogRecord) -> None:
        """Handle a record from elsewhere."""
        self.parent.handle(record)

    def callHandlers(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Hand a record to the handlers."""
        self.parent.callHandlers(record)

    def removeHandler(self, hdlr: logging.Handler) -> None:  # noqa: N802
        """Remove a handler from the logger that this one stands for."""
        self.parent.removeHandler(hdlr)

    def getChild(self, suffix: str) -> BoundLogger:  # noqa: N802
        """The logger below, with the same fields."""
        return _bound_to(self.parent.getChild(suffix), self._bound)

    def __repr__(self) -> str:
        return f"<BoundLogger {self.name} with {', '.join(self._bound)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _bound_again, (self.name, self._bound)


def get_logger(name: str | None = None) -> InfraLogger:
    """The logger of this name, which is also what ``logging.getLogger(name)`` returns.

    Args:
        name: Usually ``__name__``; dots make a tree.  ``None`` is the root logger.

    Examples:
        >>> log = get_logger("shop.orders")
        >>> log.info("order %s paid", 7, amount=12, currency="EUR")
        >>> log is logging.getLogger("shop.orders")
        True
    """
    manager = logging.root.manager
    if name and name not in manager.loggerDict and name != logging.root.name:
        _create(manager, name)
    return as_ours(logging.getLogger(name))


def _create(manager: logging.Manager, name: str) -> None:
    # A logger that is born as ours is quicker than one whose class was changed: CPython keeps the
    # attributes of the latter in a dict (switched off: 1.1x an empty function against 1.5x).
    with logging._lock:  # type: ignore[attr-defined]  # noqa: SLF001 - which getLogger takes too
        before = manager.loggerClass
        manager.loggerClass = _class_for(before or logging.getLoggerClass())
        try:
            manager.getLogger(name)
        finally:
            manager.loggerClass = before


def bind(logger: logging.Logger, /, **fields: object) -> BoundLogger:
    """*logger* with *fields* on each of its lines; still a logger, and as quick.

    A field given in the call wins over the bound one of the same name.  *logger* itself stays as
    it is.

    Examples:
        >>> log = bind(get_logger("shop"), order=7)
        >>> log
        <BoundLogger shop with order>
    """
    if not is_a(logger, logging.Logger):
        raise TypeError(f"bind takes a logger, like get_logger('app'); got {type(logger).__name__}")
    return _bound_to(as_ours(logger), fields)


def as_ours(logger: logging.Logger) -> InfraLogger:
    """*logger* as one of ours: the same object, which may have been created before us."""
    if not isinstance(logger, InfraLogger):
        # In place, since others hold it already, and without `setLoggerClass`, which is the
        # program's to call.
        kind = type(logger)
        logger.__class__ = _class_for(getattr(kind, "plain_class", kind))
    return logger  # type: ignore[return-value]  # mypy does not follow __class__


# Made once for each class of loggers that a program brings; never removed.
_classes: dict[type[logging.Logger], type[InfraLogger]] = {logging.Logger: InfraLogger}
_bound_classes: dict[type[InfraLogger], type[BoundLogger]] = {InfraLogger: BoundLogger}


def _class_for(kind: type[logging.Logger]) -> type[InfraLogger]:
    """The program's class with ours below it: its methods come first, and `super()` is ours."""
    if issubclass(kind, InfraLogger):
        return kind
    if kind not in _classes:
        own: dict[str, Any] = {"__module__": kind.__module__}
        if kind._log is not logging.Logger._log:  # noqa: SLF001
            own["_emit"] = _emit_through_log
        if issubclass(kind, logging.RootLogger):  # whose own method would come first
            own["__reduce__"] = InfraLogger.__reduce__
        _classes[kind] = type(kind.__name__, (kind, InfraLogger), own)  # pyright: ignore[reportGeneralTypeIssues]
    return _classes[kind]


def _emit_through_log(
    self: logging.Logger, level: int, msg: Any, args: Any, fields: dict[str, Any]
) -> None:
    """Call a `_log` that knows of the standard library's keywords alone."""
    msg = fields.pop("msg", "") if msg is _MISSING else msg
    extra = fields.pop("extra", None)
    words = {name: fields.pop(name) for name in WORDS if name in fields}
    self._log(level, msg, args, extra=with_extra(extra, fields), **words)


def _bound_to(logger: InfraLogger, fields: dict[str, object]) -> BoundLogger:
    """A logger with *fields* that has the methods of *logger*, also those a program has added."""
    kind = type(logger)
    if issubclass(kind, BoundLogger):
        return kind(logger, fields)
    if kind not in _bound_classes:
        _bound_classes[kind] = type("BoundLogger", (BoundLogger, kind), {"__module__": __name__})
    return _bound_classes[kind](logger, fields)


def _bound_again(name: str, fields: dict[str, object]) -> BoundLogger:
    return _bound_to(get_logger(name), fields)


_OWN_FILES = frozenset(
    {logging.Logger.info.__code__.co_filename, InfraLogger.info.__code__.co_filename}
)


def _caller(depth: int) -> FrameType:
    """The frame that called the logger, or one *depth* - 1 further up, as ``stacklevel=`` counts."""
    frame = sys._getframe(3)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    if type(depth) is not int:
        depth = 1
    if depth == 1 and frame.f_code.co_filename not in _OWN_FILES:
        return frame  # the usual case: from here over _emit and `info`
    while True:
        if frame.f_code.co_filename not in _OWN_FILES:
            depth -= 1
            if depth <= 0:
                return frame
        if frame.f_back is None:
            return frame
        frame = frame.f_back


def _stack_text(frame: FrameType) -> str:
    return "Stack (most recent call last):\n" + "".join(traceback.format_stack(frame)).rstrip("\n")
