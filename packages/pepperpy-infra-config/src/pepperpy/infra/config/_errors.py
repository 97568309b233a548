"""What can be wrong with a configuration.  None of these errors holds a value of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pepperpy.infra.utils import InfraError

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One thing that is wrong with one field.  The value is not told, since it may be a secret."""

    component: str = ""
    """The component, or the name of the model."""
    path: str = ""
    """The field, like ``db.port``; empty where the whole is meant."""
    message: str
    """What is wrong, and for a missing field where it could be set."""
    origin: str = ""
    """Where the value came from: a variable, ``pepperpy.toml:7``, ``set_config``."""
    variable: str = ""
    """The environment variable that sets this field."""
    kind: str = ""
    """Pydantic's name for it, like ``missing`` or ``int_parsing``."""

    def __str__(self) -> str:
        path = f"{self.path}: " if self.path else ""
        origin = f" (from {self.origin})" if self.origin else ""
        return f"{path}{self.message}{origin}"


class ConfigWarning(UserWarning):
    """Something in the configuration has no effect, most likely since its name is misspelt."""


ConfigWarning.__module__ = "pepperpy.infra.config"


class ConfigError(InfraError):
    """The root of the errors of `pepperpy.infra.config`."""

    code = "config"


class ConfigValidationError(ConfigError, ValueError):
    """The values do not fit the model.  *errors* holds a `FieldError` for each fault, all at once.

    It has neither cause nor context, as those would hold what was given.
    """

    code = "config-validation"
    errors: tuple[FieldError, ...]

    def __init__(
        self, message: str, errors: Iterable[FieldError | str] | None = None, **data: object
    ) -> None:
        listed = tuple(
            each if isinstance(each, FieldError) else FieldError(message=str(each))
            for each in errors or ()
        )
        super().__init__(message, errors=listed, **data)


class UnknownConfigError(ConfigError, KeyError):
    """No component of this name is registered; *component* and *known* are attributes."""

    code = "config-unknown"


class ConfigNameError(ConfigError, ValueError):
    """A component cannot have this name, or another model has it; *component* is the name."""

    code = "config-name"


class ConfigTypeError(ConfigError, TypeError):
    """An argument is of a type that makes no sense there."""

    code = "config-type"


class ConfigFileError(ConfigError, OSError):
    """A configuration file is not there or cannot be read.

    *path* is its full path, *missing* whether there is no such file.
    """

    code = "config-file"


class ConfigSyntaxError(ConfigFileError, ValueError):
    """A configuration file is broken.

    *path*, *line*, *column* and *section* say where; the last three are None where not known.
    *missing* is False.
    """

    code = "config-syntax"


class ConfigProfileError(ConfigError, LookupError):
    """The file has profiles, but not this one; *profile* and *known* are attributes."""

    code = "config-profile"


class ConfigCycleError(ConfigError, RuntimeError):
    """To build a component, its own configuration was asked for; *component* is its name."""

    code = "config-cycle"


class FrozenConfigError(ConfigError, AttributeError):
    """A snapshot cannot be changed; *model* and *field* are attributes."""

    code = "config-frozen"
