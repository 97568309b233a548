"""Dictionaries: small records, one by one."""

from __future__ import annotations

import copy
import pickle
import random
from collections.abc import Callable
from typing import Any

import pytest

from pepperpy.infra.compression import (
    CompressedData,
    CompressionAlgorithm,
    CompressionDictionary,
    CompressionError,
    CompressionLevel,
    CompressionOptionError,
    DataCompressor,
    DictionaryError,
    compress_data,
    decompress_data,
    train_dictionary,
)
from pepperpy.infra.utils import MissingExtraError

ZSTD = CompressionAlgorithm.ZSTD


def records(seed: int, count: int = 800) -> list[dict[str, Any]]:
    generator = random.Random(seed)
    return [
        {
            "id": generator.randrange(10**9),
            "name": f"user {generator.randrange(10**6)}",
            "country": generator.choice(["Norway", "Portugal", "Japan", "Ghana"]),
            "roles": generator.sample(["reader", "writer", "editor", "owner"], 2),
            "active": generator.random() < 0.5,
        }
        for _ in range(count)
    ]


@pytest.fixture(scope="module")
def dictionary() -> CompressionDictionary:
    return train_dictionary(records(1))


@pytest.fixture(scope="module")
def other() -> CompressionDictionary:
    return train_dictionary(records(2), max_size=2048)


def test_small_records_become_much_smaller(dictionary: CompressionDictionary) -> None:
    plain = trained = 0
    for record in records(3, 200):
        plain += len(compress_data(record, ZSTD))
        trained += len(compress_data(record, ZSTD, dictionary=dictionary))

    assert trained * 1.5 < plain


@pytest.mark.parametrize("level", CompressionLevel)
def test_a_record_comes_back_with_its_dictionary(
    dictionary: CompressionDictionary, level: CompressionLevel
) -> None:
    for record in records(4, 20):
        compressed = compress_data(record, ZSTD, level=level, dictionary=dictionary)

        assert compressed.dictionary_id == dictionary.id
        assert decompress_data(compressed, dictionary=dictionary) == record
        assert compressed.decompress(dictionary=[dictionary]) == record


def test_the_right_one_of_several_is_taken(
    dictionary: CompressionDictionary, other: CompressionDictionary
) -> None:
    for each in (dictionary, other):
        compressed = compress_data([1], ZSTD, dictionary=each)
        assert decompress_data(compressed, dictionary=[dictionary, other]) == [1]


def test_a_frame_names_the_dictionary_that_is_missing(
    dictionary: CompressionDictionary, other: CompressionDictionary
) -> None:
    compressed = compress_data([1], ZSTD, dictionary=dictionary)

    for given in ((), other, [other]):
        with pytest.raises(DictionaryError, match=str(dictionary.id)) as caught:
            decompress_data(compressed, dictionary=given)
        assert caught.value.id == dictionary.id


def test_another_dictionary_with_the_same_id_is_an_error(
    dictionary: CompressionDictionary,
) -> None:
    liar = bytearray(bytes(dictionary))
    liar[-400:] = bytes(400)
    record = records(1, 5)[4]

    compressed = compress_data(record, ZSTD, dictionary=dictionary)

    try:
        found = decompress_data(compressed, dictionary=CompressionDictionary(liar))
    except CompressionError:
        return
    assert found == record


def test_a_signed_frame_may_have_one(dictionary: CompressionDictionary) -> None:
    compressed = compress_data([1], ZSTD, key="secret", dictionary=dictionary)

    assert decompress_data(compressed, key="secret", dictionary=dictionary) == [1]
    assert CompressedData(bytes(compressed)).dictionary_id == dictionary.id


def test_a_compressor_writes_with_its_first_and_reads_with_all(
    dictionary: CompressionDictionary, other: CompressionDictionary
) -> None:
    old, new = DataCompressor(ZSTD, dictionary=other), DataCompressor(
        ZSTD, dictionary=[dictionary, other]
    )  # fmt: skip

    assert new.compress([1]).dictionary_id == dictionary.id
    assert new.decompress(old.compress([1])) == [1]


