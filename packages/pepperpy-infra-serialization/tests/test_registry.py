"""One serializer a format, by member or by text."""

from __future__ import annotations

import pytest

from pepperpy.infra.serialization import (
    JSONSerializer,
    RawSerializer,
    SerializationFormat,
    SerializerConfig,
    UnknownFormatError,
    get_serializer,
)


class TestGetSerializer:
    @pytest.mark.parametrize("asked", [SerializationFormat.JSON, "json", "JSON"])
    def test_takes_a_member_or_its_text_in_any_case(self, asked: SerializationFormat | str) -> None:
        assert isinstance(get_serializer(asked), JSONSerializer)

    def test_gives_the_same_object_each_time_without_a_config(self) -> None:
        assert get_serializer("raw") is get_serializer(SerializationFormat.RAW)
        assert isinstance(get_serializer("raw"), RawSerializer)

    def test_a_config_makes_a_serializer_of_its_own(self) -> None:
        config = SerializerConfig(indent=2)

        assert get_serializer("json", config).config is config
        assert get_serializer("json", config) is not get_serializer("json", config)

    def test_an_unknown_format_is_an_error_that_offers_the_nearest(self) -> None:
        with pytest.raises(
            UnknownFormatError, match="no format 'jsn'; did you mean 'json'"
        ) as seen:
            get_serializer("jsn")

        assert seen.value.format == "jsn"
