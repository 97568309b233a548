"""`ConfigRegistry`: models by component, and the snapshots built from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pydantic import BaseModel, RootModel

from pepperpy.infra.utils import register_inspectable

from ._building import Component, Override, build
from ._document import PROFILES
from ._errors import ConfigNameError, ConfigTypeError
from ._explain import Explanation, explain
from ._instances import check_instance
from ._kinds import is_a, kind_name
from ._layers import Reader, merge
from ._report import ConfigReport
from ._sources import DEFAULT, Default, Inputs, PathLike, Sources
from ._store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from ._changes import ConfigChange
    from ._template import Template
    from ._watch import Watcher

M = TypeVar("M", bound=BaseModel)

_NAME = re.compile(r"[^\W\d][\w-]*(?:\.[^\W\d][\w-]*)*")


class ConfigRegistry:
    """Models by component, and one frozen snapshot for each that was asked for.

    The module's functions use one registry for the whole process.  Make your own for tests, or for
    a program with two configurations.  Nothing is read before the first `get_config`.

    Args:
        file: The configuration file.  The default is what ``PEPPERPY_CONFIG`` names, else
            ``pepperpy.toml`` in the working directory; None is no file.
        profile: The profile of the file.  The default is that of ``PEPPERPY_PROFILE``.
        environ: The environment variables; the default is those of the process, at each build.
        dotenv: The ``.env`` file.  The default is the one in the working directory, if there is
            one; None is none.
        name: What signals and inspection call it.

    Examples:
        >>> from pepperpy.infra.config import BaseConfig
        >>> class Mail(BaseConfig):
        ...     host: str = "localhost"
        ...     port: int = 25
        >>> registry = ConfigRegistry(file=None, dotenv=None, environ={"PEPPERPY_MAIL_PORT": "465"})
        >>> registry.register("mail", Mail)
        >>> registry.get_config("mail")
        Mail(host='localhost', port=465)
        >>> print(registry.explain_config("mail"))
        [mail]
        host  'localhost'  default
        port  465          PEPPERPY_MAIL_PORT
    """

    def __init__(
        self,
        *,
        file: PathLike | Default | None = DEFAULT,
        profile: str | Default | None = DEFAULT,
        environ: Mapping[str, str] | None = None,
        dotenv: PathLike | Default | None = DEFAULT,
        name: str = "config",
    ) -> None:
        self._store = Store(name, Sources(file, profile, environ, dotenv))
        self.values: dict[str, Any] = self._store.values
        """The snapshots that there are; not to be changed."""
        register_inspectable(self)

    def __repr__(self) -> str:
        return f"<ConfigRegistry {self.name!r}: {', '.join(sorted(self.components)) or 'empty'}>"

    @property
    def name(self) -> str:
        """What signals and inspection call it."""
        return self._store.name

    @property
    def components(self) -> tuple[str, ...]:
        """The names of all components, in the order in which they were registered."""
        return tuple(self._store.components)

    def inspect(self) -> Mapping[str, object]:
        """How it is now: which components there are, and how often they were built."""
        facts = {"components": len(self.components), "snapshots": len(self.values)}
        return {
            "kind": "config",
            "name": self.name,
            "state": "ok",
            "facts": {**facts, **self._store.counts},
        }

    def register(self, name: str, config_class: type[BaseModel], *, replace: bool = False) -> None:
        """Make *config_class* the model of a component.

        Registering the same class again changes nothing.

        Raises:
            ConfigNameError: If another class has this name, unless *replace* is given, or if it is
                no name for a component.
            ConfigTypeError: If it is no pydantic model.
        """
        _check_name(name)
        _check_model(config_class)
        self._store.add(name, config_class, anew=replace)

    def get_config_class(self, name: str) -> type[BaseModel]:
        """The model of a component.

        Raises:
            UnknownConfigError: If there is no such component.
        """
        return self._store.component(name).model

    @overload
    def get_config(self, name: str) -> Any: ...
    @overload
    def get_config(self, name: str, config_class: type[M]) -> M: ...
    def get_config(self, name: str, config_class: type[M] | None = None) -> Any:
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
        try:
            value = self.values[name]
        except KeyError:
            value = None
        if value is None:
            # Outside of the `except`, or the KeyError would be the context of what goes wrong.
            value = self._store.first(name).value
        if config_class is not None and not isinstance(value, config_class):
            raise ConfigTypeError(
                f"the configuration of {name!r} is a {type(value).__qualname__}, "
                f"not a {config_class.__qualname__}"
            )
        return value

    def set_config(self, name: str, config: BaseModel | Mapping[str, Any]) -> None:
        """Put values over all layers: some of them by a mapping, or all by an instance.

        A mapping joins those that were given before; an instance replaces them.  Subscribers hear
        of it if the component had a snapshot.

        Raises:
            UnknownConfigError: If there is no such component.
            ConfigTypeError: If it is neither a mapping nor an instance of the component's model.
            ConfigValidationError: If the result is not valid.  What was there before stays.
        """
        component = self._store.component(name)
        self._store.put(name, partial(_join, component, config))

    def reset_config(self, name: str | None = None) -> None:
        """Forget what was set, and the snapshot; the next `get_config` builds anew.

        Args:
            name: The component; None is all of them.  They stay registered.

        Raises:
            UnknownConfigError: If there is no such component.
        """
        self._store.forget(name)

    def reload_config(self, name: str | None = None) -> tuple[ConfigChange, ...]:
        """Read all sources again, and swap in new snapshots if all of them are valid.

        Then the subscribers are told what changed, in the order in which they subscribed.  A
        subscriber that fails is reported by the signal ``config.subscriber_failed`` (by the log if
        nobody listens) and harms nobody.

        Args:
            name: The component; None is all that were built, and all or none of them change.

        Returns:
            What changed.  A snapshot in which nothing changed stays the same object.

        Raises:
            ConfigError: If anything is wrong.  All snapshots stay what they were.
        """
        return tuple(self._store.reload(name))

    def subscribe_config(
        self, name: str | None, listener: Callable[[ConfigChange], object]
    ) -> Callable[[], None]:
        """Call *listener* after each change of a component; the function given back ends that.

        Args:
            name: The component, which need not be registered yet; None is all of them.
            listener: A plain function of a `ConfigChange`.  It runs in the thread that made the
                change, after the new snapshot is in place.

        Raises:
            ConfigTypeError: If *listener* is no plain function.
        """
        return self._store.subscribers.add(name, listener)

    def explain_config(self, name: str) -> Explanation:
        """Where each value of a component's snapshot came from, secrets masked.

        Raises:
            ConfigError: As `get_config`.
        """
        return explain(self._store.first(name))

    def validate_config(
        self, name: str | type[BaseModel], data: Mapping[str, Any] | None = None
    ) -> ConfigReport:
        """A report of all that is wrong; no snapshot is made or changed.

        Args:
            name: A component, or a model.
            data: What to judge.  Left out, a component is judged by what all its layers say now,
                and a model by its defaults.

        Raises:
            UnknownConfigError: If there is no such component.
        """
        if not isinstance(name, str):
            return _validate_model(name, data)
        component = self._store.component(name)
        if data is not None:
            return _validate_model(component.model, data, name=name)
        return self._store.report([component], f"the configuration of {name!r}")

    def validate_all_configs(self) -> ConfigReport:
        """One report of all that is wrong with any registered component."""
        return self._store.report(list(self._store.components.values()), "the configuration")

    def config_template(self, name: str | None = None) -> Template:
        """All fields with their variables: as ``.env.example``, Markdown or JSON Schema.

        Args:
            name: The component; None is all of them.
        """
        from ._template import Template

        names = self.components if name is None else (name,)
        return Template(tuple(map(self._store.component, names)))

    def watch_config(self, interval: float | timedelta = 1.0, *, engine: str = "auto") -> Watcher:
        """Reload whenever the file or ``.env`` changes, until the watcher is stopped.

        Args:
            interval: Seconds between two looks.
            engine: ``"poll"``, ``"watchfiles"`` (by the extra ``watch``) or ``"auto"``: the latter
                where it is installed.
        """
        from ._watch import Watcher

        return Watcher(self, interval, engine=engine)

    def watched_paths(self) -> tuple[str, ...]:
        """The full paths of the files that are read now, whether they exist or not."""
        return self._store.sources.paths()

    def override_configs(
        self, given: Mapping[str, BaseModel | Mapping[str, Any]]
    ) -> Callable[[], None]:
        """Set several components at once, or none of them; the function given back undoes it.

        Raises:
            ConfigError: As `set_config`.
        """
        component = self._store.component
        joins = {name: partial(_join, component(name), config) for name, config in given.items()}
        return self._store.put_all(joins)

    # The short names of the same methods.
    get = get_config
    set = set_config
    reset = reset_config
    reload = reload_config
    explain = explain_config
    validate = validate_config
    validate_all = validate_all_configs
    subscribe = subscribe_config
    watch = watch_config
    template = config_template


def _join(component: Component, config: Any, before: Override) -> Override:
    """What is set after something more was given."""
    if isinstance(config, component.model):
        check_instance(component, config)
        return Override(instance=config)
    if is_a(config, BaseModel) or not is_a(config, Mapping):
        raise ConfigTypeError(
            f"set_config of {component.name!r} takes a mapping or an instance of "
            f"{component.model.__qualname__}; got {kind_name(config)}"
        )
    # Copied now: what the caller does to it later is not our business.
    data = Reader().read(config, component.slot)
    return Override(before.instance, merge(before.data or {}, data, component.slot))


def _validate_model(model: Any, data: Any, *, name: str | None = None) -> ConfigReport:
    _check_model(model)
    if data is not None and not is_a(data, Mapping):
        raise ConfigTypeError(f"the data must be a mapping; got {kind_name(data)}")
    component = Component(name or model.__name__, model, registered=False)
    built = build(component, Inputs.nothing(), Override(None, dict(data or {})))
    warnings = tuple(notice.message for notice in built.notices)
    return ConfigReport(name=component.name, errors=built.errors, warnings=warnings)


def _check_model(model: Any) -> None:
    if not (is_a(model, type) and BaseModel in model.__mro__):
        raise ConfigTypeError(
            "a component's model must be a class that derives from BaseConfig, or from "
            f"pydantic's BaseModel; got {kind_name(model)}"
        )
    if RootModel in model.__mro__:
        raise ConfigTypeError(
            f"a component's model must have fields; {kind_name(model)} is a RootModel, so make it "
            "the type of a field"
        )


def _check_name(name: Any) -> None:
    if not is_a(name, str) or _NAME.fullmatch(name) is None:
        raise ConfigNameError(
            "a component's name must be letters, digits, _ and -, beginning with a letter, with "
            "dots only between such names; "
            f"got {repr(name) if is_a(name, str) else kind_name(name)}",
            component=name,
        )
    if name.partition(".")[0] == PROFILES:
        raise ConfigNameError(
            f"{name!r} cannot be a component's name: the file has its profiles there",
            component=name,
        )
