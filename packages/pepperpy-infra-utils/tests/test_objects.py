"""`object_to_dict` and `dict_to_object`."""

from __future__ import annotations

import dataclasses
import enum
import sys
import uuid
from abc import ABC
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Final,
    Generic,
    NamedTuple,
    NewType,
    NotRequired,
    Optional,
    Protocol,
    Required,
    Self,
    TypedDict,
    TypeVar,
    Union,
)

import attrs
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.utils import (
    ObjectConversionError,
    UnsafeKeyError,
    UtilsError,
    dict_to_object,
    object_to_dict,
)

if TYPE_CHECKING:
    from somewhere import OnlyForCheckers

T = TypeVar("T")


class Color(enum.Enum):
    RED = "red"


@dataclass
class Child:
    name: str
    age: int = 0


ChildAlias = NewType("ChildAlias", Child)


class Pair(NamedTuple):
    left: int
    right: Child | None = None


@dataclass
class Parent:
    one: Child
    many: list[Child]
    by_name: dict[str, Child]
    maybe: Optional[Child] = None  # noqa: UP045 - the old spelling is what is tested
    either: Child | Pair | None = None
    row: tuple[Child, ...] = ()
    fixed: tuple[int, Child] | None = None
    nested: dict[str, list[Child]] = field(default_factory=dict)
    marked: Annotated[Child | None, "note"] = None
    renamed: ChildAlias | None = None
    again: Parent | None = None
    color: Color = Color.RED
    when: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    free: Any = None
    count: int = field(init=False, default=0)
    kind: ClassVar[str] = "parent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    inner: Child
    size: int = field(init=False, default=1)


@attrs.define
class Attrs:
    _hidden: int
    child: Child | None = None


class Model(pydantic.BaseModel):
    number: int
    child: Child
    token: pydantic.SecretStr = pydantic.SecretStr("t0ken")


class Plain:
    level: int = 1

    def __init__(self, name: str, child: Child | None = None) -> None:
        self.name = name
        self.child = child
        self.extra = None
        self._private = 1

    def method(self) -> None: ...

    @property
    def shout(self) -> str:
        return self.name.upper()

    @property
    def volume(self) -> int:
        return self.level

    @volume.setter
    def volume(self, value: int) -> None:
        self.level = value


class TaggedUUID(uuid.UUID):
    pass


class TaggedText(str):
    lang: str


class TaggedDate(datetime):
    tag: int


class TaggedPath(PurePosixPath):
    pass


class HasName(Protocol):
    name: str


class Sheet(ABC, Iterable[int], HasName):
    def __init__(self, name: str) -> None:
        self.name = name

    def __iter__(self):
        return iter([1])


class Refusal(ValueError):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass
class FieldsOnText(str):
    lang: str = "en"


class Slots:
    __slots__ = ("a", "b")


class MoreSlots(Slots):
    __slots__ = "c"  # noqa: PLC0205 - allowed, and so met


class Bag:
    pass


class Box(Generic[T]):
    def __init__(self, item: T) -> None:
        self.item = item


@dataclass
class Crate(Generic[T]):
    item: T
    more: list[T] = field(default_factory=list)
    lid: T | None = None
    inner: Crate[T] | None = None
    deep: Crate[list[T]] | None = None


@dataclass
class Labelled(Crate[Child], Generic[T]):
    label: T | None = None


@dataclass
class Node:
    value: int
    next: Optional[Self] = None  # noqa: UP045 - the old spelling is what is tested
    all: list[Self] = field(default_factory=list)


class Row(TypedDict):
    child: Required[Child]
    old: NotRequired[Child]


@dataclass
class Qualified:
    passed: dataclasses.InitVar[Child]
    fixed: Final[Child | None] = None
    row: Row | None = None

    def __post_init__(self, passed: Child) -> None:
        self.kept = passed


FULL = Parent(
    one=Child("a"),
    many=[Child("b", 2), Child("c")],
    by_name={"k": Child("d")},
    maybe=Child("e"),
    either=Pair(1, Child("f")),
    row=(Child("g"),),
    fixed=(1, Child("h")),
    nested={"x": [Child("i")]},
    marked=Child("j"),
    renamed=ChildAlias(Child("k")),
    again=Parent(Child("l"), [], {}),
    free={"plain": [{"data": 1}]},
)


