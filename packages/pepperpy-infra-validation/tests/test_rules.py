"""The rules that are there, on what they are for and on what they are not for."""

from __future__ import annotations

import collections
import datetime as dt
import functools
import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated, Literal

import annotated_types as at
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pepperpy.infra.validation as v
from pepperpy.infra.utils import is_valid_email, is_valid_url

NAN = float("nan")
HUGE = 10**5000  # Python writes no integer of more than 4300 digits
PLAIN = [v.is_email, v.is_url, v.is_positive, v.is_integer, v.is_float, v.is_number, v.is_bool, v.is_none,
         v.is_not_none, v.is_string, v.is_dict, v.is_list, v.is_set, v.unique_items]  # fmt: skip
MADE = [
    v.matches_pattern(r"[a-z]+"), v.min_length(2), v.max_length(3), v.length_between(2, 3), v.min_value(1),
    v.max_value(3), v.value_between(1, 3), v.min_items(1), v.max_items(2), v.items_between(1, 2), v.contains(1),
    v.unique_items(), v.is_instance_of(int), v.is_subclass_of(int), v.min_value(dt.date(2020, 1, 1)),
]  # fmt: skip


class BrokenLength:
    def __len__(self):
        raise OSError

    def __iter__(self):
        return iter(())


class Broken(str):
    """Text of which every method fails."""

    def _fail(self, *args):
        raise OSError

    __eq__ = __ne__ = __len__ = __bool__ = __lt__ = __le__ = __gt__ = __ge__ = _fail
    __hash__ = __iter__ = __contains__ = isascii = encode = index = _fail


HOSTILE = [BrokenLength(), Broken("user@example.com"), Broken("ü@example.com"), NAN, Decimal("sNaN"), Decimal("NaN"),
           object(), type, Ellipsis, b"x", bytearray(b"x"), 10**5000, "\ud800", 1j, [NAN], {"a": {}}, range(5),
           (), {1}, frozenset(), collections.deque(), MappingProxyType({})]  # fmt: skip


class TestEveryRule:
    @pytest.mark.parametrize(
        "rule", [*PLAIN, *MADE], ids=lambda rule: getattr(rule, "__name__", repr(rule))
    )
    def test_answers_true_or_false_whatever_the_value(self, rule) -> None:
        for value in HOSTILE:
            assert rule(value) in (True, False)
            assert type(rule(value)) is bool

    @pytest.mark.parametrize(
        "rule", [*PLAIN, *MADE], ids=lambda rule: getattr(rule, "__name__", repr(rule))
    )
    def test_says_the_same_when_called_and_in_a_schema(self, rule) -> None:
        schema = {"x": rule}
        for value in [*HOSTILE, None, True, 0, 1, 2.5, "a", "abc", [1], [1, 1]] * 2:
            assert v.validate_dict({"x": value}, schema).is_valid is rule(value)

    @pytest.mark.parametrize("rule", PLAIN, ids=lambda rule: rule.__name__)
    def test_that_takes_no_bounds_is_a_plain_function(self, rule) -> None:
        assert callable(rule)
        assert not isinstance(rule, v.Validator)
        assert rule.__doc__

    @pytest.mark.parametrize("rule", MADE, ids=repr)
    def test_with_bounds_is_a_validator(self, rule) -> None:
        assert isinstance(rule, v.Validator)
        assert rule.validate("x").is_valid is rule("x")

    def test_is_not_taken_for_another_function_that_wraps_it(self) -> None:
        @functools.wraps(v.is_email)
        def opposite(value):
            return not v.is_email(value)

        assert v.validate("nope", opposite).is_valid
        assert not v.validate("user@example.com", opposite).is_valid


