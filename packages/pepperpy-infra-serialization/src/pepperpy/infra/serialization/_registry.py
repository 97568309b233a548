"""Which serializer a format has."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from ._format import SerializationFormat, as_format
from ._json import JSONSerializer
from ._msgpack import MessagePackSerializer
from ._pickle import PickleSerializer
from ._raw import RawSerializer
from ._xml import XMLSerializer
from ._yaml import YAMLSerializer

if TYPE_CHECKING:
    from ._config import SerializerConfig
    from ._serializer import Serializer

_SERIALIZERS: Final[dict[SerializationFormat, type[Serializer]]] = {
    each.format: each
    for each in (
        JSONSerializer,
        MessagePackSerializer,
        PickleSerializer,
        RawSerializer,
        XMLSerializer,
        YAMLSerializer,
    )
}


def get_serializer(
    format: SerializationFormat | str,  # noqa: A002
    config: SerializerConfig | None = None,
) -> Serializer:
    """The serializer of a format; one and the same object as long as there is no config.

    Args:
        format: A member of `SerializationFormat`, or its text.

    Raises:
        UnknownFormatError: If there is no such format.

    Examples:
        >>> get_serializer("json").serialize([1, None])
        b'[1,null]'
    """
    kind = as_format(format)
    return _default(kind) if config is None else _SERIALIZERS[kind](config)


@cache
def _default(kind: SerializationFormat) -> Serializer:
    return _SERIALIZERS[kind]()
