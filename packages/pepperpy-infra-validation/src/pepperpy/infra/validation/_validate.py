"""`validate`, `validate_dict` and `validate_async`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ._errors import SchemaError
from ._plan import COMPILED, plan_of
from ._schema import SchemaValidator, Unknown, check_policy
from ._validator import Validator

if TYPE_CHECKING:
    from ._plan import Plan
    from ._result import ValidationResult
    from ._validator import Rule

_IGNORE: Unknown = "ignore"
_compiled = COMPILED.get


def validate(value: Any, rule: Rule) -> ValidationResult:
    """All that is wrong with *value*, and a copy of it if nothing is.

    Args:
        value: Anything; it is not changed.
        rule: A function, a validator, a type, a dict of rules, or a list with one rule in it.

    Raises:
        SchemaError: If *rule* is none of these.
        AsyncRuleError: If a rule has to be awaited.

    Examples:
        >>> from pepperpy.infra.validation import is_email
        >>> validate("user@example.com", is_email).is_valid
        True
        >>> validate({"tags": ["a", 1]}, {"tags": [str]}).errors
        [ValidationError('must be a string', path='tags[1]', code='string')]
    """
    if isinstance(rule, Validator):
        plan = rule.validation_plan
        if plan is not None and plan.fast is not None and plan.is_current():
            return plan.fast(value)
    return plan_of(rule).validate(value)


def validate_dict(
    data: Any, schema: Mapping[Any, Any] | SchemaValidator, *, unknown: Unknown = _IGNORE
) -> ValidationResult:
    """All that is wrong with a mapping, and a copy of it if nothing is.

    Args:
        data: What should be a mapping; if it is none, the result says so.
        schema: Rules by key.  It may be changed between calls.
        unknown: What happens to keys that the schema does not have; see `SchemaValidator`, which
            has its own.

    Raises:
        SchemaError: If there is something in *schema* that is no rule.
        AsyncRuleError: If a rule has to be awaited.

    Examples:
        >>> from pepperpy.infra.validation import is_email, min_length
        >>> schema = {"email": is_email, "name": min_length(2)}
        >>> validate_dict({"email": "nope"}, schema).messages()
        {'email': ['must be a valid e-mail address'], 'name': ['is required']}
    """
    # The quick way for a dict that was compiled; what follows is the same in small steps.
    if unknown is _IGNORE and (known := _compiled(id(schema))) is not None:
        try:
            current = known[0] == schema
        except Exception:  # noqa: BLE001 - something new in it, which cannot be compared
            current = False
        if current:
            return known[1](data)
    return _plan_of_schema(schema, unknown).validate(data)


def _plan_of_schema(schema: Any, unknown: str) -> Plan:
    if isinstance(schema, SchemaValidator):
        return plan_of(schema)
    if not isinstance(schema, Mapping):
        raise SchemaError(
            f"the schema for validate_dict() must be a dict of rules; got {type(schema).__name__}"
        )
    check_policy(unknown)
    return plan_of(schema, unknown)


async def validate_async(
    value: Any, rule: Rule, *, unknown: Unknown = "ignore", max_concurrency: int = 16
) -> ValidationResult:
    """The same as `validate`, for rules of which some are asynchronous.

    Those that do not depend on each other are awaited side by side; each is asked once about a
    value.  If one of them is cancelled or interrupted, the others are cancelled, and that is raised.

    Args:
        value: Anything; it is not changed.
        rule: As for `validate`; coroutine functions are rules as well.
        unknown: What happens to keys that a schema does not have; see `SchemaValidator`.
        max_concurrency: How many rules may be awaited at the same time.

    Examples:
        >>> import asyncio
        >>> async def is_free(name):
        ...     return name != "root"
        >>> asyncio.run(validate_async({"name": "root"}, {"name": is_free})).messages()
        {'name': ['must satisfy is_free']}
    """
    from ._awaiting import walked

    if type(max_concurrency) is not int or max_concurrency < 1:
        raise SchemaError(f"max_concurrency must be an integer from 1 on; got {max_concurrency!r}")
    check_policy(unknown)
    return await walked(plan_of(rule, unknown), value, max_concurrency)
