"""Races of the rows and arrays of `pepperpy-infra-compression`: time, size and memory."""

from __future__ import annotations

import gzip
import io
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import blosc2
import msgspec
import numpy as np  # noqa: TID253 - half of it is about arrays
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from harness import OURS, Goal, Loop, Race, Unit, repeating

from pepperpy.infra.compression import (
    CompressionAlgorithm,
    compress_json,
    compress_numpy,
    decompress_json,
    decompress_numpy,
    optimize_dataset,
)

Row = dict[str, Any]
Table = list[Row]
Pack = Callable[[Any], bytes]
Unpack = Callable[[bytes], Any]

BYTES = Unit(name="bytes")
MEBIBYTES = Unit(name="MiB", factor=1 / (1 << 20))
MILLISECONDS = Unit(name="ms", factor=1e3, digits=1)

JSON_GZIP, ORJSON_GZIP, ORJSON_ZSTD = "json + gzip 6", "orjson + gzip 6", "orjson + zstd 3"
MSGPACK_ZSTD, PARQUET = "msgpack + zstd 3", "parquet, zstd"
NPY_GZIP, NPY_ZSTD, BLOSC2 = "numpy.save + gzip 6", "numpy.save + zstd 1", "blosc2, 1 thread"
OURS_BLOSC2 = "ours, engine='blosc2'"

ZSTD = CompressionAlgorithm.ZSTD
MANY = 5_000_000


def races() -> Iterator[Race]:
    """All of them."""
    few, many, wide = records(10_000), records(200_000), orders(20_000)
    gzipped = {OURS: (compress_json, decompress_json), **ways()}
    zstd = {OURS: (lambda rows: compress_json(rows, ZSTD), decompress_json), **ways()}
    chunked = {OURS: (as_dataset, lambda data: data.decompress()), **ways()}
    yield size("10,000 rows, gzip", few, gzipped, 0.55)
    yield size("10,000 rows, zstd", few, zstd, 0.15)
    yield size("20,000 orders, gzip", wide, gzipped)
    yield size("200,000 rows in chunks of 1,000, zstd", many, chunked, at_most=130_000)
    for title, rows, goal in (("10,000 rows", few, 0.4), ("20,000 orders", wide, 0.4)):
        yield writing(f"rows to bytes: {title}", rows, gzipped, goal)
        yield reading(f"bytes to rows: {title}", rows, gzipped, None)
    yield writing("rows to bytes: 200,000 rows in chunks of 1,000", many, chunked, 0.3)
    yield reading("bytes to rows: 200,000 rows in chunks of 1,000", many, chunked, 0.625)
    for title, array in arrays().items():
        yield size(f"an array: {title}", array, array_ways(), 1.0, NPY_GZIP)
        yield writing(f"array to bytes: {title}", array, array_ways(), 0.1, NPY_GZIP)
        yield reading(f"bytes to array: {title}", array, array_ways(), 1.0, NPY_GZIP)
    yield memory()


def records(count: int) -> Table:
    """Ids and numbered names."""
    return [{"id": n, "value": f"value_{n}"} for n in range(count)]


def orders(count: int) -> Table:
    """Columns of many sorts."""
    chance = random.Random(11)  # noqa: S311 - the same rows each time
    return [
        {
            "id": n,
            "country": chance.choice(["BR", "PT", "US", "DE"]),
            "amount": round(chance.uniform(1, 900), 2),
            "active": chance.random() < 0.7,
            "email": f"u{chance.randrange(5000)}@example.com",
            "created": 1_700_000_000 + n * 13,
            "note": None if n % 5 else "re-check",
        }
        for n in range(count)
    ]


def arrays() -> dict[str, Any]:
    """8 MB of numbers each."""
    chance = np.random.default_rng(5)
    count = 1 << 20
    smooth = np.sin(np.linspace(0, 60, count)) * 100 + chance.normal(0, 1e-3, count)
    walk = np.cumsum(chance.integers(-3, 4, count * 2)).astype(np.int32)
    return {"float64, smooth": smooth, "float64, random": chance.random(count), "int32": walk}


def as_dataset(rows: Table) -> Any:
    """Chunks of 1,000 rows, by zstd."""
    return optimize_dataset(rows, chunk_size=1000, algorithm=ZSTD)


