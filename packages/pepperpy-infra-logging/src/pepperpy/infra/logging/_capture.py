"""Seeing in a test what was logged."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakSet

from pepperpy.infra.utils.redaction import redact

from ._levels import parse_level
from ._lock import settings_lock
from ._logger import captures
from ._record import context_of, fields_of, message_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CapturedLog:
    """One line as the program logged it: not rendered, nothing masked (but in the repr)."""

    level: str
    logger: str
    message: str
    fields: Mapping[str, object]
    """What was given as key=value, by `bind` or in ``extra=``."""
    context: Mapping[str, object]
    """What `log_context` blocks added."""
    error: BaseException | None
    record: logging.LogRecord

    def __repr__(self) -> str:
        shown = redact({**self.context, **self.fields})
        return f"<{self.level} {self.logger}: {redact(self.message)} {shown}>"


class CapturedLogs(list[CapturedLog]):
    """The lines in the order in which they were logged."""

    @property
    def messages(self) -> list[str]:
        """The messages alone."""
        return [line.message for line in self]


class capture_logs:  # noqa: N801 - reads as a verb: `with capture_logs() as logs:`
    """Collect what is logged inside of the block, by all threads and tasks of the process.

    `configure_logging` is not needed and not disturbed: handlers receive what they would have
    received anyway.  Every level is seen, whatever the loggers are set to.  A plain logger of the
    standard library that is created inside of the block shows what its level lets through.

    Args:
        level: The least level to collect.
        logger_name: Collect from this logger and those below it.

    Examples:
        >>> from pepperpy.infra.logging import get_logger
        >>> with capture_logs() as logs:
        ...     get_logger("shop").debug("sold %d", 3, article="tea")
        >>> logs[0].level, logs[0].message, logs[0].fields
        ('DEBUG', 'sold 3', {'article': 'tea'})
    """

    def __init__(self, level: int | str = logging.NOTSET, logger_name: str | None = None) -> None:
        self._level = parse_level(level)
        self._name = logger_name
        self._handler = _ForPlainLoggers(self)
        self.logs: CapturedLogs = CapturedLogs()
        self._taken: WeakSet[logging.LogRecord] = WeakSet()

    def __enter__(self) -> CapturedLogs:
        with settings_lock:
            self.logs = CapturedLogs()
            for logger in [logging.root, *logging.root.manager.loggerDict.values()]:
                if type(logger) in _PLAIN_CLASSES:
                    _watch(logger)
            logging.root.addHandler(self._handler)
            captures.append(self)
            # Loggers remember which levels are off, and must ask again.
            logging.root.manager._clear_cache()  # type: ignore[attr-defined]  # noqa: SLF001
        return self.logs

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with settings_lock:
            captures.remove(self)
            if not captures:
                _watch_no_more()
            logging.root.removeHandler(self._handler)
            logging.root.manager._clear_cache()  # type: ignore[attr-defined]  # noqa: SLF001

    def take(self, record: logging.LogRecord) -> None:
        """Keep *record* if it was asked for."""
        if record in self._taken:  # by its logger, before the handlers of the root got it
            return
        below = self._name is None or f"{record.name}.".startswith(f"{self._name}.")
        if record.levelno < self._level or not below:
            return
        self._taken.add(record)
        self.logs.append(
            CapturedLog(
                level=record.levelname,
                logger=record.name,
                message=message_of(record),
                fields=dict(fields_of(record)),
                context=dict(context_of(record)),
                error=record.exc_info[1] if record.exc_info else None,
                record=record,
            )
        )


class _ForPlainLoggers(logging.Handler):
    """Hands on the records of loggers that do not know of captures."""

    def __init__(self, capture: capture_logs) -> None:
        super().__init__()
        self._capture = capture

    def emit(self, record: logging.LogRecord) -> None:
        self._capture.take(record)


_PLAIN_CLASSES = (logging.Logger, logging.RootLogger)


class _Watched(logging.Logger):
    """A plain logger inside of a block: it makes every line, and hands on what it would have made.

    Nothing else differs: code that only works with our loggers must fail in a test as well.
    """

    plain_class: ClassVar[type[logging.Logger]]

    def isEnabledFor(self, level: int) -> bool:  # noqa: ARG002, N802 - of every level
        return not self.disabled

    def handle(self, record: logging.LogRecord) -> None:
        for capture in tuple(captures):
            capture.take(record)
        if record.levelno > self.manager.disable and record.levelno >= self.getEffectiveLevel():
            # Not super(): the block may end meanwhile, and the logger have its own class again.
            logging.Logger.handle(self, record)


_watched_classes = {
    kind: type(kind.__name__, (_Watched, kind), {"plain_class": kind}) for kind in _PLAIN_CLASSES
}
_watched: list[Any] = []  # guarded by settings_lock


def _watch(logger: Any) -> None:
    logger.__class__ = _watched_classes[type(logger)]
    _watched.append(logger)


def _watch_no_more() -> None:
    for logger in _watched:
        plain = getattr(logger, "plain_class", None)
        if plain is not None:  # else it has become one of ours meanwhile
            logger.__class__ = plain
    _watched.clear()
