"""Values to bytes and back, in six formats: as one table says or an error, safe with any bytes."""

from ._base64 import from_base64, to_base64
from ._config import NaNPolicy, SerializerConfig
from ._convert import FormatConverter, convert_format
from ._errors import (
    DepthError,
    LineError,
    SerializationError,
    SerializerConfigError,
    UnknownFormatError,
    UnsafeDataError,
)
from ._format import SerializationFormat
from ._json import (
    JSONSerializer,
    OnError,
    Writable,
    deserialize_json,
    dump_json_lines,
    iter_json_lines,
    serialize_json,
)
from ._msgpack import (
    MessagePackSerializer,
    deserialize_msgpack,
    iter_msgpack,
    serialize_msgpack,
)
from ._pickle import PickleSerializer, deserialize_pickle, serialize_pickle
from ._pieces import Piece, Readable, Source
from ._raw import RawSerializer
from ._registry import get_serializer
from ._serializer import Data, Serializer
from ._xml import XMLConvention, XMLSerializer, deserialize_xml, serialize_xml
from ._yaml import YAMLSerializer, deserialize_yaml, iter_yaml, serialize_yaml

__all__ = [
    "Data",
    "DepthError",
    "FormatConverter",
    "JSONSerializer",
    "LineError",
    "MessagePackSerializer",
    "NaNPolicy",
    "OnError",
    "PickleSerializer",
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
    "Writable",
    "XMLConvention",
    "XMLSerializer",
    "YAMLSerializer",
    "convert_format",
    "deserialize_json",
    "deserialize_msgpack",
    "deserialize_pickle",
    "deserialize_xml",
    "deserialize_yaml",
    "dump_json_lines",
    "from_base64",
    "get_serializer",
    "iter_json_lines",
    "iter_msgpack",
    "iter_yaml",
    "serialize_json",
    "serialize_msgpack",
    "serialize_pickle",
    "serialize_xml",
    "serialize_yaml",
    "to_base64",
]