def test_any_collection_of_dictionaries_will_do(dictionary: CompressionDictionary) -> None:
    (record,) = records(5, 1)
    compressed = compress_data(record, "zstd", dictionary=dictionary)

    for given in ([dictionary], {dictionary}, {1: dictionary}.values(), iter([dictionary])):
        assert decompress_data(compressed, dictionary=given) == record


def test_no_dictionary_may_be_said_as_none() -> None:
    assert decompress_data(compress_data(1), dictionary=None) == 1
    assert DataCompressor(dictionary=None).decompress(compress_data(1)) == 1


def test_training_is_deterministic(dictionary: CompressionDictionary) -> None:
    assert train_dictionary(records(1)) == dictionary
    assert train_dictionary(iter(records(1))).id == dictionary.id


def test_it_is_kept_as_bytes(dictionary: CompressionDictionary) -> None:
    again = CompressionDictionary(bytes(dictionary))

    assert again == dictionary
    assert hash(again) == hash(dictionary)
    assert again.id == dictionary.id
    assert again != "dictionary"
    assert pickle.loads(pickle.dumps(dictionary)) == copy.deepcopy(dictionary) == dictionary
    assert len(bytes(dictionary)) <= 8192
    assert repr(dictionary) == f"<CompressionDictionary {dictionary.id}: {len(bytes(again))} bytes>"


def test_compressing_with_it_is_deterministic(dictionary: CompressionDictionary) -> None:
    again = CompressionDictionary(bytes(dictionary))
    few = records(5, 50)

    first = [compress_data(each, ZSTD, dictionary=dictionary) for each in few]

    assert [compress_data(each, ZSTD, dictionary=again) for each in few[::-1]][::-1] == first


@pytest.mark.parametrize("data", [b"", b"short", b"raw content " * 90])
def test_what_is_no_trained_dictionary_is_an_error(data: bytes) -> None:
    with pytest.raises(CompressionError, match="dictionary"):
        CompressionDictionary(data)


def test_damage_to_a_dictionary_is_an_error_or_leaves_it_good(
    dictionary: CompressionDictionary,
) -> None:
    for position in range(0, len(bytes(dictionary)), 7):
        broken = bytearray(bytes(dictionary))
        broken[position] ^= 0x55
        try:
            liar = CompressionDictionary(broken)
            assert compress_data([1], ZSTD, dictionary=liar).decompress(dictionary=liar) == [1]
        except CompressionError:
            continue


@pytest.mark.parametrize("samples", [[], [{}], [1, 2, 3], ["a"] * 6])
def test_too_few_samples_are_an_error(samples: list[Any]) -> None:
    with pytest.raises(CompressionError, match="samples"):
        train_dictionary(samples)


@pytest.mark.parametrize("size", [0, 255, -1, 1.5, True, "8192", None])
def test_a_size_that_cannot_be_is_named(size: Any) -> None:
    with pytest.raises(CompressionOptionError, match="max_size"):
        train_dictionary(records(1), max_size=size)


@pytest.mark.parametrize("algorithm", [each for each in CompressionAlgorithm if each is not ZSTD])
def test_only_zstd_takes_one(
    dictionary: CompressionDictionary, algorithm: CompressionAlgorithm
) -> None:
    with pytest.raises(CompressionOptionError, match="ZSTD"):
        compress_data([1], algorithm, dictionary=dictionary)
    with pytest.raises(CompressionOptionError, match="ZSTD"):
        DataCompressor(algorithm, dictionary=dictionary)


@pytest.mark.parametrize("given", [b"bytes", "text", 5, [b"bytes"]])
def test_what_is_no_dictionary_is_named(given: Any) -> None:
    with pytest.raises(CompressionOptionError, match="dictionary"):
        decompress_data(compress_data([1], ZSTD), dictionary=given)
    with pytest.raises(CompressionOptionError, match="dictionary"):
        compress_data([1], ZSTD, dictionary=given)


def test_a_missing_extra_is_named(without: Callable[..., None]) -> None:
    without("backports", "compression")

    with pytest.raises(MissingExtraError, match="zstd"):
        train_dictionary(records(1))
