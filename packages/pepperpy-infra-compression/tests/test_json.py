"""JSON as columns: any JSON value, exact, and much smaller than compressed JSON."""

from __future__ import annotations

import gzip
import json
import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pepperpy.infra.compression import (
    CompressedData,
    CompressionAlgorithm,
    CompressionError,
    CompressionLevel,
    CompressionOptionError,
    FrameMismatchError,
    JsonCompressor,
    OutputLimitError,
    SerializationFormat,
    SignatureError,
    compress_data,
    compress_json,
    decompress_data,
    decompress_json,
)
from pepperpy.infra.compression._columns import encode_columns
from pepperpy.infra.compression._frame import seal
from pepperpy.infra.compression._metadata import FrameKind

RECORDS = [{"id": n, "value": f"value_{n}"} for n in range(10_000)]
MISSION = {"repeated_key1": "value1", "repeated_key2": "value2"}

documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


def told(value):
    """The value with the types of its numbers, signs of zero, and the order of its keys."""
    return repr(value)


class TestRoundTrip:
    @given(documents)
    def test_any_document_comes_back_with_columns_and_without(self, document):
        for optimize_keys in (True, False):
            compressed = compress_json(document, optimize_keys=optimize_keys)

            assert told(decompress_json(compressed)) == told(document)

    @pytest.mark.parametrize("algorithm", CompressionAlgorithm)
    @pytest.mark.parametrize("level", CompressionLevel)
    def test_every_algorithm_and_level_keeps_rows(self, algorithm, level):
        compressed = compress_json(RECORDS[:50], algorithm, level)

        assert compressed.algorithm is algorithm
        assert compressed.level is level
        assert decompress_json(compressed, algorithm, level, optimize_keys=True) == RECORDS[:50]

    def test_nan_and_infinity_come_back(self):
        found = decompress_json(compress_json([math.nan, math.inf, -math.inf, -0.0]))

        assert repr(found) == "[nan, inf, -inf, -0.0]"

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_plain_json_has_no_nan_and_so_refuses_it(self, value):
        with pytest.raises(CompressionError):
            compress_json({"a": [value]}, optimize_keys=False)

    def test_the_missions_calls_work(self):
        compressed = compress_json(data=MISSION, optimize_keys=True)

        assert isinstance(compressed, CompressedData)
        assert compressed.serialization is SerializationFormat.JSON
        assert decompress_json(compressed) == MISSION
        assert compressed.decompress() == MISSION
        assert decompress_data(compressed) == MISSION

    def test_without_columns_the_bytes_are_gzipped_json_for_everybody(self):
        compressed = compress_json(MISSION, optimize_keys=False)

        assert json.loads(gzip.decompress(compressed)) == MISSION

    def test_json_that_others_gzipped_is_read(self):
        assert decompress_json(gzip.compress(b'{"a": 1}')) == {"a": 1}

    def test_a_compressor_reads_what_it_wrote_and_what_others_wrote(self):
        compressor = JsonCompressor(CompressionAlgorithm.ZLIB, CompressionLevel.BEST)

        compressed = compressor.compress(RECORDS[:20])

        assert compressed.algorithm is CompressionAlgorithm.ZLIB
        assert compressor.decompress(compressed) == RECORDS[:20]
        assert compressor.decompress(compress_json(MISSION)) == MISSION
        plain = JsonCompressor(optimize_keys=False)
        assert json.loads(gzip.decompress(plain.compress(MISSION))) == MISSION


