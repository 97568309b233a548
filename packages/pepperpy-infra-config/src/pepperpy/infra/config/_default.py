"""The functions of the module: thin calls on one registry for the whole process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from pepperpy.infra.utils import BothFaces

from ._errors import ConfigTypeError
from ._registry import ConfigRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta
    from types import TracebackType

    from pydantic import BaseModel

    from ._changes import ConfigChange
    from ._explain import Explanation
    from ._report import ConfigReport
    from ._template import Template
    from ._watch import Watcher

M = TypeVar("M", bound="BaseModel")


class _Current:
    """The registry that is used now, and its snapshots for the shortest way to them."""

    __slots__ = ("registry", "values")

    def __init__(self, registry: ConfigRegistry) -> None:
        self.use(registry)

    def use(self, registry: ConfigRegistry) -> None:
        self.registry = registry
        self.values = registry.values


current: Final = _Current(ConfigRegistry())


@overload
def get_config(name: str) -> Any: ...
@overload
def get_config(name: str, config_class: type[M]) -> M: ...
def get_config(name: str, config_class: type[M] | None = None) -> Any:
    """The snapshot of a component, built on first use.

    Args:
        name: The component.
        config_class: The model that it must be of, so that type checkers know it as well.

    Raises:
        UnknownConfigError: If there is no such component.
        ConfigValidationError: With all faults at once.  They are not remembered: the next call
            tries again.
        ConfigFileError: If the file cannot be read, or (`ConfigSyntaxError`) is broken.
    """
    if config_class is None:
        try:
            return current.values[name]
        except KeyError:
            pass
        return current.registry.get_config(name)
    return current.registry.get_config(name, config_class)


def register_config(name: str, config_class: type[BaseModel], *, replace: bool = False) -> None:
    """Make *config_class* the model of a component; see `ConfigRegistry.register`."""
    current.registry.register(name, config_class, replace=replace)


def set_config(name: str, config: BaseModel | Mapping[str, Any]) -> None:
    """Put values over all layers; see `ConfigRegistry.set_config`."""
    current.registry.set_config(name, config)


def reset_config(name: str | None = None) -> None:
    """Forget what was set, and the snapshot; see `ConfigRegistry.reset_config`."""
    current.registry.reset_config(name)


def reload_config(name: str | None = None) -> tuple[ConfigChange, ...]:
    """Read all sources again, and swap in what is valid; see `ConfigRegistry.reload_config`."""
    return current.registry.reload_config(name)


def explain_config(name: str) -> Explanation:
    """Where each value came from, secrets masked; see `ConfigRegistry.explain_config`."""
    return current.registry.explain_config(name)


def validate_config(
    name: str | type[BaseModel], data: Mapping[str, Any] | None = None
) -> ConfigReport:
    """A report of all that is wrong; see `ConfigRegistry.validate_config`."""
    return current.registry.validate_config(name, data)


def validate_all_configs() -> ConfigReport:
    """One report of all that is wrong with any component that is registered."""
    return current.registry.validate_all_configs()


def subscribe_config(
    name: str | None, listener: Callable[[ConfigChange], object]
) -> Callable[[], None]:
    """Call *listener* after each change; see `ConfigRegistry.subscribe_config`."""
    return current.registry.subscribe_config(name, listener)


def watch_config(interval: float | timedelta = 1.0, *, engine: str = "auto") -> Watcher:
    """Reload whenever a file changes; see `ConfigRegistry.watch_config`."""
    return current.registry.watch_config(interval, engine=engine)


def config_template(name: str | None = None) -> Template:
    """All fields with their variables; see `ConfigRegistry.config_template`."""
    return current.registry.config_template(name)


class use_registry(BothFaces):  # noqa: N801 - reads as a verb: `with use_registry(registry):`
    """Let the module's functions use *registry* inside of the block, in the whole process.

    For tests: ``with use_registry(ConfigRegistry(file=None, dotenv=None, environ={})):``.

    Examples:
        >>> from pepperpy.infra.config import BaseConfig
        >>> class Mail(BaseConfig):
        ...     port: int = 25
        >>> with use_registry(ConfigRegistry(environ={"PEPPERPY_MAIL_PORT": "465"})):
        ...     register_config("mail", Mail)
        ...     get_config("mail").port
        465
    """

    def __init__(self, registry: ConfigRegistry) -> None:
        if not isinstance(registry, ConfigRegistry):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigTypeError(
                f"use_registry takes a ConfigRegistry; got a {type(registry).__qualname__}"
            )
        self._registry = registry
        self._before: list[ConfigRegistry] = []

    def __enter__(self) -> ConfigRegistry:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self._before.append(current.registry)
        current.use(self._registry)
        return self._registry

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        current.use(self._before.pop())


class config_overrides(BothFaces):  # noqa: N801 - reads as a verb, as above
    """Put values over all layers for the time of the block, in the whole process.

    All components are set, or none; afterwards each has the snapshot that it had before.

    Args:
        overrides: A mapping or an instance for each component, as `set_config` takes them.
        registry: The default is the one that the module's functions use.

    Examples:
        >>> from pepperpy.infra.config import BaseConfig
        >>> class Mail(BaseConfig):
        ...     port: int = 25
        >>> registry = ConfigRegistry(file=None, dotenv=None, environ={})
        >>> registry.register("mail", Mail)
        >>> with config_overrides({"mail": {"port": 465}}, registry=registry):
        ...     registry.get_config("mail").port
        465
        >>> registry.get_config("mail").port
        25
    """

    def __init__(
        self,
        overrides: Mapping[str, BaseModel | Mapping[str, Any]],
        *,
        registry: ConfigRegistry | None = None,
    ) -> None:
        self._overrides = dict(overrides)
        self._registry = registry
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> config_overrides:  # noqa: PYI034 - a class that nobody derives from
        registry = self._registry or current.registry
        self._undo.append(registry.override_configs(self._overrides))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._undo.pop()()
