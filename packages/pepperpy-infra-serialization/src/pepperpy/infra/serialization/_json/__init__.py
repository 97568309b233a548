"""JSON: read by msgspec, written by orjson or msgspec."""

from ._functions import deserialize_json, serialize_json
from ._lines import OnError, iter_json_lines
from ._serializer import JSONSerializer

__all__ = ["JSONSerializer", "OnError", "deserialize_json", "iter_json_lines", "serialize_json"]
