"""Finding the whole chunks of a dataset that was cut off or damaged."""

from __future__ import annotations

from collections.abc import Iterator

from pepperpy.infra.compression._frame import take_apart

from . import _layout
from ._layout import CHUNK_HEAD, CHUNK_MAGIC, Entry, Settings
from ._sources import Source
from ._writer import collect

_WINDOW = 1 << 16
_PATIENCE = 16


def whole_chunks(source: Source) -> Iterator[Entry]:
    """The chunks whose checksums fit, in their order; what lies between them is left out."""
    offset = _layout.HEADER_SIZE
    # What only looks like chunks might make us read the file once for each of its bytes.
    patience = _PATIENCE * source.size
    while patience >= 0 and (offset := _find(source, offset)) >= 0:
        entry = _entry(source, offset)
        if entry is None:
            patience -= max(_claimed(source, offset), min(_WINDOW, source.size))
            offset += 1
        else:
            yield entry
            offset = entry.end


def rebuild(source: Source, settings: Settings) -> tuple[Source, list[Entry]]:
    """A dataset of the whole chunks, and where they are in it."""
    entries: list[Entry] = []
    return collect(_parts(source, settings, entries)), entries


def _parts(source: Source, settings: Settings, entries: list[Entry]) -> Iterator[bytes]:
    header = _layout.pack_header(settings)
    yield header
    offset = len(header)
    for entry in whole_chunks(source):
        yield source.read(entry.offset, entry.end - entry.offset)
        entries.append(entry._replace(offset=offset))
        offset = entries[-1].end
    yield _layout.pack_index(offset, entries)


def _entry(source: Source, offset: int) -> Entry | None:
    length = _claimed(source, offset)
    chunk = _layout.unpack_chunk(source.read(offset, length))
    parts = None if chunk is None else take_apart(chunk[1])
    if chunk is None or parts is None:
        return None
    return Entry(offset, length - CHUNK_HEAD.size, chunk[0], parts.metadata.size)


def _claimed(source: Source, offset: int) -> int:
    """How long a chunk says that it is; 0 if the file has not so much."""
    head = source.read(offset, CHUNK_HEAD.size)
    if len(head) < CHUNK_HEAD.size:
        return 0
    length: int = CHUNK_HEAD.size + CHUNK_HEAD.unpack(head)[2]
    return length if length <= source.size - offset else 0


def _find(source: Source, offset: int) -> int:
    """Where the next chunk may begin; -1 if nowhere."""
    while offset < source.size:
        found = source.read(offset, _WINDOW).find(CHUNK_MAGIC)
        if found >= 0:
            return offset + found
        offset += _WINDOW - len(CHUNK_MAGIC) + 1
    return -1
