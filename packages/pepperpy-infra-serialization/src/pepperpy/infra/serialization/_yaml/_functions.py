"""YAML in one call."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ._serializer import YAMLSerializer

if TYPE_CHECKING:
    from pepperpy.infra.serialization._config import SerializerConfig
    from pepperpy.infra.serialization._serializer import Data

T = TypeVar("T")


@cache
def _default() -> YAMLSerializer:
    return YAMLSerializer()


def serialize_yaml(value: Any, config: SerializerConfig | None = None) -> bytes:
    r"""The value as a document of YAML.

    Raises:
        SerializationError: If YAML cannot hold it.

    Examples:
        >>> serialize_yaml({"country": "no", "version": "1.10"})
        b"country: 'no'\nversion: '1.10'\n"
    """
    return (YAMLSerializer(config) if config else _default()).serialize(value)


@overload
def deserialize_yaml(data: Data | str, *, config: SerializerConfig | None = None) -> Any: ...


@overload
def deserialize_yaml(
    data: Data | str, type: type[T], config: SerializerConfig | None = None
) -> T: ...


def deserialize_yaml(
    data: Data | str,
    type: Any = Any,  # noqa: A002
    config: SerializerConfig | None = None,
) -> Any:
    """The value of the one document of YAML.

    Args:
        type: What to make of it: a dataclass, a TypedDict, a model, ``list[int]``, ...

    Raises:
        SerializationError: If it is no YAML, or holds nothing of this type.

    Examples:
        >>> deserialize_yaml("country: no")
        {'country': 'no'}
    """
    return (YAMLSerializer(config) if config else _default()).deserialize(data, type)
