"""Writing lines to the log of the module that a function stands in."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import did_you_mean, passes_through

from ._errors import InvalidOptionError
from ._frames import above, is_wrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FUNCTION = "code.function.name"
DURATION = "duration"
ERROR_TYPE = "error.type"


def logger_for(func: Callable[..., Any], name: str | None) -> logging.Logger:
    """The logger called *name*, or that of the module in which *func* stands.

    Raises:
        InvalidOptionError: If *name* is no text.
    """
    if name is None:
        while isinstance(func, functools.partial):
            func = func.func
        module = getattr(func, "__module__", None)
        name = module if isinstance(module, str) else type(func).__module__
    elif not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidOptionError(
            f"logger_name must be text, like 'shop.orders'; got {type(name).__name__}",
            option="logger_name",
        )
    return logging.getLogger(name)


def level_number(level: int | str) -> int:
    """The number of a level that was given as a number, or by its name in any case.

    Raises:
        InvalidOptionError: If there is no such level.
    """
    if isinstance(level, int) and not isinstance(level, bool) and level > 0:
        return level
    known = logging.getLevelNamesMapping()
    if isinstance(level, str) and known.get(level.upper(), 0) > 0:
        return known[level.upper()]
    hint = did_you_mean(level, (name for name, number in known.items() if number))
    raise InvalidOptionError(f"there is no log level {level!r}; {hint}", option="level")


def write(
    logger: logging.Logger,
    level: int,
    message: str,
    *args: object,
    fields: Mapping[str, object],
    error: BaseException | None = None,
    depth: int = 1,
) -> None:
    """Write a line that counts as written by the caller of the decorated function.

    Args:
        logger: Whose line it is.
        level: A number.
        message: With ``%`` places for *args*.
        args: Fill the places.
        fields: Attributes of the record.
        error: Its traceback goes into the line.
        depth: How many frames the wrapper is above this call.
    """
    place = depth + 2 + above(depth + 1, is_wrapper)
    try:
        logger.log(level, message, *args, extra=fields, exc_info=error, stacklevel=place)
    except Exception as failure:  # a boundary: a handler that fails must not fail the call
        if passes_through(failure):
            raise


def is_failure(error: BaseException) -> bool:
    """Whether *error* tells of something that went wrong: not a cancellation, nor the end of items."""
    # Not isinstance(), which asks the error for its class; errors are foreign, and that may raise.
    ends = issubclass(type(error), (StopIteration, StopAsyncIteration))
    return not (ends or passes_through(error))


def took(seconds: float) -> str:
    """A duration for people.

    Examples:
        >>> took(0.0000321), took(0.25), took(83.4567)
        ('32.1 us', '250 ms', '83.5 s')
    """
    for limit, factor, unit in ((1e-3, 1e6, "us"), (1.0, 1e3, "ms")):
        if seconds < limit:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:.3g} s" if seconds < 1000 else f"{seconds:.0f} s"
