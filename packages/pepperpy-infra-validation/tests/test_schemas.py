"""Dicts and lists of rules: every error at once, paths, unknown keys, defaults, copies."""

from __future__ import annotations

import collections
import re
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.validation import (
    SchemaError,
    SchemaValidator,
    ValidationError,
    all_of,
    any_of,
    cross_field,
    is_email,
    is_integer,
    is_list,
    is_none,
    is_not_none,
    is_positive,
    is_string,
    min_length,
    optional,
    validate,
    validate_dict,
)
from pepperpy.infra.validation._paths import parse, render

USES = range(12)  # more than it takes until a schema is compiled


def found(result):
    return [(error.path, error.code) for error in result.errors]


@pytest.fixture(params=["first use", "compiled"])
def uses(request):
    """Check with a schema that is new, or that has a function of its own already."""

    def check(data, schema, **options):
        for _ in USES if request.param == "compiled" else range(1):
            result = validate_dict(data, schema, **options)
        return result

    return check


class TestAllErrorsAtOnce:
    def test_every_field_every_rule_and_every_missing_key(self, uses) -> None:
        schema = {
            "email": is_email,
            "name": all_of(is_string, min_length(3)),
            "age": is_integer,
            "x": is_none,
        }

        result = uses({"email": 5, "name": 7, "x": None}, schema)

        assert found(result) == [
            ("email", "email"), ("name", "string"), ("name", "min_length"), ("age", "required"),
        ]  # fmt: skip
        assert result.errors[3].message == "is required"

    def test_in_lists_of_schemas(self, uses) -> None:
        schema = {"users": [{"email": is_email}]}
        users = [{"email": "a@b.co"}, {"email": "x"}, {}, 5]

        result = uses({"users": users}, schema)

        assert found(result) == [
            ("users[1].email", "email"), ("users[2].email", "required"), ("users[3]", "mapping"),
        ]  # fmt: skip
        assert result.errors[0].parts == ("users", 1, "email")

    def test_nested_dicts_nest(self, uses) -> None:
        schema = {"a": {"b": {"c": is_integer}}}

        assert found(uses({"a": {"b": {"c": "x"}}}, schema)) == [("a.b.c", "integer")]
        assert found(uses({"a": {"b": 5}}, schema)) == [("a.b", "mapping")]
        assert found(uses({"a": {}}, schema)) == [("a.b", "required")]

    @pytest.mark.parametrize("data", [None, 5, "text", b"", [], (), object(), {1, 2}])
    def test_what_is_no_mapping_is_a_failed_result(self, uses, data) -> None:
        result = uses(data, {"a": is_integer})

        assert found(result) == [("", "mapping")]
        assert result.validated_data is None

    @pytest.mark.parametrize("data", [None, 5, "text", {}, {1}])
    def test_what_is_no_list_is_a_failed_result(self, uses, data) -> None:
        assert found(uses({"tags": data}, {"tags": [is_string]})) == [("tags", "list")]

    def test_tuples_are_good_where_lists_are(self, uses) -> None:
        result = uses({"tags": ("a", "b")}, {"tags": [is_string]})

        assert result.validated_data == {"tags": ("a", "b")}

    def test_a_list_may_be_the_whole(self) -> None:
        for _ in USES:
            result = validate([1, "a"], [is_integer])

        assert found(result) == [("[1]", "integer")]

    def test_other_mappings_are_read_like_dicts(self, uses) -> None:
        for mapping in (
            MappingProxyType({"a": 1}),
            collections.OrderedDict(a=1),
            collections.ChainMap({"a": 1}),
        ):
            assert uses(mapping, {"a": is_integer}).validated_data == {"a": 1}

    def test_a_mapping_is_never_asked_for_what_it_would_make(self, uses) -> None:
        data = collections.defaultdict(int, b=1)

        assert found(uses(data, {"a": is_integer})) == [("a", "required")]
        assert dict(data) == {"b": 1}

    def test_none_is_not_the_same_as_missing(self, uses) -> None:
        assert found(uses({"a": None}, {"a": is_integer})) == [("a", "integer")]
        assert found(uses({}, {"a": is_none})) == [("a", "required")]


