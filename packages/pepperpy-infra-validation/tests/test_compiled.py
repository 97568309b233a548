"""A schema that is used often gets a function; nobody can tell by the results."""

from __future__ import annotations

import collections
import gc
import threading
import weakref
from collections import OrderedDict
from typing import Annotated, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pepperpy.infra.validation as v
from pepperpy.infra.validation import _plan
from pepperpy.infra.validation._plan import COMPILE_AT, COMPILED, Plan, plan_of


class Text(str):
    """A text that is none of the exact types."""


class Number(int):
    pass


class Injecting(str):
    """A key whose repr is a program."""

    def __repr__(self):
        return "__import__('os').abort()"

    __hash__ = str.__hash__


# Held by a validator, and so the same node wherever it stands.
SHARED = v.all_of(lambda x: x > 1)
RULES = st.sampled_from([
    SHARED, Annotated[object, SHARED], set[Annotated[object, SHARED]], dict[Annotated[object, SHARED], Annotated[object, SHARED]],
    v.is_email, v.is_url, v.min_length(2), v.max_length(3), v.length_between(1, 2), v.matches_pattern("[a-z]+"),
    v.is_positive, v.is_integer, v.is_float, v.is_number, v.min_value(1), v.max_value(2.5), v.value_between(0, 3),
    v.min_items(1), v.max_items(1), v.items_between(1, 2), v.contains(1), v.unique_items, v.is_string, v.is_bool,
    v.is_none, v.is_not_none, v.is_dict, v.is_list, v.is_set, v.is_instance_of(int, str), v.is_subclass_of(int),
    int, str, float, bool, list, dict, int | None, v.coerce(int), v.transform(str.strip), lambda x: x, lambda x: x > 1,
    lambda x: v.validate(x, {"n": v.coerce(int)}), v.FunctionValidator(v.is_integer, "no"),
    v.FunctionValidator(lambda x: x > 1, "no"), v.FunctionValidator(int, "no", level=v.ValidationLevel.WARNING),
    set[int], tuple[int, str], dict[str, int], list[int],
])  # fmt: skip


def nested(inner):
    keys = st.dictionaries(
        st.sampled_from(["a", "b", "c", "a.b", "'", 1]), inner | inner.map(optionally), max_size=3
    )
    pair = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        keys,
        inner.map(lambda rule: [rule]),
        pair.map(lambda rules: v.all_of(*rules)),
        pair.map(lambda rules: v.any_of(*rules)),
        pair.map(lambda rules: v.none_of(*rules)),
        keys.map(lambda schema: v.SchemaValidator(schema, unknown="forbid")),
        keys.map(lambda schema: v.SchemaValidator(schema, unknown="drop")),
        keys.map(
            lambda schema: v.SchemaValidator(
                schema, rules=[v.cross_field("a", "b", rule=lambda a, b: a)]
            )
        ),
    )


def optionally(rule):
    return v.optional(rule, default=[7]) if isinstance(rule, (dict, list)) else v.optional(rule)


SCHEMAS = st.recursive(RULES, nested, max_leaves=8)
ATOMS = st.sampled_from([None, True, False, 0, 1, 2, -1, 2.5, float("inf"), "", "a", "ab", "abcd", "7", " x ", "user@example.com",
                         "http://a.b", Text("ab"), Text("user@example.com"), Number(2), b"x", set(), {1}, frozenset([1]),
                         int, OrderedDict(a=1), (1, "a"), collections.UserDict(a=1)])  # fmt: skip
DATA = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "b", "c", "d", "a.b", "'", 1, "n"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


def told(result):
    return (
        result.is_valid,
        repr(result.validated_data),
        [
            (e.parts, e.message, e.code, dict(e.params), e.level, repr(e.alternatives))
            for e in result.errors
        ],
        [(e.parts, e.message) for e in result.warnings],
    )


def at_once(coroutine):
    """What a coroutine returns that has nothing to wait for."""
    with pytest.raises(StopIteration) as done:
        coroutine.send(None)
    return done.value.value


