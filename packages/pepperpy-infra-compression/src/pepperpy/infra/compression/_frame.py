"""Frames: a payload in a standard container, and a note that says what it is.

    gzip        the note is the subfield PP of the extra field in the member's header
    zstd, lz4   it is in a skippable frame behind the compressed one
    the others  it stands behind the compressed bytes

The note is ``[signature, 32 bytes] [dictionary, 4 bytes] metadata, 20 bytes``, where the first two
are there only if their flags are set.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from pepperpy.infra.serialization import SerializationFormat

from . import _metadata, _signing
from ._algorithm import CompressionAlgorithm, CompressionLevel
from ._dictionary import CompressionDictionary, engine_of
from ._engines import decompress_bounded, engine
from ._errors import CompressionError, DictionaryError, OutputLimitError, SignatureError
from ._metadata import (
    DICTIONARY,
    ESCAPED,
    MAGIC,
    SIGNATURE_SIZE,
    SIGNED,
    FrameKind,
    Metadata,
    note_length,
)
from ._views import Data, as_view

_GZIP: Final = b"\x1f\x8b"
# Deflate, an extra field, no time, no hint, no operating system.
_GZIP_HEADER: Final = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff"
_GZIP_PLAIN: Final = 10  # the length of a header without anything
# The header; the length of all its subfields, the name of ours, its length.
_HEAD: Final = struct.Struct("<10sH2sH")
_NAME: Final = b"PP"
_SKIPPABLE: Final = struct.Struct("<II")
_SKIPPABLE_MAGIC: Final = 0x184D2A50
_SKIPPED: Final = (CompressionAlgorithm.ZSTD, CompressionAlgorithm.LZ4)
_ID: Final = struct.Struct("<I")


class Opened(NamedTuple):
    """A frame's payload, and what the frame says about it."""

    kind: FrameKind
    format: SerializationFormat
    algorithm: CompressionAlgorithm
    level: CompressionLevel
    payload: bytes


class Parts(NamedTuple):
    """A frame taken apart; nothing is decompressed yet."""

    frame: memoryview
    metadata: Metadata
    note: int
    """Where the note begins."""
    container: memoryview
    """What the algorithm's own tools read."""


def seal(
    payload: bytes,
    *,
    kind: FrameKind,
    format: SerializationFormat,  # noqa: A002 - the field's own word
    algorithm: CompressionAlgorithm,
    level: CompressionLevel,
    keys: Sequence[bytes] = (),
    dictionary: CompressionDictionary | None = None,
) -> bytes:
    """The frame of a payload; see `compose`."""
    return compose(payload, kind, format, algorithm, level, keys, dictionary)[0]


def compose(  # noqa: PLR0917 - all but one are what a frame is
    payload: bytes,
    kind: FrameKind,
    format: SerializationFormat,  # noqa: A002
    algorithm: CompressionAlgorithm,
    level: CompressionLevel,
    keys: Sequence[bytes] = (),
    dictionary: CompressionDictionary | None = None,
    *,
    effort: CompressionLevel | None = None,
) -> tuple[bytes, Metadata]:
    """The frame of a payload, the same bytes each time, and what it says.

    Args:
        keys: If there are any, the first one signs the frame.
        dictionary: What ZSTD, and nothing else, compresses with.
        effort: The level to compress at, if *level*, which the frame tells, is not the best one
            for what the payload is.
    """
    source = engine_of(dictionary) if dictionary else engine(algorithm)
    container = source.compress(payload, level if effort is None else effort)
    flags, note = 0, b""
    if algorithm is CompressionAlgorithm.NONE and _looks_framed(payload):
        container, flags = b"\0" + payload + b"\0", ESCAPED
    if dictionary:
        flags, note = flags | DICTIONARY, _ID.pack(dictionary.id)
    if keys:
        flags |= SIGNED
    metadata = Metadata(kind, format, algorithm, level, flags, len(payload))
    note += metadata.pack(container)
    before, after = _lay_out(algorithm, container, note_length(flags))
    if keys:
        note = _signing.sign(keys[0], before, b"".join((note, after))) + note
    return b"".join((before, note, after)), metadata


def _looks_framed(payload: bytes) -> bool:
    """Whether it could be taken for a frame where it stands, or if what follows it is cut off."""
    return payload.startswith(_GZIP) or payload[-_metadata.SIZE :].startswith(MAGIC[:3])


def _lay_out(algorithm: CompressionAlgorithm, container: bytes, length: int) -> tuple[bytes, Data]:
    """What stands before and behind a note of this length."""
    if algorithm is CompressionAlgorithm.GZIP:
        header = _HEAD.pack(_GZIP_HEADER, length + 4, _NAME, length)
        return header, memoryview(container)[_GZIP_PLAIN:]
    if algorithm in _SKIPPED:
        return container + _SKIPPABLE.pack(_SKIPPABLE_MAGIC, length), b""
    return container, b""


