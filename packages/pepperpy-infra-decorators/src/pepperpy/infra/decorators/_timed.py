"""`timed`: how long calls take, in the log and in telemetry."""

from __future__ import annotations

import logging
import sys
from textwrap import indent
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypedDict, overload

from pepperpy.infra.utils import Clock, to_seconds
from pepperpy.infra.utils.wrapping import Kind, compile_wrapper, name_of

from ._decorating import ASYNC, Decorator, F, decorating
from ._errors import InvalidOptionError
from ._lines import (
    DURATION,
    ERROR_TYPE,
    FUNCTION,
    is_failure,
    level_number,
    logger_for,
    took,
    write,
)
from ._shown import kind_name
from ._source import around, passing
from ._tally import LIMIT, Tally

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta
    from typing import Unpack

# Looked for in `sys.modules`, never imported: where it is imported it wants figures.
_TELEMETRY = "pepperpy.infra.telemetry"


class TimedOptions(TypedDict, total=False):
    name: str | None
    level: int | str | None
    threshold: float | timedelta | None
    clock: Clock | None


@overload
def timed(func: F, /, **options: Unpack[TimedOptions]) -> F: ...


@overload
def timed(logger_name: str | None = None, **options: Unpack[TimedOptions]) -> Decorator: ...


def timed(
    logger_name: Any = None,
    *,
    name: str | None = None,
    level: int | str | None = logging.INFO,
    threshold: float | timedelta | None = None,
    clock: Clock | None = None,
) -> Any:
    """Log how long each call takes, and keep figures for telemetry.

    A coroutine function is timed from the first to the last step of its coroutine, what it waits
    for included; a generator from its first item to its end, or until it is closed.  A call that
    raises is timed too, and its line has the error's type.

    While the level is off and nobody wants the figures, a call reads no clock.  They are wanted
    from the moment on when `pepperpy.infra.telemetry` is imported, or somebody looks at them
    through `inspectables`: ``count``, ``errors``, ``total``, ``min``, ``max`` and ``last``, in
    seconds.

    Args:
        logger_name: Whose log gets the lines; by default that of the function's module.
        name: For lines and figures; the function's own by default.
        level: A number or a name in any case; `None` writes no lines and only keeps figures.
        threshold: Seconds, or a `timedelta`; quicker calls have no line.
        clock: What measures the time.

    Raises:
        InvalidOptionError: At decoration, if an option makes no sense.

    Examples:
        >>> import logging, sys
        >>> log = logging.getLogger("shop")
        >>> log.setLevel("INFO")
        >>> log.addHandler(logging.StreamHandler(sys.stdout))
        >>> from pepperpy.infra.utils import FakeClock
        >>> clock = FakeClock()
        >>> @timed("shop", name="report", clock=clock)
        ... def report():
        ...     clock.advance(0.25)
        >>> report()
        report took 250 ms
        >>> log.handlers.clear()
    """
    return _timed(
        logger_name,
        label="timed",
        kinds=tuple(Kind),
        name=name,
        level=level,
        threshold=threshold,
        clock=clock,
    )


@overload
def async_timed(func: F, /, **options: Unpack[TimedOptions]) -> F: ...


@overload
def async_timed(logger_name: str | None = None, **options: Unpack[TimedOptions]) -> Decorator: ...


def async_timed(logger_name: Any = None, **options: Unpack[TimedOptions]) -> Any:
    """`timed`, for coroutine functions and async generators only.

    Raises:
        InvalidTargetError: At decoration, if it is put on anything else.
    """
    return _timed(logger_name, label="async_timed", kinds=ASYNC, **options)


def _timed(
    given: Any,
    *,
    label: str,
    kinds: tuple[Kind, ...],
    name: str | None = None,
    level: int | str | None = logging.INFO,
    threshold: float | timedelta | None = None,
    clock: Clock | None = None,
) -> Any:
    logger_name, target = (given, None) if isinstance(given, str) else (None, given)
    if not (name is None or isinstance(name, str)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidOptionError(f"name must be text; got {type(name).__name__}", option="name")
    number = None if level is None else level_number(level)
    least = _least(threshold)
    if clock is not None and not isinstance(clock, Clock):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidOptionError(
            f"clock must be a Clock, or of a class derived from it; got {type(clock).__name__}",
            option="clock",
        )

    def wrap(func: Callable[..., Any], kind: Kind) -> Callable[..., Any]:
        logger = logger_for(func, logger_name)
        watch = _Watch(name or name_of(func), logger, number, least)
        names = {
            "now": perf_counter if clock is None else clock.monotonic,
            "append": watch.tally.journal.append,
            "fold": watch.tally.fold,
            "journal": watch.tally.journal,
            "least": least,
            "level": number,
            "limit": LIMIT,
            "logger": logger,
            "modules": sys.modules,
            "tally": watch.tally,
            "telemetry": _TELEMETRY,
            "watch": watch,
        }
        return compile_wrapper(func, _body(kind, number, least), names, label=label, kind=kind)

    return decorating(target, wrap, label=label, kinds=kinds)


def _least(threshold: float | timedelta | None) -> float:
    least = 0.0 if threshold is None else to_seconds(threshold)
    if not 0 <= least < float("inf"):
        raise InvalidOptionError(
            f"threshold must be seconds >= 0, a timedelta, or None; got {threshold!r}",
            option="threshold",
        )
    return least


class _Watch:
    """What happens with the durations of one function."""

    __slots__ = ("_least", "_level", "_logger", "_name", "tally")

    def __init__(self, name: str, logger: logging.Logger, level: int | None, least: float) -> None:
        self._name = name
        self._logger = logger
        self._level = level
        self._least = least
        self.tally = Tally(name)

    def tell(self, seconds: float) -> None:
        """Write that a call has returned."""
        fields = {FUNCTION: self._name, DURATION: seconds}
        if self._level is not None:
            write(
                self._logger,
                self._level,
                "%s took %s",
                self._name,
                took(seconds),
                fields=fields,
                depth=2,
            )

    def failed(self, seconds: float, error: BaseException) -> None:
        """Keep, and write, that a call has raised."""
        kind = kind_name(error)
        if is_failure(error):
            self.tally.count_error()
        self.tally.journal.append(seconds)
        if (
            self._level is None
            or seconds < self._least
            or not self._logger.isEnabledFor(self._level)
        ):
            return
        closed = type(error) is GeneratorExit
        fields = {FUNCTION: self._name, DURATION: seconds, ERROR_TYPE: kind}
        write(
            self._logger,
            self._level,
            "%s was closed after %s" if closed else "%s raised %s after %s",
            self._name,
            *(() if closed else (kind,)),
            took(seconds),
            fields=fields,
            depth=2,
        )


def _body(kind: Kind, level: int | None, least: float) -> str:
    """The source: what is not asked for is not in it."""
    unwanted = "$tally.idle and $telemetry not in $modules"
    if level is not None:
        unwanted += " and not $logger.isEnabledFor($level)"
    lines = [
        "$seconds = $now() - $started",
        "$append($seconds)",
        "if $len($journal) > $limit:",
        "    $fold()",
    ]
    if level is not None:
        slow = "$seconds >= $least and " if least else ""
        lines += [f"if {slow}$logger.isEnabledFor($level):", "    $watch.tell($seconds)"]
    return around(
        kind,
        before=f"if {unwanted}:\n{indent(passing(kind), '    ')}$started = $now()",
        failed="$watch.failed($now() - $started, $error)",
        done="\n".join(lines),
    )
