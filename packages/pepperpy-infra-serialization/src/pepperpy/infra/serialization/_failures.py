"""What engines raise becomes one family of errors, and what is no failure passes."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from pepperpy.infra.utils import passes_through

from ._errors import SerializationError
from ._kinds import is_a


def let_through(error: BaseException) -> None:
    """Raise again what no error may hide: an engine may have wrapped an interrupt of a hook.

    Raises:
        BaseException: If the error, or what caused it, is no failure.
    """
    seen: BaseException | None = error
    for _ in range(8):
        if seen is None:
            return
        if passes_through(seen):
            raise seen
        seen = seen.__cause__


def unreadable(name: str, error: Exception) -> SerializationError:
    """The error for bytes that are no document of a format, by what its engine said."""
    let_through(error)
    said = str(error) or type(error).__name__
    return SerializationError(f"this is no {name}: {said}")


@contextmanager
def named_errors(message: str) -> Generator[None]:
    """Make a `SerializationError` of whatever an engine, or an object that takes part, raises."""
    try:
        yield
    except SerializationError:
        raise
    except Exception as error:  # engines and objects have errors of their own
        let_through(error)
        raise SerializationError(f"{message} ({type(error).__name__})") from error


def as_bytes(data: Any, name: str) -> bytes | bytearray:
    """What holds the bytes of a binary document.

    Raises:
        SerializationError: If it holds none.
    """
    if isinstance(data, (bytes, bytearray)):
        return data
    if is_a(data, memoryview):
        return viewed(data)
    raise SerializationError(f"{name} is read from bytes; got {type(data).__name__}")


def viewed(view: memoryview) -> bytes:
    """The bytes that a buffer shows, in whatever steps.

    Raises:
        SerializationError: If it was released.
    """
    try:
        return bytes(view)
    except ValueError as error:
        raise SerializationError("the memoryview shows nothing, since it was released") from error
