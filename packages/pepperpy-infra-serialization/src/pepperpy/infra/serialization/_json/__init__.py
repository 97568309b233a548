"""JSON: read by msgspec, written by orjson or msgspec."""

from ._functions import deserialize_json, serialize_json
from ._serializer import JSONSerializer

__all__ = ["JSONSerializer", "deserialize_json", "serialize_json"]
