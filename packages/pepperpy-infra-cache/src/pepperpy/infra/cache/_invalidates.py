"""`invalidates`: drop what a function has made untrue."""

from __future__ import annotations

from glob import escape
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pepperpy.infra.utils.wrapping import (
    Kind,
    compile_wrapper,
    decorate,
    kind_of,
    name_of,
    parameters_of,
)

from ._default import default
from ._errors import InvalidOptionError, InvalidTargetError
from ._targets import check_target
from ._template import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._cache import Cache

F = TypeVar("F", bound="Callable[..., Any] | classmethod[Any, ..., Any] | staticmethod[..., Any]")

_BODY: Final = """\
$result = $await$call
for $name in ({names},):
    $await$invalidate($name)
return $result
"""


def invalidates(*names: str, cache: Cache | None = None) -> Callable[[F], F]:
    """Invalidate *names* whenever a call of the function returns; a call that raises drops nothing.

    Args:
        names: Names or globs, as `invalidate_cache` takes them, with parameters in braces; a value
            that is put there is no glob, whatever it holds.
        cache: Another one than the default.

    Raises:
        InvalidTemplateError: At decoration, if a name has no such parameter in braces.
        InvalidTargetError: At decoration of a generator function or a class.

    Examples:
        >>> from pepperpy.infra.cache import cached
        >>> people = {1: "Ann"}
        >>> @cached(ttl=60)
        ... def get_user(user_id):
        ...     return people[user_id]
        >>> @invalidates("user:{user_id}")
        ... def rename(user_id, name):
        ...     people[user_id] = name
        >>> get_user(1)
        'Ann'
        >>> rename(1, "Bea")
        >>> get_user(1)
        'Bea'
    """
    if not names or not all(map(_is_text, names)):
        raise InvalidOptionError(
            f"invalidates takes names like 'user:{{user_id}}'; got {names!r}",
            option="names",
            value=names,
        )
    target = default if cache is None else cache

    def wrap(func: Callable[..., Any]) -> Callable[..., Any]:
        kind = kind_of(func)
        function = name_of(func)
        if kind.is_generator:
            raise InvalidTargetError(
                f"{function} is a {kind.value}, and nobody knows when it has done its work; "
                "invalidate inside it",
                function=function,
            )
        short = function.rpartition(".")[2]
        known = parameters_of(func).names
        texts = [
            parse(name, known, option="names", function=short, text="$escaped").text
            for name in names
        ]
        invalidate = target.ainvalidate if kind is Kind.COROUTINE else target.invalidate
        return compile_wrapper(
            func,
            _BODY.format(names=", ".join(texts)),
            {"invalidate": invalidate, "text": str, "escaped": _escaped},
            label="invalidates",
            kind=kind,
        )

    def decorator(decorated: F) -> F:
        check_target(decorated, "invalidates")
        return decorate(decorated, wrap, label="invalidates")  # type: ignore[no-any-return]

    return decorator


def _is_text(name: object) -> bool:
    return isinstance(name, str)


def _escaped(value: object) -> str:
    """The text of *value* as a glob that matches it alone."""
    return escape(str(value))
