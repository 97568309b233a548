"""Levels: their names, and changing them while the program runs."""

from __future__ import annotations

import logging
from enum import IntEnum
from typing import TYPE_CHECKING

from ._errors import InvalidLevelError
from ._lock import settings_lock

if TYPE_CHECKING:
    from types import TracebackType


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


def set_log_level(level: int | str | None, logger_name: str | None = None) -> None:
    """Change what one logger lets through, from now on; handlers are left alone.

    Args:
        level: A name in any case, or a number.  ``None`` makes the logger follow its parent again.
        logger_name: ``None`` is the root logger, which all loggers without a level of their own
            follow.

    Raises:
        InvalidLevelError: If there is no such level, or the root logger is told to follow.

    Examples:
        >>> set_log_level("warning", "app.db")
        >>> logging.getLogger("app.db").isEnabledFor(logging.INFO)
        False
        >>> set_log_level(None, "app.db")
    """
    logger = logging.getLogger(logger_name)
    if level is None and logger is logging.root:
        raise InvalidLevelError("the root logger has no parent to follow; give a level", level=None)
    number = logging.NOTSET if level is None else parse_level(level)
    with settings_lock:
        set_base(logger, number)


class _Overrides:
    """The `log_level` blocks that are open for one logger, oldest first."""

    def __init__(self, base: int) -> None:
        self.base = base
        # The level is None where something newer has decided.
        self.open: list[tuple[log_level, int | None]] = []

    def close(self, block: log_level) -> int:
        """The level after one of the blocks has ended."""
        last = max(at for at, (each, _) in enumerate(self.open) if each is block)
        del self.open[last]
        return next((level for _, level in reversed(self.open) if level is not None), self.base)


# Guarded by settings_lock; an entry lives as long as a block is open for its logger.
_overrides: dict[logging.Logger, _Overrides] = {}


def base_of(logger: logging.Logger) -> int:
    """The level that the logger has outside of the blocks."""
    overrides = _overrides.get(logger)
    return logger.level if overrides is None else overrides.base


def set_base(logger: logging.Logger, level: int) -> None:
    """Set the level that the logger has from now on, in the blocks that are open and after them."""
    if (overrides := _overrides.get(logger)) is not None:
        overrides.base = level
        overrides.open = [(block, None) for block, _ in overrides.open]
    logger.setLevel(level)


class log_level:  # noqa: N801 - reads as a verb: `with log_level("DEBUG"):`
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

    def __enter__(self) -> None:
        with settings_lock:
            overrides = _overrides.setdefault(self._logger, _Overrides(self._logger.level))
            overrides.open.append((self, self._level))
            self._logger.setLevel(self._level)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with settings_lock:
            overrides = _overrides[self._logger]
            self._logger.setLevel(overrides.close(self))
            if not overrides.open:
                del _overrides[self._logger]

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)
