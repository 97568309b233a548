"""`invalidates`: drop what a function has made untrue."""

from __future__ import annotations

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
        names: Names or globs, as `invalidate_cache` takes them, with parameters in braces.
        cache: Another one than the default.

    Raises:
        InvalidTemplateError: At decoration, if a name has no such parameter in braces.
        InvalidTargetError: At decoration of a generator function.

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
    if not names or not all(isinstance(name, str) for name in names):
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
        known = parameters_of(func).names
        short = function.rpartition(".")[2]
        texts = [parse(name, known, option="names", function=short).text for name in names]
        invalidate = target.ainvalidate if kind is Kind.COROUTINE else target.invalidate
        return compile_wrapper(
            func,
            _BODY.format(names=", ".join(texts)),
            {"invalidate": invalidate, "text": str},
            label="invalidates",
            kind=kind,
        )

    def decorator(decorated: F) -> F:
        return decorate(decorated, wrap, label="invalidates")  # type: ignore[no-any-return]

    return decorator