class TestRefusals:
    def test_other_frames_are_no_json(self):
        frame = compress_data(b"x", serialization=SerializationFormat.RAW)

        with pytest.raises(FrameMismatchError):
            decompress_json(frame)

    @pytest.mark.parametrize("rows", [[], [1, 2]])
    def test_a_chunk_of_a_dataset_is_no_json(self, rows):
        frame = seal(
            encode_columns(rows),
            kind=FrameKind.COLUMNS,
            format=SerializationFormat.JSON,
            algorithm=CompressionAlgorithm.GZIP,
            level=CompressionLevel.DEFAULT,
        )

        for read in (decompress_json, decompress_data):
            with pytest.raises(CompressionError, match="chunk of a dataset"):
                read(frame)

    @pytest.mark.parametrize("optimize_keys", [True, False])
    def test_parameters_are_assertions(self, optimize_keys):
        compressed = compress_json(MISSION, optimize_keys=optimize_keys)

        assert decompress_json(compressed, optimize_keys=optimize_keys) == MISSION
        with pytest.raises(FrameMismatchError):
            decompress_json(compressed, optimize_keys=not optimize_keys)
        with pytest.raises(FrameMismatchError):
            decompress_json(compressed, CompressionAlgorithm.LZMA)

    def test_a_limit_is_exact(self):
        compressed = compress_json(RECORDS)
        size = compressed.original_size

        assert decompress_json(compressed, max_output_size=size) == RECORDS
        with pytest.raises(OutputLimitError):
            decompress_json(compressed, max_output_size=size - 1)
        with pytest.raises(OutputLimitError):
            JsonCompressor(max_output_size=size - 1).decompress(compressed)

    def test_a_signature_is_demanded(self):
        compressed = compress_json(MISSION, key="secret")

        assert decompress_json(compressed, key=["new", "secret"]) == MISSION
        assert JsonCompressor(key="secret").decompress(compressed) == MISSION
        with pytest.raises(SignatureError):
            decompress_json(compressed, key="other")
        with pytest.raises(SignatureError):
            decompress_json(compress_json(MISSION), key="secret")

    @pytest.mark.parametrize("optimize_keys", [True, False])
    def test_what_json_cannot_hold_is_refused(self, optimize_keys):
        with pytest.raises(CompressionError):
            compress_json({"a": object()}, optimize_keys=optimize_keys)

    def test_options_are_checked_when_they_are_written(self):
        with pytest.raises(CompressionOptionError):
            JsonCompressor("brotli")
        with pytest.raises(CompressionOptionError):
            JsonCompressor(max_output_size=-1)

    @pytest.mark.parametrize("algorithm", CompressionAlgorithm)
    def test_every_flipped_byte_is_an_error_or_harmless(self, algorithm):
        compressed = compress_json(RECORDS[:12], algorithm)
        for place in range(len(compressed)):
            for mask in (0x01, 0x80, 0xFF):
                changed = bytearray(compressed)
                changed[place] ^= mask
                try:
                    found = decompress_json(bytes(changed), max_output_size=1 << 20)
                except CompressionError:
                    continue
                assert found == RECORDS[:12]

    @pytest.mark.parametrize("algorithm", CompressionAlgorithm)
    def test_every_truncation_is_an_error(self, algorithm):
        compressed = compress_json(RECORDS[:12], algorithm)
        for length in range(len(compressed)):
            with pytest.raises(CompressionError):
                decompress_json(compressed[:length])


class TestSize:
    @pytest.mark.parametrize(
        ("algorithm", "most"),
        [(CompressionAlgorithm.GZIP, 0.55), (CompressionAlgorithm.ZSTD, 0.15)],
    )
    def test_the_missions_records_keep_to_the_target(self, algorithm, most):
        plain = gzip.compress(json.dumps(RECORDS).encode(), 6)

        assert len(compress_json(RECORDS, algorithm, optimize_keys=True)) <= most * len(plain)

    def test_the_same_document_gives_the_same_bytes(self):
        assert compress_json(RECORDS[:100]) == compress_json([*map(dict, RECORDS[:100])])


def test_columns_need_no_numpy():
    code = (
        "import sys; sys.modules['numpy'] = None\n"
        "from pepperpy.infra.compression import compress_json, optimize_dataset\n"
        "rows = [{'id': n, 'x': n / 4} for n in range(50)]\n"
        "assert compress_json(rows).decompress() == rows == [*optimize_dataset(rows)]\n"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
