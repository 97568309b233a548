"""Races of `pepperpy-infra-compression`: frames against the standard library and other engines."""

from __future__ import annotations

import gzip
import json
import lzma
import random
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import repeat
from typing import Any

from harness import OURS, Goal, Loop, Race, Unit
from zlib_ng import zlib_ng

from pepperpy.infra.compression import (
    CompressionAlgorithm,
    CompressionLevel,
    SerializationFormat,
    compress_data,
    decompress_data,
    train_dictionary,
)

GZIP_6 = "gzip 6"
BYTES = Unit(name="bytes")
MICROSECONDS = Unit(name="µs", factor=1e6, digits=1)

_KINDS = ("PushEvent", "PullRequestEvent", "IssuesEvent", "WatchEvent", "ForkEvent")
_SMALL = b'{"id":"usr_8f7d1a2b3c4d","name":"Ana","roles":["admin","editor"],"active":true}'


def races() -> Iterator[Race]:
    """All of them."""
    payloads = {"57 KB of events": _events(), "368 KB of records": _records()}
    for name, payload in payloads.items():
        yield _compressing(name, payload, CompressionLevel.DEFAULT, 1 / 1.5)
        yield _compressing(name, payload, CompressionLevel.FAST, 1 / 8)
        yield _reading(name, payload)
    for name, payload in payloads.items():
        yield _speed_and_ratio(name, payload)
    yield _frame()
    yield _small_records()


def _compressing(name: str, payload: bytes, level: CompressionLevel, goal: float) -> Race:
    ours = partial(compress_data, payload, "gzip", "raw", level)
    return Race(
        title=f"compress {name}, GZIP {level.name} ({len(payload) / len(ours()):.1f} times smaller)",
        contestants=_loops(
            {
                OURS: ours,
                f"{GZIP_6} ({len(payload) / len(_gzip(payload)):.1f})": partial(_gzip, payload),
            }
        ),
        goals=[Goal(at_most=goal, against=f"{GZIP_6} ({len(payload) / len(_gzip(payload)):.1f})")],
        unit=MICROSECONDS,
    )


def _reading(name: str, payload: bytes) -> Race:
    return Race(
        title=f"decompress {name}, GZIP",
        contestants=_loops(
            {
                OURS: partial(decompress_data, compress_data(payload, "gzip", "raw")),
                "gzip.decompress": partial(gzip.decompress, _gzip(payload)),
            }
        ),
        goals=[Goal(at_most=0.5, against="gzip.decompress")],
        unit=MICROSECONDS,
    )


def _speed_and_ratio(name: str, payload: bytes) -> Race:
    ways: dict[str, Callable[[], bytes]] = {OURS: partial(compress_data, payload, "gzip", "raw")}
    for algorithm, level in _others():
        label = f"ours, {algorithm.name} {level.name}"
        ways[label] = partial(compress_data, payload, algorithm, "raw", level)
    ways |= {
        GZIP_6: partial(_gzip, payload),
        "gzip 1": partial(_gzip, payload, 1),
        "zlib 9": partial(zlib.compress, payload, 9),
        "xz 6": partial(lzma.compress, payload),
    }
    return Race(
        title=f"{name}: time, and how many times smaller",
        contestants=_loops(ways),
        unit=MICROSECONDS,
        across={label: len(payload) / len(way()) for label, way in ways.items()},
        rounds=7,
    )


def _others() -> Iterator[tuple[CompressionAlgorithm, CompressionLevel]]:
    fast, default = CompressionLevel.FAST, CompressionLevel.DEFAULT
    yield CompressionAlgorithm.GZIP, fast
    yield CompressionAlgorithm.GZIP, CompressionLevel.BEST
    for algorithm in (CompressionAlgorithm.ZSTD, CompressionAlgorithm.LZ4):
        yield algorithm, fast
        yield algorithm, default
    yield CompressionAlgorithm.LZMA, default


