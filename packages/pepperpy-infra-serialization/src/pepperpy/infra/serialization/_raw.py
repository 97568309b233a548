"""RAW: bytes as they are."""

from __future__ import annotations

from typing import Any, TypeVar, overload

from ._errors import SerializationError
from ._failures import viewed
from ._format import SerializationFormat
from ._kinds import class_of, is_a
from ._serializer import Data, Serializer

T = TypeVar("T")


class RawSerializer(Serializer):
    r"""Bytes pass as they are, text as UTF-8; whatever is read comes back as bytes.

    Examples:
        >>> RawSerializer().serialize("né"), RawSerializer().deserialize(b"n", str)
        (b'n\xc3\xa9', 'n')
    """

    format = SerializationFormat.RAW

    def serialize(self, value: Any) -> bytes:
        """The bytes, or the text as UTF-8.

        Raises:
            SerializationError: If it is neither, or text that is no Unicode.
        """
        return _bytes(value)

    @overload
    def deserialize(self, data: Data | str) -> Any: ...

    @overload
    def deserialize(self, data: Data | str, type: type[T]) -> T: ...

    def deserialize(self, data: Data | str, type: Any = Any) -> Any:  # noqa: A002
        """The bytes; text if *type* is `str`.

        Raises:
            SerializationError: If *type* is something else, or the bytes are no UTF-8.
        """
        held = _bytes(data)
        if type is Any or type is bytes:
            return held
        if type is not str:
            raise SerializationError(f"raw data is bytes or str; it cannot become {type!r}")
        try:
            return held.decode()
        except UnicodeError as error:
            raise SerializationError(f"the data is no UTF-8 text: {error}") from error


def _bytes(value: Any) -> bytes:
    if is_a(value, memoryview):
        return viewed(value)
    if is_a(value, (bytes, bytearray)):
        return bytes(value)
    if not isinstance(value, str):
        raise SerializationError(
            f"raw data is bytes or text; got {class_of(value).__name__}, which needs another format"
        )
    try:
        return value.encode()
    except UnicodeError as error:
        raise SerializationError(f"the text is no Unicode: {error}") from error
