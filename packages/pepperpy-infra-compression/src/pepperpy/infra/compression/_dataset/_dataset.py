"""`OptimizedDataset`: many rows in few bytes, read where they are needed."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from itertools import accumulate, chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self, overload

from pepperpy.infra.compression._algorithm import CompressionAlgorithm, CompressionLevel
from pepperpy.infra.compression._columns import decode_columns
from pepperpy.infra.compression._errors import (
    CompressionError,
    OutputLimitError,
    TruncatedDatasetError,
)
from pepperpy.infra.compression._frame import open_frame
from pepperpy.infra.compression._limits import OutputLimit, limit_for
from pepperpy.infra.compression._metadata import FrameKind
from pepperpy.infra.compression._views import Data, as_view
from pepperpy.infra.serialization import SerializationFormat
from pepperpy.infra.utils import replace_file

from . import _layout
from ._layout import FOOTER, Entry, Settings
from ._recovery import rebuild, whole_chunks
from ._sources import FileSource, MemorySource, Pieces, Source


class OptimizedDataset(Sequence[Any]):
    """Rows that are decompressed chunk by chunk, when they are asked for.

    Made by `optimize_dataset()`, or by `open()` from a file.  It is a sequence: ``ds[5]``,
    ``ds[-100:]``, ``len(ds)``, iteration; ``bytes(ds)`` is what `save()` writes.  Rows are new
    objects each time, so changing one changes nothing in here.  Threads may share it.

    Examples:
        >>> from pepperpy.infra.compression import optimize_dataset
        >>> ds = optimize_dataset({"id": n, "name": f"user_{n}"} for n in range(10_000))
        >>> len(ds), ds[1234], len(ds.chunks)
        (10000, {'id': 1234, 'name': 'user_1234'}, 10)
    """

    def __init__(self, source: Source, settings: Settings, entries: Sequence[Entry]) -> None:
        self._source = source
        self._settings = settings
        self._entries = entries
        self._ends = [*accumulate(entry.rows for entry in entries)]
        # The chunk that was read last for a single row; replaced as a whole.
        self._last: tuple[int, list[Any]] = (-1, [])

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """The dataset in a file.  Only its index is read; chunks are when they are needed.

        The file stays open until `close()`, or until nobody refers to the dataset.

        Raises:
            TruncatedDatasetError: Its end is missing; the error says what `recover()` can save.
            CompressionError: It is no dataset, or damaged.
        """
        source = file_source(path)
        try:
            return cls(source, *read_index(source))
        except BaseException:
            source.close()
            raise

    @classmethod
    def from_bytes(cls, data: Data) -> Self:
        """The dataset whose ``bytes()`` these are; the errors are those of `open()`."""
        source = MemorySource(bytes(as_view(data)))
        return cls(source, *read_index(source))

    @classmethod
    def recover(cls, path: str | os.PathLike[str]) -> Self:
        """All whole chunks of a file that was cut off or damaged, as a dataset of its own.

        The file is left as it is; `save()` makes a good one of it.

        Raises:
            CompressionError: Not even its first bytes are those of a dataset.
        """
        source = file_source(path)
        try:
            settings = _settings(source)
            saved, entries = rebuild(source, settings)
        finally:
            source.close()
        return cls(saved, settings, entries)

    @property
    def algorithm(self) -> CompressionAlgorithm:
        """What the chunks are compressed with."""
        return self._settings.algorithm

    @property
    def serialization(self) -> SerializationFormat:
        """The format whose values the rows hold."""
        return self._settings.serialization

    @property
    def level(self) -> CompressionLevel:
        """How hard the compressor tried."""
        return self._settings.level

    @property
    def chunk_size(self) -> int:
        """Rows a chunk, at most."""
        return self._settings.chunk_size

    @property
    def original_size(self) -> int:
        """Bytes of all columns before compression."""
        return sum(entry.size for entry in self._entries)

    @property
    def compressed_size(self) -> int:
        """Bytes of the whole dataset, as `save()` writes it."""
        return self._source.size

    @property
    def ratio(self) -> float:
        """How many times smaller compression made the columns."""
        return self.original_size / self.compressed_size

    @property
    def chunks(self) -> Sequence[list[Any]]:
        """The rows chunk by chunk, each a list that is decompressed when it is asked for."""
        return _Chunks(len(self._entries), self._read)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file in one step: on any error, or a crash, the old file stays."""
        replace_file(path, Pieces(self._source))

    def decompress(self, *, max_output_size: OutputLimit = "auto") -> list[Any]:
        """All rows.

        Args:
            max_output_size: Bytes that the columns may have, all chunks together; by default
                256 MiB, or 100 times the compressed size if that is more.  `None` lifts the limit.

        Raises:
            OutputLimitError: They have more.
            CompressionError: A chunk is damaged.
        """
        limit = left = limit_for(self.compressed_size, max_output_size)
        rows: list[Any] = []
        for number, entry in enumerate(self._entries):
            if entry.size > left:
                raise OutputLimitError(
                    f"the dataset decompresses to more than {limit} bytes; iterate over it, or "
                    "allow more with max_output_size=",
                    limit=limit,
                )
            rows += self._read(number, left)
            left -= entry.size
        return rows

    def close(self) -> None:
        """Close the file, if it is in one."""
        self._source.close()

    def _read(self, number: int, limit: int | None = None) -> list[Any]:
        entry = self._entries[number]
        chunk = _layout.unpack_chunk(self._source.read(entry.offset, entry.end - entry.offset))
        if chunk is None or chunk[0] != entry.rows:
            raise CompressionError(f"chunk {number} of this dataset is damaged")
        most = limit_for(entry.length, "auto") if limit is None else limit
        if entry.size > most:
            raise OutputLimitError(
                f"chunk {number} has {entry.size} bytes and {most} are allowed; "
                "if you trust it, decompress(max_output_size=) reads it, with all others",
                limit=most,
            )
        opened = open_frame(chunk[1], most)
        if opened.kind is not FrameKind.COLUMNS or len(opened.payload) != entry.size:
            raise CompressionError(f"chunk {number} of this dataset is another")
        rows = decode_columns(opened.payload, most)
        if len(rows) != entry.rows:
            raise CompressionError(f"chunk {number} of this dataset is another")
        return rows

    def _row(self, index: int) -> Any:
        number = bisect_right(self._ends, index)
        last = self._last
        if last[0] != number:
            last = self._last = (number, self._read(number))
        # The chunk is kept for the rows beside this one, so its own rows are given to nobody.
        return deepcopy(last[1][index - self._ends[number]])

    def _slice(self, indexes: range) -> Iterator[Any]:
        current, rows, end = -1, [], 0
        for index in indexes:
            number = bisect_right(self._ends, index)
            if number != current:
                current, rows, end = number, self._read(number), self._ends[number]
            yield rows[index - end]

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(self.chunks)

    def __reversed__(self) -> Iterator[Any]:
        return chain.from_iterable(map(reversed, reversed(self.chunks)))

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        places = range(len(self))
        if isinstance(index, slice):
            return [*self._slice(places[index])]
        try:
            return self._row(places[index])
        except IndexError:
            raise IndexError(f"there is no row {index} in {len(self)} rows") from None

    def __bytes__(self) -> bytes:
        return self._source.read(0, self._source.size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_bytes, (bytes(self),)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.algorithm.value}: {len(self)} rows in "
            f"{len(self._entries)} chunks, {self.compressed_size} bytes>"
        )


