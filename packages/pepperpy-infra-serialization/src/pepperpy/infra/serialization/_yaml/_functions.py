"""YAML in one call."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pepperpy.infra.serialization._config import as_config

from ._serializer import YAMLSerializer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pepperpy.infra.serialization._config import SerializerConfig
    from pepperpy.infra.serialization._serializer import Data

T = TypeVar("T")


@cache
def _default() -> YAMLSerializer:
    return YAMLSerializer()


def serialize_yaml(
    value: Any,
    config: SerializerConfig | None = None,
    *,
    indent: int | None = None,
    sort_keys: bool | None = None,
    max_depth: int | None = None,
    default: Callable[[Any], Any] | None = None,
) -> bytes:
    r"""The value as a document of YAML.

    Args:
        config: How it is written; each other option stands for that of the config.

    Raises:
        SerializationError: If YAML cannot hold it.

    Examples:
        >>> serialize_yaml({"country": "no", "version": "1.10"})
        b"country: 'no'\nversion: '1.10'\n"
    """
    changed = as_config(config).changed(
        indent=indent, sort_keys=sort_keys, max_depth=max_depth, default=default
    )
    return YAMLSerializer(changed).serialize(value)


@overload
def deserialize_yaml(
    data: Data | str, *, config: SerializerConfig | None = None, max_depth: int | None = None
) -> Any: ...


@overload
def deserialize_yaml(
    data: Data | str,
    type: type[T],
    config: SerializerConfig | None = None,
    *,
    max_depth: int | None = None,
) -> T: ...


def deserialize_yaml(
    data: Data | str,
    type: Any = Any,  # noqa: A002
    config: SerializerConfig | None = None,
    *,
    max_depth: int | None = None,
) -> Any:
    """The value of the one document of YAML.

    Args:
        type: What to make of it: a dataclass, a TypedDict, a model, ``list[int]``, ...
        max_depth: How many levels it may have, in place of that of the config.

    Raises:
        SerializationError: If it is no YAML, or holds nothing of this type.

    Examples:
        >>> deserialize_yaml("country: no")
        {'country': 'no'}
    """
    changed = as_config(config).changed(max_depth=max_depth)
    return YAMLSerializer(changed).deserialize(data, type)


def iter_yaml(data: Data | str, config: SerializerConfig | None = None) -> Iterator[Any]:
    r"""The values of all documents of a stream of YAML, each read when it is asked for.

    Raises:
        SerializationError: If it is no YAML, when the iteration comes to where it is not.

    Examples:
        >>> list(iter_yaml("--- 1\n--- [2]\n"))
        [1, [2]]
    """
    from ._reading import read_all

    serializer = YAMLSerializer(config) if config is not None else _default()
    return read_all(data, serializer.config.max_depth)
