"""`log_calls`: what was called with what, and what came of it."""

from __future__ import annotations

import logging
from textwrap import indent
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypedDict, overload

from pepperpy.infra.utils import passes_through
from pepperpy.infra.utils.wrapping import Kind, Parameters, compile_wrapper, name_of

from ._decorating import Decorator, F, decorating
from ._errors import InvalidOptionError
from ._lines import DURATION, ERROR_TYPE, FUNCTION, level_number, logger_for, took, write
from ._shown import kind_name, rendering, shown, shown_error
from ._source import around, passing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Unpack

_SELF = frozenset({"self", "cls"})


class CallsOptions(TypedDict, total=False):
    name: str | None
    level: int | str
    max_length: int


@overload
def log_calls(func: F, /, **options: Unpack[CallsOptions]) -> F: ...


@overload
def log_calls(
    log_args: bool = True,
    log_result: bool = True,
    logger_name: str | None = None,
    **options: Unpack[CallsOptions],
) -> Decorator: ...


def log_calls(
    log_args: Any = True,
    log_result: bool = True,
    logger_name: str | None = None,
    *,
    name: str | None = None,
    level: int | str = logging.INFO,
    max_length: int = 200,
) -> Any:
    """Write a line when the function is called, and one when it has returned or raised.

    A call costs one question to the logger while the level is off.  Arguments whose names are
    those of secrets are masked, and so is what looks like a secret anywhere in an argument, result
    or error.  ``self`` and ``cls`` are left out.  No `__repr__` can make the call fail.

    A coroutine function begins with the first step of its coroutine, a generator with its first
    item.

    Args:
        log_args: Show the arguments.
        log_result: Show what is returned.
        logger_name: Whose log gets the lines; by default that of the function's module.
        name: Used in the lines; the function's own by default.
        level: A number, or a name in any case.
        max_length: Characters that each argument, result or error has at most.

    Raises:
        InvalidOptionError: At decoration, if an option makes no sense.

    Examples:
        >>> import logging, sys
        >>> log = logging.getLogger("shop")
        >>> log.setLevel("INFO")
        >>> log.addHandler(logging.StreamHandler(sys.stdout))
        >>> @log_calls(logger_name="shop", name="sign_in")
        ... def sign_in(user, password):
        ...     return user == "ann"
        >>> sign_in("ann", password="pw")  # doctest: +ELLIPSIS
        sign_in(user='ann', password=***)
        sign_in returned True after ... us
        True
        >>> log.handlers.clear()
    """
    target, log_args = (None, log_args) if isinstance(log_args, bool) else (log_args, True)
    number = level_number(level)
    limit = _limit(max_length)

    def wrap(func: Callable[..., Any], kind: Kind) -> Callable[..., Any]:
        logger = logger_for(func, logger_name)
        lines = _Lines(name or name_of(func), logger, number, log_result=log_result, limit=limit)
        names = {"logger": logger, "level": number, "begin": lines.begin}

        def body(parameters: Parameters) -> str:
            arguments = _arguments(parameters) if log_args else ""
            off = f"if not $logger.isEnabledFor($level):\n{indent(passing(kind), '    ')}"
            return around(
                kind,
                before=f"{off}$run = $begin({arguments})",
                failed="$run.raised($error)",
                done="$run.returned($result)",
            )

        return compile_wrapper(func, body, names, label="log_calls", kind=kind)

    return decorating(target, wrap, label="log_calls")


def _limit(given: Any) -> int:
    if isinstance(given, int) and not isinstance(given, bool) and given > 0:
        return given
    raise InvalidOptionError(
        f"max_length must be a number of characters from 1 on; got {given!r}", option="max_length"
    )


def _arguments(parameters: Parameters) -> str:
    """What `_Lines.begin` gets: the arguments that have a name, and those that have none of ours."""
    own = [*parameters.positional, *parameters.keyword_only]
    if own and own[0] in _SELF:
        del own[0]
    named = "".join(f"({name!r}, {name}), " for name in own)
    return f"({named}), {parameters.var_positional or '()'}, {parameters.var_keyword or '{}'}"


class _Lines:
    """The lines of one function."""

    __slots__ = ("level", "limit", "log_result", "logger", "name")

    def __init__(
        self, name: str, logger: logging.Logger, level: int, *, log_result: bool, limit: int
    ) -> None:
        self.name: str = name
        self.logger: logging.Logger = logger
        self.level: int = level
        self.log_result: bool = log_result
        self.limit: int = limit

    def begin(
        self,
        named: tuple[tuple[str, object], ...] | None = None,
        others: tuple[object, ...] = (),
        more: Mapping[str, object] | None = None,
    ) -> _Run:
        """Write that a call begins; without *named*, its arguments are not shown."""
        if rendering.is_on():
            return _SILENT
        arguments = "..."
        if named is not None:
            with rendering():
                pairs = [*named, *(more or {}).items()]
                texts = [shown(value, self.limit) for value in others]
                texts += [f"{name}={shown(value, self.limit, name)}" for name, value in pairs]
            arguments = ", ".join(texts)
        self.write("%s(%s)", arguments, fields={FUNCTION: self.name})
        return _Run(self)

    def write(self, message: str, *args: object, fields: Mapping[str, object]) -> None:
        """Write a line for a method that the wrapper has called."""
        write(self.logger, self.level, message, self.name, *args, fields=fields, depth=3)


class _Run:
    """One call, from its first line to its last."""

    __slots__ = ("_lines", "_started")

    def __init__(self, lines: _Lines) -> None:
        self._lines = lines
        self._started = perf_counter()

    def returned(self, result: object) -> None:
        """Write what came of it."""
        lines, seconds = self._lines, perf_counter() - self._started
        fields = {FUNCTION: lines.name, DURATION: seconds}
        if not lines.log_result:
            lines.write("%s returned after %s", took(seconds), fields=fields)
            return
        with rendering():
            text = shown(result, lines.limit)
        lines.write("%s returned %s after %s", text, took(seconds), fields=fields)

    def raised(self, error: BaseException) -> None:
        """Write what it has raised."""
        lines, seconds = self._lines, perf_counter() - self._started
        kind = kind_name(error)
        fields = {FUNCTION: lines.name, DURATION: seconds, ERROR_TYPE: kind}
        if type(error) is GeneratorExit:
            lines.write("%s was closed after %s", took(seconds), fields=fields)
            return
        with rendering():
            text = "" if passes_through(error) else shown_error(error, lines.limit)
        outcome = f"{kind}: {text}" if text else kind
        lines.write("%s raised %s after %s", outcome, took(seconds), fields=fields)


class _Silent(_Run):
    """A call that is made while a line is rendered, and has none itself."""

    def __init__(self) -> None:
        """Need nothing."""

    def returned(self, result: object) -> None:
        """Write nothing."""

    def raised(self, error: BaseException) -> None:
        """Write nothing."""


_SILENT = _Silent()
