"""Setting the default manager up, from the program or the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.utils import ForkSafeLock, did_you_mean, subscribe

from ._default import default
from ._deliveries import check_handler
from ._errors import InvalidOptionError, UnknownHandlerError
from ._handlers import LoggingTelemetryHandler
from ._log import COMPONENT
from ._manager import engine_of
from ._settings import Settings, check_bool, check_text
from ._types import MetricType, event_level

if TYPE_CHECKING:
    from collections.abc import Callable

    from pepperpy.infra.utils import Signal

_COMPONENT: Final = "telemetry"
_LOGGING: Final = "logging"
_SWITCHES: Final = ("enabled", "log_metrics", "signals")
_LIMITS: Final = tuple(each.name for each in fields(Settings))
_OPTIONS: Final = (*_LIMITS, *_SWITCHES, "handlers", "default_handler")


def initialize_telemetry(config: Mapping[str, Any] | None = None, /, **options: Any) -> None:
    """Set the default manager up, and have it listen to the signals of the other packages.

    Nothing has to be set up for reports to be counted.  Each call replaces what the one before has
    set up; what was counted stays.

    Where `pepperpy.infra.config` is installed, the section ``telemetry`` of the configuration is
    read as well, whose variables begin with ``PEPPERPY_TELEMETRY_``, and again after each reload.
    *options* win over *config*, and that over the configuration.

    Args:
        config: Options by name.
        options: ``enabled``; ``interval``, ``max_series``, ``max_names``, ``max_events``,
            ``flush_timeout`` and ``log_events`` as of `TelemetryManager`; ``log_metrics``: whether
            metrics are written to the log, off by default; ``signals``: whether signals are
            counted and handed on, on by default; ``handlers``: a mapping of names to handlers;
            ``default_handler``: the name of one.

    Raises:
        InvalidOptionError: If there is no such option, or it cannot have this value.
        InvalidHandlerError: If a handler is none.
        ConfigError: If the configuration is wrong; its message tells where.
    """
    given = {**(config or {}), **options}
    for name in given:
        if name not in _OPTIONS:
            hint = did_you_mean(name, _OPTIONS)
            raise InvalidOptionError(f"unknown telemetry option {name!r}; {hint}", option=name)
    if not _follow_configuration(given):
        _setup.replace(given)
        _setup.follow(_nothing)


def shutdown_telemetry() -> None:
    """Undo `initialize_telemetry`, and flush: handlers are forgotten and their threads end.

    What was counted stays, and reports are still counted.  Calling it twice is harmless, and
    `run_closers` closes the handlers as well.
    """
    _setup.end()
    default.close()


class _Setup:
    """What the last `initialize_telemetry` did."""

    def __init__(self) -> None:
        self._lock = ForkSafeLock()
        # Guarded by the lock.
        self._undo: list[Callable[[], object]] = []
        self._handlers: dict[str, Any] = {}
        self._first: str | None = None
        self._unfollow: Callable[[], None] = _nothing

    def replace(self, options: Mapping[str, Any]) -> None:
        """Take over *options*, all of them or none."""
        settings = Settings(**{name: options[name] for name in _LIMITS if name in options})
        for name in _SWITCHES:
            check_bool(name, options.get(name, True))
        handlers = self._wanted_handlers(options)
        first = options.get("default_handler")
        if first is not None and first not in handlers:
            default.get_handler(first)

        with self._lock:
            self._undo_all(keep=handlers)
            engine_of(default).configure(settings)
            for name, handler in handlers.items():
                default.register_handler(name, handler)
            self._handlers, self._first = handlers, first
            if first is not None:
                default.set_default_handler(first)
                self._undo.append(lambda: default.set_default_handler(None))
            if "enabled" in options:
                self._switch(enabled=options["enabled"])
            if options.get("signals", True):
                self._undo.append(subscribe(_take_signal))

    def follow(self, unfollow: Callable[[], None]) -> None:
        """End the former subscription to the configuration; *unfollow* ends the new one."""
        former, self._unfollow = self._unfollow, unfollow
        former()

    def end(self) -> None:
        """Undo it all."""
        self.follow(_nothing)
        with self._lock:
            self._undo_all(keep={})
            engine_of(default).configure(Settings())

    def _wanted_handlers(self, options: Mapping[str, Any]) -> dict[str, Any]:
        given: Any = options.get("handlers") or {}
        if not isinstance(given, Mapping):
            raise InvalidOptionError(
                f"handlers must be a mapping of names to handlers; got {type(given).__name__}",
                option="handlers",
            )
        handlers: dict[str, Any] = {**given}
        if options.get("log_metrics", False):
            # The same as before, if there was one: a new one would be told everything once more.
            logs = self._handlers.get(_LOGGING)
            handlers.setdefault(_LOGGING, logs or LoggingTelemetryHandler())
        for name, handler in handlers.items():
            check_text("name", name)
            check_handler(handler)
        return handlers

    def _undo_all(self, keep: Mapping[str, Any]) -> None:
        # The default handler last: while it is registered, nobody else is told what is its own.
        for name in sorted(self._handlers, key=lambda name: name == self._first):
            if keep.get(name) is not self._handlers[name]:
                with suppress(UnknownHandlerError):  # the program may have done it itself
                    default.unregister_handler(name)
        self._handlers = {}
        while self._undo:
            self._undo.pop()()

    def _switch(self, *, enabled: bool) -> None:
        self._undo.append(default.enable if default.is_enabled() else default.disable)
        (default.enable if enabled else default.disable)()


def _nothing() -> None:
    """There is no subscription to end."""


_setup: Final = _Setup()


def _take_signal(signal: Signal) -> None:
    """Count it, and hand it to the handlers; the logging package logs signals itself."""
    tags = {COMPONENT: signal.source}
    default.report_metric(signal.kind, 1, MetricType.COUNTER, tags)
    engine_of(default).take_event(
        signal.kind, event_level(signal.level), signal.kind, signal.facts, tags, logs=False
    )


def _follow_configuration(given: Mapping[str, Any]) -> bool:
    """Set up from the configuration if there is one, and again after each change."""
    try:
        from pepperpy.infra.config import get_config, register_config, subscribe_config
    except ModuleNotFoundError as error:
        if error.name != "pepperpy.infra.config":
            raise  # it is installed, and broken
        return False
    from ._config import TelemetryConfig

    def take_over(settings: TelemetryConfig) -> None:
        _setup.replace({**settings.model_dump(exclude_unset=True), **given})

    register_config(_COMPONENT, TelemetryConfig)
    settings = get_config(_COMPONENT, TelemetryConfig)
    take_over(settings)
    _setup.follow(subscribe_config(_COMPONENT, lambda change: take_over(change.new)))
    newest = get_config(_COMPONENT, TelemetryConfig)
    if newest is not settings:  # it was reloaded before we had subscribed
        take_over(newest)
    return True
