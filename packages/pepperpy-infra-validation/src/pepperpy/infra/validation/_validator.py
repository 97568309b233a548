"""`Validator`: what rules of more than one function derive from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from ._bounds import refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._build import Steps
    from ._nodes import Node
    from ._plan import Plan
    from ._result import ValidationResult
    from ._spec import Spec

    # `object` is for what `typing` makes; the rest, so that checkers know the types in a lambda.
    Rule: TypeAlias = "Callable[[Any], Any] | Validator | Mapping[Any, Any] | list[Any] | object"
    """A function, a validator, a type, a dict of rules, or a list with one rule in it."""


_DICT: Any = dict  # else checkers would see one of unknown things


class Validator:
    """A rule that is an object: it joins others with ``&``, ``|`` and ``~``.

    Derive from it and write `validate`, which returns a `ValidationResult`, or ``__call__``, which
    returns whether a value passes.

    Attributes:
        message: What values must do; without one, the name of the class stands for it.
        code: The rule's name, for programs and translators.

    Examples:
        >>> class Even(Validator):
        ...     message = "must be even"
        ...
        ...     def __call__(self, value):
        ...         return value % 2 == 0
        >>> (Even() & int).validate(3).errors[0].message
        'must be even'
    """

    message: str = ""
    code: str = "custom"

    # Names that nobody's own validator is likely to have.
    validation_plan: Plan | None = None

    def validate(self, value: Any) -> ValidationResult:
        """All that is wrong with *value*, and a copy of it if nothing is.

        Raises:
            AsyncRuleError: If one of the rules is asynchronous.
        """
        from ._plan import plan_of

        return plan_of(self).validate(value)

    def __call__(self, value: Any) -> Any:
        """Whether *value* passes."""
        return self.validate(value).is_valid

    def __getstate__(self) -> Any:
        """Without what was made of it, which a copy makes for itself."""
        state: Any = super().__getstate__()
        made = ("validation_plan", "validation_node")
        if type(state) is not _DICT:
            return state
        return {name: held for name, held in state.items() if name not in made}

    def __and__(self, other: Rule) -> Validator:
        return _joined("all_of", self, other)

    def __rand__(self, other: Rule) -> Validator:
        return _joined("all_of", other, self)

    def __or__(self, other: Rule) -> Validator:
        return _joined("any_of", self, other)

    def __ror__(self, other: Rule) -> Validator:
        return _joined("any_of", other, self)

    def __invert__(self) -> Validator:
        return _joined("not_", self)


class Composed(Validator):
    """A validator of ours that is built out of other rules."""

    validation_node: Node | None = None
    """Its node, if that never changes."""

    def steps(self) -> Steps:
        """How its node is built."""
        raise NotImplementedError

    def settle(self) -> None:
        """Find what is no rule where it was written, and keep the node where that is possible."""
        from ._build import build

        built = build(self)
        if built.lasting:
            self.validation_node = built.node


class RuleValidator(Validator):
    """One of the rules of this package, with its bounds."""

    validation_node: Node | None = None
    """Its node, once there is one; not of the spec, which would be a cycle to collect."""

    def __init__(self, spec: Spec) -> None:
        self.spec: Spec = spec
        self.message: str = spec.message
        self.code: str = spec.code

    def __call__(self, value: Any) -> bool:
        """Whether *value* passes."""
        try:
            return bool(self.spec.check(value))
        except Exception as error:  # noqa: BLE001 - the rule is not for this value
            return refused(error)

    def __repr__(self) -> str:
        return f"<rule {self.spec.code}: {self.spec.message}>"


def _joined(name: str, *rules: Any) -> Validator:
    from ._compose import all_of, any_of, not_

    joins: dict[str, Any] = {"all_of": all_of, "any_of": any_of, "not_": not_}
    made: Validator = joins[name](*rules)
    return made
