"""Which engine an algorithm has, loaded when it is first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from pepperpy.infra.compression._algorithm import CompressionAlgorithm, CompressionLevel
from pepperpy.infra.compression._errors import CompressionError

_MODULES = {
    CompressionAlgorithm.GZIP: "_gzip",
    CompressionAlgorithm.ZLIB: "_zlib",
    CompressionAlgorithm.LZMA: "_lzma",
    CompressionAlgorithm.NONE: "_none",
    CompressionAlgorithm.ZSTD: "_zstd",
    CompressionAlgorithm.LZ4: "_lz4",
}
_loaded: dict[CompressionAlgorithm, Engine] = {}


class Engine(Protocol):
    """How one algorithm compresses, and how it reads what it or somebody else compressed."""

    def compress(self, payload: bytes, level: CompressionLevel) -> bytes:
        """A whole file of the algorithm, with its checksum."""
        ...

    def decompress_member(self, data: memoryview, limit: int, step: int) -> tuple[bytes, int]:
        """What the first member in *data* holds, and its length; see `decode`."""
        ...


def engine(algorithm: CompressionAlgorithm) -> Engine:
    """The engine of an algorithm, loaded when it is first asked for."""
    found = _loaded.get(algorithm)
    if found is None:
        module = import_module(f"{__package__}.{_MODULES[algorithm]}")
        found = _loaded[algorithm] = cast("Engine", module)  # a module fits by its functions
    return found


def decompress_bounded(source: Engine, data: memoryview, limit: int) -> bytes:
    """What *data*, which must be one member and nothing else, holds: at most *limit* bytes."""
    payload, length = source.decompress_member(data, limit, len(data))
    if length != len(data):
        raise CompressionError(
            f"{len(data) - length} bytes follow the end of the compressed data; nothing may"
        )
    return payload
