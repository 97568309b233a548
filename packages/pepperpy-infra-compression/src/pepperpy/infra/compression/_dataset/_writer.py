"""Writing chunks one after the other, into whatever takes bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Any, TypeVar

from pepperpy.infra.compression._columns import encode_columns
from pepperpy.infra.compression._frame import seal
from pepperpy.infra.compression._metadata import FrameKind

from . import _layout
from ._layout import Entry, Settings
from ._sources import FileSource, MemorySource, Source

T = TypeVar("T")

_IN_MEMORY = 16 << 20


def write_chunks(
    rows: Iterable[Any], settings: Settings, entries: list[Entry], offset: int
) -> Iterator[bytes]:
    """The chunks of some rows and the index of all, as they follow each other from *offset* on.

    *entries* are those of the chunks that are there already; the new ones are added.
    """
    for chunk in batches(rows, settings.chunk_size):
        payload = encode_columns(chunk)
        frame = seal(
            payload,
            kind=FrameKind.COLUMNS,
            format=settings.serialization,
            algorithm=settings.algorithm,
            level=settings.level,
        )
        entry = Entry(offset, len(frame), len(chunk), len(payload))
        yield _layout.pack_chunk(len(chunk), frame)
        entries.append(entry)
        offset = entry.end
    yield _layout.pack_index(offset, entries)


def batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """The rows in lists of this many; the last one may be shorter."""
    iterator = iter(rows)
    while chunk := list(islice(iterator, size)):
        yield chunk


def collect(parts: Iterable[bytes]) -> Source:
    """The parts as one source: in memory, or if they are too many in a file that nobody else sees."""
    sink: IO[bytes] = BytesIO()
    try:
        for part in parts:
            if isinstance(sink, BytesIO) and sink.tell() + len(part) > _IN_MEMORY:
                spilled = TemporaryFile()  # noqa: SIM115 - it lives as long as the dataset
                spilled.write(sink.getbuffer())
                sink = spilled
            sink.write(part)
    except BaseException:
        sink.close()
        raise
    if isinstance(sink, BytesIO):
        return MemorySource(sink.getvalue())
    sink.flush()
    return FileSource(sink)
