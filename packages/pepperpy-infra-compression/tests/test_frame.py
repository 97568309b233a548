"""The frame: a standard container that says what it holds, and notices every change."""

from __future__ import annotations

import gzip
import lzma
import zlib
from collections.abc import Iterator
from functools import cache

import pytest

from pepperpy.infra.compression import (
    CompressionAlgorithm,
    CompressionDictionary,
    CompressionError,
    CompressionLevel,
    OutputLimitError,
    SerializationFormat,
    SignatureError,
    decompress_data,
    train_dictionary,
)
from pepperpy.infra.compression._frame import Opened, open_frame, seal, take_apart
from pepperpy.infra.compression._metadata import FrameKind

PAYLOAD = b"how much wood would a woodchuck chuck " * 4
MASKS = (0x01, 0x02, 0x10, 0x80, 0xFF)
KEY = b"a key of ours"


@cache
def dictionary() -> CompressionDictionary:
    samples = [{"id": number, "name": f"user {number}", "wood": "chuck"} for number in range(500)]
    return train_dictionary(samples, max_size=1024)


def sealed(
    algorithm: CompressionAlgorithm,
    payload: bytes = PAYLOAD,
    level: CompressionLevel = CompressionLevel.DEFAULT,
    kind: FrameKind = FrameKind.DATA,
    **more: object,
) -> bytes:
    return seal(
        payload,
        kind=kind,
        format=SerializationFormat.RAW,
        algorithm=algorithm,
        level=level,
        **more,
    )


def corpus() -> Iterator[tuple[str, bytes]]:
    for algorithm in CompressionAlgorithm:
        yield algorithm.value, sealed(algorithm)
        yield f"{algorithm.value} signed", sealed(algorithm, keys=[KEY])
        for level in CompressionLevel:
            yield f"{algorithm.value} {level.name}", sealed(algorithm, level=level)
        for kind in FrameKind:
            yield f"{algorithm.value} {kind.name}", sealed(algorithm, kind=kind)
        yield f"{algorithm.value} of nothing", sealed(algorithm, b"")
        yield f"{algorithm.value} of gzip", sealed(algorithm, gzip.compress(PAYLOAD, mtime=0))
        yield f"{algorithm.value} of a frame", sealed(algorithm, sealed(CompressionAlgorithm.NONE))
    yield "dictionary", sealed(CompressionAlgorithm.ZSTD, dictionary=dictionary())
    both = sealed(CompressionAlgorithm.ZSTD, dictionary=dictionary(), keys=[KEY])
    yield "dictionary signed", both


FRAMES = dict(corpus())


def opened(frame: bytes, name: str) -> Opened:
    keys = [KEY] if "signed" in name else []
    return open_frame(frame, 10_000, keys=keys, dictionaries=[dictionary()])


@pytest.mark.parametrize("algorithm", CompressionAlgorithm)
@pytest.mark.parametrize("level", CompressionLevel)
@pytest.mark.parametrize("payload", [b"", b"a", PAYLOAD, gzip.compress(b"inner"), bytes(70_000)])
def test_a_frame_says_what_it_is_and_gives_the_payload_back(
    algorithm: CompressionAlgorithm, level: CompressionLevel, payload: bytes
) -> None:
    frame = sealed(algorithm, payload, level)

    found = open_frame(frame, len(payload))

    assert found == (FrameKind.DATA, SerializationFormat.RAW, algorithm, level, payload)


@pytest.mark.parametrize("algorithm", CompressionAlgorithm)
def test_the_same_payload_gives_the_same_frame_each_time(algorithm: CompressionAlgorithm) -> None:
    payloads = [PAYLOAD, b"", PAYLOAD * 100, b"x" * 200_000, PAYLOAD]

    frames = [[sealed(algorithm, payload) for payload in payloads] for _ in range(3)]

    assert frames[0] == frames[1] == frames[2]
    assert frames[0][0] == frames[0][-1]


@pytest.mark.parametrize(
    ("algorithm", "cost"),
    [("gzip", 26), ("zlib", 20), ("lzma", 20), ("none", 20), ("zstd", 28), ("lz4", 28)],
)
def test_what_a_frame_adds_to_the_container(algorithm: str, cost: int) -> None:
    from pepperpy.infra.compression._engines import engine

    member = CompressionAlgorithm(algorithm)
    container = engine(member).compress(PAYLOAD, CompressionLevel.DEFAULT)

    assert len(sealed(member)) == len(container) + cost