def ways() -> dict[str, tuple[Pack, Unpack]]:
    """How others keep rows."""
    squeeze = zstandard.ZstdCompressor(level=3, write_checksum=True).compress
    expand = zstandard.ZstdDecompressor().decompress
    pack, unpack = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder().decode
    return {
        JSON_GZIP: (
            lambda rows: gzip.compress(json.dumps(rows).encode(), 6),
            lambda data: json.loads(gzip.decompress(data)),
        ),
        ORJSON_GZIP: (
            lambda rows: gzip.compress(orjson.dumps(rows), 6),
            lambda data: orjson.loads(gzip.decompress(data)),
        ),
        ORJSON_ZSTD: (
            lambda rows: squeeze(orjson.dumps(rows)),
            lambda data: orjson.loads(expand(data)),
        ),
        MSGPACK_ZSTD: (lambda rows: squeeze(pack(rows)), lambda data: unpack(expand(data))),
        PARQUET: (to_parquet, lambda data: pq.read_table(pa.BufferReader(data)).to_pylist()),
    }


def to_parquet(rows: Table) -> bytes:
    """A table with its schema inferred."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data


def array_ways() -> dict[str, tuple[Pack, Unpack]]:
    """How arrays are kept."""
    squeeze = zstandard.ZstdCompressor(level=1, write_checksum=True).compress
    expand = zstandard.ZstdDecompressor().decompress
    options = {"codec": blosc2.Codec.ZSTD, "clevel": 1, "nthreads": 1}

    def by_blosc2(array: Any) -> bytes:
        packed: bytes = blosc2.compress2(array, typesize=array.itemsize, **options)
        return packed

    return {
        OURS: (compress_numpy, decompress_numpy),
        OURS_BLOSC2: (lambda array: compress_numpy(array, engine="blosc2"), decompress_numpy),
        NPY_GZIP: (lambda array: gzip.compress(npy(array), 6), lambda d: load(gzip.decompress(d))),
        NPY_ZSTD: (lambda array: squeeze(npy(array)), lambda data: load(expand(data))),
        # It gives bytes; the array is made of them.
        BLOSC2: (by_blosc2, lambda data: np.frombuffer(blosc2.decompress2(data, nthreads=1))),
    }


def npy(array: Any) -> bytes:
    """A .npy file."""
    sink = io.BytesIO()
    np.save(sink, array, allow_pickle=False)
    return sink.getvalue()


def load(data: bytes) -> Any:
    """The array in a .npy file."""
    return np.load(io.BytesIO(data), allow_pickle=False)


def size(
    title: str,
    value: Any,
    contestants: dict[str, tuple[Pack, Unpack]],
    ratio: float | None = None,
    against: str = JSON_GZIP,
    *,
    at_most: float | None = None,
) -> Race:
    """What a value takes, written by each."""
    goals = [Goal(at_most=ratio, against=against)] if ratio else []
    if at_most:
        goals.append(Goal(at_most=at_most))
    return Race(
        title=f"size of {title}",
        contestants={name: length(pack, value) for name, (pack, _) in contestants.items()},
        goals=goals,
        calibrate=False,
        rounds=1,  # it is the same each time
        unit=BYTES,
    )


def length(pack: Pack, value: Any) -> Loop:
    """A contestant that tells how many bytes it needs."""

    def loop(_: int) -> float:
        packed: Any = pack(value)
        return float(getattr(packed, "compressed_size", None) or len(packed))

    return loop


def writing(
    title: str,
    value: Any,
    contestants: dict[str, tuple[Pack, Unpack]],
    ratio: float | None,
    against: str = JSON_GZIP,
) -> Race:
    """The time to write a value."""
    return Race(
        title=title,
        contestants={name: repeating(pack, value) for name, (pack, _) in contestants.items()},
        goals=[Goal(at_most=ratio, against=against)] if ratio else [],
        calibrate=False,
        rounds=7,
        unit=MILLISECONDS,
    )


def reading(
    title: str,
    value: Any,
    contestants: dict[str, tuple[Pack, Unpack]],
    ratio: float | None,
    against: str = JSON_GZIP,
) -> Race:
    """The time to have it back."""
    return Race(
        title=title,
        contestants={
            name: repeating(unpack, pack(value)) for name, (pack, unpack) in contestants.items()
        },
        goals=[Goal(at_most=ratio, against=against)] if ratio else [],
        calibrate=False,
        rounds=7,
        unit=MILLISECONDS,
    )


def memory() -> Race:
    """The most memory of a process that makes a dataset of a generator."""

    def loop(_: int) -> float:
        command = [sys.executable, "-W", "ignore", "-c", PROGRAM]
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
        return float(done.stdout)

    return Race(
        title=f"memory of a process that makes a dataset of {MANY:,} rows",
        contestants={OURS: loop},
        goals=[Goal(at_most=64 << 20)],
        calibrate=False,
        rounds=1,
        unit=MEBIBYTES,
    )


PROGRAM = f"""
from pepperpy.infra.compression import optimize_dataset

dataset = optimize_dataset({{"id": n, "value": f"value_{{n}}"}} for n in range({MANY}))
assert len(dataset) == {MANY}
status = open("/proc/self/status").read()
print(int(status.partition("VmHWM:")[2].split()[0]) * 1024)
"""
