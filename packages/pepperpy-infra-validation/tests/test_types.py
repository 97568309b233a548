"""Types, `Annotated`, TypedDict and pydantic's models as rules."""

from __future__ import annotations

import datetime as dt
import enum
import functools
import operator
import subprocess
import sys
import typing
from collections import abc
from dataclasses import dataclass
from decimal import Decimal
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Optional,
    Protocol,
    TypedDict,
    TypeVar,
    Union,
    Unpack,
)
from uuid import UUID

import annotated_types as at
import pydantic
import pytest
import typing_extensions as te

import pepperpy.infra.validation as v
from pepperpy.infra.utils import MissingExtraError


class Color(enum.Enum):
    RED = "red"


@dataclass
class Point:
    x: int


class Pair(NamedTuple):
    a: int
    b: int


class Movie(TypedDict):
    title: str
    year: NotRequired[Annotated[int, at.Ge(1888)]]


class Node(TypedDict):
    value: int
    children: NotRequired[list[Node]]


class User(pydantic.BaseModel):
    name: Annotated[str, pydantic.Field(min_length=2)]
    age: int


class Strict(pydantic.BaseModel, strict=True, extra="forbid"):
    age: int


class Checker:
    def is_short(self, text):
        return len(text) < 3


UserId = NewType("UserId", int)


def codes(value, rule):
    for _ in range(10):
        result = v.validate({"x": value}, {"x": rule})
    return [(error.path, error.code) for error in result.errors]


class TestClasses:
    @pytest.mark.parametrize(
        ("kind", "good", "bad"),
        [
            (int, [1, -(10**30)], [True, 1.0, "1", None]), (float, [1.0, 1], [True, "1"]), (str, ["a"], [b"a", 1]),
            (bool, [True], [1, 0]), (bytes, [b"a"], ["a", bytearray()]), (list, [[1]], [(1,)]), (dict, [{}], [[]]),
            (tuple, [()], [[]]), (set, [set()], [[], frozenset()]), (type(None), [None], [0]), (Color, [Color.RED], ["red"]),
            (dt.date, [dt.date(2026, 1, 1)], ["2026-01-01"]), (Decimal, [Decimal(1)], [1]), (Point, [Point(1)], [{"x": 1}]),
            (Pair, [Pair(1, 2)], [(1, 2)]), (object, [None, object()], []), (Any, [None, 5], []), (abc.Callable, [len], [5]),
            (UserId, [1], ["1"]), (Exception, [OSError()], [OSError]),
        ],
    )  # fmt: skip
    def test_are_instance_checks_without_conversion(self, kind, good, bad) -> None:
        for value in good:
            assert codes(value, kind) == []
        for value in bad:
            assert codes(value, kind) != []

    def test_are_never_called(self) -> None:
        assert not v.validate("0", int).is_valid
        assert not v.validate("", bool).is_valid

    def test_say_what_must_be(self) -> None:
        assert v.validate(5, str).errors[0].message == "must be a string"
        assert v.validate(5, dt.date).errors[0].message == "must be an instance of date"
        assert v.validate("x", float).errors[0].message == "must be a number"

    def test_a_protocol_that_cannot_be_asked_is_refused(self) -> None:
        class Shape(Protocol):
            def area(self): ...

        with pytest.raises(v.SchemaError, match="Shape can't be checked against"):
            v.validate(5, Shape)

    @pytest.mark.parametrize("hint", ["int", list["int"]])
    def test_names_of_types_are_refused(self, hint) -> None:
        with pytest.raises(v.SchemaError):
            v.validate(5, hint) if isinstance(hint, str) else v.validate([5], hint)


