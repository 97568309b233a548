"""JSON in one call."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack, overload

from pepperpy.infra.serialization._config import NaNPolicy, SerializerConfig

from ._serializer import JSONSerializer

if TYPE_CHECKING:
    from pepperpy.infra.serialization._serializer import Data

T = TypeVar("T")


class JSONOptions(TypedDict, total=False):
    """The options of `SerializerConfig` that mean something when JSON is written."""

    indent: int | None
    sort_keys: bool
    nan: NaNPolicy
    tagged: bool
    max_depth: int
    default: Callable[[Any], Any] | None


@cache
def _writer() -> Callable[[Any], bytes]:
    return JSONSerializer().serialize


@cache
def _reader() -> Callable[[Any, Any], Any]:
    return JSONSerializer().deserialize


def serialize_json(
    value: Any, config: SerializerConfig | None = None, **options: Unpack[JSONOptions]
) -> bytes:
    """The value as JSON.

    Args:
        config: How it is written; the defaults if `None`.
        options: Single options, in place of those of *config*.

    Raises:
        SerializationError: If JSON cannot hold it.

    Examples:
        >>> serialize_json({"id": 2**70, "price": float("nan")})
        b'{"id":1180591620717411303424,"price":null}'
        >>> print(serialize_json(["é"], indent=2).decode())
        [
          "é"
        ]
    """
    if config is None and not options:
        return _writer()(value)
    return _serializer(config, options).serialize(value)


class JSONReadOptions(TypedDict, total=False):
    """The options of `SerializerConfig` that mean something when JSON is read."""

    nan: NaNPolicy
    tagged: bool
    strict: bool
    max_depth: int


@overload
def deserialize_json(
    data: Data | str, *, config: SerializerConfig | None = None, **options: Unpack[JSONReadOptions]
) -> Any: ...


@overload
def deserialize_json(
    data: Data | str,
    type: type[T],
    config: SerializerConfig | None = None,
    **options: Unpack[JSONReadOptions],
) -> T: ...


def deserialize_json(
    data: Data | str,
    type: Any = Any,  # noqa: A002
    config: SerializerConfig | None = None,
    **options: Unpack[JSONReadOptions],
) -> Any:
    """The value that the JSON holds.

    Args:
        data: All of one document.
        type: What to make of it: a dataclass, a TypedDict, a model, ``list[int]``, ...
        config: How it is read; the defaults if `None`.
        options: Single options, in place of those of *config*.

    Raises:
        SerializationError: If it is no JSON, or holds nothing of this type.

    Examples:
        >>> deserialize_json('{"name": "John"}')
        {'name': 'John'}
    """
    if config is None and not options:
        return _reader()(data, type)
    return _serializer(config, options).deserialize(data, type)


def _serializer(config: SerializerConfig | None, options: Any) -> JSONSerializer:
    from dataclasses import replace

    given = config or SerializerConfig()
    return JSONSerializer(replace(given, **options) if options else given)
