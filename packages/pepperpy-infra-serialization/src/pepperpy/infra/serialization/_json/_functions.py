"""JSON in one call."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ._serializer import JSONSerializer

if TYPE_CHECKING:
    from pepperpy.infra.serialization._config import SerializerConfig
    from pepperpy.infra.serialization._serializer import Data

T = TypeVar("T")


@cache
def _default() -> JSONSerializer:
    return JSONSerializer()


def serialize_json(value: Any, config: SerializerConfig | None = None) -> bytes:
    """The value as JSON.

    Raises:
        SerializationError: If JSON cannot hold it.

    Examples:
        >>> serialize_json({"id": 2**70, "price": float("nan")})
        b'{"id":1180591620717411303424,"price":null}'
    """
    return (JSONSerializer(config) if config else _default()).serialize(value)


@overload
def deserialize_json(data: Data | str, *, config: SerializerConfig | None = None) -> Any: ...


@overload
def deserialize_json(
    data: Data | str, type: type[T], config: SerializerConfig | None = None
) -> T: ...


def deserialize_json(
    data: Data | str,
    type: Any = Any,  # noqa: A002
    config: SerializerConfig | None = None,
) -> Any:
    """The value that the JSON holds.

    Args:
        type: What to make of it: a dataclass, a TypedDict, a model, ``list[int]``, ...

    Raises:
        SerializationError: If it is no JSON, or holds nothing of this type.

    Examples:
        >>> deserialize_json('{"name": "John"}')
        {'name': 'John'}
    """
    return (JSONSerializer(config) if config else _default()).deserialize(data, type)
