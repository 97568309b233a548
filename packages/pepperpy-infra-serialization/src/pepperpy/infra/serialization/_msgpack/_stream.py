"""Values of MessagePack one after the other, from bytes that come in pieces."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from pepperpy.infra.serialization._errors import SerializationError
from pepperpy.infra.serialization._failures import as_bytes, unreadable
from pepperpy.infra.serialization._pieces import (
    Piece,
    Source,
    apieces,
    check_bound,
    is_async,
    pieces,
)

from ._serializer import MessagePackSerializer

if TYPE_CHECKING:
    from pepperpy.infra.serialization._config import SerializerConfig

_MAX_SIZE: Final = 64 * 1024 * 1024

T = TypeVar("T")


@overload
def iter_msgpack(
    source: AsyncIterable[Piece],
    *,
    max_size: int = ...,
    config: SerializerConfig | None = ...,
) -> AsyncIterator[Any]: ...


@overload
def iter_msgpack(
    source: AsyncIterable[Piece],
    type: type[T],
    *,
    max_size: int = ...,
    config: SerializerConfig | None = ...,
) -> AsyncIterator[T]: ...


@overload
def iter_msgpack(
    source: Source,
    *,
    max_size: int = ...,
    config: SerializerConfig | None = ...,
) -> Iterator[Any]: ...


@overload
def iter_msgpack(
    source: Source,
    type: type[T],
    *,
    max_size: int = ...,
    config: SerializerConfig | None = ...,
) -> Iterator[T]: ...


def iter_msgpack(
    source: Source | AsyncIterable[Piece],
    type: Any = Any,  # noqa: A002
    *,
    max_size: int = _MAX_SIZE,
    config: SerializerConfig | None = None,
) -> Iterator[Any] | AsyncIterator[Any]:
    r"""The values of a stream, each as soon as its last byte is there.

    Args:
        source: A file, an iterable of bytes, or an async one, which gives an async iterator.
        type: What to make of each value.
        max_size: Bytes that one value may have; more are never kept.
        config: How values are read.

    Raises:
        SerializationError: While iterating, if a value is none, is too long, or its end is missing.

    Examples:
        >>> list(iter_msgpack([b"\x01\xa2", b"hi", b"\xc0"]))
        [1, 'hi', None]
    """
    check_bound("max_size", max_size)
    splitter = _Splitter(max_size)
    serializer = MessagePackSerializer(config)
    if is_async(source):
        return _later(source, splitter, serializer, type)  # type: ignore[arg-type]  # just asked
    return _now(source, splitter, serializer, type)


def _now(
    source: Any, splitter: _Splitter, serializer: MessagePackSerializer, wanted: Any
) -> Iterator[Any]:
    for piece in pieces(source, _only_bytes):
        for document in splitter.feed(piece):
            yield serializer.deserialize(document, wanted)
    splitter.end()


async def _later(
    source: AsyncIterable[Any], splitter: _Splitter, serializer: MessagePackSerializer, wanted: Any
) -> AsyncIterator[Any]:
    async for piece in apieces(source, _only_bytes):
        for document in splitter.feed(piece):
            yield serializer.deserialize(document, wanted)
    splitter.end()


def _only_bytes(piece: Any) -> bytes:
    return bytes(as_bytes(piece, "MessagePack"))


class _Splitter:
    """Finds where values end; nothing of them is made yet."""

    def __init__(self, max_size: int) -> None:
        from ._untyped import Unpacker

        self._max_size = max_size
        self._skipper = Unpacker(strict_map_key=False, max_buffer_size=0)
        self._held = bytearray()
        self._before = 0  # bytes of the stream that are gone from what is held

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The documents that end in this piece."""
        for start in range(0, len(piece), self._max_size):
            part = piece[start : start + self._max_size]
            self._held += part
            self._skipper.feed(part)
            yield from self._ended()
            if len(self._held) > self._max_size:
                self._refuse_long()

    def _ended(self) -> Iterator[bytes]:
        from ._untyped import OutOfData

        while True:
            try:
                self._skipper.skip()
            except OutOfData:
                return
            except Exception as error:
                raise unreadable("MessagePack", error) from error
            size = self._skipper.tell() - self._before
            if size > self._max_size:
                self._refuse_long()
            document = bytes(self._held[:size])
            del self._held[:size]
            self._before += size
            yield document

    def _refuse_long(self) -> None:
        raise SerializationError(
            f"a value of the stream is longer than max_size, {self._max_size} bytes"
        )

    def end(self) -> None:
        """Refuse a value whose end is missing."""
        if self._held:
            raise SerializationError(
                f"the stream ends inside of a value, of which there are {len(self._held)} bytes"
            )
