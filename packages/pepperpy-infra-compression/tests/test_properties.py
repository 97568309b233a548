"""What holds for any value, any bytes and any damage."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.compression import (
    CompressedData,
    CompressionAlgorithm,
    CompressionError,
    CompressionLevel,
    SerializationFormat,
    compress_data,
    decompress_data,
)

ALGORITHMS = st.sampled_from(CompressionAlgorithm)
LEVELS = st.sampled_from(CompressionLevel)
KEYS = st.none() | st.text(min_size=1, max_size=9).map(lambda text: text.encode("utf-8", "replace"))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers() | st.floats()
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


def alike(left: Any, right: Any) -> bool:
    """Whether two values are the same, type by type and bit by bit."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        if math.isnan(left):
            return math.isnan(right)
        return left == right and math.copysign(1, left) == math.copysign(1, right)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(alike, left, right))
    if isinstance(left, dict):
        return list(left) == list(right) and all(map(alike, left.values(), right.values()))
    return bool(left == right)


@given(VALUES, ALGORITHMS, LEVELS, KEYS)
def test_json_values_come_back_exactly_or_are_refused(
    value: Any, algorithm: CompressionAlgorithm, level: CompressionLevel, key: bytes | None
) -> None:
    try:
        compressed = compress_data(value, algorithm, level=level, key=key)
    except CompressionError:
        assert "nan" in repr(value) or "inf" in repr(value)
        return

    assert alike(decompress_data(compressed, key=key), value)
    assert alike(CompressedData(bytes(compressed)).decompress(key=key), value)


@given(st.binary(max_size=2000), ALGORITHMS, LEVELS, KEYS)
def test_any_bytes_come_back(
    data: bytes, algorithm: CompressionAlgorithm, level: CompressionLevel, key: bytes | None
) -> None:
    compressed = compress_data(data, algorithm, SerializationFormat.RAW, level, key=key)

    assert decompress_data(compressed, algorithm, "raw", level, key=key) == data
    assert decompress_data(compressed, key=key, max_output_size=len(data)) == data


@given(VALUES, ALGORITHMS, st.data())
def test_damage_anywhere_is_an_error_or_harmless(
    value: Any, algorithm: CompressionAlgorithm, data: st.DataObject
) -> None:
    try:
        frame = bytearray(compress_data(value, algorithm))
    except CompressionError:
        return
    places = st.integers(0, len(frame) - 1)
    for place in data.draw(st.sets(places, min_size=1, max_size=4)):
        frame[place] ^= data.draw(st.integers(1, 255))

    try:
        found = decompress_data(frame)
    except CompressionError:
        return
    assert alike(found, value)


@given(st.binary(max_size=300), st.none() | ALGORITHMS, st.integers(0, 1000))
def test_any_bytes_are_a_value_or_the_one_error(
    data: bytes, algorithm: CompressionAlgorithm | None, limit: int
) -> None:
    try:
        found = decompress_data(data, algorithm, "raw", max_output_size=limit)
    except CompressionError:
        return
    assert isinstance(found, bytes)
    assert len(found) <= limit


@given(VALUES, ALGORITHMS, st.integers(1, 60))
def test_a_frame_in_rubbish_is_no_frame(
    value: Any, algorithm: CompressionAlgorithm, count: int
) -> None:
    try:
        frame = compress_data(value, algorithm)
    except CompressionError:
        return

    for wrapped in (frame + b"x" * count, frame[:-count], frame[count:]):
        try:
            assert alike(decompress_data(wrapped), value)
        except CompressionError:
            continue
