"""`DataCompressor`: the same options for many values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pepperpy.infra.serialization import SerializationFormat

from ._algorithm import CompressionAlgorithm, CompressionLevel, choose
from ._compressed import CompressedData
from ._data import compress_data, decompress_data
from ._dictionary import CompressionDictionary, check_dictionary, several
from ._frame import take_apart
from ._limits import OutputLimit, limit_for
from ._serializers import Serialization, format_of
from ._signing import Key, keys_of
from ._views import Data


class DataCompressor:
    """Compresses and decompresses with options that are said once.

    Args:
        algorithm: What to write with.  Frames are read whatever their algorithm is, so that it
            can be changed without losing what was written before.
        serialization: What values become; a frame that holds something else is refused.
        level: How hard to try.
        key: Signs what is written, and is demanded of what is read.  Of several the first one
            signs, and all are good for reading.
        dictionary: Of several the first one is written with.
        max_output_size: As for `decompress_data()`.

    Raises:
        CompressionOptionError: An option cannot be what it is.

    Examples:
        >>> compressor = DataCompressor(CompressionAlgorithm.ZLIB)
        >>> compressor.decompress(compressor.compress({"key": "value"}))
        {'key': 'value'}
    """

    def __init__(
        self,
        algorithm: CompressionAlgorithm | str = CompressionAlgorithm.GZIP,
        serialization: Serialization = SerializationFormat.JSON,
        level: CompressionLevel | int = CompressionLevel.DEFAULT,
        *,
        key: Key | Sequence[Key] | None = None,
        dictionary: CompressionDictionary | Iterable[CompressionDictionary] | None = None,
        max_output_size: OutputLimit = "auto",
    ) -> None:
        self.algorithm: CompressionAlgorithm = choose(CompressionAlgorithm, algorithm, "algorithm")
        self.serialization: SerializationFormat = format_of(serialization)
        self.level: CompressionLevel = choose(CompressionLevel, level, "level")
        self._serializer = serialization
        self._keys = keys_of(key)
        self._dictionaries = several(dictionary)
        check_dictionary(self._writes_with, self.algorithm)
        self._limit: OutputLimit = max_output_size
        limit_for(0, max_output_size)

    @property
    def _writes_with(self) -> CompressionDictionary | None:
        return self._dictionaries[0] if self._dictionaries else None

    def compress(self, data: Any) -> CompressedData:
        """The value as a compressed file that says what it is; see `compress_data()`."""
        return compress_data(
            data,
            self.algorithm,
            self._serializer,
            self.level,
            key=self._keys or None,
            dictionary=self._writes_with,
        )

    def decompress(self, data: Data) -> Any:
        """The value that `compress()` was given, or that another tool's file holds.

        Such a file must be of this compressor's algorithm.

        Raises:
            CompressionError: The data is damaged, not of the serialization of this compressor, or
                not signed as it must be.
            OutputLimitError: It holds more than is allowed.
        """
        is_frame = take_apart(data) is not None
        return decompress_data(
            data,
            None if is_frame else self.algorithm,
            self._serializer,
            max_output_size=self._limit,
            key=self._keys or None,
            dictionary=self._dictionaries,
        )

    def __repr__(self) -> str:
        return (
            f"DataCompressor({self.algorithm.name}, {self.serialization.name}, {self.level.name})"
        )
