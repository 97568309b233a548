"""Options that are a switch, or an object with options of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar, Protocol, TypeVar

from pepperpy.infra.utils import did_you_mean

from ._errors import InvalidOptionError
from ._values import is_a


class Options(Protocol):
    """A dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


C = TypeVar("C", bound=Options)


def choice(option: str, kind: type[C], given: Any) -> C | None:
    """The object that *given* stands for; None is "off".

    Args:
        option: The name of the option.
        kind: Its class; ``True`` is one with its defaults, a mapping one with these options.
        given: What the option was set to.

    Raises:
        InvalidOptionError: If it is nothing of that, or has an option that there is not.
    """
    if given is None or given is False:
        return None
    if given is True:
        return kind()
    if isinstance(given, kind):
        return given
    if not is_a(given, Mapping):
        raise InvalidOptionError(
            f"{option} must be True, False, a {kind.__name__} or a mapping of its options; "
            f"got {given!r}",
            option=option,
        )
    known = [each.name for each in fields(kind)]
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known)
            raise InvalidOptionError(f"unknown option {name!r} of {option}; {hint}", option=option)
    return kind(**given)