class TestText:
    @pytest.mark.parametrize(
        ("text", "good"),
        [("user@example.com", True), ("a@b.co", True), ("admin@localhost", False), ("a@127.0.0.1", False),
         ("x" * 64 + "@example.com", True), ("x" * 65 + "@example.com", False), ("ü" * 33 + "@example.com", False),
         ("a@b.com\n", False), ("", False)],
    )  # fmt: skip
    def test_an_email_has_a_dotted_domain_and_at_most_64_octets_before_the_at(
        self, text, good
    ) -> None:
        assert v.is_email(text) is good

    @pytest.mark.parametrize(
        ("text", "good"),
        [("http://localhost", True), ("https://[::1]:8080/", True), ("http://127.0.0.1:65535", True),
         ("http://a:0", True), ("http://a:65536", False), ("ftp://a", False), ("http://a b", False),
         ("http://", False), ("https://a.b/\n", False), ("javascript:alert(1)", False)],
    )  # fmt: skip
    def test_a_url_is_http_or_https_with_a_valid_host(self, text, good) -> None:
        assert v.is_url(text) is good

    @given(st.text() | st.emails())
    def test_addresses_are_judged_by_the_one_implementation_in_utils(self, text) -> None:
        assert v.is_email(text) is is_valid_email(text)
        assert v.is_url(text) is is_valid_url(text)

    def test_a_length_is_that_of_text_alone(self) -> None:
        assert v.min_length(2)("ab")
        assert not v.min_length(2)(["a", "b"])
        assert not v.min_length(0)(None)
        assert not v.max_length(5)([])
        assert not v.length_between(0, 5)(b"ab")
        assert [v.length_between(2, 3)("x" * n) for n in range(5)] == [
            False,
            False,
            True,
            True,
            False,
        ]

    def test_a_pattern_is_for_the_whole_text(self) -> None:
        zip_code = v.matches_pattern(r"^\d{5}$")

        assert zip_code("12345")
        assert not zip_code("12345\n")
        assert not zip_code("12345 and more")
        assert not zip_code(12345)
        assert v.matches_pattern("a.c", flags=16)("a\nc")
        assert v.matches_pattern(__import__("re").compile("abc", 2))("ABC")
        assert v.matches_pattern(rb"\d")(b"1")

    def test_strict_emails_are_those_of_email_validator(self) -> None:
        assert v.is_email_strict("user@example.com")
        assert not v.is_email_strict("user@example.test")
        assert not v.is_email_strict(5)
        assert not v.is_email_strict("a" * 1_000_000)


class TestNumbers:
    @pytest.mark.parametrize("rule", [v.is_integer, v.is_number, v.is_positive, v.is_float, v.is_instance_of(int),
                                      v.min_value(0), v.max_value(5), v.value_between(0, 5)])  # fmt: skip
    def test_bool_is_no_number(self, rule) -> None:
        assert not rule(True)
        assert not v.validate({"x": True}, {"x": rule}).is_valid

    @pytest.mark.parametrize("note", [at.Gt(0), at.Lt(5), at.Ge(0), at.Le(5), at.MultipleOf(1)])
    def test_bool_and_nan_satisfy_no_bound_of_annotated_types(self, note) -> None:
        for value in (True, NAN, Decimal("NaN"), "3"):
            assert not v.validate({"x": value}, {"x": Annotated[object, note]}).is_valid
        for value in (3, 3.0, Decimal(3)):
            assert v.validate({"x": value}, {"x": Annotated[object, note]}).is_valid

    def test_a_rule_may_name_an_integer_that_python_does_not_write_down(self) -> None:
        assert v.contains(HUGE)([HUGE])
        assert v.validate(1, v.contains(HUGE)).errors[0].message == "must contain <int>"
        assert v.validate(1, Literal[HUGE]).errors[0].message == "must be <int>"

    @pytest.mark.parametrize("nan", [NAN, Decimal("NaN"), Decimal("sNaN")])
    def test_nan_satisfies_no_bound(self, nan) -> None:
        for rule in (v.is_positive, v.min_value(0), v.max_value(0), v.value_between(-math.inf, math.inf),
                     v.min_value(Decimal(0)), v.max_value(Fraction(1))):  # fmt: skip
            assert not rule(nan)
            assert not v.validate({"x": nan}, {"x": rule}).is_valid

    @given(st.integers() | st.floats(), st.integers() | st.floats(allow_nan=False))
    def test_bounds_are_those_of_python(self, value, limit) -> None:
        assert v.min_value(limit)(value) is (value >= limit)
        assert v.max_value(limit)(value) is (value <= limit)
        assert v.value_between(limit, limit)(value) is (value == limit)

    def test_exact_numbers_are_numbers(self) -> None:
        for one in (1, 1.0, Decimal(1), Fraction(1)):
            assert v.is_number(one)
            assert v.is_positive(one)
            assert v.min_value(1)(one)
        assert not v.is_number("1")
        assert not v.is_number(1j)
        assert not v.is_positive("1")
        assert not v.is_integer(1.0)
        assert not v.is_float(1)

    def test_bounds_are_for_whatever_has_an_order(self) -> None:
        new_year = dt.date(2026, 1, 1)

        assert v.min_value(new_year)(dt.date(2026, 1, 2))
        assert not v.min_value(new_year)("2026-01-02")
        assert v.max_value("m")("a")
        assert not v.min_value(1)("5")


