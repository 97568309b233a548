"""Tags bring types back, in JSON and MessagePack, and nothing plain is mistaken for one."""

from __future__ import annotations

import enum
import math
import os
import subprocess
import sys
import textwrap
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pepperpy.infra.serialization import (
    SerializationError,
    SerializerConfig,
    get_serializer,
)

FORMATS = pytest.mark.parametrize("kind", ["json", "msgpack"])
TAGGED = SerializerConfig(tagged=True)

UNICODE = st.text(st.characters(codec="utf-8"))
DOLLARS = st.sampled_from(["$", "$$", "$tuple", "$$tuple", "$bytes", "$dict", "tuple"])
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | UNICODE | DOLLARS | st.binary()
    | st.datetimes() | st.datetimes(timezones=st.just(UTC)) | st.dates() | st.times() | st.timedeltas() | st.uuids()
    | st.decimals(allow_nan=False) | st.complex_numbers(allow_nan=False)
)  # fmt: skip
HASHABLE = st.recursive(
    SCALARS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=4
)
ANYTHING = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.sets(HASHABLE, max_size=3)
        | st.dictionaries(HASHABLE | DOLLARS, inner, max_size=3)
    ),
)


def same(first: Any, second: Any) -> bool:
    """Equal, and of equal types all the way down."""
    if type(first) is not type(second):
        return False
    if isinstance(first, dict):
        kinds = [sorted(type(key).__name__ for key in each) for each in (first, second)]
        return kinds[0] == kinds[1] and all(same(first[key], second.get(key)) for key in first)
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(same, first, second))
    return bool(first == second)


class Color(enum.Enum):
    RED = 1


class TestRoundTrip:
    @FORMATS
    @given(ANYTHING)
    @settings(max_examples=8 * settings.default.max_examples, deadline=None)
    def test_values_come_back_with_their_types(self, kind: str, value: Any) -> None:
        serializer = get_serializer(kind, TAGGED)

        assert same(serializer.deserialize(serializer.serialize(value)), value)

    @FORMATS
    @pytest.mark.parametrize(
        "value",
        [
            Path("a/b"), 2**200, math.inf, -math.inf, b"", (), {(): ()}, {1: "a", "1": "b"}, Decimal("1.10"), complex(-0.0, 2),
            datetime.fromisoformat("2024-10-27T02:30").replace(fold=1), datetime(2024, 1, 2, tzinfo=timezone(timedelta(hours=-5))),
        ],
        ids=repr,
    )  # fmt: skip
    def test_odd_values_come_back(self, kind: str, value: Any) -> None:
        serializer = get_serializer(kind, TAGGED)

        read = serializer.deserialize(serializer.serialize([value]))

        assert repr(read) == repr([value])

    @FORMATS
    def test_as_deep_as_is_promised(self, kind: str) -> None:
        serializer = get_serializer(kind, TAGGED)
        lists: Any = 1
        tuples: Any = 1
        for level in range(500):
            lists = [lists]
            tuples = (tuples,) if level < 250 else tuples  # each of them is two levels

        assert serializer.serialize(
            serializer.deserialize(serializer.serialize(lists))
        ) == serializer.serialize(lists)
        assert same(serializer.deserialize(serializer.serialize(tuples)), tuples)

    @FORMATS
    def test_nan_comes_back(self, kind: str) -> None:
        serializer = get_serializer(kind, TAGGED)

        assert math.isnan(serializer.deserialize(serializer.serialize(math.nan)))

    @FORMATS
    @pytest.mark.parametrize(
        "array",
        [
            np.arange(6, dtype=">i2").reshape(2, 3), np.asfortranarray(np.ones((2, 3))), np.array(5), np.zeros((0, 3)),
            np.array(["é", ""]), np.array([1 + 2j]), np.array(["2024-01-02", "NaT"], "M8[ns]"), np.array([True]),
        ],
        ids=lambda array: f"{array.dtype} {array.shape}",
    )  # fmt: skip
    def test_arrays_of_numpy_come_back_bit_by_bit_and_can_be_written_to(
        self, kind: str, array: Any
    ) -> None:
        serializer = get_serializer(kind, TAGGED)

        read = serializer.deserialize(serializer.serialize({"a": array}))["a"]

        assert (read.dtype, read.shape, read.tobytes()) == (
            array.dtype,
            array.shape,
            array.tobytes(),
        )
        assert read.flags.writeable

    @FORMATS
    def test_scalars_of_numpy_come_back(self, kind: str) -> None:
        serializer = get_serializer(kind, TAGGED)

        for value in (np.int8(3), np.float32(0.1), np.float64(0.1), np.bool_(True)):
            read = serializer.deserialize(serializer.serialize(value))
            assert (type(read), read) == (type(value), value)

    @FORMATS
    def test_members_of_an_enum_come_back_where_it_is_allowed(self, kind: str) -> None:
        allowed = get_serializer(kind, SerializerConfig(tagged=True, allow=[Color]))
        written = allowed.serialize([Color.RED])

        assert allowed.deserialize(written) == [Color.RED]
        assert (
            get_serializer(kind, TAGGED).deserialize(
                get_serializer(kind, TAGGED).serialize(Color.RED)
            )
            == 1
        )
        with pytest.raises(SerializationError):
            get_serializer(kind, TAGGED).deserialize(written)


