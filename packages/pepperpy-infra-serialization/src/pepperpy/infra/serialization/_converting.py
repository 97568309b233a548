"""What every format does with the data it is handed and the type it is asked for."""

from __future__ import annotations

import sys
from typing import Any

from ._errors import SerializationError


def as_bytes(data: Any) -> bytes:
    """The data as bytes; text is none.

    Raises:
        SerializationError: If it holds no bytes.
    """
    if isinstance(data, bytes):
        return data
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data)
    raise SerializationError(f"the data must be bytes; got {type(data).__name__}")


def as_text_bytes(data: Any) -> bytes:
    """The data as bytes; text as UTF-8.

    Raises:
        SerializationError: If it is neither, or text that is no Unicode.
    """
    if not isinstance(data, str):
        return as_bytes(data)
    try:
        return data.encode()
    except UnicodeError as error:
        raise SerializationError(f"the text is no Unicode: {error.reason}") from error


def converted(value: Any, type: Any) -> Any:  # noqa: A002
    """A plain value as a *type*: a dataclass, a TypedDict, a model, ``list[int]``, ...

    Raises:
        SerializationError: If it does not fit.
    """
    if type is Any or value.__class__ is type:
        return value
    import msgspec

    pydantic = sys.modules.get("pydantic")
    try:
        if pydantic is not None and isinstance(type, pydantic.BaseModel.__class__):
            return type.model_validate(value)
        return msgspec.convert(value, type, dec_hook=_validated)
    except Exception as error:  # constructors take part, and may raise anything
        raise SerializationError(f"the value does not fit {type!r}: {error}") from error


def _validated(type: Any, value: Any) -> Any:  # noqa: A002
    if hasattr(type, "model_validate"):
        return type.model_validate(value)
    raise NotImplementedError
