"""XML in one call."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pepperpy.infra.serialization._config import as_config

from ._serializer import XMLConvention, XMLSerializer

if TYPE_CHECKING:
    from pepperpy.infra.serialization._config import SerializerConfig
    from pepperpy.infra.serialization._serializer import Data

T = TypeVar("T")


def serialize_xml(
    value: Any,
    config: SerializerConfig | None = None,
    *,
    convention: XMLConvention = "typed",
    indent: int | None = None,
    sort_keys: bool | None = None,
    max_depth: int | None = None,
    default: Callable[[Any], Any] | None = None,
) -> bytes:
    """The value as a document of XML.

    Args:
        config: How it is written; each other option stands for that of the config.
        convention: ``"typed"`` keeps types; ``"plain"`` writes for others.

    Raises:
        SerializationError: If XML cannot hold it.

    Examples:
        >>> print(serialize_xml({"name": "John", "age": 30}).decode())
        <?xml version="1.0" encoding="UTF-8"?>
        <data type="dict"><name>John</name><age type="int">30</age></data>
    """
    changed = as_config(config).changed(
        indent=indent, sort_keys=sort_keys, max_depth=max_depth, default=default
    )
    return XMLSerializer(changed, convention=convention).serialize(value)


@overload
def deserialize_xml(
    data: Data | str,
    *,
    config: SerializerConfig | None = None,
    convention: XMLConvention = "typed",
    force_list: Collection[str] = (),
    max_depth: int | None = None,
) -> Any: ...


@overload
def deserialize_xml(
    data: Data | str,
    type: type[T],
    config: SerializerConfig | None = None,
    *,
    convention: XMLConvention = "typed",
    force_list: Collection[str] = (),
    max_depth: int | None = None,
) -> T: ...


def deserialize_xml(
    data: Data | str,
    type: Any = Any,  # noqa: A002
    config: SerializerConfig | None = None,
    *,
    convention: XMLConvention = "typed",
    force_list: Collection[str] = (),
    max_depth: int | None = None,
) -> Any:
    """The value of a document of XML.

    Args:
        type: What to make of it: a dataclass, a TypedDict, a model, ``list[int]``, ...
        convention: ``"typed"`` for what `serialize_xml` writes, ``"plain"`` for other documents.
        force_list: Names of elements that are a list even where there is one; for ``"plain"``.
        max_depth: How many levels it may have, in place of that of the config.

    Raises:
        SerializationError: If it is no XML, or holds nothing of this type.

    Examples:
        >>> deserialize_xml(serialize_xml([1, "1", None]))
        [1, '1', None]
        >>> deserialize_xml("<a><b>1</b></a>", convention="plain", force_list=["b"])
        {'a': {'b': ['1']}}
    """
    changed = as_config(config).changed(max_depth=max_depth)
    serializer = XMLSerializer(changed, convention=convention, force_list=force_list)
    return serializer.deserialize(data, type)
