from __future__ import annotations

import array
import datetime as dt
import threading
from collections import OrderedDict, UserDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

import attrs
import msgspec
import numpy as np
import pydantic
import pytest

from pepperpy.infra.cache import UnkeyableArgumentError, cached


class Color(Enum):
    RED = 1
    BLUE = 2


class Level(IntEnum):
    ONE = 1


class Name(StrEnum):
    ANN = "ann"


class Pair(NamedTuple):
    left: Any
    right: Any


class Other(NamedTuple):
    left: Any
    right: Any


@dataclass
class Point:
    x: Any
    y: Any = 0
    note: str = field(default="", compare=False)


class Model(pydantic.BaseModel):
    x: Any
    inner: dict[str, Any] = {}


class Loose(pydantic.BaseModel, extra="allow"):
    x: Any


@attrs.define
class Box:
    x: Any
    note: str = attrs.field(default="", eq=False)


class Odd:
    """Neither hashable nor made of anything that could be seen."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True


class Record(msgspec.Struct):
    x: Any


def calls_of(*arguments: Any) -> int:
    """How often a cached function runs that is called with each of these in turn, twice."""
    runs = 0

    @cached
    def f(x: Any) -> None:
        nonlocal runs
        runs += 1

    for each in [*arguments, *arguments]:
        f(each)
    return runs


UTC = dt.UTC
MOMENT = dt.datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)
EAST = dt.timezone(dt.timedelta(hours=1))

ALIKE: list[tuple[str, Callable[[], Any]]] = [
    ("list", lambda: [1, [2], {"a": {3}}]),
    ("dict", lambda: {"a": [1], 2: None}),
    ("set", lambda: {1, "a"}),
    ("bytearray", lambda: bytearray(b"abc")),
    ("memoryview", lambda: memoryview(bytearray(b"abc"))),
    ("tuple of a list", lambda: ([1], 2)),
    ("frozenset", lambda: frozenset({1, 2})),
    ("dataclass", lambda: Point([1], {"a": Point(2)})),
    ("pydantic", lambda: Model(x=[1], inner={"a": [2]})),
    ("pydantic with more", lambda: Loose(x=1, y=[2])),  # type: ignore[call-arg]
    ("attrs", lambda: Box([1])),
    ("msgspec", lambda: Record([1])),
    ("deque", lambda: deque([[1], 2])),
    ("array", lambda: array.array("i", [1, 2])),
    ("namedtuple", lambda: Pair([1], 2)),
    ("Enum in a list", lambda: [Color.RED]),
    ("defaultdict", lambda: defaultdict(list, {"a": [1]})),
    ("UserDict", lambda: UserDict({"a": [1]})),
    ("numpy", lambda: np.arange(6).reshape(2, 3)),
    ("numpy of objects", lambda: np.array([[1], {"a": 2}], dtype=object)),
    ("numpy, not contiguous", lambda: np.arange(10)[::2]),
    ("slice", lambda: slice([1], 2)),
    ("dict views", {"a": 1, "b": 2}.keys),
    ("NaN", lambda: float("nan")),
]

DIFFERENT: list[tuple[str, Any, Any]] = [
    ("int and bool", 1, True),
    ("int and float", 1, 1.0),
    ("int and complex", 1, 1 + 0j),
    ("int and Decimal", 1, Decimal(1)),
    ("int and Fraction", 1, Fraction(1)),
    ("int and IntEnum", 1, Level.ONE),
    ("str and StrEnum", "ann", Name.ANN),
    ("str and bytes", "a", b"a"),
    ("str and int", "1", 1),
    ("None and its name", None, "None"),
    ("zero and its negative", 0.0, -0.0),
    ("complex zeros", complex(0.0, 0.0), complex(0.0, -0.0)),
    ("Decimals by their digits", Decimal("1.0"), Decimal("1.00")),
    (
        "moments by their zone",
        dt.datetime(2024, 1, 1, 12, tzinfo=UTC),
        dt.datetime(2024, 1, 1, 13, tzinfo=EAST),
    ),
    ("times by their zone", dt.time(12, tzinfo=UTC), dt.time(13, tzinfo=EAST)),
    (
        "moments by their fold",
        MOMENT,
        MOMENT.replace(fold=1),
    ),
    ("tuples by what is in them", (1,), (True,)),
    ("tuples of tuples", ((1, (2,)),), ((1, (2.0,)),)),
    ("tuples by their zeros", (0.0,), (-0.0,)),
    ("frozensets by what is in them", frozenset({1}), frozenset({True})),
    ("lists by what is in them", [1], [True]),
    ("lists by depth", [[1], 2], [1, [2]]),
    ("lists and tuples", [1], (1,)),
    ("lists and sets", [1], {1}),
    ("dicts by values", {"a": 1}, {"a": 1.0}),
    ("dicts by keys", {1: "a"}, {True: "a"}),
    ("dict and a list of its items", {"a": 1}, [("a", 1)]),
    ("OrderedDicts by their order", OrderedDict(a=1, b=2), OrderedDict(b=2, a=1)),
    ("bytes and bytearray", b"a", bytearray(b"a")),
    (
        "memoryviews by their items",
        memoryview(bytes(range(4))),
        memoryview(bytes(range(4))).cast("i"),
    ),
    ("arrays by their type", array.array("b", [1]), array.array("i", [1])),
    ("namedtuple and tuple", Pair(1, 2), (1, 2)),
    ("namedtuples of two classes", Pair(1, 2), Other(1, 2)),
    ("dataclasses", Point(1), Point(True)),
    ("pydantic models", Model(x=1), Model(x=True)),
    ("pydantic models by what they allow", Loose(x=1, y=1), Loose(x=1, y=2)),  # type: ignore[call-arg]
    ("attrs objects", Box(1), Box(True)),
    ("msgspec structs", Record(1), Record(True)),
    ("deque and list", deque([1]), [1]),
    ("slices", slice(1), slice(True)),
    ("ranges by their ends", range(0, 3, 2), range(0, 4, 2)),
    ("numpy by type", np.zeros(2, "f4"), np.zeros(2, "f8")),
    ("numpy by shape", np.zeros((2, 3)), np.zeros((3, 2))),
    ("numpy by order of bytes", np.zeros(2, "<i4"), np.zeros(2, ">i4")),
    ("numpy scalars and ints", np.int64(1), 1),
    ("text that holds what separates", "a,b", "a', 'b"),
]


class TestFormsOfOneCall:
    def test_positional_keyword_and_defaulted_forms_are_one_entry(self) -> None:
        runs = []

        @cached
        def f(a: int, b: int = 2, *, c: int = 3) -> int:
            runs.append((a, b, c))
            return a + b + c

        results = {f(1), f(1, 2), f(a=1), f(b=2, a=1), f(1, c=3), f(c=3, b=2, a=1)}

        assert results == {6}
        assert runs == [(1, 2, 3)]

    def test_positional_only_parameters_count(self) -> None:
        runs = []

        @cached
        def f(a: int, /, b: int = 2) -> None:
            runs.append((a, b))

        f(1), f(1, b=2), f(1, 2), f(2)

        assert runs == [(1, 2), (2, 2)]

    def test_keyword_only_parameters_count(self) -> None:
        runs = []

        @cached
        def f(*, a: int, b: int) -> None:
            runs.append((a, b))

        f(a=1, b=2), f(b=2, a=1), f(a=2, b=1)

        assert runs == [(1, 2), (2, 1)]

    def test_more_arguments_are_told_from_keywords(self) -> None:
        runs = []

        @cached
        def f(*args: Any, **kwargs: Any) -> None:
            runs.append((args, kwargs))

        f("a", 1), f(a=1), f(("a", 1)), f("a", a=1), f("a", 1), f(a=1), f()

        assert runs == [
            (("a", 1), {}),
            ((), {"a": 1}),
            ((("a", 1),), {}),
            (("a",), {"a": 1}),
            ((), {}),
        ]

    def test_order_of_keywords_does_not_count(self) -> None:
        runs = []

        @cached
        def f(**kwargs: Any) -> None:
            runs.append(kwargs)

        f(a=1, b=2), f(b=2, a=1)

        assert len(runs) == 1

    def test_arguments_of_one_parameter_do_not_slip_into_another(self) -> None:
        runs = []

        @cached
        def f(a: Any, *args: Any, b: Any = 0, **kwargs: Any) -> None:
            runs.append((a, args, b, kwargs))

        f(1, 2), f(1, b=2), f(1, c=2), f((1, 2)), f(1, 2, b=0)

        assert len(runs) == 4

    def test_wrong_arguments_are_the_error_that_the_function_gives(self) -> None:
        @cached
        def f(a: int) -> None: ...

        with pytest.raises(TypeError, match=r"f\(\) missing 1 required positional argument: 'a'"):
            f()  # type: ignore[call-arg]
        with pytest.raises(TypeError, match=r"f\(\) got an unexpected keyword argument 'c'"):
            f(1, c=2)  # type: ignore[call-arg]

    def test_defaults_are_the_function_s_own_objects(self) -> None:
        sentinel = object()

        @cached
        def f(a: object = sentinel) -> object:
            return a

        assert f() is sentinel
        assert f(sentinel) is sentinel
        assert f.cache_info().misses == 1

    def test_parameters_may_have_any_names(self) -> None:
        @cached
        def f(key, e, data, _w_data, type, str, id):  # noqa: A002 - what the wrapper itself uses
            return (key, e, data, _w_data, type, str, id)

        assert f(1, 2, 3, 4, 5, 6, 7) == (1, 2, 3, 4, 5, 6, 7)
        assert f(1, 2, 3, 4, 5, 6, 7) == (1, 2, 3, 4, 5, 6, 7)
        assert f.cache_info().hits == 1

    def test_builtins_are_cached_as_they_are_called(self) -> None:
        length = cached(len)

        assert length("abc") == length("abc") == 3
        assert length([1]) == 1
        assert length.cache_info().misses == 2


class TestTypedAtEveryDepth:
    @pytest.mark.parametrize(("_", "one", "other"), DIFFERENT, ids=[each[0] for each in DIFFERENT])
    def test_different_arguments_are_two_entries(self, _: str, one: Any, other: Any) -> None:
        assert calls_of(one, other) == 2

    @pytest.mark.parametrize(("_", "one", "other"), DIFFERENT, ids=[each[0] for each in DIFFERENT])
    def test_also_beside_other_arguments(self, _: str, one: Any, other: Any) -> None:
        @cached
        def f(a: Any, x: Any, *, b: int = 0) -> object:
            return object()

        assert f(1, one) is f(1, one)
        assert f(1, other) is f(1, other)
        assert f(1, one) is not f(1, other)

    @pytest.mark.parametrize(("_", "one", "other"), DIFFERENT, ids=[each[0] for each in DIFFERENT])
    def test_also_among_starred_arguments(self, _: str, one: Any, other: Any) -> None:
        @cached
        def f(*args: Any, **kwargs: Any) -> object:
            return object()

        assert f(one) is f(one)
        assert f(a=one) is f(a=one)
        assert len({f(one), f(other), f(a=one), f(a=other), f(one, other), f(other, one)}) == 6

    def test_a_separator_in_a_text_is_a_letter_like_others(self) -> None:
        @cached
        def f(a: str, b: str) -> tuple[str, str]:
            return a, b

        calls = [
            ("a", "b:c"),
            ("a:b", "c"),
            ("a,b", "c"),
            ("a", "b,c"),
            ("", "a,b,c"),
            ("'a'", "b"),
        ]

        assert [f(*call) for call in calls] == calls
        assert len({f.cache_key(*call) for call in calls}) == len(calls)


class TestUnhashableArguments:
    @pytest.mark.parametrize(("_", "make"), ALIKE, ids=[each[0] for each in ALIKE])
    def test_count_by_what_they_hold(self, _: str, make: Callable[[], Any]) -> None:
        assert calls_of(make(), make()) == 1

    def test_count_by_what_they_hold_now(self) -> None:
        runs = []

        @cached
        def total(numbers: list[int]) -> int:
            runs.append(list(numbers))
            return sum(numbers)

        numbers = [1, 2]
        assert total(numbers) == 3
        numbers.append(3)
        assert total(numbers) == 6
        numbers.pop()
        assert total(numbers) == 3
        assert runs == [[1, 2], [1, 2, 3]]

    def test_order_of_a_dict_does_not_count(self) -> None:
        assert calls_of({"a": 1, "b": 2}, {"b": 2, "a": 1}) == 1

    def test_fields_that_equality_leaves_out_do_not_count(self) -> None:
        assert calls_of(Point([1], note="a"), Point([1], note="b")) == 1
        assert calls_of(Box([1], note="a"), Box([1], note="b")) == 1

    def test_what_a_pydantic_model_has_worked_out_does_not_count(self) -> None:
        class Square(pydantic.BaseModel):
            side: int

            @pydantic.computed_field  # type: ignore[prop-decorator]
            @property
            def area(self) -> int:
                return self.side**2

            @cached_property
            def diagonal(self) -> float:
                return self.side * 2**0.5

        asked = Square(side=2)
        assert asked.diagonal > asked.area / 2

        assert calls_of(asked, Square(side=2)) == 1

    def test_what_contains_itself_is_refused_with_its_parameter(self) -> None:
        endless: list[Any] = []
        endless.append(endless)

        @cached
        def f(a: int, tree: object) -> None: ...

        with pytest.raises(UnkeyableArgumentError, match="contains itself") as caught:
            f(1, endless)

        assert (caught.value.parameter, caught.value.function) == ("tree", "f")
        assert "'tree' of f()" in str(caught.value)

    @pytest.mark.parametrize("where", ["plain", "starred", "keyword"])
    def test_what_has_no_value_is_refused_with_its_parameter(self, where: str) -> None:
        @cached
        def f(a: Any = 0, *args: Any, **kwargs: Any) -> None: ...

        calls: dict[str, Callable[[], None]] = {
            "plain": lambda: f(Odd()),
            "starred": lambda: f(1, [Odd()]),
            "keyword": lambda: f(b=Odd()),
        }
        parameter = {"plain": "a", "starred": "args", "keyword": "kwargs"}[where]

        with pytest.raises(UnkeyableArgumentError, match=f"{parameter!r} of f.*Odd.*ignore=") as e:
            calls[where]()

        assert e.value.parameter == parameter
        assert f.cache_info().misses == 0

    def test_a_collection_that_may_hold_more_than_its_items_is_refused(self) -> None:
        class Column:
            """As data frames have them: its items do not say what it is called."""

            __hash__ = None  # type: ignore[assignment]

            def __init__(self, name: str, items: list[int]) -> None:
                self.name, self.items = name, items

            def __eq__(self, other: object) -> bool:
                return vars(self) == vars(other)

            def __iter__(self):
                return iter(self.items)

            def __len__(self) -> int:
                return len(self.items)

        with pytest.raises(UnkeyableArgumentError, match="Column"):
            calls_of(Column("a", [1]))

    def test_a_message_never_shows_a_value(self) -> None:
        @cached
        def f(password: object) -> None: ...

        with pytest.raises(UnkeyableArgumentError) as caught:
            f(["hunter2", threading.local, memoryview, {"hunter2": Odd()}])

        assert "hunter2" not in str(caught.value)
        assert caught.value.__cause__ is None


class TestOneStoreForEachFunction:
    def test_closures_of_one_factory_do_not_share(self) -> None:
        def power(exponent: int) -> Any:
            @cached
            def f(n: int) -> int:
                return n**exponent

            return f

        square, cube = power(2), power(3)

        assert (square(3), cube(3), square(3), cube(3)) == (9, 27, 9, 27)

    def test_functions_of_one_name_do_not_share(self) -> None:
        def make(value: int) -> Any:
            def f(n: int) -> int:
                return value

            f.__qualname__ = f.__name__ = "f"
            return cached(f)

        one, two = make(1), make(2)

        assert (one(0), two(0)) == (1, 2)
        one.cache_clear()
        assert two.cache_info().size == 1


class TestResults:
    @pytest.mark.parametrize(
        "value", [None, 0, False, "", [], {}, float("nan"), NotImplemented, ...]
    )
    def test_none_and_falsy_results_are_kept(self, value: object) -> None:
        runs = []

        @cached(ttl=60)
        def f() -> object:
            runs.append(1)
            return value

        assert f() is f() is value
        assert len(runs) == 1
