"""Setting logging up, and taking it down again."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from pepperpy.infra.utils import register_closer, subscribe
from pepperpy.infra.utils.redaction import Redactor

from ._choice import choice
from ._clean import Cleaner
from ._console_sink import ConsoleSink
from ._errors import InvalidFormatError, InvalidOptionError
from ._file_sink import FileSink
from ._json import JsonRenderer
from ._levels import base_of, end_timed, parse_level, set_base
from ._lock import settings_lock
from ._logger import get_logger
from ._pretty import PrettyRenderer
from ._queue_policy import QueuePolicy
from ._repeats import window_of
from ._rotating_sink import RotatingFileSink
from ._rotation import rotation_of
from ._sampling import Sampling
from ._sieve import Sieve
from ._text import FormattedText, TextRenderer, check_format
from ._values import is_a

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import timedelta
    from typing import TextIO

    from pepperpy.infra.utils import Signal

    from ._sink import Renderer, Sink

ConsoleFormat: TypeAlias = Literal["auto", "pretty", "json", "text"]
FileFormat: TypeAlias = Literal["text", "json"]

_CLOSES_AT = 900  # after everything that may still have something to say


def configure_logging(
    level: int | str | None = None,
    format_string: str | None = None,
    log_file: str | os.PathLike[str] | None = None,
    console: bool | int | str = True,
    *,
    format: ConsoleFormat = "auto",  # noqa: A002
    file_format: FileFormat = "text",
    levels: Mapping[str, int | str] | None = None,
    queue: bool | QueuePolicy | Mapping[str, Any] = False,
    rotation: int | str | timedelta | None = None,
    retention: int | str | timedelta | None = None,
    sampling: bool | Sampling | Mapping[str, Any] | None = None,
    repeats: bool | float | timedelta = False,
    redact: bool | Iterable[str] | Redactor = True,
    capture_warnings: bool = False,
) -> None:
    """Send what all loggers log to the console and, if wanted, to a file.

    May be called again at any time: it replaces what the last call set up and nothing else.
    Handlers that the program or other libraries added stay.

    Args:
        level: What the root logger lets through, and so all loggers without a level of their own:
            a name in any case, or a number.  ``None`` is INFO.
        format_string: A ``%(name)s`` format of the standard library for lines of text; fields can
            be named in it.  The console then writes text as well, unless *format* says otherwise.
        log_file: Lines are appended here.  Missing folders are made.
        console: Whether to write to standard error; or the level from which on lines go there as
            well (``"WARNING"``), while the file gets all that *level* lets through.
        format: ``"auto"`` is pretty on a terminal and JSON elsewhere.
        file_format: How the file looks.
        levels: Levels of single loggers, by name.
        queue: Whether a thread writes the lines, so that callers need not wait for a slow disk or
            reader: True, or a `QueuePolicy` (or its options in a mapping) that says how many lines
            may wait and what happens then.
        rotation: When the file is set aside and a new one begun: at a size (``"100 MB"``, or
            bytes), after a time (``"12 h"``, or a timedelta), ``"hourly"``, ``"daily"`` or
            ``"weekly"``, in UTC.
        retention: How many of the files that were set aside are kept, or for how long
            (``"30 days"``, or a timedelta); ``None`` keeps all.
        sampling: Which of many similar lines are written: a `Sampling`, or True for the usual one.
            Handlers of others get every line.
        repeats: For how many seconds (or a `timedelta`; True is 5) repetitions of a line are held
            back, to be told as one line "repeated 12 times".
        redact: Whether secrets are masked; names that are secret in addition; or a `Redactor`.
        capture_warnings: Whether Python's warnings are logged, as ``py.warnings``.

    Raises:
        InvalidLevelError: If there is no such level.
        InvalidFormatError: If there is no such format, or *format_string* cannot be filled in.
        InvalidOptionError: If another option is none of what it may be.
        LogFileError: If the file cannot be opened.  After any of these errors everything is as it
            was before the call.
    """
    number = logging.INFO if level is None else parse_level(level)
    by_name = _levels_by_name(levels)
    console_level = logging.NOTSET if isinstance(console, bool) else parse_level(console)
    sampled, window = choice("sampling", Sampling, sampling), window_of(repeats)
    policy, turning = (
        choice("queue", QueuePolicy, queue),
        rotation_of(rotation, retention, log_file),
    )
    cleaner = Cleaner(_redactor(redact))
    renderers = _Renderers(cleaner, format_string)
    renderers.check(format, file_format)

    sinks: list[Sink] = []
    try:
        if log_file is not None:
            path, render = _path(log_file), renderers.for_file(file_format)
            sinks.append(
                RotatingFileSink(path, render, turning) if turning else FileSink(path, render)
            )
        if console is not False:
            sinks.append(ConsoleSink(renderers.for_console(format)))
            sinks[-1].setLevel(console_level)
        if policy is not None:
            for sink in sinks:
                sink.write_behind(policy)
        handlers: list[_Ours] = [*sinks]
        if sampled is not None or window is not None:
            handlers = [Sieve(each, cleaner, sampling=sampled, repeats=window) for each in sinks]
        with settings_lock:
            setup.replace(
                handlers or [_Nowhere()],
                {None: number, **by_name},
                capture_warnings=capture_warnings,
            )
    except BaseException:
        for sink in sinks:
            sink.retire()
        raise


def shutdown_logging() -> None:
    """Undo `configure_logging`: its handlers are removed, its file is released, levels go back.

    Lines are written at once, so nothing waits to be flushed.  Calling it twice is harmless, and
    `run_closers` calls it too.
    """
    with settings_lock:
        setup.undo()


class Follower(Protocol):
    """Something that will configure logging again, until it is ended."""

    @property
    def end(self) -> Callable[[], object]: ...

    def options(self, settings: Any, /) -> dict[str, Any]:
        """What `configure_logging` would be called with."""
        ...


class _Nowhere(logging.NullHandler):
    """Takes the lines where neither console nor file is wanted.

    Without any handler, the standard library would print warnings on standard error, secrets and all.
    """

    needs_caller = False

    def take(self, *call: object) -> None:
        """Nothing is shown."""

    def settle(self) -> None:
        """Nothing waits here."""

    def retire(self) -> None:
        """Close for good."""
        self.close()


_Ours: TypeAlias = "Sink | Sieve | _Nowhere"


class _Setup:
    """What the last `configure_logging` did to the process.  Guarded by settings_lock."""

    def __init__(self) -> None:
        self.follower: Follower | None = None
        self._sinks: list[_Ours] = []
        # logger name (None is the root) -> level before, level that we set
        self._levels: dict[str | None, tuple[int, int]] = {}
        self._undo: list[Callable[[], None]] = []

    def replace(
        self, sinks: list[_Ours], levels: Mapping[str | None, int], *, capture_warnings: bool
    ) -> None:
        self._end_follower()
        old, self._sinks = self._sinks, sinks
        root = logging.root
        # What waits in the queues comes before what the new ones write to the same file.
        for sink in old:
            sink.settle()
        # One assignment, and the old ones are closed last: a thread in the midst of its line loses
        # nothing, since a closed file sink opens the file for it again.
        root.handlers = [*(each for each in root.handlers if each not in old), *sinks]
        end_timed()
        self._restore_levels()
        for name, number in levels.items():
            logger = logging.getLogger(name)
            self._levels[name] = (base_of(logger), number)
            set_base(logger, number)
        if not self._undo:
            self._undo = [subscribe(_log_signal), register_closer(_CLOSES_AT, shutdown_logging)]
        self._capture_warnings(capture_warnings)
        for sink in old:
            sink.retire()

    def undo(self) -> None:
        self._end_follower()
        root = logging.root
        root.handlers = [each for each in root.handlers if each not in self._sinks]
        end_timed()
        self._restore_levels()
        self._capture_warnings(wanted=False)
        for undo in self._undo:
            undo()
        for sink in self._sinks:
            sink.retire()
        self._sinks, self._undo = [], []

    def _end_follower(self) -> None:
        follower, self.follower = self.follower, None
        if follower is not None:
            follower.end()

    def _restore_levels(self) -> None:
        for name, (before, ours) in self._levels.items():
            logger = logging.getLogger(name)
            if base_of(logger) == ours:  # else somebody else has decided since
                set_base(logger, before)
        self._levels = {}

    _captures_warnings = False

    def _capture_warnings(self, wanted: bool) -> None:
        if wanted != self._captures_warnings:
            if wanted and logging._warnings_showwarning is not None:  # type: ignore[attr-defined]  # noqa: SLF001
                return  # the program does it already, and would not expect us to end it
            logging.captureWarnings(wanted)
            self._captures_warnings = wanted


setup = _Setup()


class _Renderers:
    """Finds the renderer for a format, and refuses formats that do not exist."""

    def __init__(self, cleaner: Cleaner, format_string: str | None) -> None:
        self._cleaner = cleaner
        self._format_string = format_string

    def check(self, format: str, file_format: str) -> None:  # noqa: A002
        for option, value, known in (
            ("format", format, ("auto", "pretty", "json", "text")),
            ("file_format", file_format, ("text", "json")),
        ):
            if value not in known:
                raise InvalidFormatError(
                    f"{option} must be one of {', '.join(known)}; got {value!r}", format=value
                )
        if self._format_string is not None:
            check_format(self._format_string)

    def for_file(self, file_format: str) -> Renderer:
        return JsonRenderer(self._cleaner) if file_format == "json" else self._text()

    def for_console(self, format: str) -> Callable[[TextIO | None], Renderer]:  # noqa: A002
        if format == "auto" and self._format_string is not None:
            format = "text"  # noqa: A001

        def choose(stream: TextIO | None) -> Renderer:
            terminal = _is_terminal(stream)
            if format == "text":
                return self._text()
            if format == "pretty" or (format == "auto" and terminal):
                return PrettyRenderer(self._cleaner, colours=_wants_colours(terminal=terminal))
            return JsonRenderer(self._cleaner)

        return choose

    def _text(self) -> Renderer:
        if self._format_string is not None:
            return FormattedText(self._cleaner, self._format_string)
        return TextRenderer(self._cleaner)


def _path(log_file: Any) -> str:
    try:
        return os.fsdecode(log_file)
    except TypeError as error:
        raise InvalidOptionError(
            f"log_file must be a path, or None for no file; got {log_file!r}", option="log_file"
        ) from error


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except Exception:  # noqa: BLE001 - closed, or something that only looks like a stream
        return False


def _wants_colours(*, terminal: bool) -> bool:
    # https://no-color.org, https://force-color.org: set means set to anything but nothing.
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (terminal and os.environ.get("TERM") != "dumb")


def _levels_by_name(levels: Any) -> dict[str | None, int]:
    """Levels by logger name, where None is the root logger."""
    given: Mapping[Any, Any] = {} if levels is None else levels
    if not is_a(given, Mapping):
        raise InvalidOptionError(
            f"levels must be a mapping like {{'app.db': 'DEBUG'}}; got {type(levels).__name__}",
            option="levels",
        )
    by_name: dict[str | None, int] = {}
    for name, level in given.items():
        if not is_a(name, str):
            raise InvalidOptionError(
                f"the names in levels must be text, '' for the root logger; got {name!r}",
                option="levels",
            )
        by_name[None if name in {"", "root"} else name] = parse_level(level)
    return by_name


def _redactor(redact: bool | Iterable[str] | Redactor) -> Redactor:
    if isinstance(redact, Redactor):
        return redact
    if isinstance(redact, bool):
        return Redactor() if redact else _NoRedactor()
    try:
        return Redactor(names=redact)
    except TypeError as error:
        raise InvalidOptionError(
            f"redact must be True, False, secret names or a Redactor; got {type(redact).__name__}",
            option="redact",
        ) from error


class _NoRedactor(Redactor):
    __slots__ = ()

    def is_secret_name(self, name: str) -> bool:  # noqa: ARG002
        return False

    def redact_text(self, text: str) -> str:
        return text

    def redact(self, value: Any) -> Any:
        return value


def _log_signal(signal: Signal) -> None:
    if signal.kind in {"logging.dropped", "logging.lost", "logging.sampled"}:
        return  # it was told in the log itself, as well as it can be
    get_logger(signal.source).log(signal.level, signal.kind, extra=dict(signal.facts))
