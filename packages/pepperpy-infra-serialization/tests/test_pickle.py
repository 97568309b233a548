from __future__ import annotations

import pickle
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pepperpy.infra.serialization import (
    PickleSerializer,
    SerializationError,
    SerializerConfig,
    SerializerConfigError,
    UnsafeDataError,
    deserialize_pickle,
    get_serializer,
    serialize_pickle,
)


class Color(Enum):
    RED = "red"


class Level(IntEnum):
    LOW = 1


class Rights(Flag):
    READ = 1
    WRITE = 2


@dataclass
class Point:
    x: int
    y: Any


class Outer:
    @dataclass(frozen=True, slots=True)
    class Inner:
        z: int


PLAIN = [
    None,
    True,
    2**200,
    -0.0,
    float("inf"),
    complex(1, -0.0),
    "text\ud800",
    b"\x00\xff",
    bytearray(b"ab"),
    [1, [2]],
    (1, (2,)),
    {"a": {1: 2}},
    {1, 2},
    frozenset({(1, 2)}),
    range(1, 9, 2),
    slice(1, None, 2),
    OrderedDict(b=1, a=2),
    deque([1, 2], 5),
    Counter("abca"),
    defaultdict(list, a=[1]),
    defaultdict(set, a={1}),
    date(2024, 2, 29),
    time(1, 2, 3, 4, fold=1),
    datetime(2024, 5, 1, 12, 30),  # noqa: DTZ001 - a naive one is meant
    datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
    datetime(2024, 5, 1, tzinfo=timezone(timedelta(hours=2), "X")),
    timedelta(days=-1, microseconds=1),
    Decimal("1.50"),
    Decimal("-Infinity"),
    UUID(int=5),
    Path("/a/b"),
    PurePosixPath("a"),
    PureWindowsPath("c:/x"),
]


class TestPlainData:
    @pytest.mark.parametrize("value", PLAIN, ids=repr)
    def test_comes_back_exactly(self, value: Any) -> None:
        back = deserialize_pickle(serialize_pickle(value))

        assert back == value
        assert type(back) is type(value)
        assert repr(back) == repr(value)

    @pytest.mark.parametrize("value", PLAIN, ids=repr)
    @pytest.mark.parametrize("protocol", range(6))
    def test_is_read_in_every_protocol(self, value: Any, protocol: int) -> None:
        if isinstance(value, UUID) and protocol < 2:
            pickled = b"\x80\x04\x8c\x04uuid\x8c\x04UUID\x93)\x81}\x8c\x03intK\x05sb."
        else:
            pickled = pickle.dumps(value, protocol)

        assert deserialize_pickle(pickled) == value

    def test_keeps_what_is_shared_and_what_contains_itself(self) -> None:
        shared = [1]
        loop: list[Any] = [shared, shared]
        loop.append(loop)

        back = deserialize_pickle(serialize_pickle(loop))

        assert back[0] is back[1]
        assert back[2] is back

    def test_of_many_references_to_one_value_is_read(self) -> None:
        rows = [{"id": n, "tags": ("a", "b"), "shared": list(range(500))} for n in range(50)]
        rows *= 200

        assert deserialize_pickle(serialize_pickle(rows)) == rows

    @pytest.mark.parametrize(
        "array",
        [
            np.arange(6).reshape(2, 3),
            np.arange(12)[::3],
            np.asfortranarray(np.arange(6.0).reshape(2, 3)),
            np.array([1.5, np.nan], "<f4"),
            np.array(["2020-01-01", "NaT"], "M8[s]"),
            np.array([1, 2], "m8[25us]"),
            np.array(["a", "bcd"]),
            np.array([b"a", b"bc"]),
            np.array([True, False]),
            np.array([(1, "x", [1, 2])], [("a", "<i2"), ("b", "U3"), ("c", "f8", (2,))]),
            np.array([(1, 2)], np.dtype([("a", "i1"), ("b", "i8")], align=True)),
            np.zeros((0, 3)),
            np.array(5),
            np.array([1 + 2j]),
        ],
        ids=lambda array: str(array.dtype),
    )
    @pytest.mark.parametrize("protocol", [2, 4, 5])
    def test_holds_arrays_of_numpy(self, array: np.ndarray[Any, Any], protocol: int) -> None:
        back = deserialize_pickle(pickle.dumps([array, array], protocol))

        assert type(back[0]) is np.ndarray
        assert back[0].dtype == array.dtype
        assert back[0].tobytes() == array.tobytes()
        assert back[0].shape == array.shape
        assert back[0] is back[1]
        assert back[0].flags.writeable

    @pytest.mark.parametrize(
        "scalar", [np.float64(1.5), np.int8(-3), np.bool_(1), np.datetime64("2020", "D")]
    )
    def test_holds_scalars_of_numpy(self, scalar: np.generic) -> None:
        back = deserialize_pickle(serialize_pickle(scalar))

        assert back == scalar
        assert type(back) is type(scalar)

    def test_of_a_big_endian_array_keeps_its_order_of_bytes(self) -> None:
        back = deserialize_pickle(serialize_pickle(np.array([1, 2], ">i4")))

        assert back.dtype.str == ">i4"
        assert back.tolist() == [1, 2]

    def test_is_made_what_type_says(self) -> None:
        assert deserialize_pickle(serialize_pickle({"x": 1, "y": 2}), Point) == Point(1, 2)
        with pytest.raises(SerializationError, match="the data is no"):
            deserialize_pickle(serialize_pickle({"x": "a"}), Point)