class TestTyping:
    def test_aliases_without_brackets_are_their_classes(self) -> None:
        for hint, good, bad in (
            (typing.List, [1], (1,)), (typing.Dict, {"a": 1}, []), (typing.Set, {1}, []), (typing.Tuple, (1, "a"), []),
            (typing.Sequence, (1,), {1}), (typing.Mapping, {}, []), (typing.Callable, len, 5), (typing.Type, int, 5),
            (typing.Iterable, "ab", 5), (typing.FrozenSet, frozenset(), set()),
        ):  # fmt: skip
            assert codes(good, hint) == []
            assert codes(bad, hint) != []

    def test_what_can_only_be_seen_once_is_left_alone(self) -> None:
        items = iter([1, "a"])

        assert codes(items, abc.Iterator[int]) == []
        assert list(items) == [1, "a"]
        assert codes([1], abc.Iterator[int]) == [("x", "instance_of")]

    @pytest.mark.parametrize(
        "hint",
        [Union, Literal, typing.ClassVar[int], typing.TypeGuard[int], tuple[int, *tuple[str, ...]], tuple[Unpack[tuple[int, ...]]]],
    )  # fmt: skip
    def test_what_no_value_can_be_checked_against_is_refused(self, hint) -> None:
        with pytest.raises(v.SchemaError, match=r"no type that|stands for several types"):
            v.validate((1,), hint)

    # ruff: noqa: UP006, UP007, UP044, UP045 - the older spellings are what is tested
    @pytest.mark.parametrize(
        ("hint", "good", "bad"),
        [
            (list[int], [[], [1]], [["x"], (1,), [True]]), (set[int], [{1}], [[1], {"x"}]),
            (frozenset[str], [frozenset("a")], [{"a"}]), (tuple[int, str], [(1, "a")], [(1,), (1, 2), [1, "a"]]),
            (tuple[int, ...], [(), (1, 2)], [("x",), [1]]), (tuple[()], [()], [(1,)]), (dict[str, int], [{}, {"a": 1}], [{"a": "x"}, {1: 1}, []]),
            (abc.Mapping[str, int], [{"a": 1}], [{"a": "x"}]), (abc.Sequence[int], [[1], (1,)], ["1", {1}, ["x"]]),
            (int | None, [1, None], ["x", True]), (Optional[str], ["a", None], [1]), (Union[int, str], [1, "a"], [1.5]),
            (Literal["a", 1], ["a", 1], ["b", True, 1.0]), (Annotated[int, "a note"], [1], ["x"]),
            (Annotated[int, at.Gt(0)], [1], [0, "x", float("nan")]), (Annotated[int, at.Interval(ge=1, lt=3)], [1, 2], [0, 3]),
            (Annotated[str, at.Len(1, 2)], ["a", "ab"], ["", "abc"]), (Annotated[list[int], at.MinLen(1)], [[1]], [[]]),
            (Annotated[int, at.MultipleOf(3)], [3], [4]), (Annotated[str, at.Predicate(str.isupper)], ["A"], ["a"]),
            (Annotated[str, v.is_email], ["a@b.co"], ["x"]), (Annotated[str, v.min_length(2)], ["ab"], ["a"]),
            (Annotated[int, lambda n: n > 1], [2], [1]), (Annotated[str, str.isupper], ["A"], ["a"]),
            (Annotated[str, "abc".startswith], ["ab"], ["b"]), (Annotated[str, Checker().is_short], ["a"], ["abc"]),
            (Annotated[int, functools.partial(operator.lt, 1)], [2], [1]), (TypeVar("T"), [1, "a"], []),
            (TypeVar("T", bound=int), [1], ["a"]), (TypeVar("T", int, str), [1, "a"], [1.5]),
            (abc.Callable[[int], str], [len, int], [5, None]), (type[int], [int, bool], [1, str]), (type[Any], [int], [1]),
            (type[int | str], [int, str], [float]), (te.TypeAliasType("Ints", list[int]), [[1]], [["x"]]), (list[dict[str, list[int]]], [[{"a": [1]}]], [[{"a": ["x"]}]]),
        ],
    )  # fmt: skip
    def test_is_checked_without_conversion(self, hint, good, bad) -> None:
        for value in good:
            assert codes(value, hint) == []
            assert v.validate(value, hint).validated_data == value
        for value in bad:
            assert codes(value, hint) != []

    def test_tells_the_place(self) -> None:
        assert codes([{"a": [1, "x"]}], list[dict[str, list[int]]]) == [("x[0].a[1]", "integer")]
        assert codes({1: 2}, dict[str, int]) == [("x[1]", "string")]
        assert v.validate({1: 2}, dict[str, int]).errors[0].message == "the key must be a string"
        assert codes((1, 2), tuple[int, str]) == [("x[1]", "string")]
        assert codes({"x"}, set[int]) == [("x", "integer")]

    def test_typed_dicts_are_schemas(self) -> None:
        assert codes({"title": "x"}, Movie) == []
        assert codes({"title": 5, "year": 1500}, Movie) == [
            ("x.title", "string"),
            ("x.year", "min_value"),
        ]
        assert codes({}, Movie) == [("x.title", "required")]
        assert (
            v.validate(
                {"title": "x", "extra": 1}, v.SchemaValidator({"title": str}, unknown="forbid")
            ).is_valid
            is False
        )
        result = v.validate_dict({"m": {"title": "x", "extra": 1}}, {"m": Movie}, unknown="forbid")
        assert [(e.path, e.code) for e in result.errors] == [("m.extra", "unknown")]

    def test_typed_dicts_of_typing_extensions_are_schemas_too(self) -> None:
        class Movie(te.TypedDict):
            title: te.ReadOnly[te.Required[str]]
            year: te.NotRequired[te.ReadOnly[int]]
            draft: te.ReadOnly[te.NotRequired[bool]]
            note: Annotated[te.NotRequired[str], v.min_length(2)]

        assert codes({"title": "a"}, Movie) == []
        assert codes({"title": "a", "year": 1, "note": "ab"}, Movie) == []
        assert codes({"year": "x", "note": "a"}, Movie) == [
            ("x.title", "required"), ("x.year", "integer"), ("x.note", "min_length"),
        ]  # fmt: skip

    def test_typed_dicts_may_hold_themselves(self) -> None:
        assert codes({"value": 1, "children": [{"value": "x"}]}, Node) == [
            ("x.children[0].value", "integer")
        ]


