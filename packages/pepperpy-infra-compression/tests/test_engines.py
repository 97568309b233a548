"""Who compresses: the library that is there, the extra that is not, and tools of other makers."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
import zlib
from collections.abc import Callable
from types import ModuleType

import pytest
from isal import isal_zlib
from zlib_ng import zlib_ng

from pepperpy.infra.compression import (
    CompressionAlgorithm,
    CompressionError,
    CompressionLevel,
    compress_data,
    decompress_data,
)
from pepperpy.infra.compression._engines import _deflate, _zstd
from pepperpy.infra.utils import MissingExtraError

ALGORITHMS = list(CompressionAlgorithm)
TEXT = ("how much wood would a woodchuck chuck if a woodchuck could chuck wood\n" * 500).encode()


class TestDeflate:
    @pytest.mark.parametrize(
        ("hidden", "level", "library", "number"),
        [
            ((), CompressionLevel.FAST, isal_zlib, 1),
            (("isal",), CompressionLevel.FAST, zlib_ng, 2),
            (("isal", "zlib_ng"), CompressionLevel.FAST, zlib, 2),
            ((), CompressionLevel.DEFAULT, zlib_ng, 6),
            (("isal", "zlib_ng"), CompressionLevel.DEFAULT, zlib, 6),
            ((), CompressionLevel.BEST, zlib, 9),
            ((), CompressionLevel.NONE, zlib_ng, 0),
        ],
    )
    def test_each_level_takes_the_library_that_is_best_at_it(
        self,
        without: Callable[..., None],
        hidden: tuple[str, ...],
        level: CompressionLevel,
        library: ModuleType,
        number: int,
    ) -> None:
        without(*hidden)

        assert _deflate._way(level) == (library, number)

    @pytest.mark.parametrize("algorithm", ["gzip", "zlib"])
    @pytest.mark.parametrize("level", CompressionLevel)
    def test_what_one_library_wrote_the_others_read(
        self, without: Callable[..., None], algorithm: str, level: CompressionLevel
    ) -> None:
        hidings: list[tuple[str, ...]] = [(), ("isal",), ("isal", "zlib_ng")]
        frames = []
        for hiding in hidings:
            without(*hiding)
            frames.append(compress_data(TEXT, algorithm, "raw", level))

        for hiding in hidings:
            without(*hiding)
            assert [decompress_data(frame) for frame in frames] == [TEXT] * 3

    def test_a_library_changes_the_bytes_but_never_the_container(
        self, without: Callable[..., None]
    ) -> None:
        headers = set()
        for hiding in ((), ("isal",), ("isal", "zlib_ng")):
            without(*hiding)
            headers.add(bytes(compress_data(TEXT, level=CompressionLevel.FAST)[:36]))

        assert len(headers) == 1

    def test_an_isal_that_loses_what_follows_zlib_data_is_left_alone(
        self, monkeypatch: pytest.MonkeyPatch, without: Callable[..., None]
    ) -> None:
        class Forgetful:
            unused_data = b""

            def decompress(self, data: bytes, max_length: int) -> bytes:
                return b""

        without()
        monkeypatch.setattr(isal_zlib, "decompressobj", Forgetful)

        assert _deflate._way(CompressionLevel.FAST).library is zlib_ng

    def test_the_default_level_compresses_as_well_as_zlib(self) -> None:
        words = [b"wood", b"chuck", b"would", b"how", b"much", b"a", b"if", b"could"]
        generator = random.Random(5)
        text = b" ".join(
            generator.choice(words) + b"%d" % generator.randrange(500) for _ in range(20_000)
        )

        ours = len(compress_data(text, serialization="raw"))

        assert ours <= len(gzip.compress(text, 6, mtime=0)) * 1.02


class TestExtras:
    @pytest.mark.parametrize(
        ("algorithm", "module", "extra"), [("zstd", "backports", "zstd"), ("lz4", "lz4", "lz4")]
    )
    def test_a_missing_extra_is_named_with_its_install_line(
        self, without: Callable[..., None], algorithm: str, module: str, extra: str
    ) -> None:
        frame = compress_data([1], algorithm)
        without(module if sys.version_info < (3, 14) or extra != "zstd" else "compression")

        for call in (lambda: compress_data([1], algorithm), lambda: decompress_data(frame)):
            with pytest.raises(
                MissingExtraError, match=rf'pip install "pepperpy-infra-compression\[{extra}\]"'
            ):
                call()

    def test_what_is_written_with_default_options_needs_no_extra(
        self, without: Callable[..., None]
    ) -> None:
        frames = [compress_data([1], each) for each in ("gzip", "zlib", "lzma", "none")]

        without("isal", "lz4", "backports", "numpy")

        assert [decompress_data(frame) for frame in frames] == [[1]] * 4
        assert compress_data([1])[:4] == frames[0][:4]


def test_importing_loads_no_library_and_starts_nothing() -> None:
    code = (
        "import sys, threading, pepperpy.infra.compression;"
        "heavy = {'numpy', 'isal', 'zlib_ng', 'lz4', 'backports', 'yaml', 'asyncio'};"
        "print(sorted(heavy & sys.modules.keys()), threading.active_count())"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[] 1\n"


def test_zstd_compressors_are_used_again_for_small_payloads_only(
    without: Callable[..., None],
) -> None:
    engine = _zstd.Zstd()
    level = CompressionLevel.DEFAULT

    frames = [engine.compress(b"small" * 9, level) for _ in range(9)]
    engine.compress(bytes(1 << 20), CompressionLevel.BEST)

    assert len(set(frames)) == 1
    assert len(engine._spare[level]) == 1
    assert not engine._spare[CompressionLevel.BEST]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_frames_are_deterministic_whatever_was_compressed_before(
    algorithm: CompressionAlgorithm,
) -> None:
    generator = random.Random(3)
    payloads = [generator.randbytes(generator.randrange(9)) * 50 for _ in range(50)]
    first = [compress_data(payload, algorithm, "raw") for payload in payloads]

    again = [compress_data(payload, algorithm, "raw") for payload in reversed(payloads)]

    assert again[::-1] == first


@pytest.mark.usefixtures("deflate_library")
@pytest.mark.parametrize("algorithm", ["gzip", "zlib", "lzma", "zstd", "lz4"])
def test_errors_of_the_libraries_are_the_cause(algorithm: str) -> None:
    frame = bytearray(compress_data(random.Random(1).randbytes(5000), algorithm, "raw"))
    frame[2500] ^= 0xFF

    with pytest.raises(CompressionError) as caught:
        decompress_data(frame)

    assert caught.value.__cause__ is not None
