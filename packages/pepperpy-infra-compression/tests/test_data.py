"""`compress_data`, `decompress_data` and `DataCompressor`: values, options, and who may say what."""

from __future__ import annotations

import array
import gzip
import math
import threading
from decimal import Decimal
from typing import Any

import pytest

from pepperpy.infra.compression import (
    CompressedData,
    CompressionAlgorithm,
    CompressionError,
    CompressionLevel,
    CompressionOptionError,
    DataCompressor,
    FrameMismatchError,
    OutputLimitError,
    SerializationFormat,
    SignatureError,
    UnsafeFrameError,
    compress_data,
    decompress_data,
    optimize_dataset,
)
from pepperpy.infra.serialization import (
    JSONSerializer,
    PickleSerializer,
    SerializationError,
    SerializerConfig,
    UnsafeDataError,
)
from pepperpy.infra.serialization import SerializationFormat as SerializationsFormat

VALUE = {"name": "woodchuck", "wood": [1, 2.5, None, True, -0.0, 2**60], "nested": {"a": [[]]}}
PICKLE = SerializationFormat.PICKLE
ALGORITHMS = list(CompressionAlgorithm)
VALUE_FORMATS = [each for each in SerializationFormat if each is not SerializationFormat.RAW]


class Odd:
    """What cannot be compared, as an array of NumPy cannot."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("this has no truth value")

    __hash__ = None  # type: ignore[assignment]


class Wood:
    """What no pickle may make unasked."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Wood)

    __hash__ = None  # type: ignore[assignment]


