"""The serializer for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pepperpy.infra.serialization._errors import SerializationError
from pepperpy.infra.serialization._format import SerializationFormat
from pepperpy.infra.serialization._serializer import Serializer

if TYPE_CHECKING:
    from pepperpy.infra.serialization._serializer import Data


class JSONSerializer(Serializer):
    """Writes and reads JSON as RFC 8259 has it.

    Examples:
        >>> JSONSerializer().serialize({"name": "John"})
        b'{"name":"John"}'
    """

    format = SerializationFormat.JSON

    def serialize(self, value: Any) -> bytes:
        """The value as JSON.

        Raises:
            SerializationError: If JSON cannot hold it.
        """
        import msgspec

        order = "sorted" if self.config.sort_keys else None
        try:
            written = msgspec.json.encode(value, order=order, enc_hook=self.config.default)
            indent = self.config.indent
            return written if indent is None else msgspec.json.format(written, indent=indent)
        except Exception as error:
            raise SerializationError(f"JSON cannot hold this value: {error}") from error

    def deserialize(self, data: Data | str, type: Any = Any) -> Any:  # noqa: A002
        """The value that the JSON holds.

        Raises:
            SerializationError: If it is no JSON, or holds nothing of this type.
        """
        import msgspec

        try:
            return msgspec.json.decode(data, type=type)
        except Exception as error:
            raise SerializationError(f"this is no JSON: {error}") from error
