"""Files that other tools made: no frame, but the formats that they are in."""

from __future__ import annotations

import gzip
import json
import lzma
import random
import zlib
from collections.abc import Callable

import lz4.frame
import pytest

from pepperpy.infra.compression import (
    CompressionAlgorithm,
    CompressionError,
    DataCompressor,
    OutputLimitError,
    SerializationFormat,
    compress_data,
    decompress_data,
)
from pepperpy.infra.compression._engines._zstd import library

VALUE = {"wood": ["chuck"] * 30, "number": 2**70}
TEXT = json.dumps(VALUE).encode()
RAW = SerializationFormat.RAW


def zstd_of(data: bytes) -> bytes:
    frame: bytes = library().compress(data)
    return frame


MAKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "lzma": lzma.compress,
    "zstd": zstd_of,
    "lz4": lz4.frame.compress,
}
IN_MEMBERS = ["gzip", "lzma", "zstd", "lz4"]


@pytest.mark.usefixtures("deflate_library")
@pytest.mark.parametrize("name", MAKERS)
def test_a_file_made_elsewhere_is_read_as_json_without_parameters(name: str) -> None:
    assert decompress_data(MAKERS[name](TEXT)) == VALUE


@pytest.mark.parametrize("name", MAKERS)
def test_parameters_choose_where_there_is_no_frame(name: str) -> None:
    data = MAKERS[name](TEXT)

    assert decompress_data(data, name, "raw") == TEXT
    assert decompress_data(data, CompressionAlgorithm(name), RAW) == TEXT
    assert DataCompressor(name, "raw").decompress(data) == TEXT


@pytest.mark.parametrize("name", MAKERS)
def test_another_algorithm_than_the_files_is_an_error(name: str) -> None:
    for other in MAKERS.keys() - {name}:
        with pytest.raises(CompressionError):
            decompress_data(MAKERS[name](TEXT), other)


def test_bytes_that_are_not_compressed_are_read_if_the_caller_says_so() -> None:
    assert decompress_data(TEXT, "none") == VALUE
    assert decompress_data(TEXT, "none", RAW) == TEXT
    assert decompress_data(b"", "none", RAW) == b""
    with pytest.raises(CompressionError, match="NONE"):
        decompress_data(TEXT)


@pytest.mark.usefixtures("deflate_library")
@pytest.mark.parametrize("name", IN_MEMBERS)
def test_several_members_are_one_file(name: str) -> None:
    pieces = [TEXT[:10], b"", TEXT[10:50], TEXT[50:]]

    assert decompress_data(b"".join(map(MAKERS[name], pieces))) == VALUE


def test_zlib_has_one_member_only() -> None:
    with pytest.raises(CompressionError, match="follows"):
        decompress_data(zlib.compress(b"[") + zlib.compress(b"]"))


@pytest.mark.usefixtures("deflate_library")
def test_many_small_members_take_time_in_proportion() -> None:
    members = gzip.compress(b"1", mtime=0) * 100_000

    assert decompress_data(members, serialization=RAW) == b"1" * 100_000


@pytest.mark.usefixtures("deflate_library")
def test_zeros_behind_gzip_are_padding() -> None:
    assert decompress_data(gzip.compress(TEXT) + bytes(512)) == VALUE
    assert decompress_data(gzip.compress(TEXT[:5]) + bytes(3) + gzip.compress(TEXT[5:])) == VALUE


def test_zeros_behind_xz_are_padding_in_groups_of_four() -> None:
    assert decompress_data(lzma.compress(TEXT) + bytes(8)) == VALUE
    with pytest.raises(CompressionError):
        decompress_data(lzma.compress(TEXT) + bytes(6))


@pytest.mark.usefixtures("deflate_library")
@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("rubbish", [b"x", b"rubbish" * 10, b"\0x"])
def test_rubbish_behind_a_file_is_an_error(name: str, rubbish: bytes) -> None:
    with pytest.raises(CompressionError):
        decompress_data(MAKERS[name](TEXT) + rubbish)


