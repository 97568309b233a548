"""What is said of a failure: the rule and its bounds, the source of a lambda, never the value."""

from __future__ import annotations

import functools
import linecache
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pepperpy.infra.validation as v

SECRET = "hunter2-hunter2"


def message(rule, value):
    for _ in range(10):  # compiled at last
        (error,) = v.validate({"x": value}, {"x": rule}).errors
    return error.message


def is_even(n):
    return n % 2 == 0


class Odd:
    def __call__(self, n):
        return n % 2

    def method(self, n):
        return False


class TestMessages:
    @pytest.mark.parametrize(
        ("rule", "value", "expected", "code", "params"),
        [
            (v.min_length(8), "x", "must be at least 8 characters", "min_length", {"limit": 8}),
            (v.min_length(1), "", "must be at least 1 character", "min_length", {"limit": 1}),
            (v.max_length(2), "xxx", "must be at most 2 characters", "max_length", {"limit": 2}),
            (v.length_between(2, 3), "", "must be 2 to 3 characters", "length_between", {"min": 2, "max": 3}),
            (v.min_value(5), 4, "must be at least 5", "min_value", {"limit": 5}),
            (v.max_value(5), 6, "must be at most 5", "max_value", {"limit": 5}),
            (v.value_between(1, 5), 9, "must be between 1 and 5", "value_between", {"min": 1, "max": 5}),
            (v.min_items(2), [], "must have at least 2 items", "min_items", {"limit": 2}),
            (v.max_items(1), [1, 2], "must have at most 1 item", "max_items", {"limit": 1}),
            (v.contains("a"), [], "must contain 'a'", "contains", {"item": "a"}),
            (v.unique_items, [1, 1], "must have no item twice", "unique_items", {}),
            (v.matches_pattern("[a-z]+"), "A", "must match the pattern [a-z]+", "pattern", {"pattern": "[a-z]+"}),
            (v.is_email, "x", "must be a valid e-mail address", "email", {}),
            (v.is_positive, 0, "must be greater than 0", "positive", {}),
            (v.is_instance_of(int, str), 1.5, "must be an instance of int or str", "instance_of", {"type": "int or str"}),
            (v.not_(v.is_string), "", "must not be a string", "not", {}),
            (v.not_(v.is_not_none), 5, "must be None", "not", {}),
        ],
    )  # fmt: skip
    def test_name_the_rule_and_its_bounds(self, rule, value, expected, code, params) -> None:
        (error,) = v.validate(value, rule).errors

        assert (error.message, error.code, dict(error.params)) == (expected, code, params)

    def test_show_the_source_of_a_lambda(self) -> None:
        assert message(lambda n: n < 120, 300) == "must satisfy: n < 120"

    def test_show_the_right_one_of_several_lambdas_in_a_line(self) -> None:
        first, second = lambda n: n < 1, lambda n: n < 2

        assert message(first, 3) == "must satisfy: n < 1"
        assert message(second, 3) == "must satisfy: n < 2"

    def test_show_a_lambda_of_several_lines_in_one(self) -> None:
        # fmt: off
        rule = (lambda d: d["a"] == 1 and  # noqa: E731
                (d["b"]
                 == "ü"))
        # fmt: on

        assert message(rule, {"a": 1, "b": 2}) == "must satisfy: d['a'] == 1 and d['b'] == 'ü'"

    def test_show_text_in_a_lambda_as_it_is(self) -> None:
        assert message(lambda s: s == "a  #  b", "x") == 'must satisfy: s == "a  #  b"'

    def test_show_lambdas_with_names_from_outside(self) -> None:
        limit = 5

        assert message(lambda n: n < limit, 9) == "must satisfy: n < limit"
        assert (
            message(lambda s: any(c.isupper() for c in s), "a")
            == "must satisfy: any(c.isupper() for c in s)"
        )
        assert message(lambda n: n if n < 0 else None, 1) == "must satisfy: n if n < 0 else None"
        assert (
            message(lambda n: [m + 1 for m in range(n)], 0)
            == "must satisfy: [m + 1 for m in range(n)]"
        )

    def test_mask_secrets_in_the_source_of_a_lambda(self) -> None:
        assert "sk_live_" not in message(lambda s: s == "sk_live_abcdefgh12345678", "x")

    def test_cut_a_long_lambda(self) -> None:
        rule = lambda n: n in [100000001, 100000002, 100000003, 100000004, 100000005, 100000006, 100000007, 100000008, 100000009, 100000010, 100000011, 100000012, 100000013, 100000014, 100000015, 100000016, 100000017, 100000018, 100000019, 100000020]  # noqa: E731  # fmt: skip

        assert message(rule, 3).endswith("...")
        assert len(message(rule, 3)) < 230

    def test_of_a_lambda_without_source(self) -> None:
        assert message(eval("lambda n: n < 120"), 300) == "failed a custom check"  # noqa: S307

    def test_of_a_lambda_whose_file_has_changed(self) -> None:
        name = "<a file of a test>"
        linecache.cache[name] = (1, None, ["rule = lambda n: n < limit\n"], name)
        space = {"limit": 5}
        exec(compile("rule = lambda n: n < limit\n", name, "exec"), space)
        linecache.cache[name] = (1, None, ["rule = lambda n: n < other\n"], name)

        assert message(space["rule"], 9) == "failed a custom check"

    def test_name_functions(self) -> None:
        assert message(is_even, 3) == "must satisfy is_even"
        assert message(str.isupper, "a") == "must satisfy str.isupper"
        assert message(Odd(), 2) == "must satisfy Odd"
        assert message(Odd().method, 2) == "must satisfy Odd.method"
        assert message(functools.partial(is_even), 3) == "must satisfy is_even"

    def test_are_used_as_given(self) -> None:
        assert (
            message(v.FunctionValidator(is_even, "{not} a %s template"), 3) == "{not} a %s template"
        )

    def test_of_a_rule_that_raises_do_not_hold_what_it_said(self) -> None:
        def rule(value):
            raise ValueError(f"bad value {value}")

        (error,) = v.validate(SECRET, rule).errors

        assert (error.message, dict(error.params)) == (
            "must satisfy " + rule.__qualname__.rpartition("<locals>.")[2],
            {"exception": "ValueError"},
        )
        assert (error.__cause__, error.__context__) == (None, None)


