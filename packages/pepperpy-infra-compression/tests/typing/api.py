"""The public names, used as a program would.  Checked by the type checkers, never run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

from pepperpy.infra.compression import (
    CompressedData,
    CompressionAlgorithm,
    CompressionDictionary,
    CompressionError,
    CompressionLevel,
    DataCompressor,
    DatasetOptimizer,
    DictionaryError,
    FrameMismatchError,
    JsonCompressor,
    NumpyCompressor,
    OptimizedDataset,
    OutputLimitError,
    SerializationFormat,
    TruncatedDatasetError,
    compress_data,
    compress_json,
    compress_numpy,
    decompress_data,
    decompress_json,
    decompress_numpy,
    optimize_dataset,
    train_dictionary,
)
from pepperpy.infra.serialization import (
    JSONSerializer,
    SerializationError,
    SerializerConfig,
)


def values() -> None:
    compressed = compress_data(
        data={"key": "value"},
        algorithm=CompressionAlgorithm.GZIP,
        serialization=SerializationFormat.JSON,
        level=CompressionLevel.BEST,
    )
    assert_type(compressed, CompressedData)
    assert_type(
        decompress_data(
            data=compressed,
            algorithm=CompressionAlgorithm.GZIP,
            serialization=SerializationFormat.JSON,
        ),
        Any,
    )
    compress_data([1], "zlib", "msgpack", 9, key=[b"new", "old"])
    serializer = JSONSerializer(SerializerConfig(tagged=True))
    decompress_data(
        bytearray(compressed), serialization=serializer, max_output_size=None, allow_pickle=True
    )
    decompress_data(memoryview(compressed), max_output_size="auto", key="secret")


def compressed_data(compressed: CompressedData) -> bytes:
    assert_type(compressed.algorithm, CompressionAlgorithm)
    assert_type(compressed.serialization, SerializationFormat)
    assert_type(compressed.level, CompressionLevel)
    assert_type(compressed.original_size, int)
    assert_type(compressed.compressed_size, int)
    assert_type(compressed.ratio, float)
    assert_type(compressed.signed, bool)
    assert_type(compressed.dictionary_id, int | None)
    assert_type(compressed.decompress(max_output_size=10, key="secret"), Any)
    assert_type(CompressedData.from_dict(compressed.to_dict()), CompressedData)
    assert_type(CompressedData(b"bytes"), CompressedData)
    return compressed


def compressors(rows: list[dict[str, int]], array: NDArray[np.float64]) -> None:
    compressor = DataCompressor(CompressionAlgorithm.ZSTD, level=CompressionLevel.FAST, key="key")
    assert_type(compressor.compress(rows), CompressedData)
    assert_type(compressor.decompress(b"bytes"), Any)
    assert_type(JsonCompressor().compress(rows), CompressedData)
    assert_type(decompress_json(compress_json(rows, optimize_keys=True)), Any)
    assert_type(NumpyCompressor().compress(array), CompressedData)
    assert_type(decompress_numpy(compress_numpy(array)), NDArray[Any])


def datasets(rows: Iterator[dict[str, int]], path: Path) -> None:
    dataset = optimize_dataset(rows, chunk_size=1000)
    assert_type(dataset, OptimizedDataset)
    dataset.save(path)
    with OptimizedDataset.open(path) as opened:
        assert_type(len(opened), int)
        for row in opened:
            assert_type(row, Any)
        assert_type(opened[0], Any)
        assert_type(opened[1:], list[Any])
        assert_type(opened.chunks[0], list[Any])
        assert_type(opened.decompress(max_output_size=10), list[Any])
    assert_type(OptimizedDataset.from_bytes(bytes(dataset)), OptimizedDataset)
    assert_type(OptimizedDataset.recover(path), OptimizedDataset)
    assert_type(optimize_dataset(rows, compress=False), list[Any])
    optimize_dataset(rows, processor=lambda chunk: chunk[:1], algorithm="zstd", level=9)


def optimizers(rows: list[dict[str, int]], path: Path) -> None:
    optimizer = DatasetOptimizer(DataCompressor(), chunk_size=10)
    assert_type(optimizer.compress_dataset(rows), OptimizedDataset)
    assert_type(optimizer.chunk_dataset(rows), list[list[dict[str, int]]])
    assert_type(optimizer.filter_dataset(rows, lambda row: row["id"]), list[dict[str, int]])
    assert_type(optimizer.map_dataset(rows, len), list[int])
    assert_type(optimizer.process_large_dataset(rows, list), OptimizedDataset)
    processed = optimizer.process_large_dataset(rows, list, compress_result=False)
    assert_type(processed, list[dict[str, int]])
    optimizer.append(path, rows)
    assert_type(DatasetOptimizer.open(path), OptimizedDataset)


def dictionaries(samples: list[dict[str, str]]) -> None:
    dictionary = train_dictionary(samples, max_size=4096)
    assert_type(dictionary, CompressionDictionary)
    assert_type(dictionary.id, int)
    assert_type(CompressionDictionary(bytes(dictionary)) == dictionary, bool)
    compressed = compress_data(samples[0], "zstd", dictionary=dictionary)
    decompress_data(compressed, dictionary=[dictionary])
    decompress_data(compressed, dictionary=dictionary)


def errors(data: bytes) -> int:
    try:
        decompress_data(data)
    except OutputLimitError as error:
        return error.limit
    except TruncatedDatasetError as error:
        return error.rows + error.chunks
    except DictionaryError as error:
        return error.id
    except FrameMismatchError as error:
        assert_type(error.option, str)
    except CompressionError as error:
        known: SerializationError = error
        raise known from None
    return 0