class TestPaths:
    def test_a_key_with_a_dot_is_not_nesting(self) -> None:
        dotted = validate_dict({"a.b": 1}, {"a.b": is_string}).errors[0]
        nested = validate_dict({"a": {"b": 1}}, {"a": {"b": is_string}}).errors[0]

        assert (dotted.path, nested.path) == ('["a.b"]', "a.b")
        assert (dotted.parts, nested.parts) == (("a.b",), ("a", "b"))

    @pytest.mark.parametrize(
        ("parts", "path"),
        [((), ""), (("a",), "a"), (("a", 0, "b"), "a[0].b"), ((0,), "[0]"), (("a-b",), "a-b"), (("",), '[""]'),
         (("a b",), '["a b"]'), (('a"b',), '["a\\"b"]'), (("a", "b[0]"), 'a["b[0]"]'), (("\n",), '["\\n"]'),
         (("ключ",), "ключ"), ((None,), "[None]"), (("x", (1, 2)), "x[(1, 2)]"), (("0",), "0")],
    )  # fmt: skip
    def test_are_written_so_that_nobody_can_mistake_them(self, parts, path) -> None:
        assert render(parts) == path

    @given(st.lists(st.text() | st.integers(), max_size=5))
    def test_can_be_read_back(self, parts) -> None:
        assert parse(render(tuple(parts))) == tuple(parts)

    @given(st.lists(st.lists(st.text(".[]\"'a0\\ "), max_size=3), min_size=2, max_size=4))
    def test_of_different_places_differ(self, places) -> None:
        assert len({render(tuple(parts)) for parts in places}) == len(
            {tuple(parts) for parts in places}
        )

    def test_of_a_key_whose_repr_fails_name_its_type(self) -> None:
        class Key:
            def __repr__(self):
                raise OSError

        for key, path in ((Key(), "[<Key>]"), ((1, Key()), "[<tuple>]"), (10**5000, "[<int>]")):
            assert validate_dict({key: 1}, {key: is_string}).errors[0].path == path
            assert validate_dict({key: 1}, {}, unknown="forbid").errors[0].path == path

    def test_text_that_is_no_path_is_one_part(self) -> None:
        assert ValidationError("x", path="a..b").parts == ("a..b",)
        assert ValidationError("x", path=".a").parts == (".a",)


class TestUnknownKeys:
    def test_are_kept_by_default(self, uses) -> None:
        result = uses({"a": 1, "extra": [1]}, {"a": is_integer})

        assert result.validated_data == {"a": 1, "extra": [1]}

    def test_are_errors_where_forbidden(self, uses) -> None:
        result = uses({"email": "a@b.co", "emial": 1}, {"email": is_email}, unknown="forbid")

        assert found(result) == [("emial", "unknown")]
        assert result.errors[0].message == "is not a known key; did you mean 'email'?"

    def test_are_left_out_where_dropped(self, uses) -> None:
        result = uses({"a": 1, "extra": 2}, {"a": is_integer}, unknown="drop")

        assert result.validated_data == {"a": 1}

    def test_are_dealt_with_in_nested_dicts_as_well(self, uses) -> None:
        data = {"in": {"a": 1, "b": 2}, "list": [{"a": 1, "c": 3}]}
        schema = {"in": {"a": is_integer}, "list": [{"a": is_integer}]}

        assert found(uses(data, schema, unknown="forbid")) == [
            ("in.b", "unknown"),
            ("list[0].c", "unknown"),
        ]
        assert uses(data, schema, unknown="drop").validated_data == {
            "in": {"a": 1},
            "list": [{"a": 1}],
        }

    def test_a_schema_validator_inside_has_its_own_policy(self, uses) -> None:
        schema = {"open": SchemaValidator({"a": is_integer}), "shut": {"a": is_integer}}
        data = {"open": {"a": 1, "b": 2}, "shut": {"a": 1, "b": 2}}

        assert found(uses(data, schema, unknown="forbid")) == [("shut.b", "unknown")]

    def test_the_same_schema_with_two_policies(self) -> None:
        schema = {"a": is_integer}
        for _ in USES:
            assert validate_dict({"a": 1, "b": 2}, schema).is_valid
            assert not validate_dict({"a": 1, "b": 2}, schema, unknown="forbid").is_valid
            assert validate_dict({"a": 1, "b": 2}, schema, unknown="drop").validated_data == {
                "a": 1
            }

    def test_a_policy_that_does_not_exist_is_refused(self) -> None:
        with pytest.raises(SchemaError, match="'ignore', 'forbid', 'drop'; got 'strip'"):
            validate_dict({}, {}, unknown="strip")
        with pytest.raises(SchemaError, match="got None"):
            SchemaValidator({}, unknown=None)


