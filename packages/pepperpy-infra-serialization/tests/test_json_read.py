"""What is read as JSON, and what is refused."""

from __future__ import annotations

import json
import math
from typing import Any

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


class TestValues:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("18446744073709551616", 2**64),
            ("-123456789012345678901234567890", -123456789012345678901234567890),
            ("1e2", 100.0),
            ("-0.0", -0.0),
            ('"\\ud83d\\ude00"', "😀"),
            (' {"a" : [ ] }\n', {"a": []}),
            ('{"a":1,"a":2}', {"a": 2}),
        ],
    )
    @pytest.mark.parametrize(
        "kind", [str, str.encode, lambda t: bytearray(t.encode()), lambda t: memoryview(t.encode())]
    )
    def test_a_document_is_read_from_text_and_from_anything_that_holds_bytes(
        self, text: str, value: Any, kind: Any
    ) -> None:
        read = deserialize_json(kind(text))

        assert (read, type(read)) == (value, type(value))

    @pytest.mark.parametrize("mark", ["\ufeff", b"\xef\xbb\xbf"], ids=["text", "bytes"])
    @pytest.mark.parametrize("options", [{}, {"strict": True}, {"nan": "constant"}])
    def test_a_byte_order_mark_before_a_document_is_passed_over(
        self, mark: Any, options: Any
    ) -> None:
        body = type(mark)(b"[1]" if isinstance(mark, bytes) else "[1]")

        assert deserialize_json(mark + body, **options) == [1]
        assert deserialize_json(mark + body, list[int], **options) == [1]

    @pytest.mark.parametrize(
        "text", ["\ufeff", "[1]\ufeff", "[\ufeff1]", "\ufeff\ufeff[1]", " \ufeff1"]
    )
    def test_a_byte_order_mark_elsewhere_is_an_error(self, text: str) -> None:
        for data in (text, text.encode()):
            with pytest.raises(SerializationError):
                deserialize_json(data)

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le", "utf-32"])
    def test_another_encoding_is_named(self, encoding: str) -> None:
        with pytest.raises(SerializationError, match="UTF-8"):
            deserialize_json('{"a":1}'.encode(encoding))

    @given(
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(st.characters(codec="utf-8")),
            lambda inner: (
                st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner)
            ),
            max_leaves=20,
        )
    )
    @settings(max_examples=6 * settings.default.max_examples, deadline=None)
    def test_plain_values_come_back_exactly(self, value: Any) -> None:
        read = deserialize_json(serialize_json(value))

        assert repr(read) == repr(value)


class TestRefusals:
    @pytest.mark.parametrize(
        "data",
        [
            b"", b" ", b"nul", b"[1", b"1 2", b"[1,]", b"{'a':1}", b"\xef\xbb\xbf", b'"\xff"', b'"\\ud800"', b'"\\udc00x"',
            b"NaN", b"[Infinity]", b"-Infinity", b"01", b"+1", b"1.", b".5", b'"\x00"', b'"\n"', b"1e999", b"\x00",
            b"1" * 5000, "\ud800", '"\udfff"', b"[1]\x00", b"\xff\xfe1\x00",
        ],
    )  # fmt: skip
    def test_what_is_no_json_is_one_error_from_its_cause(self, data: bytes | str) -> None:
        with pytest.raises(SerializationError) as caught:
            deserialize_json(data)

        assert isinstance(caught.value, ValueError)
        assert caught.value.__cause__ is not None

    @pytest.mark.parametrize("data", [None, 1, [b"1"], object()])
    def test_what_holds_no_bytes_is_the_same_error(self, data: Any) -> None:
        with pytest.raises(SerializationError, match="bytes or text; got"):
            deserialize_json(data)

    @given(st.binary() | st.text())
    @settings(max_examples=10 * settings.default.max_examples, deadline=None)
    def test_any_bytes_give_a_value_or_the_error(self, data: Any) -> None:
        try:
            deserialize_json(data)
        except SerializationError:
            return
        json.loads(data)  # another parser says that it was JSON, then

    @pytest.mark.parametrize("data", [b'{"a":1,"a":2}', b'[{"b":{"c":1,"\\u0063":2}}]'])
    def test_strict_refuses_two_members_of_one_name(self, data: bytes) -> None:
        with pytest.raises(SerializationError, match="two members of one object"):
            deserialize_json(data, strict=True)

    def test_strict_reads_numbers_of_any_length_like_before(self) -> None:
        assert deserialize_json(b'{"a":1' + b"0" * 50 + b"}", strict=True) == {"a": 10**50}

    def test_nan_is_read_where_it_is_asked_for(self) -> None:
        read = deserialize_json(b'[NaN,Infinity,-Infinity,"NaN"]', nan="constant")

        assert math.isnan(read[0])
        assert read[1:] == [math.inf, -math.inf, "NaN"]

    @pytest.mark.parametrize("data", [b"[NaN", b'["\\ud800",NaN]', b"[nan]"])
    def test_and_nothing_else_is_then(self, data: bytes) -> None:
        with pytest.raises(SerializationError):
            deserialize_json(data, nan="constant")


class TestDepth:
    @pytest.mark.parametrize("depth", [501, 900, 5_000, 100_000])
    @pytest.mark.parametrize(
        ("opening", "closing"),
        [(b"[", b"]"), (b'{"a":', b"}"), (b"[1,", b"]"), (b"[", b",1]"), (b'[{"a":', b"}]")],
    )
    def test_more_than_500_levels_are_an_error(
        self, depth: int, opening: bytes, closing: bytes
    ) -> None:
        with pytest.raises(DepthError):
            deserialize_json(opening * depth + b"1" + closing * depth)

    @pytest.mark.parametrize("depth", [5_000, 1_000_000])
    def test_brackets_that_never_close_are_an_error_and_no_crash(self, depth: int) -> None:
        with pytest.raises(SerializationError):
            deserialize_json(b"[" * depth)
        with pytest.raises(SerializationError):
            deserialize_json(b'{"a":' * depth)

    def test_a_limit_of_ones_own_is_exact_wherever_the_depth_is(self) -> None:
        serializer = JSONSerializer(SerializerConfig(max_depth=3))

        assert serializer.deserialize(b"[1,[2,[3],2],1]") == [1, [2, [3], 2], 1]
        with pytest.raises(DepthError):
            serializer.deserialize(b"[1,[2,[3,[4],3],2],1]")
