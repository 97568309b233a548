"""The frame: a standard container that says what it holds."""

from __future__ import annotations

import gzip
import zlib

import pytest

from pepperpy.infra.compression import (
    CompressedData,
    CompressionAlgorithm,
    CompressionError,
    CompressionLevel,
    OutputLimitError,
    SerializationFormat,
)
from pepperpy.infra.compression._frame import open_frame, seal
from pepperpy.infra.compression._metadata import FrameKind

PAYLOAD = b"how much wood would a woodchuck chuck " * 20
BARE = list(CompressionAlgorithm)


def sealed(
    algorithm: CompressionAlgorithm,
    payload: bytes = PAYLOAD,
    level: CompressionLevel = CompressionLevel.DEFAULT,
) -> bytes:
    return seal(
        payload,
        kind=FrameKind.DATA,
        format=SerializationFormat.RAW,
        algorithm=algorithm,
        level=level,
    )


@pytest.mark.parametrize("algorithm", BARE)
@pytest.mark.parametrize("level", CompressionLevel)
@pytest.mark.parametrize("payload", [b"", b"a", PAYLOAD, gzip.compress(b"inner")])
def test_a_frame_says_what_it_is_and_gives_the_payload_back(
    algorithm: CompressionAlgorithm, level: CompressionLevel, payload: bytes
) -> None:
    frame = sealed(algorithm, payload, level)

    opened = open_frame(frame, len(payload))

    assert opened == (FrameKind.DATA, SerializationFormat.RAW, algorithm, level, payload)


def test_gunzip_reads_a_gzip_frame() -> None:
    assert gzip.decompress(sealed(CompressionAlgorithm.GZIP)) == PAYLOAD


def test_zlib_reads_a_zlib_frame() -> None:
    assert zlib.decompress(sealed(CompressionAlgorithm.ZLIB)) == PAYLOAD


@pytest.mark.parametrize("algorithm", BARE)
def test_every_flipped_byte_is_an_error_or_harmless(algorithm: CompressionAlgorithm) -> None:
    frame = sealed(algorithm)

    for position in range(len(frame)):
        for mask in (0x01, 0x80, 0xFF):
            broken = bytearray(frame)
            broken[position] ^= mask
            try:
                assert open_frame(broken, 10_000).payload == PAYLOAD
            except CompressionError:
                continue


@pytest.mark.parametrize("algorithm", BARE)
def test_every_truncation_and_all_rubbish_is_an_error(algorithm: CompressionAlgorithm) -> None:
    frame = sealed(algorithm)

    for broken in [*(frame[:end] for end in range(len(frame))), frame + b"\0", frame + frame]:
        with pytest.raises(CompressionError):
            open_frame(broken, 10_000)


@pytest.mark.parametrize("algorithm", BARE)
def test_the_limit_is_exact(algorithm: CompressionAlgorithm) -> None:
    frame = sealed(algorithm)

    assert open_frame(frame, len(PAYLOAD)).payload == PAYLOAD
    with pytest.raises(OutputLimitError) as caught:
        open_frame(frame, len(PAYLOAD) - 1)
    assert caught.value.limit == len(PAYLOAD) - 1


def test_compressed_data_tells_its_sizes() -> None:
    data = CompressedData(sealed(CompressionAlgorithm.GZIP))

    assert data.original_size == len(PAYLOAD)
    assert data.compressed_size == len(data) == len(bytes(data))
    assert data.ratio == len(PAYLOAD) / len(data)
