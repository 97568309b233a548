"""The public names, used as a program would.  Checked by the type checkers, never run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, assert_type

from pepperpy.infra.validation import (
    AsyncRuleError,
    FunctionValidator,
    InvalidDataError,
    SchemaError,
    SchemaValidator,
    ValidationError,
    ValidationLevel,
    ValidationResult,
    Validator,
    all_of,
    any_of,
    coerce,
    contains,
    cross_field,
    is_email,
    is_instance_of,
    is_none,
    is_positive,
    is_string,
    items_between,
    length_between,
    matches_pattern,
    max_value,
    min_length,
    min_value,
    none_of,
    not_,
    optional,
    to_json_schema,
    transform,
    unique_items,
    validate,
    validate_async,
    validate_dict,
    value_between,
)


class Even(Validator):
    message = "must be even"
    code = "even"

    def __call__(self, value: Any) -> bool:
        return isinstance(value, int) and value % 2 == 0


class Taken(Validator):
    def validate(self, value: Any) -> ValidationResult:
        if value == "root":
            return ValidationResult(False, [ValidationError("is taken", code="taken")])
        return ValidationResult(validated_data=value)


async def is_free(name: str) -> bool:
    return name != "root"


schema = {
    "email": is_email,
    "name": min_length(2) & is_string,
    "age": all_of(is_positive, lambda n: n < 120),
    "tags": optional([str], default=[]),
    "even": Even() | int,
    "nick": any_of(is_none, length_between(2, 10)),
    "size": Annotated[int, min_value(1)],
    "kind": is_instance_of(int, str) & ~contains("x"),
    "list": all_of(list[int], unique_items, unique_items(), items_between(0, 3)),
    "code": matches_pattern(r"[A-Z]+"),
    "note": FunctionValidator(is_string, "no text", code="note", level=ValidationLevel.WARNING),
    "n": all_of(coerce(int), transform(abs), none_of(is_none), not_(is_string), max_value(5)),
    "range": value_between(1, 2),
}

assert_type(is_email("x"), bool)
assert_type(min_length(8), Validator)
assert_type(unique_items([1]), bool)
assert_type(unique_items(), Validator)

result = validate_dict({"email": "x"}, schema, unknown="forbid")
assert_type(result, ValidationResult)
assert_type(result.is_valid, bool)
assert_type(result.errors, list[ValidationError])
assert_type(result.warnings, list[ValidationError])
assert_type(result.messages({"email": "no"}), dict[str, list[str]])
for error in result.errors:
    assert_type(error.path, str)
    assert_type(error.message, str)
    assert_type(error.code, str)
    assert_type(error.params, Mapping[str, Any])
    assert_type(error.level, ValidationLevel)
    assert_type(error.translated(lambda code, params: None), str)

whole = SchemaValidator(
    schema, unknown="drop", rules=[cross_field("a", "b", rule=lambda a, b: a < b, at="b")]
)
assert_type(whole.validate({}), ValidationResult)
assert_type(validate(5, Taken()), ValidationResult)
assert_type(validate([1], [int]), ValidationResult)
assert_type(to_json_schema(whole), dict[str, Any])

try:
    validate(5, {"a": int}).raise_if_invalid()
except InvalidDataError as group:
    assert_type([each.path for each in group.exceptions], list[str])
except (AsyncRuleError, SchemaError) as wrong:
    assert_type(wrong.path, str)


async def main() -> None:
    assert_type(await validate_async("ann", is_free, max_concurrency=4), ValidationResult)
