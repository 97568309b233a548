"""Rules made of rules: `all_of`, `any_of`, `none_of`, `not_`, and those that say, convert or compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ._branches import All, Any_, NoneOf, Said, Together
from ._build import Want, is_async, misfit, quick
from ._errors import SchemaError
from ._levels import ValidationLevel
from ._nodes import Node, Opaque, Replacing
from ._source import described
from ._spec import is_factory
from ._validator import Composed, Validator

if TYPE_CHECKING:
    from ._build import Steps
    from ._validator import Rule


class Joined(Composed):
    """Several rules as one."""

    def __init__(self, name: str, rules: Sequence[Any], join: Callable[[list[Node]], Node]) -> None:
        self.rules: tuple[Any, ...] = tuple(rules)
        self._name = name
        self._join = join
        nodes = [node for node in map(quick, self.rules) if node is not None]
        if len(nodes) == len(self.rules):
            self.validation_node = join(nodes)
        else:
            self.settle()

    def steps(self) -> Steps:
        """Build all of them and join them."""
        nodes: list[Node] = []
        for rule in self.rules:
            nodes.append((yield Want(rule)))  # noqa: PERF401 - a comprehension cannot yield
        return self._join(nodes)

    def __repr__(self) -> str:
        return f"<rule {self._name} of {len(self.rules)}>"


class FunctionValidator(Composed):
    """A rule with words of your own for its failure.

    Args:
        function: The rule; any other kind of rule will do as well.
        message: Used as it is given.  Without one, that of the rule stays.
        code: The rule's name, for programs and translators; without one, that of the rule stays.
        level: Below `ValidationLevel.ERROR`, a failure is among the `warnings` of the result and
            does not make the data invalid.

    Examples:
        >>> from pepperpy.infra.validation import is_email, validate
        >>> validate("nope", FunctionValidator(is_email, "Invalid email address")).errors
        [ValidationError('Invalid email address', path='', code='email')]
    """

    def __init__(
        self,
        function: Rule,
        message: str | None = None,
        code: str | None = None,
        level: ValidationLevel = ValidationLevel.ERROR,
    ) -> None:
        text: Any = (str, type(None))
        wanted: Any = {
            "message": (message, text),
            "code": (code, text),
            "level": (level, ValidationLevel),
        }
        for name, (given, kind) in wanted.items():
            if not isinstance(given, kind):
                what = "text" if kind is text else "a ValidationLevel"
                raise SchemaError(f"{name} of FunctionValidator must be {what}; got {given!r}")
        self.function: Any = function
        self.message: str = message or ""
        self.level: ValidationLevel = level
        self._said = message, code, level
        self.settle()

    def steps(self) -> Steps:
        """The rule, and what is said of its failure."""
        return Said((yield Want(self.function)), *self._said)


class Single(Composed):
    """One node, which needs no others."""

    def __init__(self, make: Callable[[], Node]) -> None:
        self._make = make

    def steps(self) -> Steps:
        return self._make()
        yield Want(None)  # a generator, as all the others


def all_of(*rules: Rule) -> Validator:
    """A value that passes every one of *rules*; all failures are reported.

    A conversion among them hands its result to those behind it; if it fails, they are not asked.

    Examples:
        >>> from pepperpy.infra.validation import is_positive, validate
        >>> age = all_of(is_positive, lambda n: n < 120)
        >>> age(30), [error.message for error in validate(300, age).errors]
        (True, ['must satisfy: n < 120'])
    """
    return Joined("all_of", rules, All)


def any_of(*rules: Rule) -> Validator:
    """A value that passes one of *rules*; the first of them decides what comes out.

    If none passes, it is one error, whose *alternatives* are the errors of each.

    Examples:
        >>> from pepperpy.infra.validation import is_email, is_none
        >>> any_of(is_none, is_email)(None), any_of(is_none, is_email)("nope")
        (True, False)
    """
    return Joined("any_of", rules, Any_)


def none_of(*rules: Rule) -> Validator:
    """A value that passes not a single one of *rules*.

    Examples:
        >>> from pepperpy.infra.validation import contains
        >>> none_of(contains("<"), contains(">"))("<b>")
        False
    """
    return Joined("none_of", rules, lambda nodes: NoneOf(nodes, "none_of"))


def not_(rule: Rule) -> Validator:
    """A value that does not pass *rule*.

    Examples:
        >>> from pepperpy.infra.validation import is_string
        >>> not_(is_string)(5)
        True
    """
    return Joined("not_", (rule,), lambda nodes: NoneOf(nodes, "not"))


def transform(function: Callable[[Any], Any], *, message: str | None = None) -> Validator:
    """A step that puts what *function* returns in the place of the value; an exception is a failure.

    Examples:
        >>> from pepperpy.infra.validation import min_length, validate
        >>> validate("  Ann ", all_of(transform(str.strip), min_length(3))).validated_data
        'Ann'
    """
    given: Any = function
    if not callable(given) or is_async(given):
        raise SchemaError(f"transform() must be given a plain function; got {described(given)}")
    words = message or described(function).replace("satisfy", "be convertible by", 1)
    return Single(lambda: Replacing(function, lambda: words, code="transform"))


def cross_field(
    *keys: Any,
    rule: Callable[[Any], Any] | Callable[[Any, Any], Any] | Callable[..., Any],
    message: str | None = None,
    code: str = "cross_field",
    at: Any = None,
) -> Validator:
    """A rule over several keys of a mapping, which gets their values as arguments.

    It is asked once all of them are there and good, also when other keys are not.

    Args:
        keys: Those that it compares.
        rule: Takes as many arguments.
        message: Without one, the rule's source stands for it.
        code: The rule's name, for programs and translators.
        at: The key that the error belongs to; without one, to the mapping itself.

    Examples:
        >>> from pepperpy.infra.validation import is_integer, validate
        >>> span = all_of(
        ...     {"first": is_integer, "last": is_integer},
        ...     cross_field("first", "last", rule=lambda first, last: first <= last, at="last"),
        ... )
        >>> validate({"first": 3, "last": 1}, span).messages()
        {'last': ['must satisfy: first <= last']}
    """
    if not keys or not callable(rule):
        raise SchemaError("cross_field() must be given keys and a function of their values")
    if is_factory(rule):
        raise SchemaError(f"{getattr(rule, '__name__', rule)} makes rules, and compares nothing")
    takes = misfit(rule, len(keys))
    if takes:
        raise SchemaError(f"the rule of cross_field() takes {takes}; there are {len(keys)} keys")
    words = message
    node = Opaque(
        lambda values: rule(*values),
        lambda: described(rule) if words is None else words,
        is_async=is_async(rule),
        code=code,
        params={"keys": list(keys)},
    )
    return Single(lambda: Together(keys, node, () if at is None else (at,)))