def take_apart(data: Data) -> Parts | None:
    """Find a frame's parts; `None` if *data* is no frame.

    Raises:
        CompressionError: It is a damaged frame.
    """
    frame = as_view(data)
    head = bytes(frame[: _HEAD.size])
    if head.startswith(_GZIP):
        return _take_gzip_apart(frame, head)
    if len(frame) < _metadata.SIZE:
        return None
    metadata = _metadata.unpack(frame, len(frame) - _metadata.SIZE)
    if metadata is None:
        return None
    length = note_length(metadata.flags)
    note = end = len(frame) - length
    if metadata.algorithm in _SKIPPED:
        end -= _SKIPPABLE.size
        if end < 0 or _SKIPPABLE.unpack_from(frame, end) != (_SKIPPABLE_MAGIC, length):
            raise CompressionError("the skippable frame that holds the note is damaged")
    if end < 0 or metadata.algorithm is CompressionAlgorithm.GZIP:
        raise CompressionError("the frame is damaged: it does not begin as it must")
    return Parts(frame, metadata, note, frame[:end])


def _take_gzip_apart(frame: memoryview, head: bytes) -> Parts | None:
    if len(head) < _HEAD.size or not head[3] & 4:
        return None
    header, total, name, inner = _HEAD.unpack(head)
    end = _GZIP_PLAIN + 2 + total
    if total < _metadata.SIZE or end > len(frame):
        return None
    metadata = _metadata.unpack(frame, end - _metadata.SIZE)
    if metadata is None:
        return None
    length = note_length(metadata.flags)
    if (
        header != _GZIP_HEADER
        or name != _NAME
        or inner != length
        or total != length + 4
        or metadata.algorithm is not CompressionAlgorithm.GZIP
    ):
        raise CompressionError("the frame's header is damaged")
    return Parts(frame, metadata, end - length, frame)


def open_frame(
    data: Data,
    limit: int,
    *,
    keys: Sequence[bytes] = (),
    dictionaries: Sequence[CompressionDictionary] = (),
) -> Opened:
    """What a frame holds, if it holds at most *limit* bytes.

    Raises:
        CompressionError: *data* is no frame, or a damaged one.
        SignatureError: It is signed and there are no keys, or it is not signed with one of them.
        DictionaryError: It needs another dictionary.
        OutputLimitError: It holds more.
    """
    parts = take_apart(data)
    if parts is None:
        raise CompressionError("this is no frame: it does not say what it is")
    return open_parts(parts, limit, keys=keys, dictionaries=dictionaries)


def open_parts(
    parts: Parts,
    limit: int,
    *,
    keys: Sequence[bytes] = (),
    dictionaries: Sequence[CompressionDictionary] = (),
) -> Opened:
    """As `open_frame`, for a frame that was taken apart."""
    metadata, container = parts.metadata, parts.container
    if keys or metadata.flags & SIGNED:
        _check_signature(parts, keys)
    if metadata.size > limit:
        raise OutputLimitError(
            f"the frame holds {metadata.size} bytes and {limit} are allowed; "
            "if you trust it, allow more with max_output_size=",
            limit=limit,
        )
    source = engine(metadata.algorithm)
    if metadata.flags & DICTIONARY:
        source = engine_of(_choose(dictionary_id(parts), dictionaries))
    if metadata.flags & ESCAPED:
        container = container[1:-1]
    try:
        payload = decompress_bounded(source, container, metadata.size)
    except OutputLimitError as error:
        raise CompressionError("the frame holds more than it says: it is damaged") from error
    if len(payload) != metadata.size:
        raise CompressionError("the frame holds less than it says: it is damaged")
    return Opened(metadata.kind, metadata.format, metadata.algorithm, metadata.level, payload)


def _check_signature(parts: Parts, keys: Sequence[bytes]) -> None:
    if not keys:
        raise SignatureError("the frame is signed; give the key that it was signed with as key=")
    if not parts.metadata.flags & SIGNED:
        raise SignatureError("the frame is not signed, and key= demands that it is")
    end = parts.note + SIGNATURE_SIZE
    signature = parts.frame[parts.note : end]
    _signing.verify(keys, signature, parts.frame[: parts.note], parts.frame[end:])


def dictionary_id(parts: Parts) -> int | None:
    """Which dictionary the frame names, if any."""
    flags = parts.metadata.flags
    if not flags & DICTIONARY:
        return None
    start = parts.note + (SIGNATURE_SIZE if flags & SIGNED else 0)
    number: int = _ID.unpack_from(parts.frame, start)[0]
    return number


def _choose(
    number: int | None, dictionaries: Sequence[CompressionDictionary]
) -> CompressionDictionary:
    for dictionary in dictionaries:
        if dictionary.id == number:
            return dictionary
    raise DictionaryError(
        f"the frame needs the dictionary with the id {number}; give it as dictionary=", id=number
    )
