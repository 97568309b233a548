from __future__ import annotations

from typing import Any

import pytest

from pepperpy.infra.serialization import (
    FormatConverter,
    SerializationError,
    SerializationFormat,
    SerializerConfig,
    UnknownFormatError,
    UnsafeDataError,
    convert_format,
    from_base64,
    get_serializer,
    serialize_json,
    serialize_pickle,
    to_base64,
)

VALUE = {"name": "John", "tags": ["a", "1", 1, 1.5, True, None], "nested": {"": [], "x": {}}}
FORMATS = [each for each in SerializationFormat if each is not SerializationFormat.RAW]


class TestConversion:
    @pytest.mark.parametrize("source", FORMATS)
    @pytest.mark.parametrize("target", FORMATS)
    def test_between_any_two_formats_keeps_the_value(
        self, source: SerializationFormat, target: SerializationFormat
    ) -> None:
        document = get_serializer(source).serialize(VALUE)

        converted = convert_format(document, source, target)

        assert isinstance(converted, bytes)
        assert get_serializer(target).deserialize(converted) == VALUE
        assert convert_format(document, source.value, target.value) == converted

    @pytest.mark.parametrize("source", FORMATS)
    def test_takes_anything_but_bytes_and_text_as_the_value(
        self, source: SerializationFormat
    ) -> None:
        assert convert_format([1], source, "json") == b"[1]"
        assert convert_format(None, source, "json") == b"null"

    @pytest.mark.parametrize(
        ("source", "text", "value"),
        [
            ("json", '["a"]', ["a"]),
            ("yaml", "- a", ["a"]),
            ("xml", "<x type='list'><i>a</i></x>", ["a"]),
            ("pickle", "text", "text"),
            ("raw", "text", "text"),
        ],
    )
    def test_takes_text_as_a_document_where_the_format_is_text(
        self, source: str, text: str, value: Any
    ) -> None:
        assert convert_format(text, source, "json") == serialize_json(value)

    @pytest.mark.parametrize("data", [bytearray(b"[1]"), memoryview(b"[1]")])
    def test_takes_whatever_holds_bytes_as_a_document(self, data: Any) -> None:
        assert convert_format(data, "json", "yaml") == b"- 1\n"

    def test_from_raw_passes_the_bytes(self) -> None:
        assert convert_format(b"\x00", "raw", "raw") == b"\x00"
        assert convert_format(convert_format(b"\x00", "raw", "pickle"), "pickle", "raw") == b"\x00"

    def test_by_configs_reads_and_writes_by_them(self) -> None:
        converter = FormatConverter(SerializerConfig(key="k"), SerializerConfig(indent=2))

        converted = converter.convert(serialize_pickle({"a": 1}, key="k"), "pickle", "json")

        assert converted == b'{\n  "a": 1\n}'
        assert converted == convert_format(
            serialize_pickle({"a": 1}, key="k"),
            "pickle",
            "json",
            source_config=SerializerConfig(key="k"),
            target_config=SerializerConfig(indent=2),
        )

    def test_from_pickle_is_as_safe_as_reading_one(self) -> None:
        with pytest.raises(UnsafeDataError):
            convert_format(b"cos\nsystem\n(S'true'\ntR.", "pickle", "json")

    @pytest.mark.parametrize(("source", "target"), [("jsno", "yaml"), ("json", None), (5, "json")])
    def test_to_or_from_no_format_is_an_error(self, source: Any, target: Any) -> None:
        with pytest.raises(UnknownFormatError):
            convert_format([1], source, target)

    def test_of_what_the_target_cannot_hold_is_an_error(self) -> None:
        with pytest.raises(SerializationError):
            convert_format({"a": 1}, "json", "raw")
        with pytest.raises(SerializationError):
            convert_format(serialize_pickle(1j), "pickle", "yaml")


class TestBase64:
    @pytest.mark.parametrize("data", [b"", b"\xff", b"\xff\xfe", b"\xfb\xef\xbe" * 100])
    def test_comes_back_exactly(self, data: bytes) -> None:
        text = to_base64(data)

        assert isinstance(text, str)
        assert "\n" not in text
        assert from_base64(text) == from_base64(text.encode()) == data

    def test_takes_whatever_holds_bytes(self) -> None:
        assert to_base64(bytearray(b"a")) == to_base64(memoryview(b"a")) == "YQ=="

    @pytest.mark.parametrize(
        "text",
        [
            *(
                "a",
                "YQ",
                "YQ=",
                "YQ===",
                "YQ==\n",
                " YQ==",
                "Y Q==",
                "YQ==YQ==",
                "=",
                "====",
                "YR==",
            ),
            *("_-8=", "é", "YQ==\x00", "aGVsbG8", b"YQ", b"\xff\xff\xff\xff", "Y\u0661=="),
        ],
    )
    def test_is_exact_or_an_error(self, text: Any) -> None:
        with pytest.raises(SerializationError, match="base64"):
            from_base64(text)

    @pytest.mark.parametrize("data", ["text", None, 5, [1]])
    def test_is_made_of_bytes_only(self, data: Any) -> None:
        with pytest.raises(SerializationError, match="takes bytes"):
            to_base64(data)
        if not isinstance(data, str):
            with pytest.raises(SerializationError, match="takes text or bytes"):
                from_base64(data)
