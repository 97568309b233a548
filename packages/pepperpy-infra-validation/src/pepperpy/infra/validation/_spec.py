"""What the engine knows about a built-in rule beside how to ask it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ._errors import NO_PARAMS

Check = Callable[[Any], bool]
F = TypeVar("F", bound=Callable[..., Any])

_ATTRIBUTE = "__validation_rule__"
_FACTORY = "__validation_factory__"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spec:
    """A rule of this package."""

    check: Check
    """Decides; may raise on strange values, which is a no."""
    code: str
    message: str
    params: Mapping[str, Any] = field(default_factory=lambda: NO_PARAMS)
    fast: str = ""
    """An expression over ``{v}`` that is true only if `check` would be."""
    exact: bool = True
    """Whether for plain values it is true exactly if `check` would be."""
    names: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What *fast* names in braces, beside ``v``."""
    atomic: bool = False
    """Whether *fast* lets pass only what cannot be changed, and so needs no copy."""
    schema: Mapping[str, Any] | None = None
    """The same in JSON Schema."""
    leaf: Any = None
    """Its node, once there is one."""

    def __deepcopy__(self, memo: Any) -> Spec:
        return self  # nothing in it changes


def recorded(**what: Any) -> Callable[[F], F]:
    """Give a plain function the record of a rule; it stays a plain function."""

    def put(function: F) -> F:
        setattr(function, _ATTRIBUTE, Spec(check=function, **what))
        return function

    return put


def record_of(rule: Any) -> Spec | None:
    """The record of a plain function, if it is its own: `functools.wraps` copies attributes."""
    spec = getattr(rule, _ATTRIBUTE, None)
    return spec if isinstance(spec, Spec) and spec.check is rule else None


def spec_of(rule: Any) -> Spec:
    """The record of a rule that has one."""
    spec = record_of(rule)
    assert spec is not None  # noqa: S101 - for the type checkers
    return spec


def factory(function: F) -> F:
    """Mark what makes rules, since it is easily given where a rule is due."""
    setattr(function, _FACTORY, function)
    return function


def is_factory(rule: Any) -> bool:
    """Whether *rule* makes rules and is none."""
    return getattr(rule, _FACTORY, None) is rule
