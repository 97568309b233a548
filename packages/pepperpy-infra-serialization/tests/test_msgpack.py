"""MessagePack: what is written, what is read, and what is refused."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

import msgpack
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pepperpy.infra.serialization import (
    DepthError,
    MessagePackSerializer,
    SerializationError,
    SerializerConfig,
    SerializerConfigError,
    deserialize_msgpack,
    iter_msgpack,
    serialize_msgpack,
)

FIRST, LAST = datetime.fromisoformat("0001-01-03"), datetime.fromisoformat("9999-12-29")
WHOLE = st.integers(-(2**63), 2**64 - 1)
UNICODE = st.text(st.characters(codec="utf-8"))
PLAIN = st.recursive(
    st.none() | st.booleans() | WHOLE | st.floats() | UNICODE | st.binary(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(UNICODE | WHOLE | st.binary() | st.none(), inner)
    ),
    max_leaves=20,
)


class Name(str):
    __slots__ = ()


class TestValues:
    @given(PLAIN)
    @settings(max_examples=6 * settings.default.max_examples, deadline=None)
    def test_plain_values_come_back_exactly_and_another_reader_agrees(self, value: Any) -> None:
        written = serialize_msgpack(value)

        assert repr(deserialize_msgpack(written)) == repr(value)
        assert repr(msgpack.unpackb(written, strict_map_key=False)) == repr(value)

    @given(st.datetimes(min_value=FIRST, max_value=LAST, timezones=st.timezones()))
    def test_a_moment_is_a_timestamp_exact_to_the_microsecond_and_comes_back_in_utc(
        self, moment: datetime
    ) -> None:
        read = deserialize_msgpack(serialize_msgpack(moment))

        assert read == moment.astimezone(UTC)
        assert read.tzinfo == UTC

    def test_the_last_moments_before_1970_are_right(self) -> None:
        moment = datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

        assert deserialize_msgpack(serialize_msgpack(moment)) == moment

    @pytest.mark.parametrize(
        ("value", "read"),
        [
            (Name("a"), "a"), (np.float64(1.5), 1.5), (np.arange(3), [0, 1, 2]), ((1, 2), [1, 2]), ({1}, [1]),
            (UUID(int=1), str(UUID(int=1))), (date(2024, 1, 2), "2024-01-02"), (bytearray(b"x"), b"x"),
            ({(1, 2): 3}, {(1, 2): 3}), ({frozenset([1]): 3}, {(1,): 3}), ({frozenset([1]): np.int8(3)}, {(1,): 3}), ({True: 1, 1.5: 2}, {True: 1, 1.5: 2}), ([Name("a"), b"x"], ["a", b"x"]),
            ({Name("k"): np.int64(2)}, {"k": 2}), (FIRST, "0001-01-03T00:00:00"),
        ],
        ids=repr,
    )  # fmt: skip
    def test_what_it_lacks_stands_as_something_simpler(self, value: Any, read: Any) -> None:
        assert deserialize_msgpack(serialize_msgpack(value)) == read

    def test_extensions_of_the_users_own_pass(self) -> None:
        mine = msgspec.msgpack.Ext(5, b"abc")

        assert deserialize_msgpack(serialize_msgpack([mine, Name("x")]))[0] == mine

    def test_sorted_keys_give_equal_bytes_for_equal_values(self) -> None:
        config = SerializerConfig(sort_keys=True)

        assert serialize_msgpack({"b": 1, "a": {2, 1}}, config) == serialize_msgpack(
            {"a": {1, 2}, "b": 1}, config
        )


class TestRefusals:
    @pytest.mark.parametrize("value", [2**64, -(2**63) - 1, {"a": [2**64]}])
    def test_integers_beyond_64_bits_are_an_error(self, value: Any) -> None:
        with pytest.raises(SerializationError, match="64 bits"):
            serialize_msgpack(value)

    @pytest.mark.parametrize("value", [object(), 1j, "\ud800", {"\ud800": 1}, {1j: 1}], ids=repr)
    def test_what_has_no_form_is_an_error(self, value: Any) -> None:
        with pytest.raises(SerializationError, match="MessagePack cannot hold"):
            serialize_msgpack([value])

    @pytest.mark.parametrize(
        "data",
        [
            b"", b"\x01\x02", b"\xc1", b"\xa5ab", b"\x81\x01", b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff",
            b"\xc6\xff\xff\xff\xff", b"\xc9\xff\xff\xff\xff\x01", b"\xa2\xff\xff", b"\x81\x81\x01\x02\x03",
            b"\xc7\x0c\xff" + b"\x00" * 4 + b"\x7f" + b"\xff" * 7, b"\xd7\xff" + b"\xff" * 8, b"\xd4\xff\x00",
        ],
    )  # fmt: skip
    def test_what_is_no_document_is_one_error_from_its_cause(self, data: bytes) -> None:
        with pytest.raises(SerializationError) as caught:
            deserialize_msgpack(data)

        assert caught.value.__cause__ is not None

    def test_text_is_no_document(self) -> None:
        with pytest.raises(SerializationError, match="from bytes; got str"):
            deserialize_msgpack("\x01")  # type: ignore[call-overload]

    @given(st.binary())
    @settings(max_examples=10 * settings.default.max_examples, deadline=None)
    def test_any_bytes_give_a_value_or_the_error(self, data: bytes) -> None:
        for config in (SerializerConfig(), SerializerConfig(tagged=True, strict=True)):
            try:
                value = deserialize_msgpack(data, config=config)
            except SerializationError:
                continue
            assert serialize_msgpack(value, SerializerConfig(tagged=True))

    def test_strict_refuses_two_members_with_one_key_and_true_is_not_1(self) -> None:
        strict = SerializerConfig(strict=True)

        assert deserialize_msgpack(b"\x82\xa1a\x01\xa1a\x02") == {"a": 2}
        assert deserialize_msgpack(b"\x81\xa1a\x81\x01\x02", config=strict) == {"a": {1: 2}}
        with pytest.raises(SerializationError, match="two members"):
            deserialize_msgpack(b"\x82\xa1a\x01\xa1a\x02", config=strict)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


class TestDepth:
    def test_500_levels_are_written_and_read_from_any_stack(self) -> None:
        def deeper(frames: int) -> Any:
            return (
                deeper(frames - 1)
                if frames
                else deserialize_msgpack(serialize_msgpack(nested(500)))
            )

        assert serialize_msgpack(deeper(700)) == b"\x91" * 500 + b"\x01"

    @pytest.mark.parametrize("depth", [501, 900, 5_000, 100_000])
    def test_more_is_an_error_both_ways(self, depth: int) -> None:
        with pytest.raises(DepthError):
            serialize_msgpack(nested(depth))
        with pytest.raises(DepthError):
            deserialize_msgpack(b"\x91" * depth + b"\x01")
        with pytest.raises(SerializationError):
            deserialize_msgpack(b"\x91" * depth)

    def test_a_limit_of_ones_own_is_exact(self) -> None:
        serializer = MessagePackSerializer(SerializerConfig(max_depth=3))

        assert serializer.deserialize(serializer.serialize([1, [2, [3], 2], 1])) == [
            1,
            [2, [3], 2],
            1,
        ]
        with pytest.raises(DepthError):
            serializer.serialize([1, [2, [3, [4], 3], 2], 1])
        with pytest.raises(DepthError):
            serializer.deserialize(serialize_msgpack([1, [2, [3, [4], 3], 2], 1]))


class TestIteration:
    @given(st.lists(PLAIN, max_size=5), st.integers(1, 7))
    @settings(max_examples=4 * settings.default.max_examples, deadline=None)
    def test_a_stream_gives_its_values_however_it_is_cut(
        self, values: list[Any], size: int
    ) -> None:
        stream = b"".join(map(serialize_msgpack, values))
        cut = [stream[start : start + size] for start in range(0, len(stream), size)]

        assert repr(list(iter_msgpack(cut))) == repr(values)
        assert repr(list(iter_msgpack(BytesIO(stream)))) == repr(values)

    def test_a_value_is_there_as_soon_as_its_last_byte_is(self) -> None:
        fed: list[int] = []

        def source() -> Any:
            for number, piece in enumerate([b"\xa2h", b"i\x01", b"\x02"]):
                fed.append(number)
                yield piece

        values = iter_msgpack(source())

        assert (next(values), next(values), fed) == ("hi", 1, [0, 1])

    def test_moments_and_extensions_are_those_of_a_single_document(self) -> None:
        value = [datetime(2024, 1, 2, tzinfo=UTC), msgspec.msgpack.Ext(5, b"abc"), math.inf]

        assert list(iter_msgpack([serialize_msgpack(value)])) == [value]

    @pytest.mark.parametrize(
        "stream",
        [b"\xc6\x7f\xff\xff\xff" + b"x" * 200, b"\xa9" + b"x" * 9 + b"\xd9\xc8" + b"x" * 200],
    )
    def test_a_value_that_is_too_long_is_an_error_before_it_is_kept(self, stream: bytes) -> None:
        with pytest.raises(SerializationError, match="longer than max_size, 100 bytes"):
            list(iter_msgpack([stream[:50], stream[50:]], max_size=100))

    def test_a_stream_that_ends_inside_a_value_is_an_error_after_those_before(self) -> None:
        values = iter_msgpack([b"\x01\xa5ab"])

        assert next(values) == 1
        with pytest.raises(SerializationError, match="ends inside of a value"):
            next(values)

    @pytest.mark.parametrize("stream", [b"\xc1", b"\x91" * 5000])
    def test_what_is_no_value_is_an_error(self, stream: bytes) -> None:
        with pytest.raises(SerializationError):
            list(iter_msgpack([stream]))

    def test_a_bound_that_is_none_is_refused_at_once(self) -> None:
        with pytest.raises(SerializerConfigError, match="max_size"):
            iter_msgpack([], max_size=0)

    @pytest.mark.asyncio
    async def test_pieces_may_come_in_time(self) -> None:
        async def source() -> AsyncIterator[bytes]:
            yield b"\xa2h"
            yield b"i\x92\x01"
            yield b"\x02"

        assert [value async for value in iter_msgpack(source())] == ["hi", [1, 2]]

    def test_typed_values(self) -> None:
        assert list(iter_msgpack([b"\x92\x01\x02"], tuple[int, int])) == [(1, 2)]
