"""`all_of`, `any_of`, `none_of`, `not_`, operators, and validators of one's own."""

from __future__ import annotations

import asyncio
import concurrent.futures
import copy
import dataclasses
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.validation import (
    FunctionValidator,
    SchemaError,
    SchemaValidator,
    ValidationError,
    ValidationLevel,
    ValidationResult,
    Validator,
    all_of,
    any_of,
    coerce,
    is_email,
    is_integer,
    is_none,
    is_positive,
    is_string,
    is_url,
    min_length,
    min_value,
    none_of,
    not_,
    transform,
    unique_items,
    validate,
    validate_dict,
)
from pepperpy.infra.validation._plan import COMPILE_AT


def raising(value):
    raise ValueError(value)


LEAVES = st.sampled_from([
    lambda n: n > 0, lambda n: n % 2 == 0, lambda n: None, lambda n: True, raising, is_positive, is_integer,
    is_string, min_value(3), int, {"a": int}, [int],
])  # fmt: skip


def combined(inner):
    return st.one_of(
        st.builds(lambda rules: all_of(*rules), st.lists(inner, max_size=3)),
        st.builds(lambda rules: any_of(*rules), st.lists(inner, max_size=3)),
        st.builds(lambda rules: none_of(*rules), st.lists(inner, max_size=3)),
        st.builds(not_, inner),
        st.builds(lambda rule: FunctionValidator(rule, "message"), inner),
    )


RULES = st.recursive(LEAVES, combined, max_leaves=6)
VALUES = st.integers(-3, 6) | st.sampled_from([None, "a", True, 2.5, [1], {"a": 1}])


def passes(value, rule):
    return validate(value, rule).is_valid


class TestAlgebra:
    @given(VALUES, st.lists(RULES, max_size=3))
    def test_all_any_none(self, value, rules) -> None:
        each = [passes(value, rule) for rule in rules]

        assert passes(value, all_of(*rules)) is all(each)
        assert passes(value, any_of(*rules)) is any(each)
        assert passes(value, none_of(*rules)) is not any(each)

    @given(VALUES, RULES)
    def test_not(self, value, rule) -> None:
        assert passes(value, not_(rule)) is not passes(value, rule)
        assert passes(value, not_(not_(rule))) is passes(value, rule)

    @given(VALUES, RULES, RULES)
    def test_de_morgan(self, value, a, b) -> None:
        assert passes(value, not_(all_of(a, b))) is passes(value, any_of(not_(a), not_(b)))
        assert passes(value, not_(any_of(a, b))) is passes(value, all_of(not_(a), not_(b)))
        assert passes(value, none_of(a, b)) is passes(value, not_(any_of(a, b)))

    @given(VALUES, RULES, RULES)
    def test_operators(self, value, a, b) -> None:
        one = all_of(a)

        assert passes(value, one & b) is passes(value, all_of(a, b))
        assert passes(value, one | b) is passes(value, any_of(a, b))
        assert passes(value, ~one) is not passes(value, a)

    @given(VALUES, RULES)
    def test_a_rule_is_the_same_called_validated_and_compiled(self, value, rule) -> None:
        joined = all_of(rule)
        first = joined.validate(value)
        for _ in range(COMPILE_AT + 2):
            last = joined.validate(value)

        assert joined(value) is first.is_valid is last.is_valid
        assert list(map(repr, first.errors)) == list(map(repr, last.errors))
        assert first.validated_data == last.validated_data

    def test_operators_work_with_functions_and_types_on_the_left(self) -> None:
        assert passes("a@b.co", is_email & min_length(3))
        assert passes(None, is_none | min_length(3))
        assert passes("abc", str & min_length(3))
        assert not passes("abc", int | min_length(4))


class TestAllOf:
    def test_reports_every_failing_rule(self) -> None:
        rule = all_of(is_string, min_length(3), lambda s: s.upper())

        assert [error.message for error in validate(5, rule).errors] == [
            "must be a string", "must be at least 3 characters", "must satisfy: s.upper()",
        ]  # fmt: skip

    def test_stops_after_a_conversion_that_failed(self) -> None:
        assert [error.code for error in validate("x", all_of(coerce(int), is_positive)).errors] == [
            "coerce"
        ]
        assert [
            error.code for error in validate("-5", all_of(coerce(int), is_positive)).errors
        ] == ["positive"]