class TestFastPath:
    @given(SCHEMAS, st.lists(DATA, min_size=1, max_size=4))
    def test_is_the_collecting_path(self, schema, data) -> None:
        slow, fast = Plan(schema, "ignore"), Plan(schema, "ignore")
        for _ in range(COMPILE_AT):
            fast.validate(None)
        assert fast.fast is not None
        assert slow.fast is None

        for value in data:
            before = repr(value)
            expected = told(slow.walked(value, _plan.Run()))
            assert told(fast.validate(value)) == expected
            assert told(at_once(v.validate_async(value, schema))) == expected
            assert repr(value) == before

    @given(SCHEMAS, DATA)
    def test_shares_nothing_changeable_with_the_data(self, schema, value) -> None:
        plan = Plan(schema, "ignore")
        for _ in range(COMPILE_AT + 1):
            out = plan.validate(value).validated_data
            inside = {id(each) for each in containers(value) if each or type(each) is not tuple}
            assert not [
                each for each in containers(out) if id(each) in inside and type(each) is not tuple
            ]

    def test_is_taken_at_the_eighth_use_and_by_long_lists_at_the_second(self) -> None:
        schema, lists = {"a": int}, {"a": [int]}
        for use in range(1, COMPILE_AT + 1):
            v.validate_dict({"a": 1}, schema)
            assert (plan_of(schema).fast is not None) is (use == COMPILE_AT)
        v.validate_dict({"a": [1] * 1000}, lists)
        assert plan_of(lists).fast is None
        v.validate_dict({"a": [1] * 1000}, lists)
        assert plan_of(lists).fast is not None

    def test_is_that_of_a_class_as_well(self) -> None:
        class Movie(TypedDict):
            title: str

        for _ in range(COMPILE_AT):
            assert v.validate({"title": "a"}, Movie).is_valid
            assert [e.path for e in v.validate({}, Movie).errors] == ["title"]
            assert v.validate(1, int).is_valid
            assert not v.validate(True, int).is_valid

        assert plan_of(Movie) is plan_of(Movie)
        assert plan_of(Movie).fast is not None
        assert v.validate({"title": 1, "b": 1}, Movie).messages() == {"title": ["must be a string"]}

    def test_of_a_schema_of_ten_thousand_keys(self) -> None:
        schema = {f"k{n}": int for n in range(10_000)}
        data = dict.fromkeys(schema, 1)
        for _ in range(COMPILE_AT + 2):
            assert v.validate_dict(data, schema).is_valid
            result = v.validate_dict({**data, "k7": "x"}, schema)
            assert [error.path for error in result.errors] == ["k7"]

    @pytest.mark.parametrize("wrap", [lambda s: {"a": s}, lambda s: [s], lambda s: {"a": [s]}, lambda s: v.all_of(s, object),
                                      lambda s: v.all_of({"a": s}), lambda s: v.any_of(int, s)])  # fmt: skip
    def test_of_a_schema_500_deep(self, wrap) -> None:
        schema = v.is_integer
        for _ in range(240):
            schema = wrap(schema)
        for _ in range(COMPILE_AT + 2):
            assert not v.validate(object(), schema).is_valid

    def test_500_dicts_in_dicts_work_and_more_are_refused(self) -> None:
        schema, good, bad = v.is_integer, 1, "x"
        for _ in range(500):
            schema, good, bad = {"a": schema}, {"a": good}, {"a": bad}
        for _ in range(COMPILE_AT + 2):
            assert v.validate(good, schema).validated_data == good
            (error,) = v.validate(bad, schema).errors
            assert error.parts == ("a",) * 500
        with pytest.raises(v.SchemaError, match="nested deeper than 500 levels"):
            v.validate(good, {"a": {"a": schema}})

    def test_of_a_schema_in_which_parts_are_shared_takes_no_longer_for_that(self) -> None:
        schema = {"x": v.optional(int)}
        for _ in range(60):  # 2 ** 60 leaves
            schema = {"l": v.optional(schema), "r": v.optional(schema)}
        data = {"l": {"r": {"l": {}}}}
        for _ in range(COMPILE_AT + 2):
            assert v.validate(data, schema).validated_data == data

    def test_lists_in_lists_deeper_than_python_nests_loops(self) -> None:
        schema, data = v.is_integer, 1
        for _ in range(50):
            schema, data = [schema], [data]
        for _ in range(COMPILE_AT + 2):
            assert v.validate(data, schema).validated_data == data


def containers(value):
    found, todo = [], [value]
    while todo:
        each = todo.pop()
        if type(each) is dict:
            found.append(each)
            todo += each.values()
        elif type(each) in (list, tuple, set):
            found.append(each)
            todo += each
    return found


class TestKeysInjectNoCode:
    @pytest.mark.parametrize("key", ["x'] = __import__('os').abort() #", '"""', "\\", "'", "\n", "{v}", "{0}", "$answers",
                                     "\ud800", Injecting("a"), "", "é", Text("'+'"), 1, -1, 1.5, None, True, (1, "'"), b"'", float("nan"), 10**5000, -(2**64), (10**5000,)], ids=lambda key: type(key).__name__)  # fmt: skip
    def test_whatever_they_are(self, key) -> None:
        schema = {key: v.is_integer}
        for _ in range(COMPILE_AT + 2):
            assert v.validate_dict({key: 1}, schema).validated_data == {key: 1}
            assert [error.parts for error in v.validate_dict({key: "x"}, schema).errors] == [(key,)]

    @given(st.text())
    def test_nor_do_parameters(self, text) -> None:
        rule = (
            v.contains(text) & v.max_value(text) & v.matches_pattern(__import__("re").escape(text))
        )
        schema = {text: rule}
        for _ in range(COMPILE_AT + 1):
            assert v.validate_dict({text: text}, schema).is_valid

    def test_nor_do_keys_with_methods_of_their_own(self) -> None:
        class Key:
            def __init__(self, name):
                self.name = name

            def __hash__(self):
                return hash(self.name)

            def __eq__(self, other):
                raise OSError

        schema = {"a": v.is_integer}
        for unknown in ("ignore", "forbid", "drop"):
            for _ in range(COMPILE_AT + 2):
                result = v.validate_dict({Key("a"): 1}, schema, unknown=unknown)
                assert [error.code for error in result.errors] == ["mapping"]


