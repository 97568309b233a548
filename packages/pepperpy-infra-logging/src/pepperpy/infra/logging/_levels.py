"""Levels: their names, and changing them while the program runs."""

from __future__ import annotations

import logging
import math
import os
from enum import IntEnum
from typing import TYPE_CHECKING

from pepperpy.infra.utils import BothFaces, to_seconds

from ._alarm import shared_alarms
from ._errors import InvalidLevelError, InvalidOptionError
from ._lock import settings_lock

if TYPE_CHECKING:
    from datetime import timedelta
    from types import TracebackType
    from typing import Self


class LogLevel(IntEnum):
    """The levels of the standard library, as an enumeration; each is its number."""

    NOTSET = logging.NOTSET
    DEBUG = logging.DEBUG
    INFO = logging.INFO
    WARNING = logging.WARNING
    ERROR = logging.ERROR
    CRITICAL = logging.CRITICAL


def parse_level(level: int | str) -> int:
    """The number of a level that was given as a number, its digits, or its name in any case."""
    if isinstance(level, int) and not isinstance(level, bool) and level >= 0:
        return int(level)
    if isinstance(level, str):
        name = level.strip().upper()
        if name.isascii() and name.isdecimal() and len(name) < 10:
            return int(name)
        known = logging.getLevelNamesMapping()  # also what `logging.addLevelName` added
        for other, number in known.items():
            if other.upper() == name:
                return number
    raise _unknown(level)


def _unknown(level: object) -> InvalidLevelError:
    from difflib import get_close_matches

    known = logging.getLevelNamesMapping()
    near = get_close_matches(str(level).upper(), known, n=2)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"
    return InvalidLevelError(
        f"unknown log level {level!r}; {hint}", level=level, nearest=tuple(near)
    )


def set_log_level(
    level: int | str | None,
    logger_name: str | None = None,
    *,
    duration: float | timedelta | None = None,
) -> None:
    """Change what one logger lets through, from now on; handlers are left alone.

    Args:
        level: A name in any case, or a number.  ``None`` makes the logger follow its parent again.
        logger_name: ``None`` is the root logger, which all loggers without a level of their own
            follow.
        duration: Seconds, or a `timedelta`, after which the logger goes back to what it had before,
            also in a program that is idle then.  Another call for the same logger ends it early,
            as do `configure_logging` and `shutdown_logging`; a forked child begins without it.

    Raises:
        InvalidLevelError: If there is no such level, or the root logger is told to follow.
        InvalidOptionError: If *duration* is not positive.

    Examples:
        >>> set_log_level("warning", "app.db")
        >>> logging.getLogger("app.db").isEnabledFor(logging.INFO)
        False
        >>> set_log_level(None, "app.db")
    """
    logger = logging.getLogger(logger_name)
    if level is None and logger is logging.root:
        raise InvalidLevelError("the root logger has no parent to follow; give a level", level=None)
    number = logging.NOTSET if level is None else _level_of(level, logger_name)
    seconds = None if duration is None else _seconds(duration)
    with settings_lock:
        if seconds is None:
            set_base(logger, number)
            return
        # Armed first: a level that nothing would take back must not be set.
        timed = _ForAWhile(logger, seconds)
        end_timed(logger)
        _begin(logger, timed, number)
        _for_a_while[logger] = timed


def _level_of(level: int | str, logger_name: str | None) -> int:
    try:
        return parse_level(level)
    except InvalidLevelError as error:
        if logger_name is None or not _is_level(logger_name):
            raise
        right = f"set_log_level({logger_name!r}, {level!r})"
        raise InvalidLevelError(
            f"unknown log level {level!r}; the level comes first: {right}",
            level=level,
            nearest=error.nearest,
        ) from None


def _is_level(text: str) -> bool:
    try:
        parse_level(text)
    except InvalidLevelError:
        return False
    return True


