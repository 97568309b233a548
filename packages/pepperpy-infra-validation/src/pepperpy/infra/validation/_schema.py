"""`SchemaValidator`: a dict of rules, with what is to be done about other keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ._branches import All
from ._build import POLICIES, Want
from ._errors import SchemaError
from ._validator import Composed

if TYPE_CHECKING:
    from ._build import Steps
    from ._nodes import Node
    from ._validator import Rule

Unknown: TypeAlias = Literal["ignore", "forbid", "drop"]


class SchemaValidator(Composed):
    """A schema as a rule.

    Args:
        schema: Rules by key; rules may be dicts and lists again.
        unknown: What happens to keys that the schema does not have, also in the dicts inside of it:
            ``"ignore"`` keeps them, ``"forbid"`` makes each an error, ``"drop"`` leaves them out
            of the validated data.
        rules: For the whole, asked after the keys; see `cross_field`.

    Examples:
        >>> from pepperpy.infra.validation import is_email
        >>> user = SchemaValidator({"email": is_email}, unknown="forbid")
        >>> user.validate({"emial": "ann@example.com"}).messages()
        {'email': ['is required'], 'emial': ["is not a known key; did you mean 'email'?"]}
    """

    def __init__(
        self,
        schema: Mapping[Any, Any] | list[Any],
        *,
        unknown: Unknown = "ignore",
        rules: Sequence[Rule] = (),
    ) -> None:
        given: Any = schema
        if not isinstance(given, (Mapping, list)):
            raise SchemaError(f"a schema is a dict or a list; got {type(schema).__name__}")
        check_policy(unknown)
        self._schema: Mapping[Any, Any] | list[Any] = schema
        self._unknown: Unknown = unknown
        self._rules: tuple[Any, ...] = tuple(rules)
        self.settle()

    @property
    def schema(self) -> Mapping[Any, Any] | list[Any]:
        """What it was given; a change in it is noticed."""
        return self._schema

    @property
    def unknown(self) -> Unknown:
        """What happens to keys that the schema does not have."""
        return self._unknown

    @property
    def rules(self) -> tuple[Any, ...]:
        """Those for the whole."""
        return self._rules

    def steps(self) -> Steps:
        """The schema by its policy, and then the rules for the whole."""
        nodes: list[Node] = [(yield Want(self.schema, None, self.unknown))]
        for rule in self.rules:
            nodes.append((yield Want(rule)))  # noqa: PERF401 - a comprehension cannot yield
        return All(nodes) if self.rules else nodes[0]

    def __repr__(self) -> str:
        return f"SchemaValidator({self.schema!r}, unknown={self.unknown!r})"


def check_policy(unknown: Any) -> None:
    """Refuse a policy that does not exist."""
    if unknown not in POLICIES:
        listed = ", ".join(map(repr, POLICIES))
        raise SchemaError(f"unknown must be one of {listed}; got {unknown!r}")
