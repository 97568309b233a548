"""Pickle by functions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, overload

from ._serializer import PickleSerializer

if TYPE_CHECKING:
    from pepperpy.infra.serialization._config import SerializerConfig
    from pepperpy.infra.serialization._serializer import Data

T = TypeVar("T")


_Key: TypeAlias = bytes | str | Sequence[bytes | str] | None


@cache
def _default() -> PickleSerializer:
    return PickleSerializer()


def serialize_pickle(
    value: Any, config: SerializerConfig | None = None, *, key: _Key = None
) -> bytes:
    """The value as a pickle, signed if there is a *key*.

    Raises:
        SerializationError: If it cannot be pickled.
    """
    if config is None and key is None:
        return _default().serialize(value)
    return PickleSerializer(config, key=key).serialize(value)


@overload
def deserialize_pickle(
    data: Data,
    *,
    config: SerializerConfig | None = None,
    allow: Sequence[type[Any]] | None = None,
    key: _Key = None,
    unsafe: bool | None = None,
) -> Any: ...


@overload
def deserialize_pickle(
    data: Data,
    type: type[T],
    config: SerializerConfig | None = None,
    *,
    allow: Sequence[type[Any]] | None = None,
    key: _Key = None,
    unsafe: bool | None = None,
) -> T: ...


def deserialize_pickle(
    data: Data,
    type: Any = Any,  # noqa: A002
    config: SerializerConfig | None = None,
    *,
    allow: Sequence[type[Any]] | None = None,
    key: _Key = None,
    unsafe: bool | None = None,
) -> Any:
    """The value of a pickle: plain data, allowed classes, or anything if it is signed.

    Args:
        type: What to make of it; by default, what it is.
        allow: Further classes that may be made.
        key: What it must be signed with; of a list, any.
        unsafe: Make anything the bytes ask for.  Whoever wrote them then runs your process.

    Raises:
        UnsafeDataError: If it asks for what was not allowed, or is not signed as it must be.
        SerializationError: If the data is no pickle.

    Examples:
        >>> deserialize_pickle(serialize_pickle({1, 2}))
        {1, 2}
    """
    if config is None and allow is None and key is None and unsafe is None:
        return _default().deserialize(data, type)
    return PickleSerializer(config, allow=allow, key=key, unsafe=unsafe).deserialize(data, type)
