"""What a decorator of this package can be put on."""

from __future__ import annotations

from ._errors import InvalidTargetError


def is_target(target: object) -> bool:
    """Whether *target* may be a function, or hold one as a ``classmethod`` does."""
    return callable(target) or hasattr(target, "__get__")


def check_target(target: object, label: str) -> None:
    """Refuse what is no function.

    Raises:
        InvalidTargetError: If *target* is a class, or something else that nobody calls.
    """
    if isinstance(target, type):
        name = target.__qualname__
        problem = f"{name} is a class: decorate its methods, or a function that makes one"
    elif is_target(target):
        return
    else:
        name = type(target).__name__
        problem = f"got {name}"
    raise InvalidTargetError(f"{label} decorates functions and methods; {problem}", function=name)
