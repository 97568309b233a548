"""Frames: a payload in a standard container, with 20 bytes that say what it is.

    gzip        in the header of the member, as the subfield PP of its extra field
    zstd, lz4   in a skippable frame behind the compressed one
    the others  behind the compressed bytes

What stands before the 20 bytes is `[signature, 32 bytes] [dictionary, 4 bytes]`, each only if
its flag is set.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from pepperpy.infra.serialization import SerializationFormat

from . import _metadata
from ._algorithm import CompressionAlgorithm, CompressionLevel
from ._engines import decompress_bounded, engine
from ._errors import CompressionError, OutputLimitError
from ._metadata import Flag, FrameKind, Metadata

_GZIP: Final = b"\x1f\x8b"
# Deflate, an extra field, no time, no hint, no operating system.
_GZIP_HEADER: Final = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff"
_GZIP_PLAIN: Final = 10  # the length of a header without anything
_FIELD = struct.Struct("<H2sH")  # of all fields, name, of the subfield
_NAME: Final = b"PP"
_SKIPPABLE: Final = struct.Struct("<II")
_SKIPPABLE_MAGIC: Final = 0x184D2A50
_SKIPPED = (CompressionAlgorithm.ZSTD, CompressionAlgorithm.LZ4)


class Opened(NamedTuple):
    """A frame's payload, and what the frame says about it."""

    kind: FrameKind
    format: SerializationFormat
    algorithm: CompressionAlgorithm
    level: CompressionLevel
    payload: bytes


class Parts(NamedTuple):
    """A frame taken apart: nothing is decompressed yet."""

    metadata: Metadata
    container: memoryview


def seal(
    payload: bytes,
    *,
    kind: FrameKind,
    format: SerializationFormat,  # noqa: A002 - the field's own word
    algorithm: CompressionAlgorithm,
    level: CompressionLevel,
) -> bytes:
    """The frame of a payload: the same bytes each time."""
    container = engine(algorithm).compress(payload, level)
    flags = 0
    if algorithm is CompressionAlgorithm.NONE and payload.startswith(_GZIP):
        # Whatever begins like gzip is gzip, or a reader could be told two things.
        container, flags = b"\0" + container, Flag.ESCAPED
    metadata = Metadata(kind, format, algorithm, level, flags, len(payload))
    return _assemble(algorithm, container, metadata.pack(container))


def _assemble(algorithm: CompressionAlgorithm, container: bytes, note: bytes) -> bytes:
    if algorithm is CompressionAlgorithm.GZIP:
        field = _FIELD.pack(4 + len(note), _NAME, len(note))
        return b"".join((_GZIP_HEADER, field, note, container[_GZIP_PLAIN:]))
    if algorithm in _SKIPPED:
        return b"".join((container, _SKIPPABLE.pack(_SKIPPABLE_MAGIC, len(note)), note))
    return container + note


def take_apart(data: bytes | memoryview) -> Parts | None:
    """Find what a frame says about itself; `None` if *data* is no frame.

    Raises:
        CompressionError: It is a damaged frame.
    """
    view = memoryview(data)
    if view[:2] == _GZIP:
        return _gzip_parts(view)
    if len(view) < _metadata.SIZE:
        return None
    container = view[: -_metadata.SIZE]
    metadata = _metadata.unpack(bytes(view[-_metadata.SIZE :]), container)
    if metadata is None:
        return None
    if metadata.algorithm is CompressionAlgorithm.GZIP:
        raise CompressionError("the frame is damaged: it does not begin as gzip does")
    if metadata.algorithm in _SKIPPED:
        container = _without_skippable(container, _metadata.SIZE)
    return Parts(metadata, container)


def _gzip_parts(view: memoryview) -> Parts | None:
    if len(view) < _GZIP_PLAIN + _FIELD.size + _metadata.SIZE or not view[3] & 4:
        return None
    length, name, inner = _FIELD.unpack_from(view, _GZIP_PLAIN)
    end = _GZIP_PLAIN + 2 + length
    if length < 4 + _metadata.SIZE or end > len(view):
        return None
    metadata = _metadata.unpack(bytes(view[end - _metadata.SIZE : end]), view)
    if metadata is None:
        return None
    header = bytes(view[:_GZIP_PLAIN])
    found = (header, name, inner, length, metadata.algorithm)
    expected = (_GZIP_HEADER, _NAME, length - 4, 4 + _metadata.SIZE, CompressionAlgorithm.GZIP)
    if found != expected:
        raise CompressionError("the frame's header is damaged")
    return Parts(metadata, view)


def _without_skippable(container: memoryview, length: int) -> memoryview:
    expected = _SKIPPABLE.pack(_SKIPPABLE_MAGIC, length)
    if container[-len(expected) :] != expected:
        raise CompressionError("the skippable frame that holds the metadata is damaged")
    return container[: -len(expected)]


def open_frame(data: bytes | memoryview, limit: int) -> Opened:
    """What a frame holds, if it holds at most *limit* bytes.

    Raises:
        CompressionError: *data* is no frame, or a damaged one.
        OutputLimitError: It holds more.
    """
    parts = take_apart(data)
    if parts is None:
        raise CompressionError("this is no frame: it does not say what it is")
    return open_parts(parts, limit)


def open_parts(parts: Parts, limit: int) -> Opened:
    """What a frame that was taken apart holds, if it holds at most *limit* bytes."""
    metadata, container = parts
    if metadata.size > limit:
        raise OutputLimitError(
            f"the frame holds {metadata.size} bytes and {limit} are allowed; "
            "if you trust it, allow more with max_output_size=",
            limit=limit,
        )
    if metadata.flags & Flag.ESCAPED:
        container = container[1:]
    try:
        payload = decompress_bounded(metadata.algorithm, container, metadata.size)
    except OutputLimitError as error:
        raise CompressionError("the frame holds more than it says: it is damaged") from error
    if len(payload) != metadata.size:
        raise CompressionError("the frame holds less than it says: it is damaged")
    return Opened(metadata.kind, metadata.format, metadata.algorithm, metadata.level, payload)
