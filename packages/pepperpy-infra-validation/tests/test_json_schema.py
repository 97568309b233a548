"""`to_json_schema` says what can be said, and nothing that is not so."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Literal, TypedDict

import annotated_types as at
import jsonschema
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pepperpy.infra.validation as v
from pepperpy.infra.validation import to_json_schema


def body(rule, **options):
    schema = to_json_schema(rule, **options)
    assert schema.pop("$schema") == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)
    json.dumps(schema, allow_nan=False)
    return schema


class Movie(TypedDict):
    title: str


class Color(Enum):
    RED = "red"


class Callback(pydantic.BaseModel):
    call: Callable[[int], int]


class User(pydantic.BaseModel):
    name: str
    friend: User | None = None


class TestExport:
    @pytest.mark.parametrize(
        ("rule", "schema"),
        [
            (v.is_email, {"type": "string", "format": "email"}), (v.min_length(2), {"type": "string", "minLength": 2}),
            (v.all_of(str, v.max_length(5)), {"type": "string", "maxLength": 5}), (v.is_positive, {"type": "number", "exclusiveMinimum": 0}),
            (v.value_between(1, 5), {"type": "number", "minimum": 1, "maximum": 5}), (v.unique_items, {"uniqueItems": True}),
            (v.matches_pattern("a|b"), {"type": "string", "pattern": "^(?:a|b)$"}), ([int], {"type": "array", "items": {"type": "integer"}}),
            (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}), (v.not_(str), {"not": {"type": "string"}}),
            (Literal["a", 1], {"enum": ["a", 1]}), (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
            (set[int], {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}), (v.any_of(), {"not": {}}), (v.all_of(), {}),
            (tuple[int, str], {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "maxItems": 2}),
            (Annotated[int, at.Gt(0), at.MultipleOf(3)], {"type": "integer", "exclusiveMinimum": 0, "multipleOf": 3}),
            (Movie, {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}),
            (v.FunctionValidator(int, "x"), {"type": "integer"}), (v.FunctionValidator(int, "x", level=v.ValidationLevel.INFO), {}),
            (v.all_of(v.is_integer, v.min_value(5), v.max_value(7)), {"type": "integer", "minimum": 5, "maximum": 7}),
            (v.all_of(v.min_value(5), int), {"type": "integer", "minimum": 5}), (v.all_of(v.min_value(5), v.min_value(6)), {"type": "number", "minimum": 5, "allOf": [{"type": "number", "minimum": 6}]}),
            (v.min_value(-math.inf), {"type": "number"}), (v.value_between(-math.inf, 5), {"type": "number", "maximum": 5}),
            (Annotated[float, at.Lt(math.inf), at.MultipleOf(-0.5)], {"type": "number", "multipleOf": 0.5}),
            (Literal["a", Color.RED], {"enum": ["a", "red"]}),
            (Annotated[str, at.MinLen(1)], {"type": "string", "allOf": [{"type": ["string", "array", "object"], "minLength": 1, "minItems": 1}]}),
        ],
    )  # fmt: skip
    def test_of_rules(self, rule, schema) -> None:
        assert body(rule) == schema

    @pytest.mark.parametrize("rule", [lambda n: n < 120, v.coerce(int), v.not_(lambda n: n < 120), v.not_(v.is_float), v.is_set,
                                      v.matches_pattern("a", re.IGNORECASE), v.matches_pattern("(?P<x>a)"), v.min_value("m"), Literal[b"a"], v.matches_pattern("[^]]"), v.matches_pattern("a{,3}"), v.matches_pattern(r"\07"), Callback])  # fmt: skip
    def test_tells_what_it_cannot_say(self, rule) -> None:
        assert list(body(rule)) == ["$comment"]

    def test_of_a_schema(self) -> None:
        schema = {
            "email": v.is_email,
            "age": v.optional(v.all_of(int, lambda n: n < 120)),
            "in": {"a": str},
        }

        assert body(schema, unknown="forbid") == {
            "type": "object",
            "properties": {
                "email": {"type": "string", "format": "email"},
                "age": {"type": "integer", "$comment": "must satisfy: n < 120"},
                "in": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False},
            },
            "required": ["email", "in"],
            "additionalProperties": False,
        }  # fmt: skip

    def test_of_a_schema_that_holds_itself(self) -> None:
        tree = {"name": str}
        tree["children"] = v.optional([tree])
        forest = {"trees": [tree]}

        for schema, good, bad in (
            (
                tree,
                {"name": "a", "children": [{"name": "b"}]},
                {"name": "a", "children": [{"name": 5}]},
            ),
            (
                forest,
                {"trees": [{"name": "a", "children": []}]},
                {"trees": [{"name": "a", "children": [{}]}]},
            ),
        ):
            checker = jsonschema.Draft202012Validator(to_json_schema(schema))
            assert checker.is_valid(good)
            assert not checker.is_valid(bad)

    def test_of_models(self) -> None:
        checker = jsonschema.Draft202012Validator(to_json_schema({"user": User}))

        assert checker.is_valid({"user": {"name": "a", "friend": {"name": "b"}}})
        assert not checker.is_valid({"user": {"name": "a", "friend": {"name": 5}}})


LEAVES = st.sampled_from([
    v.is_email, v.min_length(2), v.max_length(3), v.matches_pattern("[a-z]+"), v.is_positive, v.is_integer, v.is_float, v.is_number,
    v.min_value(1), v.max_value(2.5), v.min_items(1), v.max_items(1), v.unique_items, v.is_string, v.is_bool, v.is_none, v.is_not_none,
    v.is_dict, v.is_list, int, float, str, int | None, Literal["a", 1], v.coerce(int), lambda x: x, dict[str, int], list[int],
    Annotated[int, at.Gt(0)], Annotated[str, at.Len(1, 2)],
])  # fmt: skip


def nested(inner):
    rules = st.lists(inner, max_size=3)
    keys = st.dictionaries(st.sampled_from("abc"), inner | inner.map(v.optional), max_size=3)
    return st.one_of(
        inner.map(lambda rule: [rule]), keys, rules.map(lambda r: v.all_of(*r)), rules.map(lambda r: v.any_of(*r)),
        rules.map(lambda r: v.none_of(*r)), keys.map(lambda s: v.SchemaValidator(s, unknown="forbid")),
    )  # fmt: skip


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 5)
    | st.sampled_from([2.5, -0.5, "", "a", "ab", "abcd", "a@b.co"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.recursive(LEAVES, nested, max_leaves=6), st.lists(JSON, min_size=1, max_size=5))
def test_what_passes_here_passes_there(rule, values) -> None:
    schema = to_json_schema(rule)
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator(schema)

    for value in values:
        if v.validate(value, rule).is_valid:
            assert checker.is_valid(value)