class _Chunks(Sequence[list[Any]]):
    def __init__(self, count: int, read: Callable[[int], list[Any]]) -> None:
        self._count = count
        self._read = read

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> list[Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[list[Any]]: ...
    def __getitem__(self, index: int | slice) -> Any:
        numbers = range(len(self))
        if isinstance(index, slice):
            return [self._read(number) for number in numbers[index]]
        return self._read(numbers[index])


def read_index(source: Source) -> tuple[Settings, list[Entry]]:
    """What the chunks have in common, and where they are.

    Raises:
        TruncatedDatasetError: The end is missing.
        CompressionError: It is no dataset, or damaged.
    """
    settings = _settings(source)
    footer = source.read(max(source.size - FOOTER.size, 0), FOOTER.size)
    offset = _layout.index_offset(footer, source.size)
    if offset is None:
        found = [*whole_chunks(source)]
        rows = sum(entry.rows for entry in found)
        raise TruncatedDatasetError(
            f"the end of this dataset is missing; OptimizedDataset.recover() can save "
            f"{rows} rows in {len(found)} whole chunks",
            rows=rows,
            chunks=len(found),
        )
    entries = _layout.unpack_index(source.read(offset, source.size - offset), offset)
    if entries is None:
        raise CompressionError(
            "the index of this dataset is damaged; OptimizedDataset.recover() saves what is whole"
        )
    return settings, entries


def file_source(path: str | os.PathLike[str]) -> FileSource:
    """A file, opened for reading."""
    return FileSource(Path(os.fsdecode(path)).open("rb", buffering=0))


def _settings(source: Source) -> Settings:
    return _layout.unpack_header(source.read(0, _layout.HEADER_SIZE))
