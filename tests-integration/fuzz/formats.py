"""The decoders of serialization: how an input reaches each, what must hold, and seeds."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import numpy as np

from pepperpy.infra.serialization import (
    JSONSerializer,
    LineError,
    MessagePackSerializer,
    PickleSerializer,
    SerializationError,
    SerializerConfig,
    convert_format,
    deserialize_json,
    deserialize_msgpack,
    deserialize_pickle,
    deserialize_xml,
    deserialize_yaml,
    from_base64,
    get_serializer,
    iter_json_lines,
    iter_msgpack,
    iter_yaml,
    serialize_json,
    serialize_msgpack,
    serialize_pickle,
    serialize_xml,
    serialize_yaml,
    to_base64,
)

from .guard import Guard
from .harness import FORMATS, KEY, WRITABLE, again, cut, drained, head
from .sameness import same, weight
from .values import PLAIN, RICH, TYPES, Color, Model, Point, User


def json(guard: Guard, data: bytes) -> None:
    (mode,), data = head(data, 1)
    nan = ("null", "constant")[mode & 1]
    config = SerializerConfig(nan=nan, strict=bool(mode & 2))  # type: ignore[arg-type]
    good, value = guard.call(deserialize_json, data, config=config if mode & 3 else None)
    if good:
        again(
            guard,
            value,
            lambda v: serialize_json(v, nan="constant"),
            lambda w: deserialize_json(w, nan="constant"),
        )


def json_seeds() -> Iterator[bytes]:
    for value in PLAIN:
        yield b"\0" + serialize_json(value)
    yield b"\1[NaN, -Infinity, 1e400, 123456789012345678901234567890]"
    yield b'\2{"a": 1, "a": 2}'
    yield b'\0"\\ud800 \\u00e9"'


def json_lines(guard: Guard, data: bytes) -> None:
    def listed() -> tuple[list[Any], list[int]]:
        bad: list[LineError] = []
        return [*iter_json_lines(cut(data), errors=bad, max_size=500)], [each.line for each in bad]

    good, value = guard.call(listed)
    if good:
        bad: list[LineError] = []
        whole = (
            [*iter_json_lines([data[1:]], errors=bad, max_size=500)],
            [each.line for each in bad],
        )
        if not same(value, whole):
            guard.breach("pieces differ", f"{value!r:.300} and {whole!r:.300}")
    guard.call(drained, lambda: iter_json_lines(cut(data)))


def json_lines_seeds() -> Iterator[bytes]:
    lines = b"\n".join(map(serialize_json, PLAIN))
    yield b"\3" + lines
    yield b"\0" + lines.replace(b"\n", b"\r\n\n  \n")
    yield b"\7{\n[1]\n" + b"9" * 600 + b"\n1"


# MessagePack


def msgpack(guard: Guard, data: bytes) -> None:
    (mode,), data = head(data, 1)
    config = SerializerConfig(strict=True) if mode & 1 else None
    good, value = guard.call(deserialize_msgpack, data, config=config)
    if good:
        again(guard, value, serialize_msgpack, deserialize_msgpack)


def msgpack_seeds() -> Iterator[bytes]:
    for value in [*PLAIN, *RICH[:5], {1: 2, None: b""}]:
        try:
            yield b"\0" + serialize_msgpack(value)
        except SerializationError:
            continue
    for tail in (
        "c7050900112233ff",
        "d6ff00000001",
        "c70cff3b9ac9ff7fffffffffffffff",
        "81c403616263c0",
    ):
        yield b"\1" + bytes.fromhex(tail)


def msgpack_stream(guard: Guard, data: bytes) -> None:
    good, value = guard.call(drained, lambda: iter_msgpack(cut(data), max_size=400))
    if good:
        whole = drained(lambda: iter_msgpack([data[1:]], max_size=400))
        if not same(value, whole):
            guard.breach("pieces differ", f"{value!r:.300} and {whole!r:.300}")


def msgpack_stream_seeds() -> Iterator[bytes]:
    seeds = [seed[1:] for seed in msgpack_seeds()]
    yield b"\2" + b"".join(seeds)
    yield from (b"\5" + seed * 2 for seed in seeds)


# pickle


def pickle(guard: Guard, data: bytes) -> None:
    good, value = guard.call(deserialize_pickle, data, allow=[Color, User])
    if good and weight(value, WRITABLE) < WRITABLE:
        again(
            guard,
            value,
            PickleSerializer(allow=[Color, User]).serialize,
            lambda w: deserialize_pickle(w, allow=[Color, User]),
        )


def pickle_seeds() -> Iterator[bytes]:
    from pickle import dumps

    shared: list[Any] = [1]
    shared.append(shared)
    values = [*PLAIN, *RICH, *RICH[-2:], shared, {"a": shared, "b": shared}, Color.RED, User("Ada")]
    for value in values:
        for protocol in (0, 2, 5):
            yield dumps(value, protocol)
    for dtype in ("M8[s]", "U3", "?", ">f8", "c16", "S2"):
        yield dumps(np.zeros(3, dtype))
    yield b"cos\nsystem\n(S'touch /tmp/fuzzed-pickle'\ntR."
    yield b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x0atouch /tmp\x85R."
    yield b"cbuiltins\ngetattr\n(cbuiltins\ndict\nS'get'\ntR."


def pickle_signed(guard: Guard, data: bytes) -> None:
    (mode,), data = head(data, 1)
    if mode & 1:  # signed by us, so that what is behind the signature is reached too
        from pepperpy.infra.serialization._pickle._signing import sign

        # Not by the key that is asked for: a true one would run anything.
        data = sign(data, b"another")
    good, _ = guard.call(deserialize_pickle, data, key=[b"new", KEY])
    if good and data not in _SIGNED:
        guard.breach("accepted", "a pickle that nobody signed")


_SIGNED: Final[set[bytes]] = set()


def pickle_signed_seeds() -> Iterator[bytes]:
    _SIGNED.update(serialize_pickle(value, key=KEY) for value in [*PLAIN, *RICH])
    for each in sorted(_SIGNED):
        yield b"\0" + each
        yield b"\1" + each


# YAML and XML


def yaml(guard: Guard, data: bytes) -> None:
    good, value = guard.call(deserialize_yaml, data)
    if good:
        again(guard, value, serialize_yaml, deserialize_yaml, lists=True)
    guard.call(drained, lambda: iter_yaml(data))


def yaml_seeds() -> Iterator[bytes]:
    for value in [*PLAIN, *RICH]:
        try:
            yield serialize_yaml(value)
            yield serialize_yaml(value, SerializerConfig(indent=4))
        except SerializationError:
            continue
    yield b"a: &x [1, 2]\nb: *x\n<<: {c: 3}\n"
    yield b"base: &b {k: 1}\nall:\n  <<: [*b, {z: 2}]\n  y: |\n   text\n  w: >-\n   more\n   lines\n"
    yield b"--- 1\n--- [2, 0x1f, 0o17, 1e3, .inf, .nan, 1:30]\n...\n%YAML 1.2\n---\n? [a, b]\n: !!set {x, y}\n"
    yield b"!!omap [a: 1]\n"
    yield b"- !!binary aGk=\n- !!timestamp 2001-12-14t21:59:43.10-05:00\n- !!float 1\n- !!str 1\n- !!pairs [a: b]\n"


def xml(guard: Guard, data: bytes) -> None:
    good, value = guard.call(deserialize_xml, data)
    if good:
        again(guard, value, serialize_xml, deserialize_xml, lists=True)


def xml_plain(guard: Guard, data: bytes) -> None:
    (mode,), data = head(data, 1)
    forced = ("b", "item") if mode & 1 else ()
    good, value = guard.call(deserialize_xml, data, convention="plain", force_list=forced)
    if good:
        guard.call(serialize_xml, value, convention="plain")


def xml_seeds() -> Iterator[bytes]:
    for value in [*PLAIN, *RICH, {"a b": 1, "": 2, "\0": 3}]:
        try:
            yield serialize_xml(value)
            yield serialize_xml(value, indent=2)
        except SerializationError:
            continue
    yield from (seed[1:] for seed in xml_plain_seeds())


def xml_plain_seeds() -> Iterator[bytes]:
    yield b'\1<?xml version="1.0"?><a x="1"><b>t</b><b/>tail<!-- c --><![CDATA[<]]>&lt;&#65;</a>'
    yield b'\0<r xmlns:n="urn:x"><n:a n:y="2">1</n:a></r>'
    yield b'\0<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'
    yield b"\0" + '<?xml version="1.0" encoding="utf-16"?><a b="é">é</a>'.encode("utf-16")
    yield b"\0<?xml version='1.0' encoding='latin-1'?><a>\xe9</a>"


# Types


def typed(guard: Guard, data: bytes) -> None:
    (which, kind), data = head(data, 2)
    wanted = TYPES[which % len(TYPES)]
    serializer = get_serializer(("json", "msgpack", "yaml", "xml", "pickle")[kind % 5])
    good, value = guard.call(serializer.deserialize, data, wanted)
    if good and kind % 5 < 2:
        written = guard.must("not written again", lambda: serializer.serialize(value))
        if written is not None:
            other = guard.must("not read again", lambda: serializer.deserialize(written, wanted))
            if not same(value, other):
                guard.breach("another value", f"{value!r:.300} became {other!r:.300}")


def typed_seeds() -> Iterator[bytes]:
    now = dt.datetime(2026, 1, 2, 3, 4, 5, 6, dt.UTC)
    user = User("Ada", now.date(), colors=[Color.RED], key=b"k", seen=now, friends=[User("Bob")])
    model = Model(id=1, name="x", at=now, inner=[Model(id=2)], data=b"d")
    values: list[Any] = [
        user,
        {"id": 1, "tags": {"a"}, "pair": (1, 2.0)},
        Point(1, 2.5),
        model,
        [1, 2],
        {"a": [1.5]},
        {1: Point(1)},
        {(1, "a")},
        now,
        dt.timedelta(1, 2, 3),
        Decimal("1.10"),
        UUID(int=7),
        b"bytes",
        Color.RED,
        None,
        [model],
        {"a": model, "b": None},
        (model,),
    ]
    for which, value in enumerate(values):
        for kind, name in enumerate(("json", "msgpack", "yaml", "xml")):
            try:
                yield bytes([which, kind]) + get_serializer(name).serialize(value)
            except SerializationError:
                continue


def tagged(guard: Guard, data: bytes) -> None:
    (mode,), data = head(data, 1)
    config = SerializerConfig(tagged=True, allow=[Color])
    kind = MessagePackSerializer if mode & 1 else JSONSerializer
    serializer = kind(config)
    good, value = guard.call(serializer.deserialize, data)
    if good:
        again(guard, value, serializer.serialize, serializer.deserialize)


def tagged_seeds() -> Iterator[bytes]:
    for mode, kind in enumerate((JSONSerializer, MessagePackSerializer)):
        serializer = kind(SerializerConfig(tagged=True, allow=[Color]))
        for value in [*PLAIN, *RICH, Color.RED, {"$tuple": [1]}, {"$$a": 1}, [(1, {2: (3,)})]]:
            yield bytes([mode]) + serializer.serialize(value)
    yield b'\0{"$ndarray": ["(1,2)i4,f8", [1], {"$bytes": "AAAA"}]}'
    yield b'\0{"$scalar": ["<M8[25s/3]", [], {"$bytes": "AAAAAAAAAAA="}]}'
    yield b'\0{"$decimal": "1e999999"}'


# Text and conversion


def base64_text(guard: Guard, data: bytes) -> None:
    good, value = guard.call(from_base64, data)
    if good and to_base64(value).encode() != data:
        guard.breach("another text", repr(value))
    guard.call(from_base64, data.decode("utf-8", "surrogateescape"))


def base64_seeds() -> Iterator[bytes]:
    for length in range(20):
        yield base64.b64encode(bytes(range(length)))


def convert(guard: Guard, data: bytes) -> None:
    (mode,), data = head(data, 1)
    source, target = FORMATS[mode % 6], FORMATS[mode // 6 % 6]
    good, made = guard.call(convert_format, data, source, target)
    # What only MessagePack has is pickled, and no pickle may bring it back unasked.
    if good and b"msgspec.msgpack" not in made:
        guard.must("not read again", lambda: get_serializer(target).deserialize(made))


def convert_seeds() -> Iterator[bytes]:
    for source, form in enumerate(FORMATS):
        for value in [*PLAIN, *RICH[:4]]:
            try:
                written = get_serializer(form).serialize(value)
            except SerializationError:
                continue
            for target in range(6):
                yield bytes([source + 6 * target]) + written