class TestAChangedSchemaIsNoticed:
    @pytest.mark.parametrize("uses", [1, COMPILE_AT + 1])
    def test_at_any_depth(self, uses) -> None:
        inner = {"n": int}
        schema = {"a": inner, "list": [{"m": int}], "both": v.all_of({"k": int})}
        data = {"a": {"n": 1}, "list": [{"m": 1}], "both": {"k": 1}}
        for _ in range(uses):
            assert v.validate_dict(data, schema).is_valid

        inner["new"] = int
        assert [error.path for error in v.validate_dict(data, schema).errors] == ["a.new"]
        schema["list"][0] = str
        assert [error.path for error in v.validate_dict(data, schema).errors] == [
            "a.new",
            "list[0]",
        ]
        del schema["a"]
        schema["both"].rules[0]["k"] = str
        assert [error.path for error in v.validate_dict(data, schema).errors] == [
            "list[0]",
            "both.k",
        ]
        schema.clear()
        assert v.validate_dict(data, schema).is_valid

    @pytest.mark.parametrize("uses", [1, COMPILE_AT + 1])
    def test_by_validators_that_hold_it(self, uses) -> None:
        schema = {"a": int}
        validators = [v.SchemaValidator(schema), v.all_of(schema), v.all_of(v.not_(v.not_(schema)))]
        for validator in validators:
            for _ in range(uses):
                assert validator({"a": 1})

        schema["b"] = int

        for validator in validators:
            assert not validator({"a": 1})

    def test_and_a_validator_cannot_be_given_another_one(self) -> None:
        validator = v.SchemaValidator({"a": int}, rules=[lambda data: True])
        for name in ("schema", "unknown", "rules"):
            assert getattr(validator, name)
            with pytest.raises(AttributeError):
                setattr(validator, name, {})

    def test_when_a_rule_is_replaced_by_one_that_cannot_be_compared(self) -> None:
        class Odd:
            def __eq__(self, other):
                raise OSError

            __hash__ = None

            def __call__(self, value):
                return False

        schema = {"a": Odd()}
        for _ in range(COMPILE_AT + 1):
            assert not v.validate_dict({"a": 1}, schema).is_valid
        schema["a"] = int
        assert v.validate_dict({"a": 1}, schema).is_valid
        schema["a"] = Odd()
        assert not v.validate_dict({"a": 1}, schema).is_valid


class TestMemory:
    def test_inline_schemas_do_not_pile_up_and_are_never_compiled(self) -> None:
        class Rule:
            def __call__(self, value):
                return True

        rules = []
        for _ in range(2000):
            rule = Rule()
            rules.append(weakref.ref(rule))
            v.validate_dict({"a": 1}, {"a": rule})
        del rule
        gc.collect()

        assert len([ref for ref in rules if ref() is not None]) <= 256
        assert len(_plan._READ) <= 256
        assert len(COMPILED) <= 256

    def test_inline_schemas_and_validators_leave_no_cycles_to_the_collector(self) -> None:
        def use():
            schema = {
                "a": v.min_length(2),
                "b": v.all_of(int, lambda b: b > 0),
                "c": v.optional([str]),
            }
            v.validate_dict({"a": "ab", "b": 1}, schema)
            v.SchemaValidator(schema).validate({"a": "x"})
            v.validate(1, v.not_(v.min_value(1)) | v.coerce(int))

        for _ in range(300):  # what is remembered is full
            use()
        gc.collect()
        gc.disable()
        try:
            for _ in range(100):
                use()
            assert gc.collect() == 0
        finally:
            gc.enable()

    def test_a_flood_of_inline_schemas_does_not_wash_out_the_others(self) -> None:
        schema = {"a": int}
        for _ in range(COMPILE_AT):
            v.validate_dict({"a": 1}, schema)
        plan = plan_of(schema)
        for _ in range(1000):
            v.validate_dict({"a": 1}, {"a": int})

        assert plan_of(schema) is plan
        assert plan.fast is not None

    def test_many_schemas_in_use_stay_bounded_and_work(self) -> None:
        schemas = [{"a": v.min_value(n)} for n in range(600)]
        for _ in range(COMPILE_AT + 1):
            for n, schema in enumerate(schemas):
                assert v.validate_dict({"a": n}, schema).is_valid
                assert not v.validate_dict({"a": n - 1}, schema).is_valid

        assert len(COMPILED) <= 256


class TestThreads:
    def test_share_a_schema_that_is_being_compiled(self) -> None:
        wrong = []
        for _ in range(20):
            schema = {"a": int, "b": lambda b: b > 0, "c": [str]}
            start = threading.Barrier(4)

            def work(start=start, schema=schema):
                start.wait()
                for n in range(30):
                    good = v.validate_dict({"a": 1, "b": 1, "c": ["x"]}, schema)
                    bad = v.validate_dict({"a": "x", "b": -1, "c": [n]}, schema)
                    if not good.is_valid or [e.path for e in bad.errors] != ["a", "b", "c[0]"]:
                        wrong.append(n)

            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        assert wrong == []
