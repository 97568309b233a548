"""Plain functions as rules: every error at once, with its path, and a copy of what is good."""

from ._compose import FunctionValidator, all_of, any_of, cross_field, none_of, not_, transform
from ._convert import coerce
from ._errors import AsyncRuleError, SchemaError, ValidationError, ValidationErrorGroup
from ._levels import ValidationLevel
from ._optional import optional
from ._result import ValidationResult
from ._rules._collections import contains, items_between, max_items, min_items, unique_items
from ._rules._numbers import (
    is_float,
    is_integer,
    is_number,
    is_positive,
    max_value,
    min_value,
    value_between,
)
from ._rules._strings import (
    is_email,
    is_email_strict,
    is_url,
    length_between,
    matches_pattern,
    max_length,
    min_length,
)
from ._rules._types import (
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
from ._schema import SchemaValidator
from ._validate import validate, validate_async, validate_dict
from ._validator import Validator
