"""The decoders of compressed data: frames, files of other tools, columns and arrays."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Iterator
from typing import Any
from zlib import crc32

import msgspec
import numpy as np

from pepperpy.infra.compression import (
    CompressedData,
    CompressionError,
    CompressionLevel,
    compress_data,
    compress_json,
    compress_numpy,
    decompress_data,
    decompress_json,
    decompress_numpy,
    optimize_dataset,
)
from pepperpy.infra.compression._columns import encode_columns
from pepperpy.infra.compression._frame import seal, take_apart
from pepperpy.infra.compression._metadata import FrameKind
from pepperpy.infra.serialization import (
    SerializationError,
    SerializationFormat,
    get_serializer,
)

from .guard import Guard
from .harness import ALGORITHMS, FORMATS, KEY, LIMIT, NONE, again, head
from .values import PLAIN, RICH


def repaired(data: bytes) -> bytes:
    """The bytes with the checksum of the metadata set right, where there may be metadata."""
    found = data.rfind(b"PPZ1")
    if found < 0 or len(data) < found + 20:
        return data
    seed = 0 if data[found + 6] else crc32(data[:found])
    checksum = struct.pack("<I", crc32(data[found : found + 16], seed))
    return data[: found + 16] + checksum + data[found + 20 :]


def framed(data: bytes) -> bytes:
    """A true frame around any payload; the first bytes choose which."""
    (kind, form, algorithm, signed), payload = head(data, 4)
    return seal(
        payload,
        kind=[*FrameKind][kind % 4],
        format=FORMATS[form % 6],
        algorithm=ALGORITHMS[algorithm % 6],
        level=CompressionLevel.FAST,
        keys=[KEY] if signed == 1 and form % 6 != FORMATS.index(SerializationFormat.PICKLE) else (),
    )


def compressed(guard: Guard, data: bytes) -> None:
    (mode, choice), data = head(data, 2)
    data = (bytes, repaired, framed, squeezed)[mode % 4](data)
    options: dict[str, Any] = {}
    if choice & 1:
        options["allow_pickle"] = True
    if choice & 2 and b"\x80\x04" not in data:
        options["key"] = KEY
    if choice & 4:
        options["algorithm"] = ALGORITHMS[choice // 8 % 6]
    if choice & 64:
        options["serialization"] = FORMATS[choice // 8 % 6]
    if options.get("key") and _is_pickle(data):
        return  # whoever has the key may run anything
    good, value = guard.call(
        decompress_data, data, max_output_size=LIMIT, allowed=CompressionError, **options
    )
    if good and isinstance(value, bytes):
        again(guard, value, lambda v: compress_data(v, serialization="raw"), decompress_data)
    elif good and isinstance(value, np.ndarray):
        again(guard, value, compress_numpy, decompress_numpy)


def _is_pickle(data: bytes) -> bool:
    try:
        parts = take_apart(data)
    except CompressionError:
        return False
    return parts is not None and parts.metadata.format is SerializationFormat.PICKLE


def squeezed(data: bytes) -> bytes:
    """A true file of another tool around any payload."""

    import gzip
    import lzma
    import zlib

    (which,), payload = head(data, 1)
    writers: list[Callable[[bytes], bytes]] = [gzip.compress, zlib.compress, lzma.compress]
    return writers[which % 3](payload)


def compressed_seeds() -> Iterator[bytes]:
    for algorithm in ALGORITHMS:
        for value in PLAIN:
            yield b"\0\0" + compress_data(value, algorithm)
        yield b"\1\2" + compress_data(PLAIN[-1], algorithm, key=KEY)
        yield b"\1\0" + compress_json(PLAIN[-1], algorithm)
        yield b"\1\0" + compress_numpy(RICH[-2], algorithm)
        yield b"\1\1" + compress_data({1, 2}, algorithm, "pickle")
    for form in range(6):
        for algorithm in range(6):
            for value in PLAIN:
                try:
                    written = get_serializer(FORMATS[form]).serialize(value)
                except SerializationError:
                    continue
                yield bytes([2, form & 1, 0, form, algorithm, 0]) + written
    yield b"\1\0" + compress_data("\x1f\x8bPPZ1" * 3, "none")
    for seed in columns_seeds():
        yield bytes([2, 0, 1, 0, 0, 0]) + seed
    for seed in arrays_seeds():
        yield bytes([2, 0, 2, 0, 0, 0]) + seed
    for which in range(3):
        yield bytes([3, 0, which]) + b"[1, 2]"
    yield b"\0\0" + bytes(optimize_dataset(PLAIN[-1], chunk_size=5))


def columns(guard: Guard, data: bytes) -> None:
    frame = framed(bytes([1, 0, ALGORITHMS.index(NONE), 0]) + data)
    good, value = guard.call(
        decompress_json, frame, max_output_size=LIMIT, allowed=CompressionError
    )
    if good and "msgpack.Ext" not in repr(value):  # what nobody writes cannot be written
        again(guard, value, compress_json, decompress_json)


def columns_seeds() -> Iterator[bytes]:
    for value in [*PLAIN, *_tables()]:
        yield encode_columns([value], depth=-1)


def _tables() -> Iterator[Any]:
    from random import Random

    random = Random(7)
    yield [{"a": n, "b": n * n, "c": 10**12 + n * 60} for n in range(30)]
    yield [{"f": random.random(), "g": round(random.random() * 100, 2)} for _ in range(30)]
    yield [{"k": random.choice(["x", "y", "z"]), "n": None if n % 3 else n} for n in range(30)]
    yield [{"t": f"2026-01-{n:02}T00:00:00Z", "u": f"user_{n}@x.org"} for n in range(1, 29)]
    yield [{"a": 1} if n % 2 else {"b": "x", "a": [n]} for n in range(20)]
    yield [{"in": {"x": n, "y": [n] * (n % 4)}} for n in range(20)]
    yield [float("nan"), float("inf"), -0.0, 1.0]
    yield [2**70, 1, True, None, "x", 1.5]
    yield [[n, str(n)] for n in range(20)]
    yield [f"{random.getrandbits(128):032x}" for _ in range(10)]
    yield [bool(n % 2) for n in range(20)]


def arrays(guard: Guard, data: bytes) -> None:
    frame = framed(bytes([2, 0, ALGORITHMS.index(NONE), 0]) + data)
    good, value = guard.call(
        decompress_numpy, frame, max_output_size=LIMIT, allowed=CompressionError
    )
    if good:
        again(guard, value, compress_numpy, decompress_numpy)


def arrays_seeds() -> Iterator[bytes]:
    kinds = [
        "?",
        "i1",
        "<u2",
        ">i4",
        "<i8",
        "<f2",
        ">f8",
        "c8",
        "S3",
        "U2",
        "M8[ns]",
        "m8[25s]",
        "V5",
    ]
    made: list[Any] = [np.zeros(4, kind) for kind in kinds]
    made += [
        np.arange(24, dtype="<i4").reshape(2, 3, 4),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.zeros(2, [("a", "<i4"), ("b", "f8", (2,)), ("c", [("d", "S2")])]),
        np.zeros(2, np.dtype({"names": ["x"], "formats": ["i4"], "offsets": [4], "itemsize": 12})),
        np.array(3.5),
        np.zeros((0, 3)),
        np.linspace(0, 1, 64),
    ]
    for each in made:
        for level in CompressionLevel:
            yield _payload(compress_numpy(each, NONE, level))
    yield _payload(compress_numpy(np.linspace(0, 1, 256), engine="blosc2"))


def _payload(frame: bytes) -> bytes:
    from pepperpy.infra.compression._frame import open_frame

    return open_frame(frame, 1 << 24).payload


def from_dict(guard: Guard, data: bytes) -> None:
    (mode,), data = head(data, 1)
    frame: str | None = None
    if mode & 1:  # a true frame, with what the input says beside it
        (size,), data = head(data, 1)
        frame = base64.b64encode(repaired(data[:size])).decode()
        data = data[size:]
    try:
        described = msgspec.msgpack.decode(data)
    except (ValueError, RecursionError):  # some are no msgspec.DecodeError
        return
    if not isinstance(described, dict):
        return
    if frame is not None:
        described["data"] = frame
    good, made = guard.call(CompressedData.from_dict, described, allowed=CompressionError)
    if good:
        guard.call(made.decompress, max_output_size=LIMIT, allowed=CompressionError)
        if CompressedData.from_dict(made.to_dict()) != made:
            guard.breach("another frame", repr(made))


def from_dict_seeds() -> Iterator[bytes]:
    for algorithm in ALGORITHMS:
        for key in (None, KEY):
            frame = compress_data([1, 2, {"a": "b"}], algorithm, key=key)
            told = frame.to_dict()
            yield b"\0" + msgspec.msgpack.encode(told)
            yield b"\0" + msgspec.msgpack.encode({**told, "data": bytes(frame)})
            del told["data"]
            if len(frame) < 256:
                yield bytes([1, len(frame)]) + frame + msgspec.msgpack.encode(told)
