"""Rules for numbers, and for whatever else has an order."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite
from typing import Any

from . import _bounds
from ._errors import SchemaError
from ._spec import Spec, factory, recorded
from ._validator import RuleValidator, Validator


@recorded(
    code="positive",
    message="must be greater than 0",
    fast="(type({v}) is int or type({v}) is float) and {v} > 0",
    atomic=True,
    schema={"type": "number", "exclusiveMinimum": 0},
)
def is_positive(value: Any) -> bool:
    """A number greater than 0; neither bool nor NaN is one.

    Examples:
        >>> is_positive(0.1), is_positive(0), is_positive(True), is_positive("1")
        (True, False, False, False)
    """
    if not _bounds.is_number(value):
        return False
    try:
        return bool(value > 0)
    except Exception as error:  # noqa: BLE001 - Decimal("NaN") has no order
        return _bounds.refused(error)


@recorded(
    code="integer",
    message="must be an integer",
    fast="type({v}) is int",
    atomic=True,
    schema={"type": "integer"},
)
def is_integer(value: object) -> bool:
    """An int; neither bool nor 1.0 is one.

    Examples:
        >>> is_integer(1), is_integer(True), is_integer(1.0), is_integer("1")
        (True, False, False, False)
    """
    return isinstance(value, int) and not isinstance(value, bool)


@recorded(
    code="float",
    message="must be a float",
    fast="type({v}) is float",
    atomic=True,
    schema={"type": "number"},
)
def is_float(value: object) -> bool:
    """A float; an int is none.  See `is_number` for both."""
    return isinstance(value, float)


@recorded(
    code="number",
    message="must be a number",
    fast="(type({v}) is int or type({v}) is float)",
    atomic=True,
    schema={"type": "number"},
)
def is_number(value: object) -> bool:
    """An int, float, Decimal, Fraction or other real number; bool is none.

    Examples:
        >>> is_number(1), is_number(1.5), is_number(True), is_number("1")
        (True, True, False, False)
    """
    return _bounds.is_number(value)


@factory
def min_value(limit: Any) -> Validator:
    """What is at least *limit*: numbers, dates, texts, whatever can be compared with it.

    Examples:
        >>> min_value(18)(18), min_value(18)(17.9), min_value(18)(float("nan")), min_value(0)(True)
        (True, False, False, False)
    """
    limit = _bounds.limit("min_value", limit)
    return _ordered(
        lambda value: value >= limit,
        code="min_value",
        message=f"must be at least {limit}",
        params={"limit": limit},
        fast=("{v} >= {limit}", limit),
        schema={"minimum": limit},
    )


@factory
def max_value(limit: Any) -> Validator:
    """What is at most *limit*: numbers, dates, texts, whatever can be compared with it.

    Examples:
        >>> max_value(120)(120), max_value(120)(121), max_value(120)(float("nan"))
        (True, False, False)
    """
    limit = _bounds.limit("max_value", limit)
    return _ordered(
        lambda value: value <= limit,
        code="max_value",
        message=f"must be at most {limit}",
        params={"limit": limit},
        fast=("{v} <= {limit}", limit),
        schema={"maximum": limit},
    )


def more_than(limit: Any) -> Validator:
    """What is greater than *limit*, as ``Gt`` of annotated-types has it."""
    limit = _bounds.limit("Gt", limit)
    return _ordered(
        lambda value: value > limit,
        code="greater_than",
        message=f"must be greater than {limit}",
        params={"limit": limit},
        fast=("{v} > {limit}", limit),
        schema={"exclusiveMinimum": limit},
    )


def less_than(limit: Any) -> Validator:
    """What is less than *limit*, as ``Lt`` of annotated-types has it."""
    limit = _bounds.limit("Lt", limit)
    return _ordered(
        lambda value: value < limit,
        code="less_than",
        message=f"must be less than {limit}",
        params={"limit": limit},
        fast=("{v} < {limit}", limit),
        schema={"exclusiveMaximum": limit},
    )


def multiple_of(number: Any) -> Validator:
    """What is a multiple of *number*, as ``MultipleOf`` of annotated-types has it."""
    number = _bounds.limit("MultipleOf", number)
    if not _bounds.is_number(number) or number == 0:
        raise SchemaError(f"MultipleOf() must be given a number other than 0; got {number!r}")
    return RuleValidator(
        Spec(
            check=lambda value: _bounds.is_number(value) and value % number == 0,
            code="multiple_of",
            message=f"must be a multiple of {number}",
            params={"limit": number},
            schema={"type": "number", "multipleOf": abs(number)} if _is_json(number) else None,
        )
    )


@factory
def value_between(min_value: Any, max_value: Any) -> Validator:
    """What is at least *min_value* and at most *max_value*.

    Examples:
        >>> value_between(1, 5)(5), value_between(1, 5)(5.1), value_between(1, 5)("3")
        (True, False, False)
    """
    least = _bounds.limit("value_between", min_value)
    most = _bounds.limit("value_between", max_value)
    try:
        empty = bool(least > most)
    except Exception as error:
        raise SchemaError(f"value_between({least!r}, {most!r}): they have no order") from error
    if empty:
        raise SchemaError(
            f"value_between({least!r}, {most!r}) can never pass; the least comes first"
        )
    return _ordered(
        lambda value: least <= value <= most,
        code="value_between",
        message=f"must be between {least} and {most}",
        params={"min": least, "max": most},
        fast=("{limit} <= {v} <= {most}", least, most),
        schema={"minimum": least, "maximum": most},
    )


def _ordered(
    compare: Callable[[Any], Any], *, fast: tuple[Any, ...], schema: dict[str, Any], **what: Any
) -> Validator:
    expression, *limits = fast
    if not all(map(_bounds.is_number, limits)):
        return RuleValidator(Spec(check=compare, **what))

    def check(value: Any) -> bool:
        return _bounds.is_number(value) and bool(compare(value))

    # What JSON cannot write down bounds nothing there.
    said = {key: limit for key, limit in schema.items() if limit not in (-inf, inf)}

    return RuleValidator(
        Spec(
            check=check,
            fast=f"(type({{v}}) is int or type({{v}}) is float) and {expression}",
            names=dict(zip(("limit", "most"), limits, strict=False)),
            atomic=True,
            schema={"type": "number", **said} if all(map(_is_json, said.values())) else None,
            **what,
        )
    )


def _is_json(number: Any) -> bool:
    """Whether JSON can write it down."""
    return type(number) is int or (type(number) is float and isfinite(number))