class TestRefusals:
    @FORMATS
    @pytest.mark.parametrize("dtype", ["V0", [("a", "i4")], object])
    def test_arrays_that_would_not_come_back_are_not_written(self, kind: str, dtype: Any) -> None:
        with pytest.raises(SerializationError, match="has no tag"):
            get_serializer(kind, TAGGED).serialize(np.zeros(2, dtype))

    @pytest.mark.parametrize(
        "text",
        [
            '{"$nothing":1}', '{"$":1}', '{"$tuple":1}', '{"$set":[[1]]}', '{"$uuid":"x"}', '{"$uuid":1}', '{"$bytes":"x"}',
            '{"$datetime":"2024"}', '{"$dict":[[1]]}', '{"$dict":[[1,2],[1,3]]}', '{"$ndarray":["O",[1],{"$bytes":"AAAAAAAAAAA="}]}',
            '{"$ndarray":["<i8",[1000000000000],{"$bytes":""}]}', '{"$decimal":[0,[1],2]}', '{"$enum":["x.Y","Z"]}', '{"$float":1}',
            '{"$ndarray":["<i8",[-1],{"$bytes":"AAAAAAAAAAA="}]}', '{"$path":1}', '{"$timedelta":[9999999999,0,0]}',
            '{"$float":[]}', '{"$ndarray":["(",[1],{"$bytes":""}]}', '{"$ndarray":[",8",[1],{"$bytes":""}]}',
            # NumPy divides by that zero, which ends the process.
            '{"$scalar":["<M8[25s/0]",[],{"$bytes":"AAAAAAAAAAA="}]}', '{"$scalar":["<m8[0s]",[],{"$bytes":"AAAAAAAAAAA="}]}',
        ],
    )  # fmt: skip
    def test_a_tag_that_holds_nonsense_is_an_error(self, text: str) -> None:
        with pytest.raises(SerializationError):
            get_serializer("json", TAGGED).deserialize(text)

    @given(
        st.sampled_from(
            [
                "tuple",
                "dict",
                "ndarray",
                "scalar",
                "enum",
                "datetime",
                "time",
                "date",
                "timedelta",
                "decimal",
                "uuid",
                "bytes",
                "float",
                "complex",
                "path",
                "set",
                "frozenset",
                "int",
            ]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | UNICODE,
            lambda i: st.lists(i) | st.dictionaries(UNICODE, i),
            max_leaves=10,
        ),
    )
    @settings(max_examples=10 * settings.default.max_examples, deadline=None)
    def test_any_payload_gives_a_value_or_the_error(self, name: str, payload: Any) -> None:
        for kind, value in (("json", {f"${name}": payload}), ("msgpack", payload)):
            if kind == "json":
                data = get_serializer("json").serialize(value)
            else:
                try:
                    data = msgspec.msgpack.encode(
                        msgspec.msgpack.Ext(80, msgspec.msgpack.encode([name, payload]))
                    )
                except OverflowError:
                    continue
            with suppress(SerializationError):
                get_serializer(kind, TAGGED).deserialize(data)

    def test_an_extension_inside_of_extensions_is_an_error_and_no_crash(self) -> None:
        data = msgspec.msgpack.encode(1)
        for _ in range(3000):
            data = msgspec.msgpack.encode(msgspec.msgpack.Ext(80, b"\x92\xa5tuple\x91" + data))

        with pytest.raises(SerializationError):
            get_serializer("msgpack", TAGGED).deserialize(data)

    def test_an_extension_with_the_code_of_tags_is_refused_on_write(self) -> None:
        with pytest.raises(SerializationError, match="code 80"):
            get_serializer("msgpack", TAGGED).serialize(msgspec.msgpack.Ext(80, b""))


class TestOrder:
    @pytest.mark.parametrize("name", ["json", "msgpack"])
    def test_sets_give_the_same_bytes_in_every_run(self, name: str) -> None:
        code = f"""
            from pepperpy.infra.serialization import SerializerConfig, get_serializer
            value = [set("abcdef"), frozenset(["x", "y", frozenset("pq"), 1, None])]
            print(get_serializer("{name}", SerializerConfig(tagged=True)).serialize(value).hex())
            """
        made = {
            subprocess.run(
                [sys.executable, "-c", textwrap.dedent(code)],
                env={**os.environ, "PYTHONHASHSEED": seed},
                check=True,
                capture_output=True,
            ).stdout
            for seed in ("1", "2", "3", "4")
        }

        assert len(made) == 1