class TestAnyOf:
    def test_says_what_each_wanted(self) -> None:
        (error,) = validate("x", any_of(is_email, is_url, is_none)).errors

        assert error.code == "any_of"
        assert error.message == (
            "must be a valid e-mail address or must be a valid http or https URL or must be None"
        )
        assert error.params == {"codes": [["email"], ["url"], ["none"]]}

    def test_keeps_the_errors_of_every_alternative_with_their_paths(self) -> None:
        (error,) = validate_dict(
            {"who": {"mail": "x"}}, {"who": any_of({"mail": is_email}, {"phone": is_string})}
        ).errors

        assert [[inner.path for inner in errors] for errors in error.alternatives] == [
            ["who.mail"],
            ["who.phone"],
        ]
        assert error.message == "mail must be a valid e-mail address or phone is required"

    def test_gives_what_the_first_one_that_passes_made(self) -> None:
        assert validate("7", any_of(coerce(int), is_string)).validated_data == 7
        assert validate("x", any_of(coerce(int), is_string)).validated_data == "x"

    def test_asks_no_further_than_it_must(self) -> None:
        asked = []

        assert passes(1, any_of(is_integer, asked.append))
        assert asked == []


class TestNoneOf:
    def test_reports_each_that_passes(self) -> None:
        errors = validate(5, none_of(is_integer, is_string, is_positive)).errors

        assert [error.message for error in errors] == [
            "must not be an integer",
            "must not be greater than 0",
        ]
        assert {error.code for error in errors} == {"none_of"}

    def test_changes_no_value(self) -> None:
        assert validate("x", not_(coerce(int))).validated_data == "x"


class TestWhatARuleMayAnswer:
    @pytest.mark.parametrize("answer", [True, 1, "x", [0], object()])
    def test_truth_passes(self, answer) -> None:
        assert passes(5, lambda value: answer)

    @pytest.mark.parametrize("answer", [False, None, 0, "", []])
    def test_falsity_and_none_fail(self, answer) -> None:
        assert not passes(5, lambda value: answer)

    def test_an_answer_that_is_neither_fails(self) -> None:
        class Array:
            def __bool__(self):
                raise ValueError

        for _ in range(10):
            assert not validate_dict({"a": 1}, SCHEMA_OF_ARRAY).is_valid

    def test_an_exception_fails(self) -> None:
        assert not passes(5, raising)
        assert not passes(5, lambda value: value.no_such_thing)

    @pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError,
                                      concurrent.futures.CancelledError])  # fmt: skip
    def test_control_flow_passes_through(self, stop) -> None:
        calls = []

        def rule(value):
            calls.append(value)
            if len(calls) % 12 == 0:
                raise stop
            return True

        for whole in ({"a": rule}, all_of({"a": rule}), not_(not_({"a": rule})), any_of({"a": rule}, int),
                      {"a": FunctionValidator(rule, "x")}, {"a": transform(rule)}, {"a": [rule]}):  # fmt: skip
            data = (
                {"a": [1]} if isinstance(whole, dict) and isinstance(whole["a"], list) else {"a": 1}
            )
            for _ in range(11):  # it is compiled by then
                assert validate(data, whole).is_valid
            with pytest.raises(stop):
                validate(data, whole)

    def test_control_flow_passes_through_at_the_first_use(self) -> None:
        def rule(value):
            raise KeyboardInterrupt

        for whole in (rule, {"a": rule}, not_(rule), any_of(rule, int)):
            with pytest.raises(KeyboardInterrupt):
                validate({"a": 1}, whole)

    def test_a_result_is_merged_with_its_paths_and_its_data(self) -> None:
        inner = SchemaValidator({"n": coerce(int)})
        schema = {"in": lambda value: validate(value, inner)}
        for _ in range(10):
            assert validate_dict({"in": {"n": "7"}}, schema).validated_data == {"in": {"n": 7}}
            assert [error.path for error in validate_dict({"in": {"n": "x"}}, schema).errors] == [
                "in.n"
            ]
            assert [error.path for error in validate_dict({"in": {}}, schema).errors] == ["in.n"]

    def test_a_result_without_errors_may_say_no(self) -> None:
        (error,) = validate(5, lambda value: ValidationResult(is_valid=False)).errors

        assert error.message == "must satisfy: ValidationResult(is_valid=False)"

    def test_a_validation_error_is_the_failure_itself(self) -> None:
        def rule(value):
            raise ValidationError("is taken", path="name", code="taken", params={"by": 3})

        (error,) = validate_dict({"user": {}}, {"user": rule}).errors

        assert (error.path, error.message, error.code, error.params) == (
            "user.name",
            "is taken",
            "taken",
            {"by": 3},
        )

    def test_a_group_of_them_is_all_of_them(self) -> None:
        def rule(value):
            validate(value, {"a": int, "b": int}).raise_if_invalid()
            return True

        assert [error.path for error in validate({"x": {}}, {"x": rule}).errors] == ["x.a", "x.b"]

    def test_another_rule_is_a_mistake(self) -> None:
        schema = {"a": lambda value: min_length(3)}
        for _ in range(10):
            with pytest.raises(SchemaError, match="a: a rule returned another rule"):
                validate_dict({"a": "x"}, schema)

    def test_endless_recursion_fails_also_where_failing_is_wanted(self) -> None:
        def rule(value):
            return rule(value)

        assert not passes(5, rule)
        assert not passes(5, not_(rule))


