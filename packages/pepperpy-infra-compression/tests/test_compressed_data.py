"""`CompressedData`: bytes that tell what they are."""

from __future__ import annotations

import copy
import gzip
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from pepperpy.infra.compression import (
    CompressedData,
    CompressionAlgorithm,
    CompressionError,
    CompressionLevel,
    CompressionOptionError,
    FrameMismatchError,
    SerializationFormat,
    UnsafeFrameError,
    compress_data,
    decompress_data,
)
from pepperpy.infra.serialization import serialize_json

VALUE = {"wood": ["chuck"] * 50}


@pytest.fixture(params=CompressionAlgorithm, ids=lambda each: each.value)
def compressed(request: pytest.FixtureRequest) -> CompressedData:
    return compress_data(VALUE, request.param, level=CompressionLevel.FAST)


def test_it_is_bytes_wherever_bytes_are_wanted(compressed: CompressedData, tmp_path: Path) -> None:
    file = tmp_path / "value"
    file.write_bytes(compressed)

    assert isinstance(compressed, bytes)
    assert file.read_bytes() == compressed == bytes(compressed)
    assert hash(compressed) == hash(bytes(compressed))
    assert {compressed: 1}[bytes(compressed)] == 1
    assert type(compressed[:9]) is bytes
    assert b"".join([compressed]) == compressed


def test_it_tells_what_it_is(compressed: CompressedData) -> None:
    size = len(serialize_json(VALUE))

    assert compressed.serialization is SerializationFormat.JSON
    assert compressed.level is CompressionLevel.FAST
    assert compressed.original_size == size
    assert compressed.compressed_size == len(compressed)
    assert compressed.ratio == compressed.compression_ratio == size / len(compressed)
    assert not compressed.signed
    assert compressed.dictionary_id is None


def test_bytes_from_elsewhere_become_it_again(compressed: CompressedData) -> None:
    again = CompressedData(bytearray(compressed))

    assert again == compressed
    assert again.to_dict() == compressed.to_dict()
    assert again.decompress() == VALUE


def test_it_is_the_same_after_pickle_and_copy(compressed: CompressedData) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(compressed, protocol))
        assert type(again) is CompressedData
        assert again == compressed
        assert again.algorithm is compressed.algorithm
        assert again.decompress() == VALUE
    assert copy.copy(compressed) is copy.deepcopy(compressed) is compressed


def test_a_pickled_one_does_not_open_pickles_unasked() -> None:
    made = compress_data(VALUE, serialization=SerializationFormat.PICKLE)
    assert made.decompress() == VALUE

    again = pickle.loads(pickle.dumps(made))

    with pytest.raises(UnsafeFrameError):
        again.decompress()


def test_a_dict_of_it_is_plain_json_and_gives_it_back(compressed: CompressedData) -> None:
    as_dict = json.loads(json.dumps(compressed.to_dict()))

    again = CompressedData.from_dict(as_dict)

    assert type(again) is CompressedData
    assert again == compressed
    assert as_dict["algorithm"] == compressed.algorithm.value
    assert as_dict["serialization"] == "json"
    assert as_dict["level"] == 1
    assert as_dict["original_size"] == compressed.original_size


def test_a_dict_may_hold_bytes_and_leave_the_rest_out() -> None:
    compressed = compress_data(VALUE)

    assert CompressedData.from_dict({"data": bytes(compressed)}) == compressed


@pytest.mark.parametrize("data", [None, 5, "text", b"bytes", [], [("data", b"")]])
def test_what_is_no_dict_is_named(data: Any) -> None:
    with pytest.raises(CompressionOptionError, match=type(data).__name__) as caught:
        CompressedData.from_dict(data)
    assert caught.value.option == "data"


@pytest.mark.parametrize(
    ("name", "value"),
    [("algorithm", "zlib"), ("serialization", "pickle"), ("level", 9), ("original_size", 1)],
)
def test_a_dict_that_says_something_else_is_an_error(name: str, value: Any) -> None:
    as_dict = compress_data(VALUE).to_dict() | {name: value}

    with pytest.raises(FrameMismatchError) as caught:
        CompressedData.from_dict(as_dict)
    assert caught.value.option == name


@pytest.mark.parametrize("data", [None, "", "not base64!", "AAAA", 5, b"", b"rubbish", ["a"]])
def test_a_dict_without_a_frame_is_an_error(data: Any) -> None:
    with pytest.raises(CompressionError):
        CompressedData.from_dict({"data": data})
    with pytest.raises(CompressionError):
        CompressedData.from_dict({})


@pytest.mark.parametrize("data", [b"", b"x" * 100, gzip.compress(b"[]")])
def test_what_is_no_frame_does_not_become_it(data: bytes) -> None:
    with pytest.raises(CompressionError, match="no frame"):
        CompressedData(data)


def test_a_damaged_frame_does_not_become_it(compressed: CompressedData) -> None:
    position = 20 if compressed.algorithm is CompressionAlgorithm.GZIP else -8
    broken = bytearray(compressed)
    broken[position] ^= 1

    with pytest.raises(CompressionError):
        CompressedData(broken)


def test_its_repr_tells_sizes_and_no_content() -> None:
    compressed = compress_data("my secret", "none")

    assert repr(compressed) == str(compressed) == "<CompressedData none json: 11 -> 31 bytes>"


def test_it_tells_that_it_is_signed() -> None:
    compressed = compress_data(VALUE, key="secret")

    assert compressed.signed
    assert CompressedData(bytes(compressed)).signed
    assert compressed.decompress(key="secret") == VALUE


def test_nothing_compressed_has_a_ratio_too() -> None:
    assert compress_data(b"", "none", "raw").ratio == 0.0


def test_a_frame_in_a_frame_is_bytes_as_any() -> None:
    inner = compress_data(VALUE)

    for algorithm in CompressionAlgorithm:
        outer = compress_data(inner, algorithm, SerializationFormat.RAW)
        assert decompress_data(outer) == inner
        assert decompress_data(decompress_data(outer)) == VALUE
