"""`YAMLSerializer`."""

from __future__ import annotations

from typing import Any, TypeVar, overload

from pepperpy.infra.serialization._format import SerializationFormat
from pepperpy.infra.serialization._serializer import Data, Serializer
from pepperpy.infra.serialization._typed import convert

T = TypeVar("T")


class YAMLSerializer(Serializer):
    """YAML that means the same to every reader, read by the core schema of YAML 1.2.

    ``no`` is a text, ``1e3`` a number, a day without quotes a text.  Text that a reader by 1.1 or 1.2 could take
    for something else is written in quotes.  Of the config, *indent*, *sort_keys*, *max_depth* and *default*
    count.

    Examples:
        >>> print(YAMLSerializer().serialize({"on": ["no", 1e3]}).decode(), end="")
        'on':
        - 'no'
        - 1000.0
    """

    format = SerializationFormat.YAML

    def serialize(self, value: Any) -> bytes:
        """The value as a document of YAML.

        Raises:
            SerializationError: If YAML cannot hold it.
        """
        from ._writing import write

        return write(value, self.config)

    @overload
    def deserialize(self, data: Data | str) -> Any: ...

    @overload
    def deserialize(self, data: Data | str, type: type[T]) -> T: ...

    def deserialize(self, data: Data | str, type: Any = Any) -> Any:  # noqa: A002
        """The value of the document; `None` if there is none.

        Raises:
            SerializationError: If it is no YAML, or more than one document, or does not fit *type*.
            UnsafeDataError: If aliases make it too large, or a tag asks for an object.
        """
        from ._reading import read

        return convert(read(data, self.config.max_depth), type)
