"""Bytes from wherever they come: a file, or pieces that somebody makes, at once or in time."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any, Protocol, TypeAlias

from ._errors import SerializationError
from ._failures import viewed
from ._kinds import is_a

Piece: TypeAlias = bytes | bytearray | memoryview | str


class Readable(Protocol):
    """A file, of bytes or of text."""

    def read(self, size: int, /) -> bytes | str: ...


Source: TypeAlias = Readable | Iterable[Piece] | Piece
"""What gives bytes: a file, pieces in a row, or one piece that is all."""

_AT_ONCE = 64 * 1024


def is_async(source: Any) -> bool:
    """Whether the pieces come in time."""
    return is_a(source, AsyncIterable)


def pieces(source: Any) -> Iterator[bytes]:
    """The bytes in pieces, in order, never more than one in memory.

    Raises:
        SerializationError: If the source gives no bytes.
    """
    if is_a(source, (bytes, bytearray, memoryview, str)):
        yield as_piece(source)
    elif hasattr(source, "read"):
        while held := source.read(_AT_ONCE):
            yield as_piece(held)
    elif is_a(source, Iterable):
        for held in source:
            yield as_piece(held)
    else:
        raise SerializationError(
            f"a file or an iterable of bytes or text is read; got {type(source).__name__}"
        )


async def apieces(source: AsyncIterable[Any]) -> AsyncIterator[bytes]:
    """The same, as they come.

    Raises:
        SerializationError: If the source gives no bytes.
    """
    async for held in source:
        yield as_piece(held)


def as_piece(held: Any) -> bytes:
    """One piece as bytes.

    Raises:
        SerializationError: If it is none.
    """
    if is_a(held, memoryview):
        return viewed(held)
    if is_a(held, (bytes, bytearray)):
        return bytes(held)
    if not isinstance(held, str):
        raise SerializationError(f"a piece must be bytes or text; got {type(held).__name__}")
    try:
        return held.encode()
    except UnicodeError as error:
        raise SerializationError(f"the text is no Unicode: {error}") from error


def check_bound(name: str, value: Any) -> None:
    """Refuse a bound that is none.

    Raises:
        SerializerConfigError: If it is no whole number above 0.
    """
    from ._errors import SerializerConfigError

    if not is_a(value, int) or is_a(value, bool) or value < 1:
        raise SerializerConfigError(
            f"{name} must be a number of bytes above 0; got {value!r}", option=name
        )
