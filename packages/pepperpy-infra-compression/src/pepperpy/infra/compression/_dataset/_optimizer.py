"""`DatasetOptimizer` and `optimize_dataset`: rows of any number into a dataset, and work by chunk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Literal, TypeVar, overload

from pepperpy.infra.compression._algorithm import CompressionAlgorithm, CompressionLevel, choose
from pepperpy.infra.compression._compressor import DataCompressor
from pepperpy.infra.compression._errors import CompressionOptionError
from pepperpy.infra.compression._limits import OutputLimit
from pepperpy.infra.compression._views import Data
from pepperpy.infra.serialization import SerializationFormat

from . import _layout
from ._append import append_rows
from ._dataset import OptimizedDataset
from ._layout import Entry, Settings
from ._writer import batches, collect, write_chunks

T = TypeVar("T")
R = TypeVar("R")

_FORMATS = (SerializationFormat.JSON, SerializationFormat.MSGPACK)


class DatasetOptimizer:
    """Datasets with the same settings, and work on rows in chunks of the same size.

    Args:
        compressor: Whose algorithm and level to use; gzip at the default level without it.
        chunk_size: Rows a chunk.  Larger ones compress better; one chunk is decompressed at a time.

    Raises:
        CompressionOptionError: An argument has a value that cannot be.
    """

    def __init__(self, compressor: DataCompressor | None = None, chunk_size: int = 1000) -> None:
        used = DataCompressor() if compressor is None else compressor
        _check_compressor(used)
        sample = used.compress([])
        if sample.signed or sample.dictionary_id is not None:
            raise CompressionOptionError(
                "datasets are not signed and have no dictionary, and this compressor has",
                option="compressor",
            )
        self._settings = _settings(used.algorithm, used.serialization, used.level, chunk_size)

    @property
    def chunk_size(self) -> int:
        """Rows a chunk."""
        return self._settings.chunk_size

    def compress_dataset(
        self,
        dataset: Iterable[Any],
        compute_original_size: bool = True,  # noqa: ARG002 - it is always known
    ) -> OptimizedDataset:
        """The rows as a dataset; only one chunk of them is in memory at a time."""
        return _optimize(dataset, self._settings)

    def decompress_dataset(
        self,
        compressed_data: OptimizedDataset | Data,
        *,
        max_output_size: OutputLimit = "auto",
    ) -> list[Any]:
        """All rows of a dataset, or of its bytes; see `OptimizedDataset.decompress()`."""
        if not isinstance(compressed_data, OptimizedDataset):
            compressed_data = OptimizedDataset.from_bytes(compressed_data)
        return compressed_data.decompress(max_output_size=max_output_size)

    def chunk_dataset(self, dataset: Iterable[T]) -> list[list[T]]:
        """The rows in lists of *chunk_size*."""
        return [*batches(_rows(dataset), self.chunk_size)]

    def filter_dataset(self, dataset: Iterable[T], predicate: Callable[[T], object]) -> list[T]:
        """The rows for which the predicate is true; chunks of a dataset are read one by one."""
        return [*filter(predicate, _rows(dataset))]

    def map_dataset(self, dataset: Iterable[T], mapper: Callable[[T], R]) -> list[R]:
        """What the mapper makes of each row; chunks of a dataset are read one by one."""
        return [*map(mapper, _rows(dataset))]

    @overload
    def process_large_dataset(
        self,
        dataset: Iterable[T],
        processor: Callable[[list[T]], Iterable[Any]],
        compress_result: Literal[True] = ...,
    ) -> OptimizedDataset: ...
    @overload
    def process_large_dataset(
        self,
        dataset: Iterable[T],
        processor: Callable[[list[T]], Iterable[R]],
        compress_result: Literal[False],
    ) -> list[R]: ...
    @overload
    def process_large_dataset(
        self,
        dataset: Iterable[T],
        processor: Callable[[list[T]], Iterable[Any]],
        compress_result: bool = ...,
    ) -> OptimizedDataset | list[Any]: ...
    def process_large_dataset(
        self,
        dataset: Iterable[T],
        processor: Callable[[list[T]], Iterable[Any]],
        compress_result: bool = True,
    ) -> OptimizedDataset | list[Any]:
        """What the processor makes of each chunk, as a dataset, or as a list if told so.

        Only as much as one chunk is in memory, before and after it, and the result of a dataset.
        """
        made = _process(_rows(dataset), processor, self.chunk_size)
        return _optimize(made, self._settings) if compress_result else [*made]

    def append(self, path: str | os.PathLike[str], dataset: Iterable[Any]) -> None:
        """Add rows to the dataset in a file, which begins to exist if it does not.

        What is there is not written anew.  If the process dies meanwhile, `recover()` gives all
        rows of before, and the new chunks that were whole.  One writer at a time.

        Raises:
            CompressionOptionError: The file was made with other settings.
        """
        append_rows(path, _rows(dataset), self._settings)

    @staticmethod
    def open(path: str | os.PathLike[str]) -> OptimizedDataset:
        """The dataset in a file; see `OptimizedDataset.open()`."""
        return OptimizedDataset.open(path)

    @staticmethod
    def recover(path: str | os.PathLike[str]) -> OptimizedDataset:
        """What is whole in a damaged file; see `OptimizedDataset.recover()`."""
        return OptimizedDataset.recover(path)


@overload
def optimize_dataset(
    dataset: Iterable[T],
    chunk_size: int = ...,
    processor: Callable[[list[T]], Iterable[Any]] | None = ...,
    compress: Literal[True] = ...,
    algorithm: CompressionAlgorithm | str = ...,
    serialization: SerializationFormat | str = ...,
    level: CompressionLevel | int = ...,
) -> OptimizedDataset: ...
@overload
def optimize_dataset(
    dataset: Iterable[T],
    chunk_size: int = ...,
    processor: Callable[[list[T]], Iterable[Any]] | None = ...,
    *,
    compress: Literal[False],
    algorithm: CompressionAlgorithm | str = ...,
    serialization: SerializationFormat | str = ...,
    level: CompressionLevel | int = ...,
) -> list[Any]: ...
def optimize_dataset(  # noqa: PLR0917 - known by position from an older release
    dataset: Iterable[T],
    chunk_size: int = 1000,
    processor: Callable[[list[T]], Iterable[Any]] | None = None,
    compress: bool = True,
    algorithm: CompressionAlgorithm | str = CompressionAlgorithm.GZIP,
    serialization: SerializationFormat | str = SerializationFormat.JSON,
    level: CompressionLevel | int = CompressionLevel.DEFAULT,
) -> OptimizedDataset | list[Any]:
    """Rows, from whatever can be iterated, as a small sequence of them.

    Each chunk is compressed as typed columns.  Rows may be any values, with any keys; they come back
    as they were, or are refused.  One chunk is in memory at a time, and the result, which moves to a
    temporary file when it has more than 16 MiB.

    Args:
        chunk_size: Rows a chunk.
        processor: Makes other rows of each chunk, before it is compressed.
        compress: `False` gives the processed rows as a list.
        serialization: JSON or MSGPACK; both hold the same.

    Raises:
        CompressionOptionError: An argument has a value that cannot be.
        CompressionError: A row would come back as something else.

    Examples:
        >>> ds = optimize_dataset([{"id": i, "value": f"value_{i}"} for i in range(10000)])
        >>> ds[-1], ds.compressed_size < 3000
        ({'id': 9999, 'value': 'value_9999'}, True)
    """
    settings = _settings(algorithm, serialization, level, chunk_size)
    rows: Iterable[Any] = _rows(dataset)
    if processor is not None:
        rows = _process(rows, processor, chunk_size)
    return _optimize(rows, settings) if compress else [*rows]


def _optimize(dataset: Iterable[Any], settings: Settings) -> OptimizedDataset:
    entries: list[Entry] = []
    chunks = write_chunks(_rows(dataset), settings, entries, _layout.HEADER_SIZE)
    return OptimizedDataset(
        collect(chain([_layout.pack_header(settings)], chunks)), settings, entries
    )


def _process(
    rows: Iterable[T], processor: Callable[[list[T]], Iterable[R]], size: int
) -> Iterator[R]:
    """What the processor makes of the rows; what it is, is looked at before the first one."""
    if not callable(processor):
        raise CompressionOptionError(
            f"processor must be a function; got {type(processor).__name__}", option="processor"
        )
    return _processed(rows, processor, size)


def _processed(
    rows: Iterable[T], processor: Callable[[list[T]], Iterable[R]], size: int
) -> Iterator[R]:
    for chunk in batches(rows, size):
        made = processor(chunk)
        if not _holds_items(made):
            raise CompressionOptionError(
                f"processor must return the rows of its chunk; got {type(made).__name__}",
                option="processor",
            )
        yield from made


def _check_compressor(given: object) -> None:
    if not isinstance(given, DataCompressor):
        raise CompressionOptionError(
            f"compressor must be a DataCompressor; got {type(given).__name__}", option="compressor"
        )


def _rows(dataset: Iterable[T]) -> Iterable[T]:
    if not _holds_items(dataset):
        raise CompressionOptionError(
            f"dataset must be rows, in anything that can be iterated; got {type(dataset).__name__}",
            option="dataset",
        )
    return dataset


def _holds_items(value: object) -> bool:
    # Those of a text, of bytes and of a dict are no rows.
    texts = (str, bytes, bytearray, memoryview, Mapping)
    return isinstance(value, Iterable) and not isinstance(value, texts)


def _settings(
    algorithm: CompressionAlgorithm | str,
    serialization: SerializationFormat | str,
    level: CompressionLevel | int,
    chunk_size: int,
) -> Settings:
    if type(chunk_size) is not int or not 1 <= chunk_size < 1 << 63:
        raise CompressionOptionError(
            f"chunk_size must be a number of rows, 1 or more; got {chunk_size!r}",
            option="chunk_size",
        )
    format_ = choose(SerializationFormat, serialization, "serialization")
    if format_ not in _FORMATS:
        raise CompressionOptionError(
            "a dataset keeps typed columns, so serialization must be JSON or MSGPACK; "
            f"got {format_.name}",
            option="serialization",
        )
    return Settings(
        choose(CompressionAlgorithm, algorithm, "algorithm"),
        format_,
        choose(CompressionLevel, level, "level"),
        chunk_size,
    )
