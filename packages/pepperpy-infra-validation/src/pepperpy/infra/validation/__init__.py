"""Plain functions as rules: every error at once, with its path, and a copy of what is good."""

from ._collections import contains, items_between, max_items, min_items, unique_items
from ._compose import FunctionValidator, all_of, any_of, cross_field, none_of, not_, transform
from ._convert import coerce
from ._errors import AsyncRuleError, InvalidDataError, SchemaError, ValidationError
from ._json_schema import to_json_schema
from ._levels import ValidationLevel
from ._numbers import (
    is_float,
    is_integer,
    is_number,
    is_positive,
    max_value,
    min_value,
    value_between,
)
from ._optional import optional
from ._result import ValidationResult
from ._schema import SchemaValidator
from ._strings import (
    is_email,
    is_email_strict,
    is_url,
    length_between,
    matches_pattern,
    max_length,
    min_length,
)
from ._types import (
    is_bool,
    is_dict,
    is_instance_of,
    is_list,
    is_none,
    is_not_none,
    is_set,
    is_string,
    is_subclass_of,
)
from ._validate import validate, validate_async, validate_dict
from ._validator import Validator

__all__ = [
    "AsyncRuleError",
    "FunctionValidator",
    "InvalidDataError",
    "SchemaError",
    "SchemaValidator",
    "ValidationError",
    "ValidationLevel",
    "ValidationResult",
    "Validator",
    "all_of",
    "any_of",
    "coerce",
    "contains",
    "cross_field",
    "is_bool",
    "is_dict",
    "is_email",
    "is_email_strict",
    "is_float",
    "is_instance_of",
    "is_integer",
    "is_list",
    "is_none",
    "is_not_none",
    "is_number",
    "is_positive",
    "is_set",
    "is_string",
    "is_subclass_of",
    "is_url",
    "items_between",
    "length_between",
    "matches_pattern",
    "max_items",
    "max_length",
    "max_value",
    "min_items",
    "min_length",
    "min_value",
    "none_of",
    "not_",
    "optional",
    "to_json_schema",
    "transform",
    "unique_items",
    "validate",
    "validate_async",
    "validate_dict",
    "value_between",
]
