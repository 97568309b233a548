"""What the targets share: how an input becomes choices, and what was read is written again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from pepperpy.infra.compression import (
    CompressionAlgorithm,
)
from pepperpy.infra.serialization import (
    DepthError,
    SerializationError,
    SerializationFormat,
)

from .guard import Guard
from .sameness import same, weight

LIMIT: Final = 1 << 20  # bytes that may come out of compressed data here
WRITABLE: Final = 20_000  # values that are written and read again
KEY: Final = b"a key"
ALGORITHMS: Final = [*CompressionAlgorithm]
FORMATS: Final = [*SerializationFormat]
NONE: Final = CompressionAlgorithm.NONE


def again(
    guard: Guard,
    value: Any,
    write: Callable[[Any], Any],
    read: Callable[[Any], Any],
    *,
    lists: bool = False,
) -> None:
    """What was read can be written, and is read as the same; with *lists*, tuples and sets as lists."""
    if weight(value, WRITABLE) >= WRITABLE:
        return
    try:
        written = write(value)
    except DepthError:
        return  # a reader looks for depth where it is likely, a writer everywhere
    except Exception as error:  # noqa: BLE001 - none is right
        guard.keep(error, "not written again")
        return
    other = guard.must("not read again", lambda: read(written))
    if not same(value, other, lists=lists):
        guard.breach("another value", f"{value!r:.300} became {other!r:.300}")


def cut(data: bytes) -> list[bytes]:
    """Pieces of the rest, of the length that the first byte gives, but not too many."""
    size = max(data[0] % 17 + 1, len(data) // 100) if data else 1
    return [data[start : start + size] for start in range(1, len(data), size)]


def drained(make: Callable[[], Iterator[Any]]) -> tuple[list[Any], str | None]:
    """What an iterator gave, and the name of the error that ended it."""
    values: list[Any] = []
    try:
        for value in make():
            values.append(value)  # noqa: PERF402 - they are kept when it ends with an error
    except SerializationError as error:
        return values, type(error).__name__
    return values, None


def head(data: bytes, count: int) -> tuple[bytes, bytes]:
    """Some bytes that choose options, zeros if they are missing, and the rest."""
    return data[:count].ljust(count, b"\0"), data[count:]
