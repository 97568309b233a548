"""Compressed data that says what it is, in standard containers: checked, bounded, exact."""

from pepperpy.infra.serialization import SerializationFormat

from ._algorithm import CompressionAlgorithm, CompressionLevel
from ._compressed import CompressedData
from ._compressor import DataCompressor
from ._data import compress_data, decompress_data
from ._dictionary import CompressionDictionary, train_dictionary
from ._errors import (
    CompressionError,
    CompressionOptionError,
    DictionaryError,
    FrameMismatchError,
    OutputLimitError,
    SignatureError,
    UnsafeFrameError,
)

__all__ = [
    "CompressedData",
    "CompressionAlgorithm",
    "CompressionDictionary",
    "CompressionError",
    "CompressionLevel",
    "CompressionOptionError",
    "DataCompressor",
    "DictionaryError",
    "FrameMismatchError",
    "OutputLimitError",
    "SerializationFormat",
    "SignatureError",
    "UnsafeFrameError",
    "compress_data",
    "decompress_data",
    "train_dictionary",
]
