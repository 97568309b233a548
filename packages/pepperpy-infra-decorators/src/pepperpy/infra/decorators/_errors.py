"""What can be wrong with a decoration, and the one error that a decorated call can raise."""

from __future__ import annotations

from typing import Any

from pepperpy.infra.utils import InfraError


class DecoratorsError(InfraError):
    """The root of the errors of `pepperpy.infra.decorators`."""

    code = "decorators"


class InvalidTargetError(DecoratorsError, TypeError):
    """A decorator was put on something that it cannot decorate; *decorator* is its name."""

    code = "decorators-target"


class InvalidOptionError(DecoratorsError, ValueError):
    """An option that does not exist, or a value that it cannot have; *option* is its name."""

    code = "decorators-option"


class InvalidArgumentsError(DecoratorsError, ValueError):
    """A call was refused by `validate_arguments`; the function did not run.

    *function* is its dotted name, *parameters* has the names of those whose values were refused;
    it is empty where one check judged all of them.  No value is kept, since it may be a secret.
    What schemas and annotations found is in *errors*, each a `ValidationError` whose path begins
    with a parameter.
    """

    code = "decorators-arguments"

    function: str
    parameters: tuple[str, ...]
    errors: tuple[Any, ...] = ()
