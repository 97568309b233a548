"""What is written as JSON, the same by both engines."""

from __future__ import annotations

import enum
import json
import math
from array import array
from collections import OrderedDict, UserDict, deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import cached_property
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import attrs
import msgspec
import numpy as np
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pepperpy.infra.serialization import (
    DepthError,
    JSONSerializer,
    SerializationError,
    SerializerConfig,
    deserialize_json,
    serialize_json,
)
from pepperpy.infra.serialization._json import _engine

pytestmark = pytest.mark.usefixtures("each_engine")


class Color(enum.Enum):
    RED = "red"
    PAIR = (1, 2)


class Level(enum.IntEnum):
    HIGH = 3


class Text(str):
    __slots__ = ()


class Whole(int):
    def __repr__(self) -> str:
        return "no number"


class Share(float):
    pass


@dataclass
class User:
    name: str
    _age: int = 3
    tags: set[str] = field(default_factory=set)

    @cached_property
    def shown(self) -> str:
        return self.name.title()


@attrs.define
class Thing:
    size: int


class Shape(msgspec.Struct, rename="camel", tag=True):
    side_length: float


class Model(pydantic.BaseModel):
    at: datetime
    held: bytes = b"x"


class Point(NamedTuple):
    x: int
    y: int


EASTERN = timezone(timedelta(hours=-5))


class TestTypes:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (2**64, "18446744073709551616"),
            (-(10**40), "-1" + "0" * 40),
            (Text("a"), '"a"'),
            (Whole(7), "7"),
            (Share(1.5), "1.5"),
            (Color.RED, '"red"'),
            (Color.PAIR, "[1,2]"),
            (Level.HIGH, "3"),
            (Point(1, 2), "[1,2]"),
            (deque([1]), "[1]"),
            (array("i", [1, 2]), "[1,2]"),
            (frozenset([1]), "[1]"),
            ({"b": 1}.keys(), '["b"]'),
            (MappingProxyType({"a": 1}), '{"a":1}'),
            (UserDict({"a": 1}), '{"a":1}'),
            (OrderedDict(a=1), '{"a":1}'),
            (b"\xff", '"/w=="'),
            (bytearray(b"\xff"), '"/w=="'),
            (memoryview(b"\xff"), '"/w=="'),
            (Decimal("1.10"), '"1.10"'),
            (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
            (PurePosixPath("a/b"), '"a/b"'),
            (date(2024, 2, 29), '"2024-02-29"'),
            (time(1, 2, 3, 4), '"01:02:03.000004"'),
            (time(1, 2, tzinfo=UTC), '"01:02:00Z"'),
            (timedelta(days=1, seconds=2), '"P1DT2S"'),
            (datetime(2024, 1, 2, 3, 4, 5), '"2024-01-02T03:04:05"'),  # noqa: DTZ001
            (datetime(2024, 1, 2, tzinfo=UTC), '"2024-01-02T00:00:00Z"'),
            (datetime(2024, 1, 2, tzinfo=EASTERN), '"2024-01-02T00:00:00-05:00"'),
            (Thing(3), '{"size":3}'),
            (Shape(1.5), '{"type":"Shape","sideLength":1.5}'),
            (
                Model(at=datetime(2024, 1, 2, tzinfo=UTC)),
                '{"at":"2024-01-02T00:00:00Z","held":"x"}',
            ),
            (np.int64(3), "3"),
            (np.float64(0.5), "0.5"),
            (np.bool_(True), "true"),
            (np.array([[1, 2], [3, 4]]), "[[1,2],[3,4]]"),
            (np.array([1.5, math.nan]), "[1.5,null]"),
            (np.array("2024-01-02", "datetime64[ns]"), '"2024-01-02T00:00:00.000000000"'),
            (np.array(["a"]), '["a"]'),
            (1e16, "1e+16"),
            (1.5e-7, "1.5e-7"),
            (-0.0, "-0.0"),
            ("é€😀", '"é€😀"'),
        ],
        ids=repr,
    )
    def test_each_type_has_one_form(self, value: Any, text: str) -> None:
        assert serialize_json(value).decode() == text
        assert serialize_json([value]).decode() == f"[{text}]"

    def test_of_a_dataclass_the_fields_are_written_and_nothing_that_is_cached_in_it(self) -> None:
        user = User("ana", tags={"a"})
        assert user.shown == "Ana"

        assert json.loads(serialize_json(user)) == {"name": "ana", "_age": 3, "tags": ["a"]}

    def test_an_offset_with_seconds_is_told_in_utc_and_stays_the_same_moment(self) -> None:
        moment = datetime(1900, 1, 1, tzinfo=timezone(timedelta(minutes=19, seconds=32)))

        written = deserialize_json(serialize_json(moment))

        assert written == "1899-12-31T23:40:28Z"
        assert datetime.fromisoformat(written) == moment

    @pytest.mark.parametrize(
        "value",
        [object(), 1j, range(3), iter([]), User, np.array([1j]), np.timedelta64(1, "s")],
        ids=lambda value: type(value).__name__,
    )
    def test_what_has_no_form_is_an_error_that_names_the_place(self, value: Any) -> None:
        with pytest.raises(SerializationError, match=r"JSON cannot hold \$\.a\[1\]: ") as caught:
            serialize_json({"a": [1, value]})

        assert caught.value.where == "$.a[1]"

    def test_an_error_shows_no_value(self) -> None:
        class Secret:
            def __repr__(self) -> str:
                return "hunter2"

        with pytest.raises(SerializationError) as caught:
            serialize_json({"password": Secret()})

        assert "hunter2" not in f"{caught.value!r}{caught.value.__cause__!r}"


