"""JSON one value a line, from bytes that come in pieces."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar, overload

from pepperpy.infra.serialization._errors import (
    LineError,
    SerializationError,
    SerializerConfigError,
)
from pepperpy.infra.serialization._kinds import is_a
from pepperpy.infra.serialization._pieces import (
    Piece,
    Source,
    apieces,
    check_bound,
    is_async,
    pieces,
    text_or_bytes,
)

from ._reader import BOM
from ._serializer import JSONSerializer

if TYPE_CHECKING:
    from pepperpy.infra.serialization._config import SerializerConfig

OnError: TypeAlias = Literal["raise", "skip"] | list[LineError]
"""What becomes of bad lines: the first one ends it, they are passed over, or a list takes them."""

_MAX_LINE: Final = 16 * 1024 * 1024

T = TypeVar("T")


@overload
def iter_json_lines(
    source: AsyncIterable[Piece],
    *,
    errors: OnError = ...,
    max_size: int = ...,
    config: SerializerConfig | None = ...,
) -> AsyncIterator[Any]: ...


@overload
def iter_json_lines(
    source: AsyncIterable[Piece],
    type: type[T],
    *,
    errors: OnError = ...,
    max_size: int = ...,
    config: SerializerConfig | None = ...,
) -> AsyncIterator[T]: ...


@overload
def iter_json_lines(
    source: Source,
    *,
    errors: OnError = ...,
    max_size: int = ...,
    config: SerializerConfig | None = ...,
) -> Iterator[Any]: ...


@overload
def iter_json_lines(
    source: Source,
    type: type[T],
    *,
    errors: OnError = ...,
    max_size: int = ...,
    config: SerializerConfig | None = ...,
) -> Iterator[T]: ...


def iter_json_lines(
    source: Source | AsyncIterable[Piece],
    type: Any = Any,  # noqa: A002
    *,
    errors: OnError = "raise",
    max_size: int = _MAX_LINE,
    config: SerializerConfig | None = None,
) -> Iterator[Any] | AsyncIterator[Any]:
    r"""The value of each line; empty lines have none.

    Args:
        source: A file, an iterable of bytes or text, which need not be lines, or an async one, which
            gives an async iterator.
        type: What to make of each value.
        errors: ``"raise"``, ``"skip"``, or a list to which each bad line's error is added.
        max_size: Bytes that one line may have; a longer one is a bad line, and is never kept.
        config: How values are read.

    Raises:
        LineError: While iterating, if a line is bad and *errors* says so; it names the line's number.

    Examples:
        >>> list(iter_json_lines(['{"id": 1}\n{"i', 'd": 2}\n']))
        [{'id': 1}, {'id': 2}]
    """
    check_bound("max_size", max_size)
    if errors not in ("raise", "skip") and not is_a(errors, list):
        raise SerializerConfigError(
            f"errors must be 'raise', 'skip' or a list; got {errors!r}", option="errors"
        )
    lines = _Lines(JSONSerializer(config), type, errors, max_size)
    if is_async(source):
        return _later(source, lines)  # type: ignore[arg-type]  # just asked
    return _now(source, lines)


def _now(source: Any, lines: _Lines) -> Iterator[Any]:
    for piece in pieces(source, text_or_bytes):
        yield from lines.feed(piece)
    yield from lines.end()


async def _later(source: AsyncIterable[Any], lines: _Lines) -> AsyncIterator[Any]:
    async for piece in apieces(source, text_or_bytes):
        for value in lines.feed(piece):
            yield value
    for value in lines.end():
        yield value


class _Lines:
    """Puts lines together and reads them."""

    def __init__(self, reader: JSONSerializer, wanted: Any, errors: OnError, max_size: int) -> None:
        self._reader = reader
        self._wanted = wanted
        self._errors = errors
        self._max_size = max_size
        self._parts: list[bytes] = []  # of the line that has not ended
        self._size = 0
        self._number = 1

    def feed(self, piece: bytes) -> Iterator[Any]:
        """The values of the lines that end in this piece."""
        start = 0
        while (end := piece.find(b"\n", start)) >= 0:
            self._keep(piece[start:end])
            start = end + 1
            yield from self.end()
        self._keep(piece[start:])

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= self._max_size:
            self._parts.append(part)
        else:
            self._parts.clear()  # it is too long whatever follows

    def end(self) -> Iterator[Any]:
        """The value of the line that ends here."""
        line, size, number = b"".join(self._parts), self._size, self._number
        self._parts.clear()
        self._size = 0
        self._number += 1
        if number == 1:
            line = line.removeprefix(BOM)
        if size > self._max_size:
            self._bad(number, f"it is longer than max_size, {self._max_size} bytes", None)
        elif line.strip(b" \t\r"):
            try:
                value = self._reader.deserialize(line, self._wanted)
            except SerializationError as error:
                self._bad(number, str(error), error)
            else:
                yield value

    def _bad(self, number: int, problem: str, cause: Exception | None) -> None:
        error = LineError(f"line {number} is bad: {problem}", line=number)
        error.__cause__ = cause
        if self._errors == "raise":
            raise error
        if isinstance(self._errors, list):
            self._errors.append(error)