@pytest.mark.parametrize("level", CompressionLevel)
def test_python_reads_what_we_wrote_with_its_own_modules(level: CompressionLevel) -> None:
    assert gzip.decompress(sealed(CompressionAlgorithm.GZIP, level=level)) == PAYLOAD
    assert zlib.decompress(sealed(CompressionAlgorithm.ZLIB, level=level)) == PAYLOAD
    assert lzma.decompress(sealed(CompressionAlgorithm.LZMA, level=level)) == PAYLOAD
    assert zlib.decompressobj().decompress(sealed(CompressionAlgorithm.ZLIB)) == PAYLOAD
    assert lzma.LZMADecompressor().decompress(sealed(CompressionAlgorithm.LZMA)) == PAYLOAD


@pytest.mark.parametrize("mask", [1 << bit for bit in range(8)])
def test_nothing_before_the_note_of_a_gzip_frame_may_be_another(mask: int) -> None:
    frame = sealed(CompressionAlgorithm.GZIP)

    for position in range(frame.index(b"PPZ1")):
        broken = bytearray(frame)
        broken[position] ^= mask
        with pytest.raises(CompressionError):
            open_frame(bytes(broken), 10_000)
        with pytest.raises(CompressionError):
            decompress_data(bytes(broken))


@pytest.mark.parametrize("mask", [1 << bit for bit in range(8)])
@pytest.mark.parametrize("algorithm", [CompressionAlgorithm.ZSTD, CompressionAlgorithm.LZ4])
def test_the_skippable_frame_around_a_note_may_not_be_another(
    algorithm: CompressionAlgorithm, mask: int
) -> None:
    frame = sealed(algorithm)
    note = frame.rindex(b"PPZ1")

    for position in range(note - 8, note):
        broken = bytearray(frame)
        broken[position] ^= mask
        with pytest.raises(CompressionError):
            open_frame(bytes(broken), 10_000)


@pytest.mark.usefixtures("deflate_library")
@pytest.mark.parametrize("name", FRAMES)
def test_every_flipped_byte_is_an_error_or_harmless(name: str) -> None:
    frame = FRAMES[name]
    whole = opened(frame, name)

    for position in range(len(frame)):
        for mask in MASKS:
            broken = bytearray(frame)
            broken[position] ^= mask
            try:
                found = opened(broken, name)
            except CompressionError:
                continue
            assert found == whole, (position, mask)


@pytest.mark.parametrize("name", [name for name in FRAMES if "signed" in name])
def test_every_flipped_byte_of_a_signed_frame_is_an_error(name: str) -> None:
    for position in range(len(FRAMES[name])):
        broken = bytearray(FRAMES[name])
        broken[position] ^= 1
        with pytest.raises(CompressionError):
            opened(broken, name)


@pytest.mark.usefixtures("deflate_library")
@pytest.mark.parametrize("name", FRAMES)
def test_every_truncation_is_an_error(name: str) -> None:
    frame = FRAMES[name]

    for end in range(len(frame)):
        with pytest.raises(CompressionError):
            opened(frame[:end], name)


@pytest.mark.usefixtures("deflate_library")
@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("rubbish", [b"\0", b"\n", b"PPZ1", bytes(20), PAYLOAD])
def test_nothing_may_follow_a_frame(name: str, rubbish: bytes) -> None:
    with pytest.raises(CompressionError):
        opened(FRAMES[name] + rubbish, name)
    with pytest.raises(CompressionError):
        opened(FRAMES[name] * 2, name)


@pytest.mark.parametrize("algorithm", CompressionAlgorithm)
def test_the_limit_is_exact(algorithm: CompressionAlgorithm) -> None:
    frame = sealed(algorithm)

    assert open_frame(frame, len(PAYLOAD)).payload == PAYLOAD
    with pytest.raises(OutputLimitError) as caught:
        open_frame(frame, len(PAYLOAD) - 1)
    assert caught.value.limit == len(PAYLOAD) - 1


def with_metadata(frame: bytes, position: int, value: int) -> bytes:
    """A trailer's frame with one byte of its metadata set, and a checksum that is right for it."""
    start = len(frame) - 20 + position
    changed = frame[:start] + bytes([value]) + frame[start + 1 : -4]
    return changed + zlib.crc32(changed[-16:]).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("position", "value"),
    [(3, ord("2")), (4, 0), (4, 9), (5, 0), (5, 7), (6, 9), (7, 0x68), (7, 0x62), (7, 0x64), (7, 0x20)],
    ids=[
        "version", "no kind", "kind", "no format", "format", "algorithm", "flag", "dictionary",
        "escape", "level",
    ],
)  # fmt: skip
def test_what_a_later_version_may_say_is_an_error(position: int, value: int) -> None:
    frame = sealed(CompressionAlgorithm.ZLIB)
    assert open_frame(with_metadata(frame, 7, frame[-13]), 10_000).payload == PAYLOAD

    with pytest.raises(CompressionError):
        open_frame(with_metadata(frame, position, value), 10_000)


