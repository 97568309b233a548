"""From one format to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ._config import as_config
from ._format import SerializationFormat, as_format
from ._kinds import is_a
from ._registry import get_serializer

if TYPE_CHECKING:
    from ._config import SerializerConfig

_TEXTS: Final = frozenset(
    {SerializationFormat.JSON, SerializationFormat.YAML, SerializationFormat.XML}
)


class FormatConverter:
    """Turns documents of one format into those of another.

    Args:
        source_config: How documents are read.
        target_config: How they are written.

    Raises:
        SerializerConfigError: If one is no `SerializerConfig`.

    Examples:
        >>> from pepperpy.infra.serialization import SerializerConfig
        >>> indented = FormatConverter(target_config=SerializerConfig(indent=2))
        >>> print(indented.convert(b"[1]", "json", "json").decode())
        [
          1
        ]
    """

    def __init__(
        self,
        source_config: SerializerConfig | None = None,
        target_config: SerializerConfig | None = None,
    ) -> None:
        as_config(source_config, "source_config")
        as_config(target_config, "target_config")
        self.source_config: SerializerConfig | None = source_config
        self.target_config: SerializerConfig | None = target_config

    def convert(
        self,
        data: Any,
        source_format: SerializationFormat | str,
        target_format: SerializationFormat | str,
    ) -> bytes:
        """The document in *target_format* that says the same as *data*.

        Args:
            data: Bytes are a document in *source_format*, and so is a text if that is JSON, YAML or
                XML.  Anything else is the value itself.

        Raises:
            UnknownFormatError: There is no such format.
            SerializationError: It is no such document, or *target_format* cannot hold the value.
        """
        source = get_serializer(source_format, self.source_config)
        target = get_serializer(target_format, self.target_config)
        encoded = is_a(data, (bytes, bytearray, memoryview)) or (
            is_a(data, str) and as_format(source_format) in _TEXTS
        )
        return target.serialize(source.deserialize(data) if encoded else data)


def convert_format(
    data: Any,
    source_format: SerializationFormat | str,
    target_format: SerializationFormat | str,
    *,
    source_config: SerializerConfig | None = None,
    target_config: SerializerConfig | None = None,
) -> bytes:
    r"""The document in *target_format* that says the same as *data*.

    Args:
        data: Bytes are a document in *source_format*, and so is a text if that is JSON, YAML or XML.
            Anything else is the value itself.

    Raises:
        UnknownFormatError: There is no such format.
        SerializationError: It is no such document, or *target_format* cannot hold the value.

    Examples:
        >>> convert_format('{"a": [1]}', "json", "yaml")
        b'a:\n- 1\n'
        >>> convert_format({"a": [1]}, "json", "msgpack")
        b'\x81\xa1a\x91\x01'
    """
    return FormatConverter(source_config, target_config).convert(data, source_format, target_format)
