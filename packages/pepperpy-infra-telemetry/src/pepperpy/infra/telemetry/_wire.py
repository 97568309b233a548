"""What processes that share their metrics say to each other: lines of JSON."""

from __future__ import annotations

import json
import math
import time
from typing import TYPE_CHECKING, Any, Final

from ._histogram import ExponentialHistogram
from ._reading import Figure
from ._types import DISTRIBUTIONS, MetricType

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Iterator

ASK: Final = b"?"
MAX_HELLO: Final = 1024
_AT_ONCE: Final = 1 << 18


def line(**what: Any) -> bytes:
    """A message."""
    return json.dumps(what, separators=(",", ":")).encode() + b"\n"


def lines(
    connection: socket.socket, first_at_most: int = 0, within: float = 0.0
) -> Iterator[dict[str, Any]]:
    """The messages that come, until the other side has closed.

    Args:
        connection: Where from.
        first_at_most: Bytes that the first one may have, from somebody unknown; 0 for any.
        within: Seconds in which that has to be there.

    Raises:
        TimeoutError: If it is not.
        ValueError: If something else than messages comes.
    """
    until = time.monotonic() + within
    # No buffered file: its lock could be held by another thread when a child is forked.
    got = bytearray()
    if first_at_most:
        connection.settimeout(within)
    while more := connection.recv(_AT_ONCE):
        got += more
        if first_at_most and b"\n" not in got[:first_at_most] and len(got) >= first_at_most:
            raise ValueError("the first message is too long")
        if b"\n" not in more:
            if first_at_most:  # or a byte now and then would keep it waiting
                connection.settimeout(max(0.001, until - time.monotonic()))
            continue
        *whole, rest = got.split(b"\n")
        got, first_at_most = rest, 0
        yield from map(json.loads, whole)


def packed(figures: Iterable[Figure]) -> list[Any]:
    """*figures* as JSON has them."""
    return [
        (name, type_, tags, value.to_dict() if isinstance(value, ExponentialHistogram) else value)
        for name, type_, tags, value in figures
    ]


def unpacked(sent: Iterable[Any]) -> Iterator[Figure]:
    """The figures that were sent.

    Raises:
        ValueError: If it is not what `packed` makes.
    """
    for name, kind, tags, value in sent:
        type_ = MetricType(kind)
        if type_ in DISTRIBUTIONS:
            value = ExponentialHistogram.from_dict(value)  # noqa: PLW2901 - the same, read
        number = value.sum if isinstance(value, ExponentialHistogram) else value
        if not (math.isfinite(number) and len(tags) % 2 == 0 and _are_texts([name, *tags])):
            raise ValueError("a figure is none")
        yield Figure(name, type_, tuple(tags), value)


def _are_texts(found: Iterable[object]) -> bool:
    return all(isinstance(each, str) for each in found)
