"""XML in one call."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ._serializer import XMLConvention, XMLSerializer

if TYPE_CHECKING:
    from pepperpy.infra.serialization._config import SerializerConfig
    from pepperpy.infra.serialization._serializer import Data

T = TypeVar("T")


@cache
def _default(convention: XMLConvention) -> XMLSerializer:
    return XMLSerializer(convention=convention)


def serialize_xml(
    value: Any,
    config: SerializerConfig | None = None,
    *,
    convention: XMLConvention = "typed",
) -> bytes:
    """The value as a document of XML.

    Args:
        convention: ``"typed"`` keeps types; ``"plain"`` writes for others.

    Raises:
        SerializationError: If XML cannot hold it.

    Examples:
        >>> print(serialize_xml({"name": "John", "age": 30}).decode())
        <?xml version="1.0" encoding="UTF-8"?>
        <data type="dict"><name>John</name><age type="int">30</age></data>
    """
    if config is None and convention in {"typed", "plain"}:
        return _default(convention).serialize(value)
    return XMLSerializer(config, convention=convention).serialize(value)


@overload
def deserialize_xml(
    data: Data | str,
    *,
    config: SerializerConfig | None = None,
    convention: XMLConvention = "typed",
    force_list: Collection[str] = (),
) -> Any: ...


@overload
def deserialize_xml(
    data: Data | str,
    type: type[T],
    config: SerializerConfig | None = None,
    *,
    convention: XMLConvention = "typed",
    force_list: Collection[str] = (),
) -> T: ...


def deserialize_xml(
    data: Data | str,
    type: Any = Any,  # noqa: A002
    config: SerializerConfig | None = None,
    *,
    convention: XMLConvention = "typed",
    force_list: Collection[str] = (),
) -> Any:
    """The value of a document of XML.

    Args:
        type: What to make of it: a dataclass, a TypedDict, a model, ``list[int]``, ...
        convention: ``"typed"`` for what `serialize_xml` writes, ``"plain"`` for other documents.
        force_list: Names of elements that are a list even where there is one; for ``"plain"``.

    Raises:
        SerializationError: If it is no XML, or holds nothing of this type.

    Examples:
        >>> deserialize_xml(serialize_xml([1, "1", None]))
        [1, '1', None]
        >>> deserialize_xml("<a><b>1</b></a>", convention="plain", force_list=["b"])
        {'a': {'b': ['1']}}
    """
    serializer = XMLSerializer(config, convention=convention, force_list=force_list)
    return serializer.deserialize(data, type)