class Array:
    def __bool__(self):
        raise ValueError


SCHEMA_OF_ARRAY = {"a": lambda value: Array()}


class TestEachRuleIsAskedOnce:
    def test_about_each_value_good_or_bad_compiled_or_not(self) -> None:
        asked = []

        def rule(value):
            asked.append(value)
            return value > 0

        schema = {
            "a": rule,
            "b": [rule],
            "c": any_of(is_string, rule),
            "d": FunctionValidator(rule, "x"),
        }
        for _ in range(COMPILE_AT * 2):
            for data in ({"a": 1, "b": [2, 3], "c": 4, "d": 5}, {"a": -1, "b": [-2, 3], "c": -4, "d": -5},
                         {"a": "x", "b": [None, 3], "c": 4, "d": []}):  # fmt: skip
                asked.clear()
                validate_dict(data, schema)
                assert asked == [data["a"], *data["b"], data["c"], data["d"]]


class TestFunctionValidator:
    def test_keeps_code_and_params_of_the_rule(self) -> None:
        (error,) = validate("x", FunctionValidator(min_length(8), "zu kurz")).errors

        assert (error.message, error.code, error.params) == ("zu kurz", "min_length", {"limit": 8})

    def test_has_a_code_of_its_own(self) -> None:
        (error,) = validate("x", FunctionValidator(int, "no", code="E17")).errors

        assert (error.message, error.code) == ("no", "E17")

    def test_says_one_thing_for_all_that_fails_inside(self) -> None:
        errors = validate(
            {}, FunctionValidator(SchemaValidator({"a": int, "b": int}), "incomplete")
        ).errors

        assert [(error.path, error.message) for error in errors] == [("", "incomplete")]

    def test_without_a_message_keeps_all(self) -> None:
        assert [
            error.path for error in validate({}, FunctionValidator({"a": int, "b": int})).errors
        ] == ["a", "b"]

    def test_a_warning_does_not_make_data_invalid(self) -> None:
        schema = {
            "a": FunctionValidator(min_length(3), "rather short", level=ValidationLevel.WARNING),
            "b": int,
        }
        for _ in range(10):
            result = validate_dict({"a": "x", "b": 1}, schema)
            assert result.is_valid
            assert result.validated_data == {"a": "x", "b": 1}
            assert result.errors == []
            assert [(error.path, error.message) for error in result.warnings] == [
                ("a", "rather short")
            ]
            assert not validate_dict({"a": "x", "b": "y"}, schema).is_valid

    @pytest.mark.parametrize(("args", "match"), [((5,), "got int"), ((is_email, 5), "message of"),
                                                  ((is_email, "x", 5), "code of"), ((is_email, "x", "y", "error"), "level of")])  # fmt: skip
    def test_refuses_what_is_none(self, args, match) -> None:
        with pytest.raises(SchemaError, match=match):
            FunctionValidator(*args)


