"""Arguments judged by schemas and annotations, which `pepperpy.infra.validation` reads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Any, Unpack, get_args, get_origin, get_type_hints

from pepperpy.infra.utils import require_extra
from pepperpy.infra.utils.wrapping import name_of

from ._errors import InvalidOptionError

if TYPE_CHECKING:
    from types import ModuleType

_VALIDATION = "pepperpy.infra.validation"


def is_schema(rule: Any) -> bool:
    """Whether *rule* says something to validation alone: it is no function."""
    validation = sys.modules.get(_VALIDATION)
    if validation is not None and isinstance(rule, validation.Validator):
        return True
    # What `typing` makes can be called, and would make an object of its class.
    is_hint = hasattr(rule, "__origin__") or type(rule).__module__ in ("typing", "types")
    is_function = hasattr(rule, "__code__") or hasattr(rule, "__self__")
    return isinstance(rule, (type, Mapping, list)) or (
        is_hint and not is_function and rule is not None
    )


def schema_of(name: str, rule: Any) -> Any:
    """The validator for the parameter *name*.

    Raises:
        InvalidOptionError: If validation cannot read *rule*.
        MissingExtraError: Without the extra ``validation``.
    """
    validation = _validation()
    try:
        return validation.all_of(rule)
    except validation.SchemaError as error:
        where = f"{name}.{error.path}" if error.path else name
        raise InvalidOptionError(f"{where}: {error.message}", option=name) from error


def errors_of(name: str, result: Any) -> list[Any]:
    """The errors of a result, with paths that begin with the parameter *name*."""
    return [
        type(error)(error.message, (name, *error.parts), error.code, error.params)
        for error in result.errors
    ]


class Annotations:
    """The annotations of a function's parameters, as validators.

    They are read at the first call at the latest: a method may be annotated with its own class,
    which does not exist while the method is decorated.
    """

    def __init__(self, func: Callable[..., Any]) -> None:
        self._func = func
        self._signature = _signature_of(func)
        self._parameters = {
            name: each
            for name, each in self._signature.parameters.items()
            if each.annotation is not Parameter.empty
        }
        if not self._parameters:
            raise InvalidOptionError(
                f"{name_of(func)}() has no annotations to judge its arguments by", option="rules"
            )
        self.names: tuple[str, ...] = tuple(self._parameters)
        self._validators: dict[str, Any] | None = None
        _validation()
        try:
            self._read()
        except NameError:
            self._validators = None

    def bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The values of the parameters in a call."""
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return tuple(bound.arguments[name] for name in self.names)

    def found(self, values: tuple[Any, ...]) -> dict[str, Any]:
        """The result for each parameter whose value is not good; a default is always good."""
        validators = self._validators or self._read_at_last()
        found: dict[str, Any] = {}
        for (name, validator), value in zip(validators.items(), values, strict=True):
            if value is not self._parameters[name].default:
                result = validator.validate(value)
                if not result.is_valid:
                    found[name] = result
        return found

    def _read_at_last(self) -> dict[str, Any]:
        try:
            return self._read()
        except NameError as error:
            raise InvalidOptionError(
                f"an annotation of {name_of(self._func)}() can't be resolved ({error}); "
                "define what it names at the top of its module",
                option="rules",
            ) from error

    def _read(self) -> dict[str, Any]:
        # NameError: not there yet, or local
        hints = get_type_hints(_inner(self._func), include_extras=True)
        made = {
            name: schema_of(name, _as_it_comes(parameter, hints.get(name, parameter.annotation)))
            for name, parameter in self._parameters.items()
        }
        self._validators = made
        return made


def _inner(func: Any) -> Any:
    """The function that has the annotations: those of a partial and of an object are inside."""
    while not hasattr(func, "__annotations__"):
        func = func.func if isinstance(func, partial) else type(func).__call__
    return func


def _signature_of(func: Callable[..., Any]) -> Signature:
    try:
        return signature(func)
    except (TypeError, ValueError):  # a builtin tells nobody its parameters
        return Signature()


def _as_it_comes(parameter: Parameter, hint: Any) -> Any:
    if get_origin(hint) is Unpack:
        return get_args(hint)[0]
    if parameter.kind is Parameter.VAR_POSITIONAL:
        return tuple[hint, ...]
    return dict[str, hint] if parameter.kind is Parameter.VAR_KEYWORD else hint


def _validation() -> ModuleType:
    with require_extra("pepperpy-infra-decorators", "validation"):
        import pepperpy.infra.validation

        return pepperpy.infra.validation
