"""`compress_json` and `JsonCompressor`: JSON values as columns, or as plain JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pepperpy.infra.serialization import SerializationFormat

from ._algorithm import CompressionAlgorithm, CompressionLevel, choose
from ._columns import encode_columns
from ._compressed import CompressedData, made_here
from ._data import compress_data, decompress_data
from ._errors import FrameMismatchError
from ._frame import compose, take_apart
from ._limits import OutputLimit, limit_for
from ._metadata import FrameKind
from ._signing import Key, keys_of
from ._views import Data

_JSON = SerializationFormat.JSON


def compress_json(
    data: Any,
    algorithm: CompressionAlgorithm | str = CompressionAlgorithm.GZIP,
    level: CompressionLevel | int = CompressionLevel.DEFAULT,
    optimize_keys: bool = True,
    *,
    key: Key | Sequence[Key] | None = None,
) -> CompressedData:
    """Any JSON value in few bytes, above all lists of dicts with the same keys.

    Args:
        optimize_keys: Writes keys once and values by column, so that rows become several times
            smaller than compressed JSON.  Without it the bytes hold JSON that every tool reads.
        key: Signs the file, as in `compress_data()`.

    Raises:
        CompressionError: A value would come back as something else.
        CompressionOptionError: An option cannot be what it is.

    Examples:
        >>> rows = [{"id": n, "name": f"user_{n}"} for n in range(1000)]
        >>> 10 * len(compress_json(rows)) < len(compress_json(rows, optimize_keys=False))
        True
    """
    if not optimize_keys:
        return compress_data(data, algorithm, _JSON, level, key=key)
    return made_here(
        *compose(
            encode_columns([data], depth=-1),
            FrameKind.COLUMNS,
            _JSON,
            choose(CompressionAlgorithm, algorithm, "algorithm"),
            choose(CompressionLevel, level, "level"),
            keys_of(key),
        )
    )


def decompress_json(
    data: Data,
    algorithm: CompressionAlgorithm | str | None = None,
    level: CompressionLevel | int | None = None,
    optimize_keys: bool | None = None,
    *,
    max_output_size: OutputLimit = "auto",
    key: Key | Sequence[Key] | None = None,
) -> Any:
    """The value that `compress_json()` was given, or the JSON in a file made elsewhere.

    Parameters that are given must agree with what the data is.

    Args:
        max_output_size: As for `decompress_data()`.  Values from columns may take eight times as
            much memory, and 2 GiB in any case.

    Raises:
        CompressionError: The data is damaged, or holds something else.
        OutputLimitError: It holds more than is allowed.
    """
    if optimize_keys is not None:
        parts = take_apart(data)
        found = parts is not None and parts.metadata.kind is FrameKind.COLUMNS
        if found is not optimize_keys:
            raise FrameMismatchError(
                f"the data {'has' if found else 'has no'} columns, and optimize_keys="
                f"{optimize_keys}; leave the parameter out to take what the data has",
                option="optimize_keys",
                expected=optimize_keys,
                found=found,
            )
    return decompress_data(data, algorithm, _JSON, level, max_output_size=max_output_size, key=key)


class JsonCompressor:
    """`compress_json()` and `decompress_json()` with options that are said once.

    Examples:
        >>> compressor = JsonCompressor(CompressionAlgorithm.ZLIB)
        >>> compressor.decompress(compressor.compress([{"a": 1}, {"a": 2}]))
        [{'a': 1}, {'a': 2}]
    """

    def __init__(
        self,
        algorithm: CompressionAlgorithm | str = CompressionAlgorithm.GZIP,
        level: CompressionLevel | int = CompressionLevel.DEFAULT,
        optimize_keys: bool = True,
        *,
        key: Key | Sequence[Key] | None = None,
        max_output_size: OutputLimit = "auto",
    ) -> None:
        self.algorithm: CompressionAlgorithm = choose(CompressionAlgorithm, algorithm, "algorithm")
        self.level: CompressionLevel = choose(CompressionLevel, level, "level")
        self.optimize_keys: bool = optimize_keys
        self._keys = keys_of(key)
        self._limit: OutputLimit = max_output_size
        limit_for(0, max_output_size)

    def compress(self, data: Any) -> CompressedData:
        """See `compress_json()`."""
        keys = self._keys or None
        return compress_json(data, self.algorithm, self.level, self.optimize_keys, key=keys)

    def decompress(self, data: Data) -> Any:
        """The value in a frame of any algorithm, or in a file made elsewhere of this one's."""
        other = self.algorithm if take_apart(data) is None else None
        keys = self._keys or None
        return decompress_json(data, other, max_output_size=self._limit, key=keys)

    def __repr__(self) -> str:
        return f"JsonCompressor({self.algorithm.name}, {self.level.name})"
