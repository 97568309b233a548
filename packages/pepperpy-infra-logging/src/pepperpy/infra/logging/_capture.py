"""Seeing in a test what was logged."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pepperpy.infra.utils.redaction import redact

from ._context import current
from ._levels import parse_level
from ._lock import settings_lock
from ._logger import as_ours, captures
from ._record import FullRecord, fields_of, message_of

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

    def __enter__(self) -> CapturedLogs:
        with settings_lock:
            self.logs = CapturedLogs()
            as_ours(logging.root)
            for logger in list(logging.root.manager.loggerDict.values()):
                if type(logger) is logging.Logger:
                    as_ours(logger)
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
            logging.root.removeHandler(self._handler)
            logging.root.manager._clear_cache()  # type: ignore[attr-defined]  # noqa: SLF001

    def take(self, record: logging.LogRecord) -> None:
        """Keep *record* if it was asked for."""
        below = self._name is None or f"{record.name}.".startswith(f"{self._name}.")
        if record.levelno < self._level or not below:
            return
        node = current.get()
        if isinstance(record, FullRecord):
            record.settle()
        self.logs.append(
            CapturedLog(
                level=record.levelname,
                logger=record.name,
                message=message_of(record),
                fields=dict(fields_of(record)),
                context=dict(node.fields) if node else {},
                error=record.exc_info[1] if record.exc_info else None,
                record=record,
            )
        )


class _ForPlainLoggers(logging.Handler):
    """Hands on the records of loggers that do not know of captures."""

    needs_caller = False

    def __init__(self, capture: capture_logs) -> None:
        super().__init__()
        self._capture = capture

    def emit(self, record: logging.LogRecord) -> None:
        if not isinstance(record, FullRecord):
            self._capture.take(record)
