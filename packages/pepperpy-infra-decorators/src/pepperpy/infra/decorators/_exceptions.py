"""`log_exceptions`: an error is logged once, and raised on."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final, TypedDict, overload

from pepperpy.infra.utils.wrapping import Kind, compile_wrapper, name_of

from ._decorating import ASYNC, Decorator, F, decorating
from ._errors import InvalidOptionError
from ._lines import ERROR_TYPE, FUNCTION, is_failure, level_number, logger_for, write
from ._shown import kind_name, rendering, shown_error
from ._source import around

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

_MARK: Final = "__pepperpy_logged__"
_MOST_TEXT: Final = 500

# When the last error was logged; a list, as that is what wrappers read fastest.
_LAST: Final = [0]

# Errors are foreign: a `__getattribute__`, or a property called `__dict__`, may raise.
_state_of: Callable[[BaseException], dict[str, Any]] = vars(BaseException)["__dict__"].__get__


class ExceptionsOptions(TypedDict, total=False):
    level: int | str
    exceptions: type[Exception] | tuple[type[Exception], ...]
    message: str | None
    traceback: bool


@overload
def log_exceptions(func: F, /, **options: Unpack[ExceptionsOptions]) -> F: ...


@overload
def log_exceptions(
    logger_name: str | None = None, **options: Unpack[ExceptionsOptions]
) -> Decorator: ...


def log_exceptions(
    logger_name: Any = None,
    *,
    level: int | str = logging.ERROR,
    exceptions: type[Exception] | tuple[type[Exception], ...] = Exception,
    message: str | None = None,
    traceback: bool = True,
) -> Any:
    """Log what the function raises, and raise the same error.

    An error that comes through several of these decorators is logged by the innermost one alone,
    also where it comes through tasks or threads.  Cancellation, `KeyboardInterrupt`, `SystemExit`
    and the end of an iteration are never logged.  What looks like a secret in the error's text is
    masked in the message; the traceback is written by your handlers, so it is for them to mask.

    Args:
        logger_name: Whose log gets the line; by default that of the function's module.
        level: A number, or a name in any case.
        exceptions: A type or several; others pass without a line.
        message: Begins the line; by default the function's name.
        traceback: Whether the line has the traceback.

    Raises:
        InvalidOptionError: At decoration, if an option makes no sense.

    Examples:
        >>> import logging, sys
        >>> log = logging.getLogger("shop")
        >>> log.setLevel("INFO")
        >>> log.addHandler(logging.StreamHandler(sys.stdout))
        >>> @log_exceptions("shop", traceback=False)
        ... def report():
        ...     raise OSError("disk is full")
        >>> try:
        ...     report()
        ... except OSError as error:
        ...     print(f"still {error!r}")
        pepperpy.infra.decorators._exceptions.report raised OSError: disk is full
        still OSError('disk is full')
        >>> log.handlers.clear()
    """
    return _log_exceptions(
        logger_name,
        label="log_exceptions",
        kinds=tuple(Kind),
        level=level,
        exceptions=exceptions,
        message=message,
        traceback=traceback,
    )


@overload
def async_log_exceptions(func: F, /, **options: Unpack[ExceptionsOptions]) -> F: ...


@overload
def async_log_exceptions(
    logger_name: str | None = None, **options: Unpack[ExceptionsOptions]
) -> Decorator: ...


def async_log_exceptions(logger_name: Any = None, **options: Unpack[ExceptionsOptions]) -> Any:
    """`log_exceptions`, for coroutine functions and async generators only.

    Raises:
        InvalidTargetError: At decoration, if it is put on anything else.
    """
    return _log_exceptions(logger_name, label="async_log_exceptions", kinds=ASYNC, **options)


def _log_exceptions(
    given: Any,
    *,
    label: str,
    kinds: tuple[Kind, ...],
    level: int | str = logging.ERROR,
    exceptions: type[Exception] | tuple[type[Exception], ...] = Exception,
    message: str | None = None,
    traceback: bool = True,
) -> Any:
    logger_name, target = (given, None) if isinstance(given, str) else (None, given)
    number, wanted = level_number(level), _types(exceptions)
    if not (message is None or isinstance(message, str)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidOptionError(
            f"message must be text; got {type(message).__name__}", option="message"
        )

    def wrap(func: Callable[..., Any], kind: Kind) -> Callable[..., Any]:
        reporter = _Reporter(
            name_of(func), logger_for(func, logger_name), number, message, traceback=traceback
        )
        names = {
            "last": _LAST,
            "report": reporter.report,
            "wanted": wanted[0] if len(wanted) == 1 else wanted,
        }
        body = around(
            kind, before="$began = $last[0]", failed="$report($error, $began)", caught="$wanted"
        )
        return compile_wrapper(func, body, names, label=label, kind=kind)

    return decorating(target, wrap, label=label, kinds=kinds)


def _types(given: Any) -> tuple[type[Exception], ...]:
    whole: Any = given  # the same, but no checker narrows it to a tuple of what it does not know
    kinds: tuple[Any, ...] = whole if isinstance(given, tuple) else (given,)
    if kinds and all(isinstance(kind, type) and issubclass(kind, Exception) for kind in kinds):
        return kinds
    raise InvalidOptionError(
        f"exceptions must be a class of errors, or a tuple of them; got {given!r} "
        "(cancellation, KeyboardInterrupt and SystemExit always pass without a line)",
        option="exceptions",
    )


class _Reporter:
    """Writes the lines of one function."""

    __slots__ = ("_level", "_logger", "_message", "_name", "_traceback")

    def __init__(
        self, name: str, logger: logging.Logger, level: int, message: str | None, *, traceback: bool
    ) -> None:
        self._name = name
        self._logger = logger
        self._level = level
        self._message = message
        self._traceback = traceback

    def report(self, error: Exception, began: int) -> None:
        """Write a line about *error*, unless that has been done since the call began."""
        if not is_failure(error) or _marked(error) > began:
            return
        if not self._logger.isEnabledFor(self._level) or rendering.is_on():
            return
        _mark(error)
        kind = kind_name(error)
        with rendering():
            text = shown_error(error, _MOST_TEXT)
        write(
            self._logger,
            self._level,
            "%s: %s" if self._message is not None else "%s raised %s",
            self._name if self._message is None else self._message,
            f"{kind}: {text}" if text else kind,
            fields={FUNCTION: self._name, ERROR_TYPE: kind},
            error=error if self._traceback else None,
            depth=2,
        )


def _marked(error: Exception) -> int:
    """When *error* was logged last, in nanoseconds that grow from error to error; 0 for never."""
    mark: Any = _state_of(error).get(_MARK)
    # A copy, as it comes out of another process, has the mark and is another error.
    return mark[0] if type(mark) is tuple and mark[1:] == (id(error),) else 0  # pyright: ignore[reportUnknownVariableType]


def _mark(error: Exception) -> None:
    # Not by setattr(), which frozen errors refuse.  A plain tuple, as it goes along into pickles.
    _LAST[0] = max(_LAST[0] + 1, time.monotonic_ns())
    _state_of(error)[_MARK] = (_LAST[0], id(error))
