"""The public names, used as a program would.  Checked by the type checkers, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from io import BytesIO, StringIO
from typing import Any, assert_type

from pepperpy.infra.serialization import (
    DepthError,
    FormatConverter,
    JSONSerializer,
    LineError,
    MessagePackSerializer,
    NaNPolicy,
    PickleSerializer,
    RawSerializer,
    SerializationError,
    SerializationFormat,
    Serializer,
    SerializerConfig,
    SerializerConfigError,
    UnknownFormatError,
    UnsafeDataError,
    XMLSerializer,
    YAMLSerializer,
    convert_format,
    deserialize_json,
    deserialize_msgpack,
    deserialize_pickle,
    deserialize_xml,
    deserialize_yaml,
    dump_json_lines,
    from_base64,
    get_serializer,
    iter_json_lines,
    iter_msgpack,
    serialize_json,
    serialize_msgpack,
    serialize_pickle,
    serialize_xml,
    serialize_yaml,
    to_base64,
)


@dataclass
class User:
    name: str


class Mine(Serializer):
    format = SerializationFormat.RAW

    def serialize(self, value: Any) -> bytes:
        return b""

    def deserialize(self, data: Any, type: Any = Any) -> Any:  # noqa: A002
        return None


def functions(value: Any, data: bytes) -> None:
    policy: NaNPolicy = "raise"
    assert_type(serialize_json(value, nan=policy, indent=2, sort_keys=True), bytes)
    assert_type(serialize_msgpack(value), bytes)
    assert_type(serialize_yaml(value), bytes)
    assert_type(serialize_xml(value), bytes)
    assert_type(serialize_pickle(value, key=b"k"), bytes)
    assert_type(deserialize_json(data), Any)
    assert_type(deserialize_json("{}", User, strict=True), User)
    assert_type(deserialize_json(data, list[int]), list[int])
    assert_type(deserialize_msgpack(data, User), User)
    assert_type(deserialize_yaml("a: 1", User), User)
    assert_type(deserialize_xml(data, User), User)
    assert_type(deserialize_pickle(data, User, allow=[User]), User)
    assert_type(convert_format(value, SerializationFormat.JSON, "yaml"), bytes)
    assert_type(from_base64(to_base64(data)), bytes)


def serializers(data: bytes) -> None:
    config = SerializerConfig(tagged=True, allow=[User], key=[b"new", "old"], default=str)
    for serializer in (
        JSONSerializer(config),
        MessagePackSerializer(config),
        PickleSerializer(config),
        YAMLSerializer(config),
        XMLSerializer(config),
        RawSerializer(),
        Mine(),
        get_serializer("json"),
    ):
        assert_type(serializer.serialize({}), bytes)
        assert_type(serializer.config, SerializerConfig)
        assert_type(serializer.format, SerializationFormat)
    assert_type(get_serializer("json").deserialize(data), Any)
    assert_type(get_serializer("json").deserialize(data, User), User)
    assert_type(JSONSerializer().deserialize(data, User), User)
    FormatConverter()


async def pieces() -> AsyncIterator[bytes]:
    yield b""


def streams() -> None:
    bad: list[LineError] = []
    assert_type(iter_json_lines(BytesIO(), errors=bad), Iterator[Any])
    assert_type(iter_json_lines(StringIO(), errors="skip", max_size=10), Iterator[Any])
    assert_type(iter_json_lines(["1"], User), Iterator[User])
    assert_type(iter_json_lines(pieces(), User), AsyncIterator[User])
    assert_type(dump_json_lines([User], BytesIO()), int)
    assert_type(iter_msgpack([b"\x01"]), Iterator[Any])
    assert_type(iter_msgpack(pieces()), AsyncIterator[Any])


def errors(error: SerializationError) -> None:
    if isinstance(error, DepthError):
        assert_type(error.max_depth, int)
    if isinstance(error, LineError):
        assert_type(error.line, int)
    if isinstance(error, SerializerConfigError):
        assert_type(error.option, str)
    if isinstance(error, (UnknownFormatError, UnsafeDataError)):
        assert_type(error.args, tuple[Any, ...])