class TestRoundTrip:
    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    @pytest.mark.parametrize("serialization", VALUE_FORMATS)
    def test_a_value_comes_back_from_every_algorithm_and_format(
        self, algorithm: CompressionAlgorithm, serialization: SerializationFormat
    ) -> None:
        compressed = compress_data(VALUE, algorithm, serialization)

        assert decompress_data(compressed, algorithm, serialization) == VALUE
        assert decompress_data(compressed, allow_pickle=True) == VALUE
        assert compressed.decompress() == VALUE

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    @pytest.mark.parametrize("level", CompressionLevel)
    def test_bytes_come_back_as_they_were(
        self, algorithm: CompressionAlgorithm, level: CompressionLevel
    ) -> None:
        for data in (b"", b"\0", b"PPZ1" * 5, bytes(range(256)) * 300):
            compressed = compress_data(data, algorithm, SerializationFormat.RAW, level)

            assert decompress_data(compressed) == data
            assert compressed.level is level

    def test_the_calls_of_the_mission_work_as_written(self) -> None:
        compressed = compress_data(
            data={"key": "value"},
            algorithm=CompressionAlgorithm.GZIP,
            serialization=SerializationFormat.JSON,
        )

        decompressed = decompress_data(
            data=compressed,
            algorithm=CompressionAlgorithm.GZIP,
            serialization=SerializationFormat.JSON,
        )

        assert decompressed == {"key": "value"}

    def test_options_may_be_texts_and_numbers(self) -> None:
        compressed = compress_data(VALUE, "lzma", "yaml", 9)

        assert compressed.algorithm is CompressionAlgorithm.LZMA
        assert compressed.serialization is SerializationFormat.YAML
        assert compressed.level is CompressionLevel.BEST
        assert decompress_data(compressed, "LZMA", "YAML", 9) == VALUE

    def test_the_format_is_the_one_of_serialization(self) -> None:
        assert SerializationFormat is SerializationsFormat

    @pytest.mark.parametrize("make", [bytes, bytearray, memoryview])
    def test_any_bytes_like_object_is_read(self, make: Any) -> None:
        assert decompress_data(make(bytes(compress_data(VALUE)))) == VALUE

    def test_a_memoryview_is_read_byte_by_byte_whatever_its_items_are(self) -> None:
        texts = ("x" * length for length in range(9))
        frame = next(each for each in map(compress_data, texts) if len(each) % 8 == 0)
        spread = bytes(byte for pair in zip(frame, frame, strict=True) for byte in pair)

        for view in (
            memoryview(array.array("Q", bytes(frame))),
            memoryview(frame).cast("B", (len(frame) // 2, 2)),
            memoryview(spread)[::2],
        ):
            assert decompress_data(view) == frame.decompress()

    def test_raw_data_may_be_of_any_items(self) -> None:
        numbers = array.array("d", [1.5, 2.5])

        for data in (bytearray(b"abc"), memoryview(numbers), memoryview(b"abcd")[::-2]):
            compressed = compress_data(data, serialization="raw")
            assert compressed.decompress() == bytes(data)
            assert compressed.original_size == len(bytes(data))

    def test_the_input_is_not_changed_or_kept(self) -> None:
        frame = bytearray(compress_data(VALUE))
        before = bytes(frame)

        decompress_data(frame)

        assert frame == before
        frame.extend(b"not locked by a view")

    def test_threads_share_everything(self) -> None:
        failures: list[BaseException] = []

        def work(number: int) -> None:
            try:
                for algorithm in ALGORITHMS * 5:
                    value = [f"{number} {algorithm}"] * 50
                    assert decompress_data(compress_data(value, algorithm)) == value
            except BaseException as error:
                failures.append(error)
                raise

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert not failures


class TestExactness:
    @pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
    def test_what_json_would_turn_into_null_is_refused(self, number: float) -> None:
        with pytest.raises(CompressionError):
            compress_data({"a": [number]})

    @pytest.mark.parametrize("number", [math.inf, -math.inf, -0.0])
    @pytest.mark.parametrize("serialization", ["msgpack", "pickle", "yaml", "xml"])
    def test_infinity_comes_back_where_the_format_has_it(
        self, number: float, serialization: str
    ) -> None:
        found = decompress_data(compress_data([number], "gzip", serialization), None, serialization)

        assert math.copysign(1, found[0]) == math.copysign(1, number)
        assert found[0] == number

    @pytest.mark.parametrize("serialization", ["msgpack", "pickle", "yaml", "xml"])
    def test_nan_comes_back_where_the_format_has_it(self, serialization: str) -> None:
        found = decompress_data(
            compress_data([math.nan], "gzip", serialization), None, serialization
        )

        assert math.isnan(found[0])

    def test_large_integers_are_exact(self) -> None:
        assert compress_data([2**200, -(2**64)]).decompress() == [2**200, -(2**64)]

    def test_types_that_json_has_not_become_those_it_has(self) -> None:
        assert decompress_data(compress_data({1: (2, {3})})) == {"1": [2, [3]]}

    def test_two_keys_with_one_text_are_refused(self) -> None:
        with pytest.raises(CompressionError):
            compress_data({1: "a", "1": "b"})

    def test_what_the_format_cannot_hold_is_one_error_with_its_cause(self) -> None:
        with pytest.raises(CompressionError, match=r"SerializerConfig\(default=...\)") as caught:
            compress_data({"a": object()})
        assert isinstance(caught.value.__cause__, SerializationError)
        with pytest.raises(CompressionError):
            compress_data("text", serialization="raw")

    def test_a_serializer_with_options_writes_and_reads(self) -> None:
        serializer = JSONSerializer(SerializerConfig(nan="null", sort_keys=True))

        compressed = compress_data({"b": math.nan, "a": 1}, "none", serializer)

        assert compressed.startswith(b'{"a":1,"b":null}')
        assert decompress_data(compressed, serialization=serializer) == {"a": 1, "b": None}
        assert DataCompressor("none", serializer).compress({"b": math.nan, "a": 1}) == compressed


class TestAssertions:
    @pytest.mark.parametrize(
        ("option", "value"),
        [("algorithm", "zlib"), ("serialization", "yaml"), ("level", 0), ("level", 9)],
    )
    def test_a_parameter_that_the_frame_does_not_agree_with_is_an_error(
        self, option: str, value: Any
    ) -> None:
        with pytest.raises(FrameMismatchError) as caught:
            decompress_data(compress_data(VALUE), **{option: value})

        assert caught.value.option == option
        assert caught.value.expected.value == value
        assert caught.value.found is not caught.value.expected

    def test_damage_is_the_one_error_of_both_packages_and_a_value_error(self) -> None:
        with pytest.raises(CompressionError) as caught:
            decompress_data(compress_data(VALUE)[:-1])

        assert isinstance(caught.value, SerializationError)
        assert isinstance(caught.value, ValueError)

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("algorithm", "rar"), ("algorithm", None), ("algorithm", 1), ("algorithm", True),
            ("level", 2), ("level", "fast"), ("level", True), ("level", None),
            ("serialization", "toml"), ("serialization", None), ("serialization", []),
        ],
    )  # fmt: skip
    def test_an_option_that_cannot_be_is_named(self, option: str, value: Any) -> None:
        for call in (compress_data, lambda data, **more: DataCompressor(**more)):
            with pytest.raises(CompressionOptionError, match=option) as caught:
                call(VALUE, **{option: value})
            assert caught.value.option == option
            assert isinstance(caught.value, TypeError)

    @pytest.mark.parametrize(
        ("option", "value"),
        [("algorithm", "rar"), ("level", 2), ("serialization", "toml"), ("dictionary", 5)],
    )
    def test_an_option_of_reading_is_looked_at_whatever_is_read(
        self, option: str, value: Any
    ) -> None:
        dataset = bytes(optimize_dataset([1, 2]))
        for data in (compress_data(VALUE), gzip.compress(b"1"), dataset):
            with pytest.raises(CompressionOptionError) as caught:
                decompress_data(data, **{option: value})
            assert caught.value.option == option

    @pytest.mark.parametrize("limit", [-1, 1.5, "all", True, False, Odd()])
    def test_a_limit_that_cannot_be_is_named(self, limit: Any) -> None:
        with pytest.raises(CompressionOptionError, match="max_output_size"):
            decompress_data(compress_data(VALUE), max_output_size=limit)
        with pytest.raises(CompressionOptionError, match="max_output_size"):
            DataCompressor(max_output_size=limit)

    @pytest.mark.parametrize("data", ["text", None, 5, [1]])
    def test_what_is_no_bytes_is_named(self, data: Any) -> None:
        with pytest.raises(CompressionOptionError, match="bytes"):
            decompress_data(data)


