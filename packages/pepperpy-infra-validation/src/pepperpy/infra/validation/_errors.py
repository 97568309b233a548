"""What validation finds, and what can be wrong with a schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from pepperpy.infra.utils import InfraError

from . import _paths
from ._levels import ValidationLevel

if TYPE_CHECKING:
    from ._paths import Parts

Templates: TypeAlias = Mapping[str, str] | Callable[[str, Mapping[str, Any]], str | None]

NO_PARAMS: Mapping[str, Any] = MappingProxyType({})
_SHOWN = 5


class ValidationError(InfraError, ValueError):
    """One rule that one value did not pass; also the root of this package's errors.

    Rules may raise it to say why they failed.  Neither the message nor *params* holds the value.
    *parts* has the keys and indices of *path*, *level* says how bad it is, and *alternatives* has
    the errors of each rule of an `any_of` of which none passed.

    Args:
        message: What should have been, like ``must be at least 8 characters``.
        path: Where the value is: ``users[3].email``, or its parts ``("users", 3, "email")``.
        code: The rule's name, for programs and translators.
        params: The rule's bounds, like ``{"limit": 8}``.
        level: How bad it is.

    Examples:
        >>> error = ValidationError("must be new", path="users[3].email", code="taken")
        >>> str(error), error.parts
        ('users[3].email: must be new', ('users', 3, 'email'))
    """

    code = "validation"

    level: ValidationLevel = ValidationLevel.ERROR
    """How bad it is."""

    alternatives: tuple[tuple[ValidationError, ...], ...] = ()
    """The errors of each rule of an `any_of` of which none passed."""

    def __init__(
        self,
        message: str,
        path: str | Sequence[Any] = "",
        code: str = "custom",
        params: Mapping[str, Any] = NO_PARAMS,
        *,
        level: ValidationLevel = ValidationLevel.ERROR,
        alternatives: Sequence[Sequence[ValidationError]] = (),
    ) -> None:
        Exception.__init__(self, message)
        self.message: str = message
        self.parts: Parts = _paths.parse(path) if isinstance(path, str) else tuple(path)
        self.params: Mapping[str, Any] = params
        if level is not ValidationLevel.ERROR:
            self.level = level
        if alternatives:
            self.alternatives = tuple(map(tuple, alternatives))
        self.__dict__["code"] = code  # that of the rule; the class has one as well

    @property
    def path(self) -> str:
        """Where in the data, like ``users[3].email``; empty for the data itself."""
        return _paths.render(self.parts)

    def translated(self, templates: Templates) -> str:
        """The message in other words.

        Args:
            templates: Text by code, with names of *params* in braces; or a function of code and
                params.  Where there is none, the message stays as it is.

        Examples:
            >>> error = ValidationError(
            ...     "must be at least 8 characters", "", "min_length", {"limit": 8}
            ... )
            >>> error.translated({"min_length": "mindestens {limit} Zeichen"})
            'mindestens 8 Zeichen'
        """
        if callable(templates):
            text = templates(self.code, self.params)
            return self.message if text is None else text
        template = templates.get(self.code)
        return self.message if template is None else template.format_map(self.params)

    def to_dict(self) -> dict[str, Any]:
        """Path, message, code and params, for an answer in JSON."""
        return {
            "path": self.path,
            "message": self.message,
            "code": self.code,
            "params": dict(self.params),
        }

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.parts else self.message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r}, path={self.path!r}, code={self.code!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        state = {**self.__dict__, "params": dict(self.params)}  # a proxy cannot be pickled
        return (type(self), self.args, state)


class SchemaError(ValidationError, TypeError):
    """A schema, or the argument of a rule, is not one; *path* says where in the schema."""

    code = "validation-schema"

    def __init__(self, message: str, path: str | Sequence[Any] = "") -> None:
        super().__init__(message, path, type(self).code)


class AsyncRuleError(SchemaError):
    """A rule is asynchronous, and was asked by `validate`; *path* says which one."""

    code = "validation-async"


class InvalidDataError(ExceptionGroup[ValidationError], ValidationError):  # type: ignore[override]  # nobody sets a message
    """All that `ValidationResult.raise_if_invalid` found, as a group; also a `ValueError`.

    *exceptions* are the errors, each with its path, message and code.
    """

    code = "validation-invalid-data"

    def __init__(self, message: str, errors: Sequence[ValidationError]) -> None:  # pyright: ignore[reportInconsistentConstructor]  # of a group of any type
        # A group has both from `__new__`, and they cannot be set again.
        del message, errors
        self.__dict__.update(parts=(), params=NO_PARAMS, code=type(self).code)

    if TYPE_CHECKING:

        @property
        def exceptions(self) -> tuple[ValidationError, ...]:
            """The errors; there are no groups among them."""
            raise NotImplementedError

    def derive(self, excs: Sequence[ValidationError]) -> InvalidDataError:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """A group of some of them, as ``except*`` and `split` ask for."""
        return InvalidDataError(self.message, excs)

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message, list(self.exceptions))


_new = ValidationError.__new__


def found(
    message: str, parts: Parts, code: str, params: Mapping[str, Any] = NO_PARAMS
) -> ValidationError:
    """A `ValidationError`, in half the time that its constructor takes."""
    error = _new(ValidationError, message)
    error.__dict__ = {"message": message, "parts": parts, "code": code, "params": params}
    return error


def group(errors: Sequence[ValidationError]) -> InvalidDataError:
    """Many errors in one, with the first of them in its message."""
    shown = "; ".join(str(error) for error in errors[:_SHOWN])
    more = f"; and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    return InvalidDataError(f"not valid, {count}: {shown}{more}", errors)
