"""Text of a million letters, and data that is made to hurt: time grows with the size, no faster."""

from __future__ import annotations

import gc
from collections import abc
from time import process_time
from typing import Annotated

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

    def test_rules_over_several_keys_are_linear_also_for_bad_items(self) -> None:
        each = v.SchemaValidator(
            {"a": int, "b": int, "c": int}, rules=[v.cross_field("a", "b", rule=lambda a, b: a < b)]
        )

        def cost(count):
            return spent([each], [{"a": 1, "b": 2, "c": "x"}] * count)

        assert cost(10_000) < 30 * cost(1_000) + 0.05

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

    @pytest.mark.parametrize("kind", [list, tuple])
    @pytest.mark.timeout(20)
    def test_what_is_shared_at_every_depth_is_copied_once(self, kind) -> None:
        shared = ([],)
        for _ in range(60):
            shared = kind([shared, shared])

        out = v.validate({"a": shared, "free": shared}, {"a": v.is_not_none}).validated_data["a"]

        assert out[0] is out[1]
        assert out[0] is not shared[0]

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


class TestThings:
    """Whose own methods fail: nobody can use them, so they are not what was asked for."""

    class Unreadable:
        def __iter__(self):
            raise OSError("hunter2")

        __len__ = __getitem__ = __contains__ = keys = items = __bool__ = __iter__

    class Nowhere:
        """As the proxies of web frameworks are without a request."""

        @property
        def __class__(self):
            raise RuntimeError("hunter2")

    @pytest.mark.parametrize("base", [list, tuple, set, frozenset, dict, abc.Sequence, abc.Mapping])
    @pytest.mark.parametrize(
        "rule",
        [[int], {"a": int}, list[int], tuple[int, ...], tuple[int, int], set[int], frozenset[int], dict[str, int],
         abc.Sequence[int], abc.Mapping[str, int], v.cross_field("a", rule=bool), v.any_of([int], {"a": int})],
        ids=str,
    )  # fmt: skip
    def test_of_any_kind_are_a_failed_result(self, base, rule) -> None:
        thing = type("Thing", (self.Unreadable, base), {})()
        for data in (thing, self.Nowhere()):
            for schema in ({"x": rule}, v.all_of({"x": rule})):
                for _ in range(10):
                    (error,) = v.validate({"x": data}, schema).errors
                    assert error.path == "x"
                    assert "hunter2" not in error.message + repr(error.params)

    def test_that_never_end_do_not_pass_where_failing_is_wanted(self) -> None:
        class Endless(dict):
            def keys(self):
                return self.keys()

            def __iter__(self):
                return iter([*self])

        class EndlessList(list):
            def __iter__(self):
                return iter([*self])

        for thing, rules in (
            (Endless(a=1), ({"a": int}, dict[str, int])),
            (EndlessList([1]), ([int], list[int])),
        ):
            for rule in rules:
                assert [e.code for e in v.validate(thing, v.not_(rule)).errors] == ["too_deep"]

    def test_as_keys(self) -> None:
        class Key(str):
            def __eq__(self, other):
                raise OSError

            __hash__ = str.__hash__

        data = {Key("a"): 1}
        rules = (
            dict[str, int],
            dict[Annotated[str, v.transform(str.upper)], int],
            v.cross_field("a", rule=bool),
        )
        codes = [[error.code for error in v.validate(data, rule).errors] for rule in rules]

        assert codes == [[], [], ["mapping"]]

    def test_that_a_conversion_makes_for_a_set_or_as_a_key_must_have_a_hash(self) -> None:
        bad = Annotated[str, v.transform(list)]
        for _ in range(10):
            with pytest.raises(v.SchemaError, match=r"x: a conversion in a set .* no hash"):
                v.validate({"x": {"a"}}, {"x": set[bad]})
            with pytest.raises(v.SchemaError, match=r"x\.a: the conversion of a key .* no hash"):
                v.validate({"x": {"a": 1}}, {"x": dict[bad, int]})
