"""Bytes as text that passes everywhere."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from ._errors import SerializationError
from ._failures import as_bytes, viewed
from ._kinds import is_a

if TYPE_CHECKING:
    from ._serializer import Data


def to_base64(data: Data) -> str:
    r"""The bytes in the standard alphabet of base64, padded, on one line.

    Raises:
        SerializationError: If these are no bytes.

    Examples:
        >>> to_base64(b"\xff\xfe")
        '//4='
    """
    if isinstance(data, memoryview):
        data = viewed(data)
    if not is_a(data, (bytes, bytearray)):
        raise SerializationError(f"to_base64 takes bytes; got {type(data).__name__}")
    return b64encode(data).decode("ascii")


def from_base64(text: str | Data) -> bytes:
    r"""The bytes that a text in base64 stands for: standard alphabet, exact padding, no white space.

    Raises:
        SerializationError: If it is none, to the last bit.

    Examples:
        >>> from_base64("//4=")
        b'\xff\xfe'
    """
    if not is_a(text, (str, bytes, bytearray, memoryview)):
        raise SerializationError(f"from_base64 takes text or bytes; got {type(text).__name__}")
    try:
        held = text.encode("ascii") if isinstance(text, str) else bytes(as_bytes(text, "base64"))
        data = b64decode(held, validate=True)
    except (UnicodeError, binascii.Error) as error:
        raise SerializationError("the text is no base64") from error
    if b64encode(data) != held:  # more padding than there is, or bits that count for nothing
        raise SerializationError("the text is no exact base64: its end is not as it must be")
    return data