class TestCollections:
    def test_a_count_is_that_of_a_collection(self) -> None:
        for collection in ([1], (1,), {1}, {1: 1}, collections.deque([1]), frozenset([1])):
            assert v.min_items(1)(collection)
            assert v.max_items(1)(collection)
            assert not v.min_items(2)(collection)
        assert not v.min_items(1)("abc")
        assert not v.max_items(9)(b"abc")
        assert not v.min_items(0)(None)
        assert [v.items_between(1, 2)([0] * n) for n in range(4)] == [False, True, True, False]

    def test_contains(self) -> None:
        assert v.contains(1)([1, 2])
        assert v.contains("b")("abc")
        assert v.contains("k")({"k": 1})
        assert not v.contains(1)("abc")
        assert not v.contains(1)(None)

    @pytest.mark.parametrize(
        ("items", "unique"),
        [([], True), ([1, 2], True), ([1, 1], False), ([1, 1.0], False), ([1, True], True), ([0, False], True),
         ([[1], [1]], False), ([[1], [True]], True), ([{"a": [1]}, {"a": [1]}], False), ([{"a": 1}, {"a": 2}], True),
         ([{1, 2}, {2, 1}], False), ([(1,), [1]], True), ([None, None], False), ("ab", True), ("aa", False),
         ([bytearray(b"a"), bytearray(b"a")], False), (5, False), (None, False), (iter([1]), False)],
    )  # fmt: skip
    def test_unique_items_takes_unhashables(self, items, unique) -> None:
        assert v.unique_items(items) is unique
        assert v.unique_items()(items) is unique

    def test_unique_items_takes_objects_without_a_hash(self) -> None:
        @dataclass
        class Point:
            x: int

        class Odd:
            __hash__ = None

            def __eq__(self, other):
                return True

        assert v.unique_items([Point(1), Point(2)])
        assert not v.unique_items([Point(1), Point(1)])
        assert not v.unique_items([Odd(), Odd()])

    @given(st.lists(st.lists(st.integers(0, 3) | st.booleans(), max_size=3), max_size=6))
    def test_unique_items_agrees_with_comparing_all_pairs(self, items) -> None:
        typed = [[(type(each), each) for each in item] for item in items]

        assert v.unique_items(items) is all(a != b for i, a in enumerate(typed) for b in typed[:i])


class TestTypes:
    def test_is_instance_of_takes_what_isinstance_takes(self) -> None:
        assert v.is_instance_of(int, str)("a")
        assert v.is_instance_of((int, (str, bytes)))(b"a")
        assert v.is_instance_of(int | None)(None)
        assert v.is_instance_of(bool)(True)
        assert v.is_instance_of((int, bool))(True)
        assert not v.is_instance_of(str)(1)

    def test_is_subclass_of(self) -> None:
        assert v.is_subclass_of(Exception)(OSError)
        assert not v.is_subclass_of(Exception)(OSError())
        assert not v.is_subclass_of(Exception)(int)

    def test_kinds(self) -> None:
        assert v.is_none(None)
        assert not v.is_none(0)
        assert v.is_not_none(0)
        assert v.is_bool(False)
        assert not v.is_bool(0)
        assert v.is_set(frozenset())
        assert not v.is_set([])
        assert v.is_dict({})
        assert v.is_list([])
        assert not v.is_list(())


class Incomparable:
    def __ne__(self, other):
        raise OSError

    __eq__ = __repr__ = __ne__
    __hash__ = None


class TestBoundsThatMakeNoSense:
    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (
                lambda: v.min_length(-1),
                "the length of min_length.. must be an integer from 0 on; got -1",
            ),
            (lambda: v.min_length("8"), "got '8'"),
            (lambda: v.min_length(True), "got True"),
            (lambda: v.max_items(2.0), "got 2.0"),
            (lambda: v.length_between(5, 3), "can never pass"),
            (lambda: v.items_between(5, 3), "can never pass"),
            (lambda: v.value_between(5, 3), "can never pass"),
            (lambda: v.value_between(5, "a"), "have no order"),
            (lambda: v.min_value(None), "a value with an order; got None"),
            (lambda: v.max_value(NAN), "a value with an order; got nan"),
            (lambda: v.min_value(HUGE), "can't take <int> for a bound: Exceeds the limit"),
            (lambda: v.value_between(0, HUGE), "can't take <int> for a bound"),
            (lambda: v.max_items(HUGE), "an integer from 0 on; got <int>"),
            (
                lambda: v.min_value(Incomparable()),
                "min_value.. can't take <Incomparable> for a bound",
            ),
            (lambda: v.validate(1, Annotated[int, at.Gt(NAN)]), "Gt.. must be given a value with"),
            (lambda: v.validate(1, Annotated[int, at.MultipleOf(0)]), "other than 0; got 0"),
            (lambda: v.validate(1, HUGE), "got int <int>"),
            (lambda: v.matches_pattern("("), "must be given a pattern"),
            (lambda: v.matches_pattern(5), "must be given a pattern"),
            (lambda: v.is_instance_of(*()), "must be given classes"),
            (lambda: v.is_instance_of("int"), "must be given classes; got 'int'"),
            (lambda: v.is_subclass_of(list[int]), "must be given classes"),
        ],
    )
    def test_are_refused_where_they_are_written(self, make, message) -> None:
        with pytest.raises(v.SchemaError, match=message) as caught:
            make()

        assert isinstance(caught.value, (TypeError, ValueError))
