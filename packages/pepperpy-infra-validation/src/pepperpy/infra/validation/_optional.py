"""`optional`: a key that may be missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._build import Want, build, quick
from ._copying import copied
from ._errors import SchemaError
from ._validator import Composed

_NONE: Any = object()


class OptionalKey(Composed):
    """The rule for a key that may be missing."""

    def __init__(self, rule: Any, factory: Callable[[], Any] | None) -> None:
        self.rule: Any = rule
        self.factory: Callable[[], Any] | None = factory
        if quick(rule) is None:
            build(rule)  # finds what is no rule where it was written

    def steps(self) -> Any:
        """It cannot stand alone."""
        raise SchemaError(
            "optional() is for the keys of a dict schema; for a value that may be None write "
            "any_of(is_none, ...)"
        )
        yield Want(None)  # a generator, as all the others


def optional(
    rule: Any, *, default: Any = _NONE, default_factory: Callable[[], Any] | None = None
) -> OptionalKey:
    """A key of a schema that may be missing; a value that is there must pass *rule*.

    Args:
        rule: For the value.
        default: Put into the validated data where the key is missing; a list or dict is copied each
            time.  It is not checked.
        default_factory: Makes the default, each time anew.

    Examples:
        >>> from pepperpy.infra.validation import is_string, validate_dict
        >>> schema = {"name": is_string, "tags": optional([is_string], default=[])}
        >>> validate_dict({"name": "Ann"}, schema).validated_data
        {'name': 'Ann', 'tags': []}
    """
    if default_factory is not None:
        if default is not _NONE:
            raise SchemaError("optional() takes default or default_factory, not both")
        if not callable(default_factory):
            raise SchemaError("default_factory of optional() must be a function without arguments")
        return OptionalKey(rule, default_factory)
    if default is _NONE:
        return OptionalKey(rule, None)
    held = copied(default)
    return OptionalKey(rule, lambda: copied(held))