class TestPickle:
    def test_a_frame_never_switches_the_caller_to_pickle(self) -> None:
        frame = bytes(compress_data(VALUE, serialization=PICKLE))

        with pytest.raises(UnsafeFrameError, match="PICKLE"):
            decompress_data(frame)
        with pytest.raises(UnsafeFrameError):
            CompressedData(frame).decompress()
        for other in VALUE_FORMATS:
            if other is not PICKLE:
                with pytest.raises(FrameMismatchError):
                    decompress_data(frame, serialization=other)
        with pytest.raises(CompressionError):
            DataCompressor().decompress(frame)

    def test_the_caller_may_say_that_it_is_a_pickle(self) -> None:
        frame = bytes(compress_data(VALUE, serialization=PICKLE))

        assert decompress_data(frame, serialization=PICKLE) == VALUE
        assert decompress_data(frame, allow_pickle=True) == VALUE
        assert CompressedData(frame).decompress(allow_pickle=True) == VALUE
        assert DataCompressor(serialization=PICKLE).decompress(frame) == VALUE

    def test_an_allowed_pickle_is_still_read_as_plain_data_only(self) -> None:
        unsafe = PickleSerializer(SerializerConfig(unsafe=True))
        frame = bytes(compress_data(Wood(), serialization=unsafe))

        for options in ({"serialization": PICKLE}, {"allow_pickle": True}):
            with pytest.raises(UnsafeFrameError) as caught:
                decompress_data(frame, **options)
            assert isinstance(caught.value, UnsafeDataError)
        allowed = PickleSerializer(SerializerConfig(allow=[Wood]))
        assert decompress_data(frame, serialization=allowed) == Wood()

    def test_a_pickle_of_plain_types_keeps_them(self) -> None:
        value = {(1, 2): {3, 4}, "price": Decimal("1.10"), 5: b"bytes"}

        assert compress_data(value, serialization=PICKLE).decompress() == value

    def test_a_signed_pickle_may_hold_anything(self) -> None:
        frame = bytes(compress_data(Wood(), serialization=PICKLE, key="secret"))

        assert decompress_data(frame, key="secret") == Wood()
        with pytest.raises(SignatureError):
            decompress_data(frame, key="another", serialization=PICKLE)
        with pytest.raises(SignatureError):
            decompress_data(frame, serialization=PICKLE)


