"""The formats, one enum for every wheel."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import did_you_mean

from ._errors import UnknownFormatError
from ._kinds import is_a


class SerializationFormat(Enum):
    """A way to write a value as bytes.

    Examples:
        >>> SerializationFormat("json")
        <SerializationFormat.JSON: 'json'>
    """

    JSON = "json"
    MSGPACK = "msgpack"
    PICKLE = "pickle"
    YAML = "yaml"
    XML = "xml"
    RAW = "raw"

    if not TYPE_CHECKING:
        # Enum's own is a function in Python, and members are keys on every call.
        __hash__ = object.__hash__


def as_format(given: SerializationFormat | str) -> SerializationFormat:
    """The format that is meant by a member or its text, in any case of letters.

    Raises:
        UnknownFormatError: If there is none.
    """
    if isinstance(given, SerializationFormat):
        return given
    texts = [member.value for member in SerializationFormat]
    text: Any = given
    if is_a(text, str) and text.lower() in texts:
        return SerializationFormat(text.lower())
    raise UnknownFormatError(
        f"there is no format {given!r}; {did_you_mean(given, texts)}", format=given
    )