class TestTheValue:
    @given(st.text(min_size=6).filter(lambda text: text.strip() == text))
    def test_is_in_no_message_no_params_and_no_repr(self, secret) -> None:
        secret = f"\u2063{secret}\u2063"
        rules = [v.is_url, v.max_length(1), v.min_value(5), v.contains("zzz"), v.is_none, v.not_(v.is_string), int,
                 v.any_of(int, v.is_none), lambda s: 1 / 0, v.coerce(int), v.transform(int), {"a": int}, [int]]  # fmt: skip

        result = v.validate({"x": secret}, {"x": v.all_of(*rules[:9])})
        results = [result, *(v.validate(secret, rule) for rule in rules)]

        for result in results:
            assert not result.is_valid
            shown = (
                repr(result)
                + repr(result.errors)
                + str([error.to_dict() for error in result.errors])
            )
            with pytest.raises(v.InvalidDataError) as caught:
                result.raise_if_invalid()
            assert secret not in shown + str(caught.value) + repr(caught.value)

    def test_is_not_in_the_repr_of_a_valid_result(self) -> None:
        assert SECRET not in repr(v.validate(SECRET, v.is_string))


class TestTranslation:
    german = MappingProxyType({"min_length": "mindestens {limit} Zeichen", "required": "fehlt"})
    result = v.validate_dict(
        {"name": "x", "age": "y"}, {"name": v.min_length(2), "age": int, "mail": str}
    )

    def test_goes_by_code_and_params(self) -> None:
        assert self.result.messages(self.german) == {
            "name": ["mindestens 2 Zeichen"], "age": ["must be an integer"], "mail": ["fehlt"],
        }  # fmt: skip

    def test_may_be_a_function(self) -> None:
        def translate(code, params):
            return f"{code}:{params.get('limit')}" if params else None

        assert self.result.errors[0].translated(translate) == "min_length:2"
        assert self.result.errors[1].translated(translate) == "must be an integer"

    def test_errors_are_data(self) -> None:
        assert self.result.errors[0].to_dict() == {
            "path": "name", "message": "must be at least 2 characters", "code": "min_length", "params": {"limit": 2},
        }  # fmt: skip
