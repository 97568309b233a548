"""The command-line tools of each format read what we write, and we read what they write."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pepperpy.infra.compression import (
    CompressionLevel,
    compress_data,
    decompress_data,
    train_dictionary,
)

TEXT = ("how much wood would a woodchuck chuck if a woodchuck could chuck wood\n" * 500).encode()
TOOLS = {
    "gzip": ["gunzip", "-c"],
    "zstd": ["zstd", "-d", "-c", "-q"],
    "lz4": ["lz4", "-d", "-c", "-q"],
    "lzma": ["xz", "-d", "-c", "-q"],
}


def piped(command: list[str], data: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, input=data, capture_output=True, check=False)


@pytest.mark.parametrize("name", ["gzip", "zstd", "lz4"])
@pytest.mark.parametrize("level", CompressionLevel)
@pytest.mark.parametrize("data", [b"", TEXT], ids=["nothing", "text"])
def test_the_tool_of_the_format_reads_a_frame(
    name: str, level: CompressionLevel, data: bytes
) -> None:
    done = piped(TOOLS[name], compress_data(data, name, "raw", level))

    assert (done.returncode, done.stdout, done.stderr) == (0, data, b"")


def test_the_tool_tests_a_gzip_frame_and_finds_nothing_wrong(tmp_path: Path) -> None:
    file = tmp_path / "value.json.gz"
    file.write_bytes(compress_data({"key": "value"}))

    done = piped(["gunzip", "--test", "--verbose", str(file)], b"")

    assert done.returncode == 0
    assert b"OK" in done.stdout + done.stderr


@pytest.mark.parametrize("level", CompressionLevel)
def test_xz_prints_the_data_though_it_minds_what_follows(level: CompressionLevel) -> None:
    done = piped(TOOLS["lzma"], compress_data(TEXT, "lzma", "raw", level))

    assert done.stdout == TEXT
    assert done.returncode != 0


def test_zstd_reads_a_frame_that_was_made_with_a_dictionary(tmp_path: Path) -> None:
    records = [{"id": number, "name": f"user {number}"} for number in range(500)]
    dictionary = train_dictionary(records, max_size=1024)
    file = tmp_path / "dictionary"
    file.write_bytes(bytes(dictionary))

    done = piped(
        [*TOOLS["zstd"], "-D", str(file)], compress_data(records[7], "zstd", dictionary=dictionary)
    )

    assert done.stdout == b'{"id":7,"name":"user 7"}'
    assert done.returncode == 0


@pytest.mark.parametrize("name", TOOLS)
def test_what_the_tool_of_the_format_wrote_is_read(name: str) -> None:
    command = ["gzip" if name == "gzip" else TOOLS[name][0], "-c", "-q"]
    done = piped(command, TEXT)

    assert decompress_data(done.stdout, serialization="raw") == TEXT