def _seconds(duration: float | timedelta) -> float:
    seconds = to_seconds(duration)
    if 0 < seconds < math.inf:
        return seconds
    raise InvalidOptionError(
        f"duration must be positive seconds, a timedelta, or None for 'from now on'; got {duration!r}",
        option="duration",
    )


class _ForAWhile:
    """A level that ends by itself."""

    def __init__(self, logger: logging.Logger, seconds: float) -> None:
        self._logger = logger
        self.call_off = shared_alarms.at(shared_alarms.clock.monotonic() + seconds, self._end)

    def _end(self) -> None:
        with settings_lock:
            if _for_a_while.get(self._logger) is self:  # else it was too late to call the alarm off
                end_timed(self._logger)


# Guarded by settings_lock; at most one for each logger.
_for_a_while: dict[logging.Logger, _ForAWhile] = {}


def end_timed(logger: logging.Logger | None = None) -> None:
    """End the level for a while of one logger, or of all."""
    for each in list(_for_a_while) if logger is None else [logger]:
        if (timed := _for_a_while.pop(each, None)) is not None:
            timed.call_off()
            _end(each, timed)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=end_timed)


class _Overrides:
    """The `log_level` blocks that are open for one logger, oldest first, and its level for a while."""

    def __init__(self, base: int) -> None:
        self.base = base
        # The level is None where something newer has decided.
        self.open: list[tuple[log_level | _ForAWhile, int | None]] = []

    @property
    def level(self) -> int:
        """The level that the newest of them has decided."""
        return next((level for _, level in reversed(self.open) if level is not None), self.base)

    def close(self, owner: log_level | _ForAWhile) -> None:
        """Take out the innermost one of *owner*."""
        last = max(at for at, (each, _) in enumerate(self.open) if each is owner)
        del self.open[last]


# Guarded by settings_lock; an entry lives as long as something is open for its logger.
_overrides: dict[logging.Logger, _Overrides] = {}


def _begin(logger: logging.Logger, owner: log_level | _ForAWhile, level: int) -> None:
    overrides = _overrides.setdefault(logger, _Overrides(logger.level))
    overrides.open.append((owner, level))
    logger.setLevel(level)


def _end(logger: logging.Logger, owner: log_level | _ForAWhile) -> None:
    overrides = _overrides[logger]
    before = overrides.level
    overrides.close(owner)
    # A block gives back what it has taken; an alarm does not know what `setLevel` did meanwhile.
    if logger.level == before or isinstance(owner, log_level):
        logger.setLevel(overrides.level)
    if not overrides.open:
        del _overrides[logger]


def base_of(logger: logging.Logger) -> int:
    """The level that the logger has outside of the blocks."""
    overrides = _overrides.get(logger)
    return logger.level if overrides is None else overrides.base


def set_base(logger: logging.Logger, level: int) -> None:
    """Set the level that the logger has from now on, in the blocks that are open and after them."""
    end_timed(logger)
    if (overrides := _overrides.get(logger)) is not None:
        overrides.base = level
        overrides.open = [(block, None) for block, _ in overrides.open]
    logger.setLevel(level)


class log_level(BothFaces):  # noqa: N801 - reads as a verb: `with log_level("DEBUG"):`
    """Change a logger's level for the time of the block.

    The change is seen by the whole process, as a logger is.  Blocks may nest and, in several
    threads or tasks, overlap: the one that was entered last decides, and after the last one the
    logger has the level that it had before, or that `set_log_level` gave it meanwhile.

    Examples:
        >>> with log_level("DEBUG", "app.db"):
        ...     logging.getLogger("app.db").isEnabledFor(logging.DEBUG)
        True
    """

    def __init__(self, level: int | str, logger_name: str | None = None) -> None:
        self._level = parse_level(level)
        self._logger = logging.getLogger(logger_name)

    def __enter__(self) -> Self:
        with settings_lock:
            _begin(self._logger, self, self._level)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with settings_lock:
            _end(self._logger, self)
