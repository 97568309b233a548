"""Setting logging up from the configuration, and following its changes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import did_you_mean

from ._configure import configure_logging, setup
from ._errors import InvalidLevelError, InvalidOptionError
from ._levels import parse_level
from ._lock import settings_lock
from ._values import is_a

if TYPE_CHECKING:
    from collections.abc import Callable

    from pepperpy.infra.config import BaseConfig, ConfigChange

_COMPONENT = "logging"
_LEVEL_VARIABLE = "PEPPERPY_LOGGING_LEVEL"


def initialize_logging(config: Mapping[str, Any] | None = None, /, **options: Any) -> None:
    """Do what `configure_logging` does, with settings from the program, files and the environment.

    Where `pepperpy.infra.config` is installed, the section ``logging`` of the configuration is
    read, whose variables begin with ``PEPPERPY_LOGGING_``; and whenever the configuration is
    reloaded, logging follows, until it is configured otherwise or shut down.  Without that package
    ``PEPPERPY_LOGGING_LEVEL`` alone is read.

    What the program gives wins, leaf by leaf: *options* over *config* over the configuration.

    Args:
        config: Options of `configure_logging` by name.
        options: The same, as keywords.

    Raises:
        InvalidOptionError: If there is no such option.
        LoggingError: As `configure_logging`.
        ConfigError: If the configuration is wrong; its message tells where.
    """
    given = _given(config or {}, options)
    if not _follow_configuration(given):
        if "level" not in given:
            given["level"] = _level_of_environment()
        configure_logging(**given)


def _level_of_environment() -> int | None:
    level = os.environ.get(_LEVEL_VARIABLE)
    if not level:
        return None
    try:
        return parse_level(level)
    except InvalidLevelError as error:
        raise InvalidLevelError(
            f"{_LEVEL_VARIABLE}: {error}", level=level, nearest=error.nearest
        ) from error


def _given(config: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """What the program has said; a level of None says nothing."""
    given = _over(config, options)
    known = configure_logging.__annotations__.keys() - {"return"}
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known)
            raise InvalidOptionError(f"unknown logging option {name!r}; {hint}", option=name)
    if given.get("level") is None:
        given.pop("level", None)
    return given


def _over(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """*upper* over *lower*, leaf by leaf."""
    merged = dict(lower)
    for name, value in upper.items():
        below = merged.get(name)
        nested = is_a(below, Mapping) and is_a(value, Mapping)
        merged[name] = _over(merged[name], value) if nested else value
    return merged


def _follow_configuration(given: Mapping[str, Any]) -> bool:
    """Configure from the registry if there is one, and again after each change."""
    try:
        from pepperpy.infra.config import get_config, register_config, subscribe_config
    except ModuleNotFoundError as error:
        if error.name != "pepperpy.infra.config":
            raise  # it is installed, and broken
        return False
    from ._config import LoggingConfig

    register_config(_COMPONENT, LoggingConfig)
    settings = get_config(_COMPONENT, LoggingConfig)
    follower = _Follower(given)
    with settings_lock:
        configure_logging(**follower.options(settings))
        follower.end = subscribe_config(_COMPONENT, follower.hear)
        setup.follower = follower
    newest = get_config(_COMPONENT, LoggingConfig)
    if newest is not settings:  # it was reloaded before we had subscribed
        follower.configure(newest)
    return True


class _Follower:
    """Configures logging again when the configuration has changed."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        self.end: Callable[[], object] = bool  # until there is a subscription to end

    def options(self, settings: BaseConfig) -> dict[str, Any]:
        """What was said by any layer, and over it what the program has given."""
        return _over(settings.model_dump(exclude_unset=True), self._given)

    def hear(self, change: ConfigChange) -> None:
        """Take over the new settings."""
        self.configure(change.new)

    def configure(self, settings: BaseConfig) -> None:
        """Configure anew, unless something else has decided meanwhile."""
        with settings_lock:
            if setup.follower is not self:
                return
            setup.follower = None  # which would be ended
            try:
                configure_logging(**self.options(settings))
            finally:
                setup.follower = self
