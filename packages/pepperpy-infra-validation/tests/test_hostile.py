"""Text of a million letters, and data that is made to hurt: time grows with the size, no faster."""

from __future__ import annotations

import gc
from time import process_time

import pytest

import pepperpy.infra.validation as v

N = 1_000_000
UNITS = [
    "a",
    "a.",
    "-",
    "@",
    "1.",
    "ü",
    "%",
    ":",
    "[",
    "a@",
    "ü.",
    "a-",
    "http://",
    "\ud800",
    "\n",
    " ",
    "xn--",
    "/",
    "e1",
    "0",
    "_1",
    "\u0130",
]
RULES = [
    v.is_email, v.is_email_strict, v.is_url, v.min_length(2 * N), v.max_length(1), v.length_between(1, 2), v.is_positive, v.is_integer,
    v.is_float, v.is_number, v.is_bool, v.is_none, v.is_string, v.is_dict, v.is_list, v.is_set, v.min_value(5), v.max_value("m"),
    v.value_between(1, 2), v.min_items(1), v.max_items(1), v.items_between(1, 2), v.contains("zz" * 50), v.unique_items, v.is_instance_of(int),
    v.is_subclass_of(int), v.not_(v.is_email), v.any_of(v.is_email, v.is_url), v.coerce(int), v.coerce(float), v.coerce(bool), v.coerce(dict),
    int, dict[str, int],
]  # fmt: skip


def spent(rule, value):
    """The least processor time of three tries; other programs on the machine do not count in it."""
    tries = []
    for _ in range(3):
        start = process_time()
        v.validate({"x": value}, {"x": rule})
        tries.append(process_time() - start)
    return min(tries)


class TestText:
    @pytest.mark.timeout(60)
    @pytest.mark.parametrize("rule", RULES, ids=str)
    def test_of_a_million_letters_takes_linear_time(self, rule) -> None:
        for unit in UNITS:
            for text in (
                unit * (N // len(unit)),
                f"a@{unit * (N // len(unit))}",
                f"http://{unit * (N // len(unit))}",
            ):
                small, large = text[: N // 10], text
                # Quadratic would be 100 times as much; 50 ms is what noise may be.
                assert spent(rule, large) < 30 * spent(rule, small) + 0.05

    @pytest.mark.parametrize("size", [10_000, 100_000])
    def test_as_an_unknown_key(self, size) -> None:
        data = {f"{n}{'x' * 50}": n for n in range(size)} | {"x" * N: 1}

        result = v.validate_dict(data, {"name": v.optional(str)}, unknown="forbid")

        assert len(result.errors) == size + 1


class TestCollections:
    def test_unique_items_is_linear_also_for_what_has_no_hash(self) -> None:
        def cost(count):
            items = [[n, {"a": [n]}] for n in range(count)]
            gc.collect()
            gc.disable()  # it would go through all that other tests have left, again and again
            try:
                return spent(v.unique_items, items)
            finally:
                gc.enable()

        assert cost(60_000) < 30 * cost(6_000) + 0.05

    def test_a_list_of_bad_items_has_all_its_errors(self) -> None:
        result = v.validate(["x"] * 100_000, [int])

        assert len(result.errors) == 100_000
        assert result.errors[-1].path == "[99999]"

    def test_items_nested_too_deeply_to_compare_are_refused(self) -> None:
        deep = []
        for _ in range(100_000):
            deep = [deep]

        assert v.unique_items([deep, 1]) is False
        assert not v.validate([deep], v.unique_items).is_valid

    def test_values_nested_too_deeply_to_copy_are_refused(self) -> None:
        deep = []
        for _ in range(100_000):
            deep = [deep]

        schema = {"a": v.is_not_none}
        for _ in range(12):
            for data in ({"a": deep}, {"a": 1, "free": deep}):
                assert [error.code for error in v.validate_dict(data, schema).errors] == [
                    "too_deep"
                ]

    def test_a_mapping_whose_methods_fail_is_none(self) -> None:
        class Mean(dict):
            def keys(self):
                raise OSError

            __iter__ = __getitem__ = __len__ = get = items = copy = keys

        for _ in range(12):
            assert [error.code for error in v.validate_dict(Mean(a=1), {"a": int}).errors] in (
                ["mapping"],
                ["required"],
            )
