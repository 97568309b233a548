"""Values to bytes and back, in six formats: exact or an error, and safe with any bytes."""

from ._config import NaNPolicy, SerializerConfig
from ._errors import (
    DepthError,
    LineError,
    SerializationError,
    SerializerConfigError,
    UnknownFormatError,
    UnsafeDataError,
)
from ._format import SerializationFormat
from ._json import JSONSerializer, OnError, deserialize_json, iter_json_lines, serialize_json
from ._msgpack import (
    MessagePackSerializer,
    deserialize_msgpack,
    iter_msgpack,
    serialize_msgpack,
)
from ._pieces import Piece, Readable, Source
from ._raw import RawSerializer
from ._registry import get_serializer
from ._serializer import Data, Serializer

__all__ = [
    "Data",
    "DepthError",
    "JSONSerializer",
    "LineError",
    "MessagePackSerializer",
    "NaNPolicy",
    "OnError",
    "Piece",
    "RawSerializer",
    "Readable",
    "SerializationError",
    "SerializationFormat",
    "Serializer",
    "SerializerConfig",
    "SerializerConfigError",
    "Source",
    "UnknownFormatError",
    "UnsafeDataError",
    "deserialize_json",
    "deserialize_msgpack",
    "get_serializer",
    "iter_json_lines",
    "iter_msgpack",
    "serialize_json",
    "serialize_msgpack",
]
