"""Bombs: little data that would become much."""

from __future__ import annotations

import gzip
import lzma
import tracemalloc
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import lz4.frame
import pytest

from pepperpy.infra.compression import (
    CompressedData,
    CompressionError,
    OutputLimitError,
    compress_data,
    decompress_data,
)
from pepperpy.infra.compression._engines._zstd import library
from pepperpy.infra.compression._limits import limit_for

MIB = 1 << 20
ALGORITHMS = ["gzip", "zlib", "lzma", "zstd", "lz4", "none"]


def test_the_default_limit_is_256_mib_or_a_hundred_times_the_input() -> None:
    assert limit_for(0, "auto") == limit_for(1000, "auto") == 256 * MIB
    assert limit_for(3 * MIB, "auto") == 300 * MIB
    assert limit_for(10, None) >= 2**62
    assert limit_for(10, 0) == 0
    assert limit_for(10, 10**30) == limit_for(10, None)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("size", [0, 1, 1000, 70_000])
def test_the_limit_is_exact_everywhere(algorithm: str, size: int) -> None:
    data = b"x" * size
    frame = compress_data(data, algorithm, "raw")

    for call in (
        lambda limit: decompress_data(frame, max_output_size=limit),
        lambda limit: CompressedData(frame).decompress(max_output_size=limit),
    ):
        assert call(size) == call(None) == call(2**70) == data
        if size:
            with pytest.raises(OutputLimitError) as caught:
                call(size - 1)
            assert caught.value.limit == size - 1
            assert isinstance(caught.value, CompressionError)


MAKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "lzma": lzma.compress,
    "zstd": lambda data: library().compress(data),
    "lz4": lz4.frame.compress,
}


def read_by_each_library(*names: str) -> pytest.MarkDecorator:
    """Run the test for each format, and for those that are deflate with each library for it."""
    cases = [
        pytest.param(without, name, id="-without-".join([name, *without]))
        for name in names
        for without in [(), ("isal",), ("isal", "zlib_ng")]
        if name in {"gzip", "zlib"} or not without
    ]
    return pytest.mark.parametrize(("deflate_library", "name"), cases, indirect=["deflate_library"])


@pytest.mark.usefixtures("deflate_library")
@read_by_each_library(*MAKERS)
def test_a_bomb_of_many_members_is_stopped_by_default(name: str) -> None:
    data = MAKERS[name](bytes(8 * MIB)) * 40

    with pytest.raises(OutputLimitError):
        decompress_data(data, serialization="raw")


@cache
def zeros(name: str) -> bytes:
    """128 MiB of them, compressed."""
    makers: dict[str, Any] = {
        "gzip": lambda: zlib.compressobj(9, wbits=31),
        "zlib": lambda: zlib.compressobj(9),
        "lzma": lambda: lzma.LZMACompressor(preset=0),
        "zstd": lambda: library().ZstdCompressor(1),
        "lz4": lz4.frame.LZ4FrameCompressor,
    }
    compressor = makers[name]()
    block = bytes(MIB)
    begin = [compressor.begin()] if name == "lz4" else []
    return b"".join([*begin, *(compressor.compress(block) for _ in range(128)), compressor.flush()])


@pytest.mark.usefixtures("deflate_library")
@read_by_each_library("gzip", "zlib", "lzma", "zstd", "lz4")
@pytest.mark.parametrize("limit", [1000, 8 * MIB])
def test_a_bomb_takes_memory_for_the_limit_and_little_more(name: str, limit: int) -> None:
    data = zeros(name)
    tracemalloc.start()
    try:
        with pytest.raises(OutputLimitError):
            decompress_data(data, serialization="raw", max_output_size=limit)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 2.5 * limit + 4 * MIB


@pytest.mark.parametrize("size", [2**32, 2**40, 2**63 - 1, 2**64 - 1])
@pytest.mark.parametrize("algorithm", ["zlib", "lzma", "none"])
def test_a_size_that_a_frame_claims_allocates_nothing(algorithm: str, size: int) -> None:
    frame = bytes(compress_data(b"small", algorithm, "raw"))
    changed = frame[:-12] + size.to_bytes(8, "little")
    covered = changed if algorithm == "none" else changed[-16:]
    changed += zlib.crc32(covered).to_bytes(4, "little")

    tracemalloc.start()
    try:
        with pytest.raises(OutputLimitError):
            decompress_data(changed)
        with pytest.raises(CompressionError):
            decompress_data(changed, max_output_size=None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < MIB


def test_an_lz4_frame_that_claims_a_size_allocates_nothing() -> None:
    data = bytearray(lz4.frame.compress(b"small", store_size=True, content_checksum=True))
    data[6:14] = (2**40).to_bytes(8, "little")

    with pytest.raises(CompressionError):
        decompress_data(data, serialization="raw", max_output_size=None)


def test_a_window_that_nobody_needs_is_refused() -> None:
    zstd = library()
    parameter = zstd.CompressionParameter
    compressor = zstd.ZstdCompressor(options={parameter.window_log: 30})
    data = compressor.compress(b"small") + compressor.flush()

    with pytest.raises(CompressionError, match="zstd"):
        decompress_data(data, serialization="raw")


def test_an_xz_dictionary_that_nobody_needs_is_refused() -> None:
    data = bytearray(lzma.compress(b"small"))
    # The byte of the block's header that says 8 MiB; 37 says 1.5 GiB.
    data[data.index(b"\x21\x01") + 2] = 37
    end = 12 + (data[12] + 1) * 4
    data[end - 4 : end] = zlib.crc32(data[12 : end - 4]).to_bytes(4, "little")

    with pytest.raises(CompressionError, match="limit"):
        decompress_data(bytes(data), serialization="raw")