class TestPydantic:
    def test_a_model_is_a_rule_with_its_own_paths(self) -> None:
        result = v.validate_dict({"user": {"name": "x"}}, {"user": User})

        assert [(e.path, e.message, e.code) for e in result.errors] == [
            ("user.name", "string should have at least 2 characters", "string_too_short"), ("user.age", "is required", "required"),
        ]  # fmt: skip

    def test_the_value_stays_what_it_is(self) -> None:
        data = {"user": {"name": "ann", "age": 5}}

        assert v.validate_dict(data, {"user": User}).validated_data == data
        assert codes(User(name="ann", age=5), User) == []

    def test_a_model_has_its_own_say_on_conversions(self) -> None:
        assert codes({"name": "ann", "age": "5"}, User) == []
        assert codes({"age": "5"}, Strict) == [("x.age", "int_type")]
        assert codes({"age": 5, "b": 1}, Strict) == [("x.b", "extra_forbidden")]

    def test_coerce_makes_a_model(self) -> None:
        schema = {"user": v.coerce(User)}

        assert v.validate_dict({"user": {"name": "ann", "age": "5"}}, schema).validated_data == {
            "user": User(name="ann", age=5)
        }
        assert [
            (e.path, e.code) for e in v.validate_dict({"user": {"name": "ann"}}, schema).errors
        ] == [("user.age", "required")]
        assert v.validate("7", v.coerce(list[int] | int)).validated_data == 7

    def test_annotated_types_of_pydantic_are_strict(self) -> None:
        positive = Annotated[int, pydantic.Field(gt=0)]

        assert codes(5, positive) == []
        assert codes("5", positive) == [("x", "int_type")]
        (error,) = v.validate(-5, positive).errors
        assert (error.message, error.code, error.params) == (
            "must be greater than 0",
            "greater_than",
            {"gt": 0},
        )

    def test_adapters_and_types_with_hooks(self) -> None:
        assert codes(["1"], pydantic.TypeAdapter(list[int])) == []
        assert codes("127.0.0.1", pydantic.IPvAnyAddress) == []
        assert codes("nope", pydantic.IPvAnyAddress) != []

    def test_types_that_only_pydantic_knows(self) -> None:
        assert codes(["a", 1], abc.Iterable[int]) in ([], [("x[0]", "int_type")])
        assert codes({1: 2}, abc.MutableMapping[str, int]) == [("x[1]", "string")]

    def test_words_of_a_model_are_told_without_the_value(self) -> None:
        class Picky(pydantic.BaseModel):
            word: str

            @pydantic.field_validator("word")
            @classmethod
            def check(cls, word):
                if word == "good":
                    return word
                raise ValueError("has to be good" if word == "bad" else f"{word} is not good")

        assert v.validate({"word": "bad"}, Picky).errors[0].message == "has to be good"
        (error,) = v.validate({"word": "hunter2"}, Picky).errors
        assert error.message == "failed a check of its type"
        assert "hunter2" not in repr(error) + str(error.params)

    def test_what_an_object_says_when_it_fails_is_not_told(self) -> None:
        class Failing(abc.Mapping):
            def __getitem__(self, key):
                raise ValueError("hunter2")

            __iter__ = __len__ = items = __getitem__

        class Shell:
            numbers = property(lambda self: Failing()["x"])

        class Holder(pydantic.BaseModel, from_attributes=True):
            numbers: list[int] | None = None
            table: dict[str, int] | None = None
            id: UUID | None = None
            name: pydantic.ImportString | None = None

        told = [
            v.validate(value, Holder).errors[0].message
            for value in (
                {"numbers": (Failing()["x"] for _ in "a")},
                {"table": Failing()},
                {"id": "hunter2"},
                {"name": "hunter2.x"},
            )
        ]
        told += [v.validate(Shell(), Holder).errors[0].message]

        assert told == [
            "error iterating over object", "must be a valid mapping", "must be a valid UUID",
            "failed a check of its type", "error extracting attribute",
        ]  # fmt: skip

    def test_the_tag_of_a_union_is_not_told(self) -> None:
        class Cat(pydantic.BaseModel):
            kind: Literal["cat"]

        class Dog(pydantic.BaseModel):
            kind: Literal["dog"]

        pet = Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]

        (error,) = v.validate({"kind": "hunter2"}, pet).errors

        assert "hunter2" not in error.message + str(error.params)

    def test_errors_of_pydantic_do_not_hang_on_ours(self) -> None:
        with pytest.raises(v.InvalidDataError) as caught:
            v.validate({"name": "hunter2", "age": "hunter2"}, User).raise_if_invalid()

        error = caught.value.exceptions[0]
        assert (error.__cause__, error.__context__, caught.value.__context__) == (None, None, None)

    def test_is_imported_only_when_it_is_asked(self) -> None:
        code = """
import sys
from typing import Annotated
from pepperpy.infra.validation import *
validate({"a": 1, "b": [2], "c": {}}, {"a": int, "b": list[int], "c": dict[str, int], "d": optional(is_email)})
validate("7", coerce(int))
assert not {"pydantic", "asyncio", "email_validator", "json"} & {*sys.modules}, sys.modules.keys()
"""
        subprocess.run([sys.executable, "-c", code], check=True)

    def test_a_missing_one_says_what_to_install(self, monkeypatch) -> None:
        monkeypatch.setitem(sys.modules, "pydantic", None)

        class Hooked:
            __get_pydantic_core_schema__ = None

        with pytest.raises(
            MissingExtraError, match=r'pip install "pepperpy-infra-validation\[pydantic\]"'
        ):
            v.validate(5, Hooked)
