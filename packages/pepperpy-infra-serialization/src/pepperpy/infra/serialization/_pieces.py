"""Bytes from wherever they come: a file, or pieces that somebody makes, at once or in time."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
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

AsBytes: TypeAlias = Callable[[Any], bytes]
"""Makes bytes of one piece, or raises."""

_AT_ONCE = 64 * 1024


def is_async(source: Any) -> bool:
    """Whether the pieces come in time."""
    return is_a(source, AsyncIterable)


def pieces(source: Any, piece: AsBytes) -> Iterator[bytes]:
    """The bytes in pieces, in order, never more than one in memory.

    Raises:
        SerializationError: If the source gives no bytes.
    """
    if is_a(source, (bytes, bytearray, memoryview, str)):
        yield piece(source)
    elif hasattr(source, "read"):
        while held := _read(source):
            yield piece(held)
    elif is_a(source, Iterable):
        for held in source:
            yield piece(held)
    else:
        raise SerializationError(
            f"a file or an iterable of bytes or text is read; got {type(source).__name__}"
        )


async def apieces(source: AsyncIterable[Any], piece: AsBytes) -> AsyncIterator[bytes]:
    """The same, as they come.

    Raises:
        SerializationError: If the source gives no bytes.
    """
    async for held in source:
        yield piece(held)


def _read(file: Any) -> Any:
    held = file.read(_AT_ONCE)
    if held is None:
        raise SerializationError(
            "the file does not block and has nothing yet: it cannot be awaited"
        )
    return held


def text_or_bytes(held: Any) -> bytes:
    """One piece as bytes.  Half of a surrogate pair stays one, for whoever reads that line.

    Raises:
        SerializationError: If it is none.
    """
    if is_a(held, memoryview):
        return viewed(held)
    if is_a(held, (bytes, bytearray)):
        return bytes(held)
    if not isinstance(held, str):
        raise SerializationError(f"a piece must be bytes or text; got {type(held).__name__}")
    return held.encode("utf-8", "surrogatepass")


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