class TestAllow:
    @pytest.mark.parametrize(
        ("value", "allow"),
        [
            (Point(1, [Point(2, None)]), [Point]),
            (Outer.Inner(3), [Outer.Inner]),
            (Color.RED, [Color]),
            (Level.LOW, [Level]),
            (Rights.READ | Rights.WRITE, [Rights]),
            (Point, [Point]),
        ],
        ids=repr,
    )
    def test_adds_classes(self, value: Any, allow: list[type]) -> None:
        pickled = serialize_pickle(value)

        assert deserialize_pickle(pickled, allow=allow) == value
        assert PickleSerializer(allow=allow).deserialize(pickled) == value
        assert get_serializer("pickle", SerializerConfig(allow=allow)).deserialize(pickled) == value
        with pytest.raises(UnsafeDataError, match=r"asks for .*allow=\[...\]"):
            deserialize_pickle(pickled)

    def test_means_exactly_these(self) -> None:
        with pytest.raises(UnsafeDataError, match=r"Outer\.Inner"):
            deserialize_pickle(serialize_pickle(Outer.Inner(1)), allow=[Outer, Point])

    def test_gives_the_class_that_was_passed_whatever_its_module_holds_now(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pickled = serialize_pickle(Point(1, 2))
        original = Point
        monkeypatch.setattr(sys.modules[__name__], "Point", None)

        assert deserialize_pickle(pickled, allow=[original]) == original(1, 2)

    @pytest.mark.parametrize("allow", [["Point"], Point, "Point", [len]])
    def test_takes_a_list_of_classes(self, allow: Any) -> None:
        with pytest.raises(SerializerConfigError, match="allow must be a list of classes"):
            PickleSerializer(allow=allow)

    def test_lets_no_one_set_the_state_of_a_member(self) -> None:
        module = __name__.encode()
        pickled = b"\x80\x04c" + module + b"\nColor\n\x8c\x03red\x85R}\x8c\x01xK\x01sb."

        with pytest.raises(UnsafeDataError, match="state of a member of Color"):
            deserialize_pickle(pickled, allow=[Color])

        assert not hasattr(Color.RED, "x")

    @pytest.mark.parametrize("state", [b"}\x8c\x01xK\x01s", b"N}\x8c\x01xK\x01s\x86"])
    def test_lets_no_one_set_the_state_of_a_class(self, state: bytes) -> None:
        pickled = b"\x80\x04c" + __name__.encode() + b"\nPoint\n" + state + b"b."

        with pytest.raises(UnsafeDataError, match="sets the state of what it has not made"):
            deserialize_pickle(pickled, allow=[Point])

        assert not hasattr(Point, "x")


class Unruly:
    def __reduce__(self) -> Any:
        raise LookupError("not now")


class TestSerializing:
    @pytest.mark.parametrize(
        "value", [lambda: None, sys, Unruly()], ids=["lambda", "module", "own"]
    )
    def test_of_what_cannot_be_pickled_is_one_error(self, value: Any) -> None:
        with pytest.raises(SerializationError, match="the value cannot be pickled") as caught:
            serialize_pickle(value)

        assert caught.value.__cause__ is not None

    def test_of_what_is_nested_too_deeply_is_one_error(self) -> None:
        value: list[Any] = []
        for _ in range(100_000):
            value = [value]

        with pytest.raises(SerializationError):
            serialize_pickle(value)

    def test_lets_an_interrupt_pass(self) -> None:
        class Interrupting:
            def __reduce__(self) -> Any:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            serialize_pickle(Interrupting())


class TestSigning:
    def test_brings_back_any_object(self) -> None:
        pickled = serialize_pickle(Point(1, print), key="secret")

        assert deserialize_pickle(pickled, key=b"secret") == Point(1, print)

    def test_accepts_every_key_of_a_list_and_signs_with_the_first(self) -> None:
        old, new = serialize_pickle(1, key="old"), serialize_pickle(2, key=["new", "old"])

        assert [deserialize_pickle(each, key=["new", "old"]) for each in (old, new)] == [1, 2]
        assert deserialize_pickle(new, key="new") == 2
        with pytest.raises(UnsafeDataError):
            deserialize_pickle(new, key="old")

    def test_notices_every_changed_bit(self) -> None:
        pickled = serialize_pickle({"amount": 1}, key="secret")

        for place in range(len(pickled)):
            for bit in range(8):
                changed = bytearray(pickled)
                changed[place] ^= 1 << bit
                with pytest.raises(UnsafeDataError):
                    deserialize_pickle(changed, key="secret")

    def test_notices_every_truncation_and_addition(self) -> None:
        pickled = serialize_pickle([1], key="secret")

        for length in range(len(pickled)):
            with pytest.raises(UnsafeDataError):
                deserialize_pickle(pickled[:length], key="secret")
        with pytest.raises(UnsafeDataError, match="another key, or changed"):
            deserialize_pickle(pickled + b"\0", key="secret")

    def test_is_demanded_where_there_is_a_key(self) -> None:
        with pytest.raises(UnsafeDataError, match="is not signed, and key= asks for that"):
            deserialize_pickle(serialize_pickle(1), key="secret")

    def test_is_named_where_the_key_is_missing(self) -> None:
        with pytest.raises(UnsafeDataError, match="give the key="):
            deserialize_pickle(serialize_pickle(1, key="secret"))
        with pytest.raises(UnsafeDataError, match="give the key="):
            deserialize_pickle(serialize_pickle(1, key="secret"), unsafe=True)

    def test_reads_nothing_before_it_is_verified(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pickled = serialize_pickle(1, key="theirs")
        monkeypatch.setattr(pickle, "loads", lambda *_: pytest.fail("it was read"))

        with pytest.raises(UnsafeDataError):
            deserialize_pickle(pickled, key="ours")

    def test_shows_its_key_nowhere(self) -> None:
        serializer = PickleSerializer(key="hunter2")

        assert "hunter2" not in repr(serializer) + repr(serializer.config)
        assert b"hunter2" not in serializer.serialize(1)
        with pytest.raises(UnsafeDataError) as caught:
            serializer.deserialize(b"x")
        assert "hunter2" not in repr(caught.value)

    @pytest.mark.parametrize("key", ["", b"", [], [""], 5])
    def test_takes_keys_that_are_some(self, key: Any) -> None:
        with pytest.raises(SerializerConfigError, match="key must be"):
            PickleSerializer(key=key)


class TestUnsafe:
    def test_makes_anything(self) -> None:
        assert deserialize_pickle(pickle.dumps(print), unsafe=True) is print

    def test_still_has_one_error(self) -> None:
        with pytest.raises(SerializationError, match="cannot be read"):
            deserialize_pickle(b"cbuiltins\nint\n(S'x'\ntR.", unsafe=True)

    def test_and_a_key_contradict_each_other(self) -> None:
        with pytest.raises(SerializerConfigError, match="give one of them"):
            PickleSerializer(key="k", unsafe=True)
