"""Arrays: every type, shape and order, bit for bit, without pickle."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from pepperpy.infra.compression import (
    CompressedData,
    CompressionAlgorithm,
    CompressionError,
    CompressionLevel,
    CompressionOptionError,
    NumpyCompressor,
    OutputLimitError,
    compress_data,
    compress_json,
    compress_numpy,
    decompress_data,
    decompress_numpy,
)
from pepperpy.infra.compression._arrays import _blosc2

RNG = np.random.default_rng(7)
POINT = np.dtype([("x", "<f8"), ("y", ">i2"), ("name", "U3"), ("box", "u1", (2, 2))])
PADDED = np.dtype({"names": ["a", "b"], "formats": ["i1", "f8"]}, align=True)
SHARED = np.dtype(
    {"names": ["all", "low"], "formats": ["<u4", "<u2"], "offsets": [0, 0], "itemsize": 6}
)
TITLED = np.dtype({"names": ["a"], "formats": ["i4"], "titles": ["long name"]})

ARRAYS = {
    "ints": np.arange(1000).reshape(10, 100),
    "big endian": np.arange(500, dtype=">i4"),
    "big endian floats": np.linspace(0, 1, 500).astype(">f8"),
    "unsigned wrap": np.array([0, 2**64 - 1, 1, 2**63] * 40, np.uint64),
    "least int": np.array([-(2**63), 2**63 - 1] * 40, np.int64),
    "int8": np.arange(-128, 127, dtype=np.int8),
    "half": np.linspace(0, 9, 300).astype(np.float16),
    "long double": np.linspace(0, 1, 100).astype(np.longdouble),
    "complex": (np.arange(100) + 1j * np.arange(100)).astype(np.complex64),
    "bools": RNG.random(1000) < 0.5,
    "text": np.array(["a", "ö€", "", "long text"]),
    "bytes": np.array([b"a", b"", b"a\0b"]),
    "empty text": np.array(["", ""]),
    "text of no length": np.zeros((3, 2), [("a", "U0"), ("b", "<i4")])["a"],
    "bytes of no length": np.zeros(3, [("a", "S0"), ("b", "<i4")])["a"],
    "moments": np.arange("2020-01", "2021-01", dtype="M8[D]"),
    "moments with NaT": np.array(["2020-01-01T00:00:00.123", "NaT"], "M8[ms]"),
    "big endian moments": np.arange(9).astype(">M8[25s]"),
    "durations": np.array([1, -5, 7], "m8[us]"),
    "void": np.array([b"abc", b"def"], "V3"),
    "structure": np.array([(1.5, 2, "abc", 7), (-0.0, -2, "", 9)], POINT),
    "nested": np.zeros(3, [("p", POINT), ("q", "<i4", (3,))]),
    "padded": np.array([(1, 2.5), (3, 4.5)], PADDED),
    "shared bytes": np.zeros(4, SHARED),
    "titled": np.zeros(4, TITLED),
    "no fields": np.zeros(3, np.dtype([])),
    "bytes of no size": np.zeros(3, [("a", "S0"), ("b", "<i4")])["a"],
    "scalar": np.array(3.5),
    "scalar text": np.array("x"),
    "empty": np.zeros((0, 4)),
    "empty fortran": np.zeros((3, 0, 2), order="F"),
    "one axis of one": np.ones((1, 5, 1)),
    "fortran": np.asfortranarray(RNG.random((30, 40))),
    "fortran ints": np.asfortranarray(np.arange(60).reshape(3, 4, 5)),
    "strided": np.arange(100)[::3],
    "reversed": np.arange(100.0)[::-1],
    "transposed": np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2),
    "broadcast": np.broadcast_to(np.arange(5), (4, 5)),
    "random": RNG.integers(0, 256, 70_000, dtype=np.uint8),
    "many axes": np.zeros((1,) * 32),
}
QUIET = np.array([0x7FF8000000000001, 0xFFF0000000000001, 0x8000000000000000], np.uint64)


def assert_same(found, array):
    assert type(found) is np.ndarray
    assert found.dtype == array.dtype
    assert found.dtype.isalignedstruct == array.dtype.isalignedstruct
    assert found.shape == array.shape
    assert found.tobytes() == array.tobytes()
    assert found.flags.writeable
    assert found.flags.owndata
    if array.flags.contiguous:
        assert found.flags.f_contiguous == array.flags.f_contiguous


class TestRoundTrip:
    @pytest.mark.parametrize("name", ARRAYS)
    def test_every_sort_of_array_comes_back(self, name):
        assert_same(decompress_numpy(compress_numpy(ARRAYS[name])), ARRAYS[name])

    @pytest.mark.parametrize("algorithm", CompressionAlgorithm)
    @pytest.mark.parametrize("level", CompressionLevel)
    def test_every_algorithm_and_level_keeps_arrays(self, algorithm, level):
        for name in ("ints", "fortran", "random", "structure"):
            compressed = compress_numpy(ARRAYS[name], algorithm, level)

            assert (compressed.algorithm, compressed.level) == (algorithm, level)
            assert_same(decompress_numpy(compressed, algorithm, level), ARRAYS[name])

    @given(
        npst.arrays(
            npst.scalar_dtypes() | npst.array_dtypes() | npst.nested_dtypes(),
            npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9),
        )
    )
    def test_any_array_comes_back(self, array):
        if array.dtype.hasobject:
            return
        assert_same(decompress_numpy(compress_numpy(array)), array)

    @pytest.mark.parametrize("kind", [np.float64, ">f8"])
    def test_the_bits_of_nan_and_the_sign_of_zero_come_back(self, kind):
        array = np.tile(QUIET.view(np.float64), 50).astype(kind, copy=False)

        assert decompress_numpy(compress_numpy(array)).tobytes() == array.tobytes()

    def test_blosc2_is_used_when_it_is_asked_for(self):
        compressor = NumpyCompressor(engine="blosc2")
        for array in ARRAYS.values():
            compressed = compressor.compress(array)

            assert compressed.algorithm is CompressionAlgorithm.NONE
            assert_same(compressor.decompress(compressed), array)
        assert len(compressor.compress(ARRAYS["ints"])) < ARRAYS["ints"].nbytes / 5

    @pytest.mark.parametrize("kind", ["V300", "V10", "S3", "U7", [("a", "i1"), ("b", "V299")]])
    @pytest.mark.parametrize("count", [1, 7, 5000])
    def test_blosc2_keeps_zeros_of_any_width(self, kind, count):
        # Blosc2 loses zeros whose bytes are no multiple of the width that it is told.
        array = np.zeros(count, kind)

        assert_same(decompress_numpy(compress_numpy(array, engine="blosc2")), array)

    @pytest.mark.parametrize("kind", ["<i8", "V10", "V300"])
    def test_blosc2_keeps_more_than_one_block(self, kind, monkeypatch):
        monkeypatch.setattr(_blosc2, "_BLOCK", 1000)
        for array in (np.zeros(5000, kind), np.frombuffer(os.urandom(60_000), kind)):
            assert_same(decompress_numpy(compress_numpy(array, engine="blosc2")), array)

    def test_the_missions_calls_work(self):
        array = np.array([[1, 2, 3], [4, 5, 6]])

        compressed = compress_numpy(array)

        assert isinstance(compressed, CompressedData)
        assert_same(decompress_numpy(compressed), array)
        assert_same(compressed.decompress(), array)
        assert_same(decompress_data(compressed), array)

    def test_a_mapped_file_gives_a_plain_array(self, tmp_path):
        mapped = np.memmap(tmp_path / "a", np.int32, "w+", shape=(20, 5))
        mapped[:] = 7

        assert_same(decompress_numpy(compress_numpy(mapped)), np.asarray(mapped))

    def test_the_input_is_left_alone(self):
        array = np.arange(1000)
        array.flags.writeable = False
        before = array.tobytes()

        found = decompress_numpy(compress_numpy(array))
        found += 1

        assert array.tobytes() == before

    def test_the_same_array_gives_the_same_bytes(self):
        assert compress_numpy(np.arange(9999)) == compress_numpy(np.arange(9999).copy())

    def test_what_lies_between_fields_is_not_left_to_chance(self):
        dtype = np.dtype([("a", "i1"), ("b", "<i8")], align=True)
        array = np.zeros(100, dtype)[::2]
        array["a"], array["b"] = 1, 2
        made = set()

        for dirt in (0x00, 0x55, 0xAA):
            freed = [np.full(array.nbytes, dirt, np.uint8) for _ in range(20)]
            freed.clear()  # a copy is made where these were
            made.add(bytes(compress_numpy(array, "none")))

        assert len(made) == 1


class Strange(np.ndarray):
    pass


class TestRefusals:
    @pytest.mark.parametrize(
        "array",
        [
            np.array([object()]),
            np.array([1, "a"], object),
            np.zeros(2, [("a", "O")]),
            np.zeros(2, [("p", [("q", "O", (2,))])]),
            np.ma.masked_array([1, 2], [True, False]),
            np.zeros(3).view(Strange),
            np.zeros(2, [("a", "i4")]).view(np.recarray),
            np.float64(3),
            [1, 2, 3],
            b"bytes",
            None,
        ],
        ids=lambda array: type(array).__name__,
    )
    def test_what_would_come_back_as_something_else_is_refused(self, array):
        with pytest.raises(CompressionError):
            compress_numpy(array)

    @pytest.mark.parametrize(
        ("array", "problem"),
        [
            ([1, 2], "got a list; numpy.asarray"),
            (np.zeros(3).view(Strange), "got a Strange, and would lose what it has added; numpy"),
        ],
    )
    def test_a_refusal_says_what_was_given_and_what_to_do(self, array, problem):
        with pytest.raises(CompressionError, match=problem):
            compress_numpy(array)

    def test_no_pickle_is_written_or_read(self):
        for name, array in ARRAYS.items():
            payload = gzip.decompress(compress_numpy(array, level=CompressionLevel.NONE))
            assert b"numpy" not in payload, name

    def test_a_limit_counts_the_bytes_of_the_array(self):
        array = np.arange(1000)
        for compressed in (compress_numpy(array), compress_numpy(array, engine="blosc2")):
            assert_same(decompress_numpy(compressed, max_output_size=array.nbytes), array)
            with pytest.raises(OutputLimitError) as caught:
                decompress_numpy(compressed, max_output_size=array.nbytes - 1)
            assert caught.value.limit == array.nbytes - 1

    def test_other_data_holds_no_array(self):
        for data in (compress_json([1]), compress_data([1]), gzip.compress(b"[1]"), b""):
            with pytest.raises(CompressionError):
                decompress_numpy(data)

    @pytest.mark.parametrize(
        "options",
        [
            {"engine": "zstd"},
            {"engine": "blosc2", "algorithm": CompressionAlgorithm.LZMA},
            {"algorithm": "brotli"},
            {"level": 42},
        ],
    )
    def test_options_are_checked(self, options):
        with pytest.raises(CompressionOptionError):
            compress_numpy(np.arange(3), **options)
        with pytest.raises(CompressionOptionError):
            NumpyCompressor(**options)

    @pytest.mark.parametrize("engine", [None, "blosc2"])
    @pytest.mark.parametrize("name", ["ints", "structure", "random"])
    def test_every_flipped_byte_is_an_error_or_harmless(self, name, engine):
        array = ARRAYS[name].reshape(-1)[:60]
        compressed = compress_numpy(array, engine=engine)
        for place in range(len(compressed)):
            for mask in (0x01, 0x80, 0xFF):
                changed = bytearray(compressed)
                changed[place] ^= mask
                try:
                    found = decompress_numpy(bytes(changed))
                except CompressionError:
                    continue
                assert_same(found, array)

    @pytest.mark.parametrize("engine", [None, "blosc2"])
    def test_every_truncation_is_an_error(self, engine):
        compressed = compress_numpy(ARRAYS["ints"], engine=engine)
        for length in range(len(compressed)):
            with pytest.raises(CompressionError):
                decompress_numpy(compressed[:length])


def payload_of(*parts, data=b""):
    import msgspec

    header = msgspec.msgpack.encode(parts)
    return struct.pack("<I", len(header)) + header + data


class TestHostilePayloads:
    @pytest.mark.parametrize(
        "payload",
        [
            b"",
            b"\xff\xff\xff\xff",
            payload_of(),
            payload_of("O", [1], False, 0, data=bytes(8)),
            payload_of({"names": ["a"], "formats": ["O"]}, [1], False, 0, data=bytes(8)),
            payload_of("<f8", [1 << 40, 1 << 40], False, 0),
            payload_of("<f8", [-1], False, 0),
            payload_of("<f8", [-1, -1], False, 0, data=bytes(8)),
            payload_of("<f8", [True], False, 0, data=bytes(8)),
            payload_of("<f8", [1] * 70, False, 0, data=bytes(8)),
            payload_of("<f8", [1], False, 9, data=bytes(8)),
            payload_of("<f8", [1], 1, 0, data=bytes(8)),
            payload_of("<f8", [2], False, 0, data=bytes(15)),
            payload_of("<f8", [2], False, 0, data=bytes(17)),
            payload_of("<f8", [2], False, 0, data=bytes(24)),
            payload_of("<f8", [2], False, 1, data=bytes(24)),
            payload_of("<i8", [2], False, 2, data=bytes(24)),
            payload_of("<f8", [0], False, 0, data=bytes(8)),
            payload_of("<f8", [1], False, 3, data=bytes(8)),
            payload_of("V0", [1 << 40], False, 0),
            payload_of("U0", [1 << 40], False, 1),
            payload_of("nonsense", [1], False, 0),
            payload_of("f8,f8,O", [1], False, 0),
            payload_of(",f8", [1], False, 0, data=bytes(8)),
            payload_of("(1,)f8, 3*f8", [1], False, 0, data=bytes(8)),
            payload_of("<f8", "8", False, 0),
            payload_of([["<f8", [2]], [1 << 62]], [1], False, 0),
            payload_of("<U999999999", [1], False, 0),
            payload_of("|S5", [1], False, 2, data=bytes(5)),
            payload_of("<f8", [1], False, 2, data=bytes(8)),
            payload_of("<f8", [0, 1 << 62], False, 0),
            payload_of("<f8", [0, 1 << 63], False, 0),
            payload_of([["<f8", [0] * 40], [0] * 30], [1], False, 0),
            # NumPy divides by that zero, which ends the process.
            payload_of("<M8[25s/0]", [1], False, 0, data=bytes(8)),
            payload_of("<m8[0s]", [1], False, 0, data=bytes(8)),
            payload_of("(", [1], False, 0, data=bytes(8)),
            payload_of(",8", [1], False, 0, data=bytes(8)),
        ],
        ids=range(37),
    )
    def test_a_payload_that_lies_is_an_error(self, payload):
        from pepperpy.infra.compression._arrays import decode_array

        with pytest.raises(CompressionError):
            decode_array(payload, 1 << 20)

    def test_a_type_that_is_nested_too_deep_is_an_error(self):
        from pepperpy.infra.compression._arrays import decode_array

        for wrap in (
            lambda inner: [inner, [1]],
            lambda inner: {
                "names": ["a"],
                "formats": [inner],
                "offsets": [0],
                "itemsize": 8,
                "aligned": False,
            },
        ):
            described = "<f8"
            for _ in range(40):
                described = wrap(described)
            with pytest.raises(CompressionError):
                decode_array(payload_of(described, [1], False, 0, data=bytes(8)), 1 << 20)

    def test_a_unit_that_is_divided_by_nothing_does_not_kill_the_process(self):
        script = (
            "from tests.test_numpy import payload_of\n"
            "from pepperpy.infra.compression import CompressionError\n"
            "from pepperpy.infra.compression._arrays import decode_array\n"
            "for unit in ('ns/0', 'D/0', '0s/0', '0s'):\n"
            "    try:\n"
            "        decode_array(payload_of(f'<M8[{unit}]', [0], False, 0), 100)\n"
            "    except CompressionError:\n"
            "        print('refused')\n"
        )
        folder = Path(__file__).parents[1]

        done = subprocess.run(
            [sys.executable, "-c", script], check=False, capture_output=True, cwd=folder
        )

        assert (done.returncode, done.stdout.split()) == (0, [b"refused"] * 4)

    @given(st.binary(max_size=100))
    def test_any_payload_is_an_array_or_the_error(self, payload):
        from pepperpy.infra.compression._arrays import decode_array

        with suppress(CompressionError):
            assert isinstance(decode_array(payload, 1 << 20), np.ndarray)


class TestSize:
    def test_incompressible_items_grow_by_what_deflate_needs_to_store_them(self):
        noise = np.frombuffer(os.urandom(1 << 20), np.uint8)
        for array in (noise, noise[: 1 << 17].view(np.float64), noise[:3]):
            grown = len(compress_numpy(array)) - array.nbytes

            assert grown <= 96 + array.nbytes // 10_000

    def test_rearranged_numbers_become_smaller_than_a_gzipped_npy_file(self):
        walk = np.cumsum(RNG.integers(-3, 4, 1 << 18)).astype(np.int32)
        smooth = np.sin(np.linspace(0, 60, 1 << 17)) * 100 + RNG.normal(0, 1e-3, 1 << 17)
        for array in (walk, smooth):
            sink = io.BytesIO()
            np.save(sink, array)

            assert len(compress_numpy(array)) < len(gzip.compress(sink.getvalue(), 6))

    def test_a_compressed_array_can_be_pickled_as_bytes(self):
        compressed = compress_numpy(np.arange(5))

        assert_same(pickle.loads(pickle.dumps(compressed)).decompress(), np.arange(5))


def test_importing_the_package_imports_no_numpy():
    code = "import pepperpy.infra.compression, sys; assert 'numpy' not in sys.modules"

    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("module", "extra"), [("numpy", "numpy"), ("blosc2", "blosc2")])
def test_a_missing_extra_names_the_line_that_installs_it(module, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(ImportError, match=rf"pepperpy-infra-compression\[{extra}\]"):
        compress_numpy(np.arange(3), engine="blosc2" if module == "blosc2" else None)