class TestRoundTrip:
    def test_nested_and_typed_data_comes_back_as_it_was(self):
        assert dict_to_object(object_to_dict(FULL), Parent) == FULL

    @pytest.mark.parametrize(
        "value",
        [
            Frozen(inner=Child("a")),
            Attrs(1, Child("b")),
            Pair(1, Child("c")),
            Model(number=1, child=Child("d")),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_every_kind_of_class_comes_back(self, value):
        assert dict_to_object(object_to_dict(value), type(value)) == value

    def test_plain_objects_come_back(self):
        made = dict_to_object(object_to_dict(Plain("n", Child("c"))), Plain)

        assert (made.name, made.child, made.extra) == ("n", Child("c"), None)

    def test_objects_with_slots_come_back(self):
        value = MoreSlots()
        value.a, value.c = Child("x"), 2

        as_dict = object_to_dict(value)
        made = dict_to_object(as_dict, MoreSlots)

        assert as_dict == {"a": {"name": "x", "age": 0}, "c": 2}
        assert made.c == 2
        assert not hasattr(made, "b")

    def test_a_value_that_the_constructor_does_not_take_is_set(self):
        value = Frozen(inner=Child("a"))
        object.__setattr__(value, "size", 9)

        assert dict_to_object(object_to_dict(value), Frozen).size == 9

    @given(
        st.recursive(
            st.none() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=10,
        )
    )
    def test_any_data_in_a_field_comes_back(self, data):
        value = Parent(Child("a"), [], {}, free=data)

        assert dict_to_object(object_to_dict(value), Parent) == value


class TestObjectToDict:
    def test_gives_nested_dicts(self):
        assert object_to_dict(Pair(1, Child("x", 2))) == {
            "left": 1,
            "right": {"name": "x", "age": 2},
        }

    def test_is_a_copy_and_never_the_live_dict(self):
        value = Plain("n")
        value.extra = {"list": [1]}

        made = object_to_dict(value)
        made["name"] = "changed"
        made["extra"]["list"].append(2)

        assert value.name == "n"
        assert value.extra == {"list": [1]}
        assert made is not vars(value)

    def test_values_stay_as_they_are(self):
        values = [1, 1.5, True, None, "s", b"b", Color.RED, date(2026, 1, 1), Decimal(1), uuid.UUID(int=1),
                  PurePosixPath("x"), range(3), Child, len, pydantic.SecretStr("s")]  # fmt: skip

        made = object_to_dict(SimpleNamespace(values=values))["values"]

        assert all(new is old for new, old in zip(made, values, strict=True))

    def test_subclasses_of_the_standard_librarys_values_stay_as_they_are(self):
        text, moment = TaggedText("hello"), TaggedDate(2026, 1, 1)
        text.lang, moment.tag = "en", 1
        values = [TaggedUUID(int=5), text, moment, TaggedPath("/a/b")]

        made = object_to_dict({"values": values})["values"]

        assert all(new is old for new, old in zip(made, values, strict=True))

    @pytest.mark.parametrize(
        ("value", "fields"),
        [
            (Sheet("s"), {"name": "s"}),
            (Refusal(404), {"status": 404}),
            (FieldsOnText("de"), {"lang": "de"}),
        ],
    )
    def test_interfaces_errors_and_declared_fields_make_no_value(self, value, fields):
        assert object_to_dict({"x": value}) == {"x": fields}

    def test_secrets_stay_wrapped(self):
        made = object_to_dict(Model(number=1, child=Child("a")))

        assert "t0ken" not in repr(made)
        assert made["token"].get_secret_value() == "t0ken"

    def test_gives_public_attributes_only_where_no_fields_are_declared(self):
        assert object_to_dict(Plain("n")) == {"name": "n", "child": None, "extra": None}

    def test_machinery_in_the_instance_is_left_out(self):
        assert object_to_dict(Box[int](1)) == {"item": 1}

    def test_kinds_of_containers_stay(self):
        value = SimpleNamespace(t=(Child("a"),), s={1}, f=frozenset([2]), o=OrderedDict(x=(1,)))

        made = object_to_dict(value)

        assert made == {
            "t": ({"name": "a", "age": 0},),
            "s": {1},
            "f": frozenset([2]),
            "o": {"x": (1,)},
        }
        assert [type(item) for item in made.values()] == [tuple, set, frozenset, dict]

    def test_a_set_of_objects_becomes_a_list_since_dicts_are_not_hashable(self):
        assert object_to_dict(SimpleNamespace(s={Pair(1)})) == {"s": [{"left": 1, "right": None}]}

    def test_an_object_without_attributes_gives_an_empty_dict(self):
        assert object_to_dict(Bag()) == {}
        assert object_to_dict(SimpleNamespace()) == {}

    def test_dict_values_may_have_any_key(self):
        assert object_to_dict({"__class__": 1, 2: Child("a")}) == {
            "__class__": 1,
            2: {"name": "a", "age": 0},
        }

    def test_a_cycle_is_a_clear_error(self):
        value = Bag()
        value.children = [{"parent": value}]

        with pytest.raises(ObjectConversionError, match="contains itself") as caught:
            object_to_dict(value)

        assert caught.value.where == "Bag.children[0]['parent']"

    def test_the_same_object_twice_is_no_cycle(self):
        child = Child("a")

        assert object_to_dict({"x": child, "y": [child]}) == {
            "x": {"name": "a", "age": 0},
            "y": [{"name": "a", "age": 0}],
        }

    def test_hostile_depth_is_a_clean_error(self):
        value = []
        for _ in range(10_000):
            value = [value]

        with pytest.raises(ObjectConversionError, match="nested too deeply"):
            object_to_dict({"x": value})
        while value:
            value = value.pop()

    @pytest.mark.parametrize(
        "value", [1, "s", None, [Child("a")], Color.RED, Child, len, date(2026, 1, 1)]
    )
    def test_what_has_no_attributes_is_an_error(self, value):
        with pytest.raises(ObjectConversionError, match=f"{type(value).__name__} has none"):
            object_to_dict(value)


class TestDictToObject:
    def test_without_a_class_nested_dicts_are_read_with_dots(self):
        config = dict_to_object({"servers": [{"port": 80}], "db": {"host": "h"}, "t": ({"x": 1},)})

        assert config.servers[0].port == 80
        assert config.db.host == "h"
        assert config.t[0].x == 1

    def test_data_is_neither_changed_nor_shared(self):
        data = {"one": {"name": "a"}, "many": [], "by_name": {}, "free": {"list": [1]}}

        made = dict_to_object(data, Parent)
        made.free["list"].append(2)
        made.many.append(1)

        assert data == {"one": {"name": "a"}, "many": [], "by_name": {}, "free": {"list": [1]}}

    @pytest.mark.parametrize("key", ["__class__", "__dict__", "__init__", "__anything__", "____"])
    @pytest.mark.parametrize("cls", [Bag, Plain, Child, Pair, Attrs, Slots, Model, SimpleNamespace])
    def test_dunder_keys_are_refused(self, key, cls):
        with pytest.raises(
            UnsafeKeyError, match=f"the key '{key}' for {cls.__name__} is refused"
        ) as caught:
            dict_to_object({"name": "x", key: {}}, cls)

        assert caught.value.key == key
        assert caught.value.code == "utils-unsafe-key"

    def test_dunder_keys_are_refused_in_nested_objects_too(self):
        for data, where in [
            ({"one": {"__class__": 1}}, "Parent.one"),
            ({"many": [{"__dict__": {}}]}, r"Parent.many\[0\]"),
            ({"by_name": {"k": {"__init__": 1}}}, r"Parent.by_name\['k'\]"),
            ({"either": {"__class__": 1}}, "Parent.either"),
        ]:
            with pytest.raises(UnsafeKeyError, match=where):
                dict_to_object({"one": {"name": "a"}, "many": [], "by_name": {}} | data, Parent)
        with pytest.raises(UnsafeKeyError, match=r"SimpleNamespace.a\[0\]"):
            dict_to_object({"a": [{"__globals__": 1}]})

    def test_keys_of_dicts_that_stay_dicts_are_just_data(self):
        data = {"one": {"name": "a"}, "many": [], "by_name": {}, "free": {"__class__": 1}}

        assert dict_to_object(data, Parent).free == {"__class__": 1}

    def test_methods_can_not_be_replaced_by_data(self):
        with pytest.raises(ObjectConversionError, match="unknown: 'method'"):
            dict_to_object({"name": "x", "method": 1}, Plain)
        with pytest.raises(ObjectConversionError, match="unknown: 'shout'"):
            dict_to_object({"name": "x", "shout": "X"}, Plain)

    def test_an_unknown_key_is_an_error_that_names_it_and_the_nearest_right_one(self):
        good = {
            Child: {"name": "x"},
            Plain: {"name": "x"},
            Pair: {"left": 1},
            Attrs: {"_hidden": 1},
            Slots: {},
        }
        for cls, data in good.items():
            with pytest.raises(ObjectConversionError, match="unknown: 'nonsense'"):
                dict_to_object({**data, "nonsense": 1}, cls)
        with pytest.raises(ObjectConversionError, match=r"unknown: 'aeg' \(did you mean 'age'\?\)"):
            dict_to_object({"name": "x", "aeg": 1}, Child)

    def test_missing_keys_are_listed_all_at_once_with_the_unknown_ones(self):
        with pytest.raises(
            ObjectConversionError, match="missing: one, many, by_name; unknown: 'x'"
        ) as caught:
            dict_to_object({"x": 1}, Parent)

        assert caught.value.where == "Parent"
        for kind in (TypeError, ValueError, UtilsError):
            assert isinstance(caught.value, kind)
        assert caught.value.code == "utils-object-conversion"

    def test_errors_name_the_place_of_a_nested_fault(self):
        data = {"one": {"name": "a"}, "many": [{"name": "b"}, {"nam": "c"}], "by_name": {}}

        with pytest.raises(
            ObjectConversionError, match=r"Parent\.many\[1\]; missing: name; unknown: 'nam'"
        ):
            dict_to_object(data, Parent)

    def test_what_the_constructor_does_not_take_is_set_where_there_is_such_an_attribute(self):
        made = dict_to_object({"name": "x", "extra": 5, "level": 2, "volume": 7}, Plain)

        assert (made.extra, made.level) == (5, 7)

    def test_a_class_without_constructor_and_annotations_takes_any_attribute(self):
        assert vars(dict_to_object({"a": {"b": 1}}, Bag)) == {"a": {"b": 1}}

    def test_a_constructor_that_takes_any_name_gets_them_all(self):
        class Open:
            def __init__(self, first, /, **others):
                self.all = {"first": first, **others}

        assert dict_to_object({"second": 2, "first": 1}, Open).all == {"first": 1, "second": 2}

    def test_a_union_takes_the_first_class_that_fits(self):
        @dataclass
        class Holder:
            item: Union[Child, Pair, dict[str, int]]  # noqa: UP007 - the old spelling is what is tested

        assert dict_to_object({"item": {"name": "a"}}, Holder).item == Child("a")
        assert dict_to_object({"item": {"left": 1}}, Holder).item == Pair(1)
        assert dict_to_object({"item": {"other": 1}}, Holder).item == {"other": 1}

    def test_a_union_that_nothing_fits_says_why_for_each(self):
        data = {"one": {"name": "a"}, "many": [], "by_name": {}, "either": {"zzz": 1}}

        with pytest.raises(ObjectConversionError, match=r"fits none of its types.*name.*left"):
            dict_to_object(data, Parent)

    def test_lists_from_json_become_tuples_and_sets_where_annotated(self):
        @dataclass
        class Holder:
            row: tuple[int, ...]
            tags: set[str]
            names: list[str]

        made = dict_to_object({"row": [1], "tags": ["a"], "names": ["n"]}, Holder)

        assert made == Holder((1,), {"a"}, ["n"])

    def test_type_variables_stand_for_what_the_annotation_puts_in(self):
        inner = {"item": {"name": "e"}}
        data = {"item": {"name": "a"}, "more": [{"name": "b"}], "lid": {"name": "c"}}
        data |= {"inner": inner, "deep": {"item": [{"name": "f"}], "more": [[{"name": "g"}]]}}

        made = dict_to_object(data, Crate[Child])

        assert made == Crate(
            Child("a"),
            [Child("b")],
            Child("c"),
            Crate(Child("e")),
            Crate([Child("f")], [[Child("g")]]),
        )

    def test_type_variables_of_a_base_are_the_bases_own(self):
        data = {"item": {"name": "a"}, "label": {"level": 1}}

        assert dict_to_object(data, Labelled[dict[str, int]]) == Labelled(
            Child("a"), label={"level": 1}
        )
        assert dict_to_object(data, Labelled).item == Child("a")

    def test_a_generic_annotation_reaches_the_constructors_parameters(self):
        class Holder:
            def __init__(self, box: Box[Child]) -> None:
                self.box = box

        assert dict_to_object({"box": {"item": {"name": "a"}}}, Holder).box.item == Child("a")

    def test_self_is_the_class_in_hand(self):
        data = {"value": 1, "next": {"value": 2}, "all": [{"value": 3}]}

        assert dict_to_object(data, Node) == Node(1, Node(2), [Node(3)])

    def test_qualifiers_hide_no_class(self):
        row = {"child": {"name": "c"}, "old": {"name": "d"}, "strange": {"name": "e"}}

        made = dict_to_object(
            {"passed": {"name": "a"}, "fixed": {"name": "b"}, "row": row}, Qualified
        )

        assert (made.kept, made.fixed) == (Child("a"), Child("b"))
        assert made.row == {"child": Child("c"), "old": Child("d"), "strange": {"name": "e"}}

    @pytest.mark.skipif(sys.version_info < (3, 12), reason="the syntax is of Python 3.12")
    def test_type_parameters_in_brackets_work_as_well(self):
        names = {"Child": Child, "dataclass": dataclass, "__name__": __name__}
        source = (
            "type Many[V] = list[V]\n@dataclass\nclass Modern[U]:\n    item: U\n    many: Many[U]"
        )
        # Other Pythons could not read this file; the future import would make text of annotations.
        exec(compile(source, "modern", "exec", dont_inherit=True), names)
        modern = names["Modern"]

        assert dict_to_object(
            {"item": {"name": "a"}, "many": [{"name": "b"}]}, modern[Child]
        ) == modern(Child("a"), [Child("b")])

    def test_other_values_are_not_converted(self):
        made = dict_to_object({"name": 5, "age": "x"}, Child)

        assert made == Child(5, "x")

    def test_an_object_in_the_data_is_taken_as_it_is(self):
        child = Child("a")

        made = dict_to_object({"one": child, "many": [child], "by_name": {}}, Parent)

        assert made.one is child
        assert made.many[0] is child

    def test_classes_of_a_function_are_found_by_annotations_without_quotes(self):
        inner = dataclasses.make_dataclass("Inner", [("x", int)])
        outer = dataclasses.make_dataclass("Outer", [("inner", inner), ("many", list[inner])])

        assert dict_to_object({"inner": {"x": 1}, "many": [{"x": 2}]}, outer) == outer(
            inner(1), [inner(2)]
        )

    def test_an_annotation_only_for_checkers_hides_no_other(self):
        @dataclass
        class Holder:
            child: Child
            strange: OnlyForCheckers | None = None

        assert dict_to_object({"child": {"name": "a"}, "strange": 5}, Holder) == Holder(
            Child("a"), 5
        )

    def test_a_dict_for_an_annotation_that_can_not_be_resolved_is_a_clear_error(self):
        @dataclass
        class Holder:
            strange: OnlyForCheckers

        for value in ({"x": 1}, [{"x": 1}]):
            with pytest.raises(
                ObjectConversionError, match=r"'OnlyForCheckers' of Holder\.strange can't be"
            ):
                dict_to_object({"strange": value}, Holder)

    def test_the_classes_own_errors_pass_through(self):
        @dataclass
        class Strict:
            age: int

            def __post_init__(self):
                raise LookupError("own error")

        with pytest.raises(LookupError, match="own error"):
            dict_to_object({"age": 1}, Strict)

    def test_pydantic_models_validate_and_say_so_without_the_values(self):
        with pytest.raises(ObjectConversionError, match=r"number: .*integer.*token: ") as caught:
            dict_to_object(
                {"number": "hunter2", "child": {"name": "a"}, "token": ["hunter2"]}, Model
            )

        error = caught.value
        while error is not None:
            assert "hunter2" not in f"{error} {vars(error)}"
            error = error.__cause__ or error.__context__
        assert dict_to_object({"number": "3", "child": {"name": "a"}}, Model).number == 3

    @pytest.mark.parametrize("data", [None, [], "text", 5])
    def test_data_that_is_no_mapping_is_an_error(self, data):
        with pytest.raises(
            ObjectConversionError, match=f"takes a mapping; got {type(data).__name__}"
        ):
            dict_to_object(data, Child)

    def test_keys_that_are_no_text_are_an_error(self):
        with pytest.raises(ObjectConversionError, match="must be text; one is int"):
            dict_to_object({1: 2}, Bag)

    @pytest.mark.parametrize("cls", [int, dict, Color])
    def test_a_class_that_is_not_made_from_names_is_an_error(self, cls):
        with pytest.raises(ObjectConversionError, match="can't be made from a dict"):
            dict_to_object({}, cls)

    def test_what_is_no_class_is_an_error(self):
        with pytest.raises(ObjectConversionError, match="cls must be a class; got 5"):
            dict_to_object({}, 5)

    @pytest.mark.parametrize("cls", [SimpleNamespace, Bag, Model])
    def test_hostile_depth_is_a_clean_error(self, cls):
        data = {}
        for _ in range(10_000):
            data = {"child": data}

        with pytest.raises(ObjectConversionError, match="nested too deeply"):
            dict_to_object(data, cls)
        while data:
            data = data.pop("child")