class TestKeys:
    @pytest.mark.parametrize(
        ("key", "text"),
        [
            (1, "1"), (True, "true"), (None, "null"), (1.5, "1.5"), (1e16, "1e+16"), (2**70, str(2**70)),
            (Color.RED, "red"), (Level.HIGH, "3"), (date(2024, 1, 2), "2024-01-02"), (UUID(int=0), str(UUID(int=0))),
            (np.int64(4), "4"), (Text("k"), "k"),
        ],
        ids=repr,
    )  # fmt: skip
    def test_a_key_is_the_text_of_its_value(self, key: Any, text: str) -> None:
        assert json.loads(serialize_json({key: 0})) == {text: 0}

    @pytest.mark.parametrize(
        ("key", "text"),
        [(1, "1"), (None, "null"), (Color.RED, "red"), (1.5, "1.5"), (False, "false")],
    )
    def test_two_keys_with_one_text_are_refused(self, key: Any, text: str) -> None:
        with pytest.raises(SerializationError, match="another key of this dict"):
            serialize_json([{key: 0, text: 1}])

    @pytest.mark.parametrize("key", [(1, 2), math.nan, math.inf, frozenset()], ids=repr)
    def test_what_has_no_text_is_no_key(self, key: Any) -> None:
        with pytest.raises(SerializationError):
            serialize_json({key: 0})

    @pytest.mark.parametrize("text", [chr(0xD800), f"a{chr(0xDFFF)}b"])
    def test_half_a_surrogate_pair_is_refused_in_keys_and_values(self, text: str) -> None:
        with pytest.raises(SerializationError, match="half of a surrogate pair"):
            serialize_json({"a": text})
        with pytest.raises(SerializationError, match="half of a surrogate pair"):
            serialize_json({text: 1})


class TestNaN:
    VALUES = (math.nan, math.inf, -math.inf)

    def test_by_default_it_is_null_and_never_bare(self) -> None:
        assert serialize_json([*self.VALUES]) == b"[null,null,null]"

    def test_it_may_be_an_error_though_a_real_null_is_none(self) -> None:
        assert serialize_json([None, 1.5], nan="raise") == b"[null,1.5]"
        for value in self.VALUES:
            with pytest.raises(SerializationError, match="policy"):
                serialize_json([None, value], nan="raise")

    def test_it_may_be_text(self) -> None:
        assert (
            serialize_json([None, *self.VALUES], nan="string")
            == b'[null,"NaN","Infinity","-Infinity"]'
        )

    @pytest.mark.parametrize("indent", [None, 0, 2, 3])
    def test_it_may_be_a_constant_and_text_that_looks_like_one_stays_text(
        self, indent: int | None
    ) -> None:
        value = {"a": [*self.VALUES, "NaN", "Infinity"]}

        written = serialize_json(value, nan="constant", indent=indent)

        assert json.loads(written)["a"][1:] == value["a"][1:]
        assert (written.count(b"NaN"), written.count(b'"NaN"')) == (2, 1)


class TestLayout:
    PLAIN = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner)
        ),
        max_leaves=20,
    )

    @given(PLAIN, st.sampled_from([0, 1, 2, 4, 7]), st.booleans())
    @settings(max_examples=4 * settings.default.max_examples, deadline=None)
    def test_indent_lays_out_as_the_standard_library_does(
        self, value: Any, indent: int, order: bool
    ) -> None:
        expected = json.dumps(value, indent=indent, ensure_ascii=False, sort_keys=order).encode()

        assert serialize_json(value, indent=indent, sort_keys=order) == expected

    def test_sorted_keys_order_fields_and_sets_too(self) -> None:
        first = {"b": {"z", "a", "m"}, "a": User("ana")}

        written = serialize_json(first, sort_keys=True)

        assert written == b'{"a":{"_age":3,"name":"ana","tags":[]},"b":["a","m","z"]}'