@pytest.mark.usefixtures("deflate_library")
@pytest.mark.parametrize("name", MAKERS)
def test_every_truncation_of_a_file_is_an_error(name: str) -> None:
    data = MAKERS[name](TEXT)

    for end in range(len(data)):
        with pytest.raises(CompressionError):
            decompress_data(data[:end])
        with pytest.raises(CompressionError):
            decompress_data(data[:end], name)


@pytest.mark.parametrize("name", IN_MEMBERS)
def test_a_truncated_second_member_is_an_error(name: str) -> None:
    with pytest.raises(CompressionError):
        decompress_data(MAKERS[name](TEXT) + MAKERS[name](b" ")[:-1])


@pytest.mark.parametrize("name", MAKERS)
def test_no_data_is_an_error(name: str) -> None:
    with pytest.raises(CompressionError, match="no data"):
        decompress_data(b"", name)
    with pytest.raises(CompressionError):
        decompress_data(b"")


@pytest.mark.usefixtures("deflate_library")
@pytest.mark.parametrize("name", MAKERS)
def test_any_bytes_give_a_value_or_the_one_error(name: str) -> None:
    generator = random.Random(name)
    start = MAKERS[name](TEXT)[:12]

    for _ in range(300):
        rubbish = start[: generator.randrange(13)] + generator.randbytes(generator.randrange(60))
        for algorithm in (None, name):
            try:
                decompress_data(rubbish, algorithm, RAW)
            except CompressionError:
                continue


@pytest.mark.usefixtures("deflate_library")
def test_a_header_with_everything_that_gzip_allows_is_read() -> None:
    body = gzip.compress(TEXT, mtime=0)[10:]
    head = b"\x1f\x8b\x08\x1e\x01\x02\x03\x04\x02\x03"
    fields = b"\x08\x00" + b"BC\x04\x00PPZ1" + b"file name\0" + b"a comment\0"
    head += fields
    head += (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little")

    assert decompress_data(head + body) == VALUE


def test_a_stream_without_a_size_is_read() -> None:
    zstd = library()
    compressor = zstd.ZstdCompressor()
    streamed = compressor.compress(TEXT[:7]) + compressor.compress(TEXT[7:]) + compressor.flush()
    assert zstd.get_frame_info(streamed).decompressed_size is None

    assert decompress_data(streamed) == VALUE


@pytest.mark.parametrize("name", ["zstd", "lz4"])
def test_skippable_frames_of_others_are_skipped(name: str) -> None:
    skippable = b"\x53\x2a\x4d\x18\x05\0\0\0other"

    assert decompress_data(MAKERS[name](TEXT) + skippable) == VALUE
    assert decompress_data(skippable + MAKERS[name](TEXT), name) == VALUE


@pytest.mark.usefixtures("deflate_library")
@pytest.mark.parametrize("name", MAKERS)
def test_the_limit_of_a_file_is_exact_over_all_its_members(name: str) -> None:
    data = MAKERS[name](TEXT)
    size = len(TEXT)
    if name in IN_MEMBERS:
        data, size = data * 3, size * 3

    assert len(decompress_data(data, None, RAW, max_output_size=size)) == size
    with pytest.raises(OutputLimitError):
        decompress_data(data, None, RAW, max_output_size=size - 1)


def test_a_frame_after_a_plain_member_is_a_member() -> None:
    frame = compress_data(TEXT[5:], serialization=RAW)

    assert decompress_data(gzip.compress(TEXT[:5]) + frame) == VALUE


def test_a_claimed_size_allocates_nothing() -> None:
    claims = bytes.fromhex("28b52ffde06c06060663636363")  # 1.1 TB in 13 bytes

    with pytest.raises(CompressionError):
        decompress_data(claims, max_output_size=None)
