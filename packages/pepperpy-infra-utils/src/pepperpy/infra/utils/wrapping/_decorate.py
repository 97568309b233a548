"""Finding the function inside what a decorator was put on."""

from __future__ import annotations

from functools import cached_property, partialmethod
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable


def decorate(target: Any, wrap: Callable[[Any], Any], *, label: str) -> Any:
    """*target* with the function inside it wrapped, as the same kind of thing.

    Looks into ``classmethod``, ``staticmethod``, ``property`` (its getter), ``cached_property`` and
    ``partialmethod``, so that a decorator may stand above them as well as below.

    Args:
        target: What the decorator was put on.
        wrap: Gets the function and returns its wrapper.
        label: The decorator's name, for the message.

    Raises:
        TypeError: If there is no function in *target*, or it is a class.

    Examples:
        >>> def loud(func):
        ...     return lambda *args: func(*args).upper()
        >>> class Duck:
        ...     @staticmethod
        ...     def speak():
        ...         return "quack"
        >>> decorate(Duck.__dict__["speak"], loud, label="loud").__func__()
        'QUACK'
    """
    kind = cast("Any", type(target))
    whole: Any = target  # the same, but no checker narrows it to types with unknown parameters
    if isinstance(target, (classmethod, staticmethod)):
        return kind(decorate(whole.__func__, wrap, label=label))
    if isinstance(target, property) and target.fget is not None:
        return target.getter(decorate(target.fget, wrap, label=label))
    if isinstance(target, cached_property):
        return kind(decorate(whole.func, wrap, label=label))
    if isinstance(target, partialmethod):
        inner = decorate(whole.func, wrap, label=label)
        return kind(inner, *whole.args, **whole.keywords)
    if isinstance(target, type):
        raise TypeError(
            f"{label} decorates functions and methods; {target.__qualname__} is a class: "
            "decorate its __init__, or a function that makes one"
        )
    if not callable(target):
        raise TypeError(f"{label} decorates functions and methods; got {type(target).__name__}")
    return wrap(target)