class TestOptionalKeys:
    def test_may_be_missing_and_must_pass_if_they_are_not(self, uses) -> None:
        schema = {"nick": optional(min_length(2))}

        assert uses({}, schema).validated_data == {}
        assert uses({"nick": "ab"}, schema).validated_data == {"nick": "ab"}
        assert found(uses({"nick": "a"}, schema)) == [("nick", "min_length")]

    @pytest.mark.parametrize("unknown", ["ignore", "forbid", "drop"])
    def test_have_defaults(self, uses, unknown) -> None:
        schema = {
            "a": is_integer,
            "b": optional(is_integer, default=7),
            "c": optional([is_integer], default_factory=list),
        }

        assert uses({"a": 1}, schema, unknown=unknown).validated_data == {"a": 1, "b": 7, "c": []}
        assert uses({"a": 1, "b": 2}, schema, unknown=unknown).validated_data == {
            "a": 1,
            "b": 2,
            "c": [],
        }

    def test_a_default_is_never_shared(self, uses) -> None:
        schema = {"tags": optional([is_string], default=[])}

        uses({}, schema).validated_data["tags"].append("changed")

        assert uses({}, schema).validated_data == {"tags": []}

    def test_a_default_is_what_it_was_when_it_was_written(self, uses) -> None:
        tags = []
        schema = {"tags": optional([is_string], default=tags)}
        tags.append("later")

        assert uses({}, schema).validated_data == {"tags": []}

    def test_none_is_a_default(self, uses) -> None:
        assert uses({}, {"a": optional(is_integer, default=None)}).validated_data == {"a": None}

    def test_a_nested_schema_may_be_optional(self, uses) -> None:
        schema = {"address": optional({"city": is_string})}

        assert uses({}, schema).is_valid
        assert found(uses({"address": {}}, schema)) == [("address.city", "required")]

    def test_mistakes_are_refused_where_they_are_written(self) -> None:
        with pytest.raises(SchemaError, match="not both"):
            optional(is_integer, default=1, default_factory=int)
        with pytest.raises(SchemaError, match="a function without arguments"):
            optional(is_integer, default_factory=5)
        with pytest.raises(SchemaError, match=r"any_of\(is_none"):
            validate(None, optional(is_integer))


class TestValidatedData:
    def test_the_input_is_never_changed_and_never_shared(self, uses) -> None:
        data = {
            "a": {"b": [1, {"c": [2]}]},
            "list": [{"x": []}],
            "free": {"deep": [[]]},
            "set": {1},
            "tuple": ([],),
        }
        schema = {"a": is_not_none, "list": [{"x": is_list}]}

        out = uses(data, schema).validated_data
        out["a"]["b"][1]["c"].append(3)
        out["list"][0]["x"].append(1)
        out["free"]["deep"][0].append(1)
        out["set"].add(2)
        out["tuple"][0].append(1)
        out["new"] = 1

        assert data == {
            "a": {"b": [1, {"c": [2]}]}, "list": [{"x": []}], "free": {"deep": [[]]}, "set": {1}, "tuple": ([],),
        }  # fmt: skip

    def test_keeps_the_order_of_keys(self, uses) -> None:
        schema = {"a": is_integer, "b": is_integer}

        assert list(uses({"z": 1, "b": 2, "a": 3}, schema).validated_data) == ["z", "b", "a"]
        strict = uses({"b": 2, "a": 3}, schema, unknown="forbid").validated_data
        assert list(strict) == ["b", "a"]
        rest = uses({"b": 2, "z": 1, "a": 3}, schema, unknown="drop").validated_data
        assert list(rest) == ["a", "b"]  # that of the schema, where keys are picked out

    def test_a_rule_sees_no_list_that_later_is_in_the_result(self, uses) -> None:
        seen = []
        data = {"a": [1]}

        out = uses(data, {"a": lambda value: seen.append(value) or True}).validated_data

        assert out == data
        assert all(each is data["a"] for each in seen)
        assert out["a"] is not data["a"]

    def test_data_that_holds_itself_is_copied_with_its_knot(self, uses) -> None:
        data = {"a": 1}
        data["me"] = data

        out = uses(data, {"a": is_integer}).validated_data

        assert out["me"]["me"] is out["me"]
        assert out["me"] is not data

    def test_other_objects_are_the_same_ones(self, uses) -> None:
        thing = object()

        assert uses({"a": thing}, {"a": is_not_none}).validated_data["a"] is thing


