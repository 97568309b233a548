"""JSON: read by msgspec, written by orjson or msgspec."""

from ._dump import Writable, dump_json_lines
from ._functions import deserialize_json, serialize_json
from ._lines import OnError, iter_json_lines
from ._serializer import JSONSerializer

__all__ = [
    "JSONSerializer",
    "OnError",
    "Writable",
    "deserialize_json",
    "dump_json_lines",
    "iter_json_lines",
    "serialize_json",
]
