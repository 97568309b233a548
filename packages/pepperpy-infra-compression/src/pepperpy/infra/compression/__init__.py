"""Compressed data that says what it is, in standard containers: checked, bounded, exact."""

from pepperpy.infra.serialization import SerializationFormat

from ._algorithm import CompressionAlgorithm, CompressionLevel
from ._arrays import NumpyCompressor, compress_numpy, decompress_numpy
from ._compressed import CompressedData
from ._compressor import DataCompressor
from ._data import compress_data, decompress_data
from ._dataset import DatasetOptimizer, OptimizedDataset, optimize_dataset
from ._dictionary import CompressionDictionary, train_dictionary
from ._errors import (
    CompressionError,
    CompressionOptionError,
    DictionaryError,
    FrameMismatchError,
    OutputLimitError,
    SignatureError,
    TruncatedDatasetError,
    UnsafeFrameError,
)
from ._json import JsonCompressor, compress_json, decompress_json

__all__ = [
    "CompressedData",
    "CompressionAlgorithm",
    "CompressionDictionary",
    "CompressionError",
    "CompressionLevel",
    "CompressionOptionError",
    "DataCompressor",
    "DatasetOptimizer",
    "DictionaryError",
    "FrameMismatchError",
    "JsonCompressor",
    "NumpyCompressor",
    "OptimizedDataset",
    "OutputLimitError",
    "SerializationFormat",
    "SignatureError",
    "TruncatedDatasetError",
    "UnsafeFrameError",
    "compress_data",
    "compress_json",
    "compress_numpy",
    "decompress_data",
    "decompress_json",
    "decompress_numpy",
    "optimize_dataset",
    "train_dictionary",
]