class TestRulesOverSeveralKeys:
    span = SchemaValidator(
        {"first": is_integer, "last": is_integer, "name": is_string},
        rules=[cross_field("first", "last", rule=lambda first, last: first <= last, at="last")],
    )

    def test_are_asked_together_with_the_errors_of_other_keys(self) -> None:
        result = validate({"first": 3, "last": 1, "name": 5}, self.span)

        assert found(result) == [("name", "string"), ("last", "cross_field")]
        assert result.errors[1].message == "must satisfy: first <= last"
        assert result.errors[1].params == {"keys": ["first", "last"]}

    @pytest.mark.parametrize(
        "data", [{"first": "x", "last": 1, "name": ""}, {"last": 1, "name": ""}]
    )
    def test_are_not_asked_about_values_that_are_bad_or_missing(self, data) -> None:
        assert [error.path for error in validate(data, self.span).errors] == ["first"]

    def test_belong_to_the_mapping_by_default(self) -> None:
        schema = {
            "in": all_of(
                {"a": is_integer}, cross_field("a", rule=lambda a: a > 5, message="a is small")
            )
        }

        result = validate_dict({"in": {"a": 1}}, schema)

        assert [(error.path, error.message) for error in result.errors] == [("in", "a is small")]

    def test_work_in_lists(self) -> None:
        result = validate(
            [{"first": 1, "last": 2, "name": ""}, {"first": 2, "last": 1, "name": ""}], [self.span]
        )

        assert found(result) == [("[1].last", "cross_field")]

    def test_a_function_of_the_whole_will_do_as_well(self) -> None:
        schema = all_of({"a": is_integer, "b": is_integer}, lambda d: d["a"] != d["b"])

        assert validate({"a": 1, "b": 2}, schema).is_valid
        assert found(validate({"a": 1, "b": 1}, schema)) == [("", "custom")]

    def test_of_what_is_no_mapping(self) -> None:
        assert found(validate(5, cross_field("a", rule=lambda a: a))) == [("", "mapping")]

    def test_mistakes_are_refused(self) -> None:
        with pytest.raises(SchemaError, match="keys and a function"):
            cross_field(rule=lambda: True)
        with pytest.raises(SchemaError, match="keys and a function"):
            cross_field("a", rule=5)
        with pytest.raises(SchemaError, match="takes 1; there are 2 keys"):
            cross_field("a", "b", rule=lambda a: True)
        with pytest.raises(SchemaError, match="min_length makes rules, and compares nothing"):
            cross_field("a", rule=min_length)


