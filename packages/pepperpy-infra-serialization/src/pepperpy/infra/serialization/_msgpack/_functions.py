"""MessagePack in one call."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ._serializer import MessagePackSerializer

if TYPE_CHECKING:
    from pepperpy.infra.serialization._config import SerializerConfig
    from pepperpy.infra.serialization._serializer import Data

T = TypeVar("T")


@cache
def _default() -> MessagePackSerializer:
    return MessagePackSerializer()


def serialize_msgpack(value: Any, config: SerializerConfig | None = None) -> bytes:
    r"""The value as MessagePack.

    Raises:
        SerializationError: If MessagePack cannot hold it.

    Examples:
        >>> serialize_msgpack({"id": 7})
        b'\x81\xa2id\x07'
    """
    return (_default() if config is None else MessagePackSerializer(config)).serialize(value)


@overload
def deserialize_msgpack(data: Data, *, config: SerializerConfig | None = None) -> Any: ...


@overload
def deserialize_msgpack(
    data: Data,
    type: type[T],
    config: SerializerConfig | None = None,
) -> T: ...


def deserialize_msgpack(
    data: Data,
    type: Any = Any,  # noqa: A002
    config: SerializerConfig | None = None,
) -> Any:
    r"""The value that the bytes hold.

    Args:
        data: All of one document; nothing may follow it.
        type: What to make of it: a dataclass, a TypedDict, a model, ``list[int]``, ...
        config: How it is read; the defaults if `None`.

    Raises:
        SerializationError: If they are no MessagePack, or hold nothing of this type.

    Examples:
        >>> deserialize_msgpack(b"\x81\xa2id\x07")
        {'id': 7}
    """
    return (_default() if config is None else MessagePackSerializer(config)).deserialize(data, type)