class TestValidatorsOfOnesOwn:
    def test_may_say_whether(self) -> None:
        class Even(Validator):
            message = "must be even"
            code = "even"

            def __call__(self, value):
                return value % 2 == 0

        for rule in (Even(), all_of(Even())):
            assert [(e.message, e.code) for e in validate(3, rule).errors] == [
                ("must be even", "even")
            ]
            assert passes(4, rule)
        assert not passes("x", Even())
        assert [error.message for error in Even().validate(3).errors] == ["must be even"]

    def test_may_give_a_result(self) -> None:
        class Doubling(Validator):
            def validate(self, value):
                if not isinstance(value, int):
                    return ValidationResult(False, [ValidationError("no number", "at")])
                return ValidationResult(validated_data=value * 2)

        assert validate_dict({"a": 2}, {"a": Doubling()}).validated_data == {"a": 4}
        assert [
            (e.path, e.message) for e in validate_dict({"a": "x"}, {"a": Doubling()}).errors
        ] == [("a.at", "no number")]
        assert Doubling()(2) is True
        assert passes(2, Doubling() & is_integer)

    def test_may_derive_from_ours(self) -> None:
        class Loud(SchemaValidator):
            def validate(self, value):
                return ValidationResult(is_valid=False)

        assert not passes({"a": 1}, Loud({"a": int}))

    def test_must_do_something(self) -> None:
        class Nothing(Validator):
            pass

        with pytest.raises(
            SchemaError, match=r"Nothing defines neither validate\(\) nor __call__\(\)"
        ):
            validate(5, Nothing())

    def test_need_no_constructor(self) -> None:
        class Plain(Validator):
            def __init__(self):
                self.limit = 3

            def __call__(self, value):
                return value < self.limit

        assert Plain()(2)
        assert validate(5, Plain()).errors[0].message.startswith("must satisfy ")

    def test_may_be_frozen_and_have_any_attributes(self) -> None:
        @dataclasses.dataclass(frozen=True)
        class Among(Validator):
            known: frozenset[str]
            node: str = ""

            def __call__(self, value):
                return value in self.known

        rule = Among(frozenset("ab"), "n")
        for _ in range(10):
            assert passes("a", rule)
            assert not rule.validate("c").is_valid
            assert validate("a", all_of(rule, is_string)).is_valid
        assert dataclasses.asdict(rule) == {"known": frozenset("ab"), "node": "n"}
        assert copy.deepcopy(rule) == rule

    @pytest.mark.parametrize("uses", [0, 10])
    @pytest.mark.parametrize("again", [copy.copy, copy.deepcopy])
    def test_and_ours_can_be_copied(self, uses, again) -> None:
        schema = {"a": min_length(2)}
        rules = [min_length(2), all_of(is_string, min_length(2)), any_of(is_none, unique_items()), not_(is_none), coerce(int),
                 SchemaValidator(schema), FunctionValidator(is_email, "x"), all_of(schema)]  # fmt: skip
        for rule in rules:
            for _ in range(uses):
                validate({}, rule)
            copied = again(rule)
            for value in ("ab", "a@b.co", "", None, [1, 1], "7", {"a": "ab"}, {}):
                assert validate(value, copied).messages() == validate(value, rule).messages()

        deep = copy.deepcopy(rules[-3])
        schema["b"] = is_string
        assert deep({"a": "ab"})
        assert not rules[-3]({"a": "ab"})

    def test_of_a_function_can_be_pickled(self) -> None:
        rule = FunctionValidator(is_email, "Invalid e-mail address")

        assert pickle.loads(pickle.dumps(rule)).validate("x").messages() == {
            "": ["Invalid e-mail address"]
        }


class TestTransform:
    def test_replaces_the_value(self) -> None:
        schema = {
            "name": all_of(is_string, transform(str.strip), min_length(2)),
            "tags": [transform(str.lower)],
        }
        for _ in range(10):
            result = validate_dict({"name": " ab ", "tags": ["A"]}, schema)
            assert result.validated_data == {"name": "ab", "tags": ["a"]}
            result = validate_dict({"name": "  a ", "tags": [5]}, schema)
            assert [(e.path, e.code) for e in result.errors] == [
                ("name", "min_length"),
                ("tags[0]", "transform"),
            ]

    def test_gets_a_value_that_it_may_change(self) -> None:
        def add(tags):
            tags.append("new")
            return tags

        data = {"tags": [["a"]], "same": [[1]], "list": ([1],)}
        schema = {
            "tags": transform(add),
            "same": transform(lambda value: value),
            "list": coerce(list),
        }
        for _ in range(10):
            out = validate_dict(data, schema).validated_data
            out["same"][0].append(2)
            out["list"][0].append(2)
            assert out["tags"] == [["a"], "new"]
            assert data == {"tags": [["a"]], "same": [[1]], "list": ([1],)}

    def test_may_give_something_false(self) -> None:
        assert validate("0", all_of(transform(int), is_integer)).validated_data == 0
        assert validate("x", transform(lambda value: None)).is_valid

    def test_refuses_what_it_cannot_call(self) -> None:
        async def coroutine(value):
            return value

        for wrong in (5, coroutine):
            with pytest.raises(SchemaError, match="a plain function"):
                transform(wrong)