class TestSignatures:
    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_a_signed_frame_is_read_with_its_key_only(
        self, algorithm: CompressionAlgorithm
    ) -> None:
        frame = bytes(compress_data(VALUE, algorithm, key=b"secret"))

        assert decompress_data(frame, key="secret") == VALUE
        with pytest.raises(SignatureError, match="key"):
            decompress_data(frame)
        with pytest.raises(SignatureError):
            decompress_data(frame, key="Secret")

    def test_a_key_demands_a_signature(self) -> None:
        import gzip

        for data in (compress_data(VALUE), gzip.compress(b"[]")):
            with pytest.raises(SignatureError, match="not signed, and key= demands that it is"):
                decompress_data(data, key="secret")

    def test_keys_rotate(self) -> None:
        old = compress_data(VALUE, key="old")
        new = compress_data(VALUE, key=["new", "old"])

        for frame in (old, new):
            assert decompress_data(frame, key=["new", "old"]) == VALUE
        assert decompress_data(new, key="new") == VALUE
        with pytest.raises(SignatureError):
            decompress_data(new, key="old")

    @pytest.mark.parametrize("key", [b"", "", [], [b"good", b""], 5, [None]])
    def test_a_key_that_is_none_is_refused_and_not_told(self, key: Any) -> None:
        for call in (compress_data, decompress_data, lambda data, key: DataCompressor(key=key)):
            with pytest.raises(CompressionOptionError) as caught:
                call(compress_data(VALUE), key=key)
            assert caught.value.option == "key"
            assert "good" not in str(caught.value)

    def test_no_key_stands_in_a_repr_or_an_error(self) -> None:
        compressor = DataCompressor(key="very secret")
        with pytest.raises(SignatureError) as caught:
            compressor.decompress(compress_data(VALUE))

        told = f"{compressor!r} {compressor.compress(VALUE)!r} {caught.value} {caught.value!r}"
        assert "very secret" not in told

    def test_the_same_key_signs_other_things_differently(self) -> None:
        import hmac

        frame = bytes(compress_data(VALUE, "zlib", key=b"secret"))

        rest = frame[:-52] + frame[-20:]
        assert frame[-52:-20] != hmac.digest(b"secret", rest, "sha256")


class TestDataCompressor:
    def test_it_reads_what_other_algorithms_wrote(self) -> None:
        compressor = DataCompressor("zstd")

        for algorithm in ALGORITHMS:
            assert compressor.decompress(compress_data(VALUE, algorithm)) == VALUE

    def test_it_refuses_another_serialization(self) -> None:
        with pytest.raises(FrameMismatchError):
            DataCompressor().decompress(compress_data(VALUE, serialization="yaml"))

    def test_it_reads_plain_files_of_its_algorithm(self) -> None:
        assert DataCompressor("none").decompress(b"[1]") == [1]

    def test_its_options_are_kept_for_every_call(self) -> None:
        compressor = DataCompressor("zlib", "yaml", 9, key="k", max_output_size=5)

        compressed = compressor.compress({"key": "value"})

        assert (compressed.algorithm, compressed.serialization, compressed.level) == (
            compressor.algorithm, compressor.serialization, compressor.level,
        )  # fmt: skip
        with pytest.raises(SignatureError):
            decompress_data(compressed)
        with pytest.raises(OutputLimitError):
            compressor.decompress(compressed)


class TestDamagedValues:
    @pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b"[1] [2]", b'"\\ud800"', b"[" * 9999])
    def test_a_payload_that_is_no_value_is_a_compression_error(self, payload: bytes) -> None:
        import gzip

        with pytest.raises(CompressionError):
            decompress_data(gzip.compress(payload))

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    @pytest.mark.parametrize("serialization", VALUE_FORMATS)
    def test_every_truncation_is_an_error_or_harmless(
        self, algorithm: CompressionAlgorithm, serialization: SerializationFormat
    ) -> None:
        frame = bytes(compress_data(VALUE, algorithm, serialization))

        for end in range(len(frame)):
            try:
                assert decompress_data(frame[:end], allow_pickle=True) == VALUE
            except CompressionError:
                continue