def _frame() -> Race:
    ours = partial(compress_data, _SMALL, CompressionAlgorithm.ZLIB, SerializationFormat.RAW)
    return Race(
        title="what a frame costs beside the compression of 80 bytes",
        contestants=_loops({OURS: ours, "zlib-ng 6": partial(zlib_ng.compress, _SMALL, 6)}),
        bare="zlib-ng 6",
        goals=[Goal(at_most=3e-6)],
        unit=MICROSECONDS,
    )


def _small_records() -> Race:
    """Bytes of records that are compressed one by one."""
    trained = train_dictionary(_users(1, 1000))
    users = _users(2, 500)
    written = [json.dumps(user, separators=(",", ":")).encode() for user in users]
    compressed = {
        OURS: sum(len(compress_data(user, "zstd", dictionary=trained)) for user in users),
        "ours without a dictionary": sum(len(compress_data(user, "zstd")) for user in users),
        "zlib 6": sum(len(zlib.compress(each)) for each in written),
        "JSON": sum(map(len, written)),
    }
    return Race(
        title="500 records one by one, ZSTD with a dictionary",
        contestants={name: partial(_figure, float(size)) for name, size in compressed.items()},
        goals=[Goal(at_most=0.5, against="zlib 6")],
        floors=["JSON"],
        calibrate=False,
        rounds=1,
        unit=BYTES,
    )


def _loops(ways: Mapping[str, Callable[[], object]]) -> dict[str, Loop]:
    return {name: partial(_repeated, way) for name, way in ways.items()}


def _repeated(way: Callable[[], object], count: int) -> None:
    for _ in repeat(None, count):
        way()


def _figure(figure: float, _count: int) -> float:
    return figure


def _gzip(payload: bytes, level: int = 6) -> bytes:
    return gzip.compress(payload, level, mtime=0)


def _records() -> bytes:
    return json.dumps([{"id": n, "value": f"value_{n}"} for n in range(10_000)]).encode()


def _users(seed: int, count: int) -> Sequence[dict[str, Any]]:
    dice = random.Random(seed)  # noqa: S311 - the same for everybody
    return [
        {
            "id": dice.randrange(10**6),
            "name": dice.choice(("Ana", "Bo", "Chidi", "Dana")),
            "email": f"user{dice.randrange(10**4)}@example.com",
            "roles": dice.sample(("reader", "writer", "editor", "owner"), 2),
            "address": {"city": dice.choice(("Recife", "Oslo", "Accra")), "country": "unknown"},
            "settings": {"language": "en", "newsletter": dice.random() < 0.5, "theme": "dark"},
        }
        for _ in range(count)
    ]


def _events() -> bytes:
    dice = random.Random(7)  # noqa: S311 - the same for everybody
    events = []
    for number in range(62):
        user, repo = f"user{dice.randrange(500)}", f"org{dice.randrange(40)}/p{dice.randrange(300)}"
        sha = f"{dice.getrandbits(160):040x}"
        api, author = "https://api.example.com", {"email": f"{user}@example.com", "name": user}
        commit = {"sha": sha, "author": author, "url": f"{api}/repos/{repo}/commits/{sha}"}
        events.append(
            {
                "id": str(20_000_000_000 + number * 37),
                "type": dice.choice(_KINDS),
                "actor": {"id": dice.randrange(10**8), "login": user, "url": f"{api}/users/{user}"},
                "repo": {"id": dice.randrange(10**9), "name": repo, "url": f"{api}/repos/{repo}"},
                "payload": {"push_id": dice.randrange(10**10), "head": sha, "before": sha[::-1]},
                "commits": [commit | {"message": f"Fix case #{number}", "distinct": True}],
                "public": True,
                "created_at": f"2024-03-{1 + number % 28:02d}T12:{number % 60:02d}:07Z",
                "org": None if number % 3 else {"id": number, "login": user},
            }
        )
    return json.dumps(events, indent=1).encode()
