"""How to compress, and how hard to try."""

from __future__ import annotations

from enum import Enum, IntEnum
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from pepperpy.infra.serialization import SerializationFormat

from ._errors import CompressionOptionError


class CompressionAlgorithm(Enum):
    """What the bytes are compressed with; each is a standard format that other tools read."""

    GZIP = "gzip"
    ZLIB = "zlib"
    LZMA = "lzma"
    NONE = "none"
    ZSTD = "zstd"
    LZ4 = "lz4"

    if not TYPE_CHECKING:
        # Enum's own is a function in Python, and members are keys on every call.
        __hash__ = object.__hash__


class CompressionLevel(IntEnum):
    """How hard to try; each algorithm takes the level of its own that comes nearest."""

    NONE = 0
    FAST = 1
    DEFAULT = 6
    BEST = 9


Member = TypeVar("Member", CompressionAlgorithm, CompressionLevel, SerializationFormat)


def choose(kind: type[Member], value: Member | str | int, option: str) -> Member:
    """The member that *value* is or names, for the parameter *option*."""
    if isinstance(value, kind):
        return value
    if isinstance(value, str):
        found: Member | None = _by_value(kind).get(value.lower())
        if found is not None:
            return found
    elif not isinstance(value, bool):
        try:
            return kind(value)
        except ValueError:
            pass
    names = ", ".join(f"{kind.__name__}.{member.name}" for member in kind)
    raise CompressionOptionError(f"{option} must be one of {names}; got {value!r}", option=option)


@cache
def _by_value(kind: type[Member]) -> dict[str | int, Member]:
    # Asking an enum itself takes several times as long.
    return {member.value: member for member in kind}
