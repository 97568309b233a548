"""Compressed data that says what it is, in standard containers: checked, bounded, exact."""

from pepperpy.infra.serialization import SerializationFormat

from ._algorithm import CompressionAlgorithm, CompressionLevel
from ._compressed import CompressedData
from ._errors import (
    CompressionError,
    CompressionOptionError,
    FrameMismatchError,
    OutputLimitError,
    SignatureError,
)

__all__ = [
    "CompressedData",
    "CompressionAlgorithm",
    "CompressionError",
    "CompressionLevel",
    "CompressionOptionError",
    "FrameMismatchError",
    "OutputLimitError",
    "SerializationFormat",
    "SignatureError",
]
