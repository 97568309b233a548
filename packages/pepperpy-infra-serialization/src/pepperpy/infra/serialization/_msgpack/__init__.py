"""MessagePack: by msgspec, and by msgpack where a document comes in pieces."""

from ._functions import deserialize_msgpack, serialize_msgpack
from ._serializer import MessagePackSerializer
from ._stream import iter_msgpack

__all__ = ["MessagePackSerializer", "deserialize_msgpack", "iter_msgpack", "serialize_msgpack"]