class TestDefault:
    def test_it_is_asked_for_what_has_no_form_only(self) -> None:
        seen: list[Any] = []

        def default(value: Any) -> Any:
            seen.append(value)
            return [value.real, value.imag]

        assert (
            serialize_json({"a": 1j, "b": Decimal(1)}, default=default)
            == b'{"a":[0.0,1.0],"b":"1"}'
        )
        assert set(seen) == {1j}

    def test_what_it_raises_is_the_cause(self) -> None:
        def default(value: Any) -> Any:
            raise ZeroDivisionError

        with pytest.raises(SerializationError) as caught:
            serialize_json(1j, default=default)

        assert isinstance(caught.value.__cause__, ZeroDivisionError)

    @pytest.mark.parametrize("control", [KeyboardInterrupt, SystemExit, GeneratorExit])
    def test_control_flow_passes_through(self, control: type[BaseException]) -> None:
        def default(value: Any) -> Any:
            raise control

        with pytest.raises(control):
            serialize_json([1j], default=default)

    def test_one_that_gives_nothing_simpler_is_an_error(self) -> None:
        with pytest.raises(SerializationError, match="nothing simpler"):
            serialize_json(1j, default=lambda value: value)


def nested(depth: int, kind: type = list) -> Any:
    value: Any = 1
    for level in range(depth):
        value = [value] if kind is list or (kind is object and level % 2) else {"a": value}
    return value


class TestDepth:
    @pytest.mark.parametrize("kind", [list, dict, object])
    def test_500_levels_are_written_and_read_again_from_any_stack(self, kind: type) -> None:
        def deeper(frames: int) -> bytes:
            return deeper(frames - 1) if frames else serialize_json(nested(500, kind))

        written = deeper(700)

        assert serialize_json(deserialize_json(written)) == written

    @pytest.mark.parametrize("depth", [501, 900, 5_000, 100_000])
    @pytest.mark.parametrize("kind", [list, dict])
    def test_more_is_an_error(self, depth: int, kind: type) -> None:
        with pytest.raises(DepthError) as caught:
            serialize_json(nested(depth, kind))

        assert caught.value.max_depth == 500

    def test_the_limit_can_be_lower(self) -> None:
        serializer = JSONSerializer(SerializerConfig(max_depth=3))

        assert serializer.serialize(nested(3)) == b"[[[1]]]"
        with pytest.raises(DepthError):
            serializer.serialize(nested(4))

    def test_a_container_that_holds_itself_is_an_error(self) -> None:
        loop: list[Any] = []
        loop.extend([loop, loop])

        with pytest.raises(DepthError):
            serialize_json(loop)


SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text() | st.binary() | st.datetimes()
    | st.datetimes(timezones=st.timezones()) | st.dates() | st.times() | st.timedeltas() | st.uuids() | st.decimals()
)  # fmt: skip
KEYS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.dates()
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner) | st.builds(User, inner),
    max_leaves=10,
)  # fmt: skip


def outcome(value: Any, config: SerializerConfig) -> bytes | str:
    try:
        return JSONSerializer(config).serialize(value)
    except SerializationError as error:
        return str(error)


class TestEngines:
    @given(
        ANYTHING,
        st.booleans(),
        st.sampled_from([None, 0, 2, 4]),
        st.sampled_from(["null", "string"]),
    )
    @settings(max_examples=10 * settings.default.max_examples, deadline=None)
    def test_both_write_the_same_bytes_or_refuse_alike(
        self, value: Any, order: bool, indent: int | None, nan: Any
    ) -> None:
        config = SerializerConfig(sort_keys=order, indent=indent, nan=nan)
        with pytest.MonkeyPatch.context() as patch:
            _engine.engine.cache_clear()
            first = outcome(value, config)
            patch.setitem(__import__("sys").modules, "orjson", None)
            _engine.engine.cache_clear()
            second = outcome(value, config)
        _engine.engine.cache_clear()

        assert first == second

    def test_the_engine_is_the_one_that_is_there(self, each_engine: str) -> None:
        dumps = _engine.engine()[0]

        assert (dumps is _engine._msgspec_dumps) == (each_engine == "msgspec")
