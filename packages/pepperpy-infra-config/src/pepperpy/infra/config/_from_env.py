"""`BaseConfig.from_env`: a model from variables alone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ._building import Component, Override, build
from ._errors import ConfigNameError, ConfigTypeError
from ._sources import Inputs
from ._validating import invalid
from ._variables import prefix_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._model import BaseConfig


def from_env(cls: type[BaseConfig], prefix: str | None, environ: Mapping[str, str] | None) -> Any:
    """An instance of *cls* from the variables that begin with *prefix*."""
    if prefix is not None and not isinstance(prefix, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigTypeError(f"a prefix is a text; got a {type(prefix).__name__}")
    begins = _prefix_of(cls) if prefix is None else _with_underscore(prefix)
    texts = os.environ if environ is None else environ
    names = [name for name in texts if name.startswith(begins)]
    found = {name: text for name in names if (text := texts.get(name)) is not None}
    component = Component(cls.__name__, cls, begins)
    built = build(component, Inputs.nothing(found), Override())
    if built.errors:
        raise invalid(cls.__name__, built.errors)
    return built.value


def _with_underscore(prefix: str) -> str:
    return prefix if not prefix or prefix.endswith("_") else f"{prefix}_"


def _prefix_of(cls: type[BaseConfig]) -> str:
    from ._default import current

    registry = current.registry
    names = [name for name in registry.components if registry.get_config_class(name) is cls]
    if len(names) != 1:
        many = f"it is registered for {len(names)} components" if names else "it is not registered"
        raise ConfigNameError(
            f'from_env of {cls.__name__} needs a prefix, like from_env("SHOP"): {many}',
            component=None,
        )
    return prefix_of(names[0])
