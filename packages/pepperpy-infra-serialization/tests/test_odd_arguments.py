"""What callers pass by mistake."""

from __future__ import annotations

from typing import Any

import pytest

from pepperpy.infra import serialization
from pepperpy.infra.serialization import (
    FormatConverter,
    JSONSerializer,
    RawSerializer,
    SerializationError,
    SerializerConfig,
    SerializerConfigError,
    XMLSerializer,
    convert_format,
    from_base64,
    get_serializer,
    iter_json_lines,
    iter_msgpack,
    serialize_msgpack,
    to_base64,
)

FORMATS = ["json", "msgpack", "pickle", "yaml", "xml"]


class NoTruth:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    __hash__ = None  # type: ignore[assignment]


class Bytes(bytes):
    pass


class Text(str):
    __slots__ = ()


class TestTypes:
    @pytest.mark.parametrize("name", FORMATS)
    @pytest.mark.parametrize("wanted", [5, "int", [int], NoTruth(), lambda value: value])
    def test_what_is_no_type_is_a_serialization_error(self, name: str, wanted: Any) -> None:
        kind = get_serializer(name)

        with pytest.raises(SerializationError, match="the data is no"):
            kind.deserialize(kind.serialize({"a": 1}), wanted)


class TestBuffers:
    @pytest.mark.parametrize("name", [*FORMATS, "raw"])
    def test_a_released_buffer_is_a_serialization_error(self, name: str) -> None:
        with pytest.raises(SerializationError, match="released"):
            get_serializer(name).deserialize(_released())

    @pytest.mark.parametrize("use", [to_base64, from_base64, RawSerializer().serialize])
    def test_and_so_it_is_for_what_takes_bytes(self, use: Any) -> None:
        with pytest.raises(SerializationError, match="released"):
            use(_released())

    @pytest.mark.parametrize("iterate", [iter_json_lines, iter_msgpack])
    def test_and_for_streams(self, iterate: Any) -> None:
        with pytest.raises(SerializationError, match="released"):
            list(iterate([_released()]))

    def test_base64_of_every_second_byte(self) -> None:
        assert to_base64(memoryview(b"a-b-")[::2]) == to_base64(b"ab")

    def test_messagepack_writes_bytes_of_other_classes(self) -> None:
        numpy = pytest.importorskip("numpy")

        assert serialize_msgpack([Bytes(b"a"), numpy.bytes_(b"a")]) == serialize_msgpack([b"a"] * 2)

    @pytest.mark.parametrize("data", [Bytes(b'["a"]'), Text('["a"]')])
    def test_json_reads_text_and_bytes_of_other_classes(self, data: Any) -> None:
        assert JSONSerializer().deserialize(data) == ["a"]


class TestConfigs:
    @pytest.mark.parametrize("name", FORMATS)
    def test_the_functions_refuse_what_is_no_config(self, name: str) -> None:
        with pytest.raises(SerializerConfigError, match=r"config must be .* got dict"):
            getattr(serialization, f"serialize_{name}")(1, config={"indent": 2})
        with pytest.raises(SerializerConfigError, match=r"config must be .* got dict"):
            getattr(serialization, f"deserialize_{name}")(b"1", config={"indent": 2})

    def test_a_converter_refuses_it_when_it_is_made(self) -> None:
        with pytest.raises(SerializerConfigError, match=r"source_config must be .* got dict"):
            FormatConverter({"indent": 2})  # type: ignore[arg-type]
        with pytest.raises(SerializerConfigError, match=r"target_config must be .* got dict"):
            convert_format(1, "json", "json", target_config={})  # type: ignore[arg-type]

    @pytest.mark.parametrize("value", [NoTruth(), [], {}])
    def test_a_policy_that_is_no_text_is_refused(self, value: Any) -> None:
        with pytest.raises(SerializerConfigError, match="nan must be"):
            SerializerConfig(nan=value)

    @pytest.mark.parametrize("value", [b"", {}, {"a": 1}])
    def test_allowed_classes_are_a_list(self, value: Any) -> None:
        with pytest.raises(SerializerConfigError, match="allow must be"):
            SerializerConfig(allow=value)

    @pytest.mark.parametrize("value", [[], {}, NoTruth(), None])
    def test_a_convention_of_xml_is_a_text(self, value: Any) -> None:
        with pytest.raises(SerializerConfigError, match="convention must be"):
            XMLSerializer(convention=value)

    @pytest.mark.parametrize("value", [5, None, [[]], [1], b"a"])
    def test_forced_lists_are_names(self, value: Any) -> None:
        with pytest.raises(SerializerConfigError, match="force_list takes"):
            XMLSerializer(convention="plain", force_list=value)


def _released() -> memoryview:
    view = memoryview(b"1")
    view.release()
    return view