class TestSchemasThatHoldThemselves:
    def test_check_trees(self) -> None:
        tree = {"name": is_string}
        tree["children"] = optional([tree])
        good = {"name": "a", "children": [{"name": "b", "children": [{"name": "c"}]}]}
        bad = {"name": "a", "children": [{"name": "b", "children": [{"name": 5}]}]}

        for _ in USES:
            assert validate_dict(good, tree).validated_data == good
            assert found(validate_dict(bad, tree)) == [("children[0].children[0].name", "string")]

    def test_data_deeper_than_the_stack_is_a_failed_result(self) -> None:
        tree = {}
        tree["child"] = any_of(is_none, tree)
        plain = {}
        plain["child"] = optional(plain)
        data = {"child": None}
        for _ in range(100_000):
            data = {"child": data}

        for schema in (tree, plain):
            for _ in USES:
                result = validate_dict(data, schema)
                assert not result.is_valid
                assert result.errors[-1].code == "too_deep"

    def test_data_that_holds_itself_is_a_failed_result(self) -> None:
        tree = {}
        tree["child"] = optional(tree)
        data = {}
        data["child"] = data

        for _ in USES:
            assert [error.code for error in validate_dict(data, tree).errors] == ["too_deep"]

    def test_a_list_may_hold_itself(self) -> None:
        schema = []
        schema.append(schema)

        for _ in USES:
            assert validate([[], [[]]], schema).is_valid
            assert found(validate([[], [5]], schema)) == [("[1][0]", "list")]


class TestWhatIsNoRule:
    @pytest.mark.parametrize(
        ("schema", "message"),
        [
            ({"a": 5}, "a: a rule is a function.*got int 5;"),
            ({"a": "user"}, r"a constant write Literal"),
            ({"a": None}, "for the value None write is_none"),
            ({"a": {"b": [{"c": 1.5}]}}, r"a\.b\[0\]\.c: a rule is"),
            ({"a": []}, "a list schema has one rule.*got 0"),
            ({"a": [is_string, is_integer]}, r"got 2.*\[any_of"),
            ({"a": (is_string, is_integer)}, r"got tuple; for one of several rules write any_of"),
            ({"a": min_length}, r"min_length makes rules: write min_length\(\.\.\.\)"),
            ({str: is_integer}, r"write dict\[str, \.\.\.\]"),
            (
                {optional(int): is_integer},
                r'a rule is a key of this schema.*"key": optional\(rule\)',
            ),
            ({"a": re.compile("x")}, r"got Pattern; for a pattern write matches_pattern"),
            ({"a": lambda: True}, r"a: a rule takes one value, and .*<lambda> takes 0"),
            ({"a": lambda x, y: True}, r"a rule takes one value, and .*<lambda> takes 2"),
            ({"a": lambda x, *, y: True}, r"a rule takes one value, and .*<lambda> takes 2"),
        ],
    )
    def test_is_refused_with_its_place(self, schema, message) -> None:
        with pytest.raises(SchemaError, match=message):
            validate_dict({}, schema)
        with pytest.raises(SchemaError, match=message):
            SchemaValidator(schema)

    @pytest.mark.parametrize(
        "rule",
        [
            lambda x: True,
            lambda x, y=1: True,
            lambda *x: True,
            lambda x, *y, z=1, **w: True,
            lambda x=1: True,
        ],
    )
    def test_a_rule_may_take_more_than_it_gets(self, rule) -> None:
        assert validate(5, rule).is_valid

    def test_what_is_optional_is_checked_where_it_is_written(self) -> None:
        with pytest.raises(SchemaError, match="got str 'nick'"):
            optional("nick")

    def test_generator_functions_would_always_pass(self) -> None:
        def rule(value):
            yield value

        async def arule(value):
            yield value

        for generator in (rule, arule):
            with pytest.raises(SchemaError, match="is a generator function"):
                validate(5, generator)

    @pytest.mark.parametrize("schema", [5, None, is_string, "x", min_length(3)])
    def test_validate_dict_takes_dicts(self, schema) -> None:
        with pytest.raises(SchemaError, match="must be a dict of rules"):
            validate_dict({}, schema)

    def test_compositions_are_checked_where_they_are_written(self) -> None:
        with pytest.raises(SchemaError, match="got int 5;"):
            all_of(is_positive, 5)
        with pytest.raises(SchemaError, match="got int 5;"):
            any_of({"a": 5})

    def test_an_empty_schema_takes_any_mapping(self, uses) -> None:
        assert uses({"a": 1}, {}).validated_data == {"a": 1}
        assert found(uses({"a": 1}, {}, unknown="forbid")) == [("a", "unknown")]
        assert not uses(5, {}).is_valid
