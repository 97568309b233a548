"""Configuration: typed by pydantic, from layers, with the origin of each value and no secret shown."""

from ._changes import ConfigChange
from ._default import (
    config_overrides,
    config_template,
    explain_config,
    get_config,
    register_config,
    reload_config,
    reset_config,
    set_config,
    subscribe_config,
    use_registry,
    validate_all_configs,
    validate_config,
    watch_config,
)
from ._errors import (
    ConfigCycleError,
    ConfigError,
    ConfigFileError,
    ConfigNameError,
    ConfigProfileError,
    ConfigSyntaxError,
    ConfigTypeError,
    ConfigValidationError,
    ConfigWarning,
    FieldError,
    FrozenConfigError,
    UnknownConfigError,
)
from ._explain import ExplainedValue, Explanation
from ._model import BaseConfig
from ._registry import ConfigRegistry
from ._report import ConfigReport
from ._template import Template
from ._watch import Watcher

__all__ = [
    "BaseConfig",
    "ConfigChange",
    "ConfigCycleError",
    "ConfigError",
    "ConfigFileError",
    "ConfigNameError",
    "ConfigProfileError",
    "ConfigRegistry",
    "ConfigReport",
    "ConfigSyntaxError",
    "ConfigTypeError",
    "ConfigValidationError",
    "ConfigWarning",
    "ExplainedValue",
    "Explanation",
    "FieldError",
    "FrozenConfigError",
    "Template",
    "UnknownConfigError",
    "Watcher",
    "config_overrides",
    "config_template",
    "explain_config",
    "get_config",
    "register_config",
    "reload_config",
    "reset_config",
    "set_config",
    "subscribe_config",
    "use_registry",
    "validate_all_configs",
    "validate_config",
    "watch_config",
]