@pytest.mark.parametrize("size", [0, len(PAYLOAD) - 1, len(PAYLOAD) + 1, 2**31, 2**63, 2**64 - 1])
def test_a_size_that_lies_is_an_error(size: int) -> None:
    frame = sealed(CompressionAlgorithm.ZLIB)
    start = len(frame) - 12
    changed = frame[:start] + size.to_bytes(8, "little")
    changed += zlib.crc32(changed[-16:]).to_bytes(4, "little")

    with pytest.raises(CompressionError):
        open_frame(changed, 2**31)


def noted(algorithm: CompressionAlgorithm) -> bytes:
    """A note that says that the frame is of this algorithm."""
    frame = sealed(algorithm)
    return frame[frame.rindex(b"PPZ1") :][:20]


@pytest.mark.parametrize(
    "algorithm", [each for each in CompressionAlgorithm if each is not CompressionAlgorithm.GZIP]
)
def test_a_note_of_another_algorithm_in_a_gzip_header_is_an_error(
    algorithm: CompressionAlgorithm,
) -> None:
    frame = sealed(CompressionAlgorithm.GZIP)
    changed = frame.replace(noted(CompressionAlgorithm.GZIP), noted(algorithm))

    with pytest.raises(CompressionError, match=r"the frame's (header|metadata)"):
        decompress_data(changed)


@pytest.mark.parametrize("filling", [b"", b"x" * 20, b"XX\0\0"])
def test_a_note_of_gzip_behind_anything_is_an_error(filling: bytes) -> None:
    note = noted(CompressionAlgorithm.GZIP)

    for data in (filling + note, sealed(CompressionAlgorithm.ZLIB)[:-20] + filling + note):
        with pytest.raises(CompressionError, match="damaged"):
            decompress_data(data)


@pytest.mark.parametrize("filling", [b"XX\0\0", b"x" * 24])
def test_an_extra_field_that_holds_more_than_the_note_is_an_error(filling: bytes) -> None:
    frame = sealed(CompressionAlgorithm.GZIP)
    total = (24 + len(filling)).to_bytes(2, "little")
    for field in (frame[12:16] + filling + frame[16:36], filling + frame[12:36]):
        with pytest.raises(CompressionError):
            decompress_data(frame[:10] + total + field + frame[36:])


@pytest.mark.parametrize("algorithm", CompressionAlgorithm)
def test_a_signature_is_good_for_its_own_metadata_only(algorithm: CompressionAlgorithm) -> None:
    frame = sealed(algorithm, keys=[KEY])
    start = frame.rindex(b"PPZ1")
    forged = bytearray(frame[start : start + 16])
    forged[5] = 3  # the number of pickle
    # Whoever forges it knows the checksum as well.
    seed = zlib.crc32(frame[: start - 32]) if algorithm is CompressionAlgorithm.NONE else 0
    forged += zlib.crc32(forged, seed).to_bytes(4, "little")
    changed = frame[:start] + forged + frame[start + 20 :]

    assert take_apart(changed) is not None
    with pytest.raises(SignatureError):
        open_frame(changed, 10_000, keys=[KEY])


@pytest.mark.parametrize("algorithm", CompressionAlgorithm)
def test_a_signature_is_good_for_its_own_payload_only(algorithm: CompressionAlgorithm) -> None:
    frame, other = (sealed(algorithm, each, keys=[KEY]) for each in (b"pay Ann 10", b"pay Bob 99"))
    signature = frame[frame.rindex(b"PPZ1") - 32 :][:32]
    start = other.rindex(b"PPZ1") - 32
    changed = other[:start] + signature + other[start + 32 :]

    with pytest.raises(SignatureError):
        open_frame(changed, 10_000, keys=[KEY])


def test_uncompressed_gzip_is_not_taken_for_a_gzip_frame() -> None:
    inner = sealed(CompressionAlgorithm.GZIP, b"inner")

    frame = sealed(CompressionAlgorithm.NONE, inner)

    found = open_frame(frame, 1000)
    assert found.algorithm is CompressionAlgorithm.NONE
    assert found.payload == inner
