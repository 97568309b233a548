"""What every decorator here begins with: is it bare or called, and does it fit what it is put on?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pepperpy.infra.utils.wrapping import Kind, decorate, kind_of, name_of

from ._errors import DecoratorsError, InvalidTargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

F = TypeVar(
    "F",
    bound="Callable[..., Any] | classmethod[Any, ..., Any] | staticmethod[..., Any] | property",
)

ASYNC = (Kind.COROUTINE, Kind.ASYNC_GENERATOR)


class Decorator(Protocol):
    """What a decorator with arguments returns: it gives back a function of the same type."""

    def __call__(self, func: F, /) -> F: ...


def decorating(
    target: Any,
    wrap: Callable[[Callable[..., Any], Kind], Callable[..., Any]],
    *,
    label: str,
    kinds: Collection[Kind] = tuple(Kind),
) -> Any:
    """*target* decorated, or the decorator itself if *target* is `None`.

    Args:
        target: What the decorator was put on.
        wrap: Gets the function in it, and its kind, and returns the wrapper.
        label: The decorator's name.
        kinds: What it may be put on.

    Raises:
        InvalidTargetError: If there is no such function in *target*.
    """

    def checked(func: Callable[..., Any]) -> Callable[..., Any]:
        kind = kind_of(func)
        if kind not in kinds:
            raise _does_not_fit(func, kind, label, kinds)
        return wrap(func, kind)

    def decorator(target: Any, /) -> Any:
        try:
            return decorate(target, checked, label=label)
        except DecoratorsError:
            raise
        except TypeError as error:
            raise InvalidTargetError(str(error), decorator=label) from error

    return decorator if target is None else decorator(target)


def _does_not_fit(
    func: Callable[..., Any], kind: Kind, label: str, kinds: Collection[Kind]
) -> InvalidTargetError:
    fitting = " and ".join(f"{_said(each)}s" for each in kinds)
    # Each async name has a twin that takes the plain functions of the same sort.
    twin = f"use {label.removeprefix('async_')}"
    takes_generators = Kind.ASYNC_GENERATOR in kinds
    advice = "return a list" if kind.is_generator and not takes_generators else twin
    return InvalidTargetError(
        f"{label} decorates {fitting}; {name_of(func)} is a {_said(kind)}: {advice}",
        decorator=label,
    )


def _said(kind: Kind) -> str:
    return "plain function" if kind is Kind.FUNCTION else kind.value
