"""Values to bytes and back, in six formats: exact or an error, and safe with any bytes."""

from ._config import NaNPolicy, SerializerConfig
from ._errors import (
    DepthError,
    SerializationError,
    SerializerConfigError,
    UnknownFormatError,
    UnsafeDataError,
)
from ._format import SerializationFormat
from ._json import JSONSerializer, deserialize_json, serialize_json
from ._raw import RawSerializer
from ._registry import get_serializer
from ._serializer import Data, Serializer

__all__ = [
    "Data",
    "DepthError",
    "JSONSerializer",
    "NaNPolicy",
    "RawSerializer",
    "SerializationError",
    "SerializationFormat",
    "Serializer",
    "SerializerConfig",
    "SerializerConfigError",
    "UnknownFormatError",
    "UnsafeDataError",
    "deserialize_json",
    "get_serializer",
    "serialize_json",
]
