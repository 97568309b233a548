"""Races of `pepperpy-infra-serialization`: JSON, MessagePack and YAML, both ways, with all guards on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import msgpack
import msgspec
import orjson
import ormsgpack
import yaml
from harness import OURS, Goal, Race, repeating

from pepperpy.infra.serialization import (
    deserialize_json,
    deserialize_msgpack,
    deserialize_yaml,
    serialize_json,
    serialize_msgpack,
    serialize_yaml,
)


def races() -> Iterator[Race]:
    """All of them."""
    yield json_out("a small dict as JSON", small(), 1.2, ("orjson",))
    for name, value in (
        ("events", events(62)),
        ("10,000 records", records()),
        ("40,000 floats", floats()),
    ):
        yield json_out(f"{name} as JSON", value, 1.05, ("orjson", "msgspec"))
        yield json_in(f"{name} from JSON", value)
    for name, value in (("events", events(62)), ("10,000 records", records())):
        yield msgpack_out(f"{name} as MessagePack", value)
        yield msgpack_in(f"{name} from MessagePack", value)
    yield yaml_in(events(12))
    yield yaml_out(events(12))


def small() -> dict[str, Any]:
    """What a request sends."""
    return {
        "id": "usr_8f7d1a2b3c4d",
        "name": "Ana Pimenta",
        "active": True,
        "score": 98.25,
        "roles": ["admin", "editor"],
        "address": {"city": "Recife", "zip": "50030-230"},
        "age": 34,
        "parent": None,
    }


def events(count: int) -> list[dict[str, Any]]:
    """What a feed holds: nested, with keys that repeat, addresses and letters beyond ASCII."""
    random = Random(7)  # noqa: S311
    made = []
    for at in range(count):
        user, project = (
            f"user{random.randrange(500)}",
            f"org{at % 40}/project-{random.randrange(300)}",
        )
        sha = f"{random.getrandbits(160):040x}"
        made.append(
            {
                "id": str(20_000_000_000 + at * 37),
                "type": random.choice(["Push", "PullRequest", "Issues", "Watch"]),
                "actor": {
                    "id": random.randrange(10**8),
                    "login": user,
                    "url": f"https://api.example.com/users/{user}",
                },
                "repo": {
                    "id": random.randrange(10**9),
                    "name": project,
                    "url": f"https://api.example.com/{project}",
                },
                "payload": {
                    "size": 1,
                    "ref": "refs/heads/main",
                    "head": sha,
                    "before": sha[::-1],
                    "commits": [
                        {
                            "sha": sha,
                            "author": {"email": f"{user}@example.com", "name": user.title()},
                            "message": f"Fix çorner case #{at} in “parser”",
                            "url": f"https://api.example.com/repos/{project}/commits/{sha}",
                        }
                    ],
                },
                "public": True,
                "created_at": f"2024-03-{1 + at % 28:02d}T12:{at % 60:02d}:07Z",
                "org": None if at % 3 else {"id": at, "login": project.split("/", maxsplit=1)[0]},
            }
        )
    return made


def records() -> list[dict[str, Any]]:
    """Many small rows."""
    return [{"id": at, "value": f"value_{at}"} for at in range(10_000)]


def floats() -> list[float]:
    """Numbers with all their digits."""
    random = Random(3)  # noqa: S311
    return [random.gauss(0, 1000) for _ in range(40_000)]


def json_out(title: str, value: Any, bound: float, against: tuple[str, ...]) -> Race:
    """Ours writes it with orjson."""
    encode = msgspec.json.Encoder().encode
    assert serialize_json(value) == orjson.dumps(value)  # noqa: S101
    return Race(
        title=title,
        contestants={
            OURS: repeating(lambda: serialize_json(value)),
            "orjson": repeating(lambda: orjson.dumps(value)),
            "msgspec": repeating(lambda: encode(value)),
            "json": repeating(lambda: json.dumps(value).encode()),
        },
        goals=[Goal(at_most=bound, against=against)],
    )


def json_in(title: str, value: Any) -> Race:
    """Ours reads it with msgspec, since orjson makes floats of integers beyond 64 bits."""
    decode = msgspec.json.Decoder().decode
    data = orjson.dumps(value)
    assert deserialize_json(data) == value  # noqa: S101
    return Race(
        title=title,
        contestants={
            OURS: repeating(lambda: deserialize_json(data)),
            "orjson": repeating(lambda: orjson.loads(data)),
            "msgspec": repeating(lambda: decode(data)),
            "json": repeating(lambda: json.loads(data)),
        },
        goals=[Goal(at_most=1.05, against=("orjson", "msgspec"))],
    )


def msgpack_out(title: str, value: Any) -> Race:
    """Ours writes it with msgspec."""
    encode = msgspec.msgpack.Encoder().encode
    return Race(
        title=title,
        contestants={
            OURS: repeating(lambda: serialize_msgpack(value)),
            "msgspec": repeating(lambda: encode(value)),
            "ormsgpack": repeating(lambda: ormsgpack.packb(value)),
            "msgpack": repeating(lambda: msgpack.packb(value)),
        },
        goals=[Goal(at_most=1.05, against="msgspec")],
    )


def msgpack_in(title: str, value: Any) -> Race:
    """Ours reads it with msgspec."""
    decode = msgspec.msgpack.Decoder().decode
    data = msgpack.packb(value)
    assert deserialize_msgpack(data) == value  # noqa: S101
    return Race(
        title=title,
        contestants={
            OURS: repeating(lambda: deserialize_msgpack(data)),
            "msgspec": repeating(lambda: decode(data)),
            "ormsgpack": repeating(lambda: ormsgpack.unpackb(data)),
            "msgpack": repeating(lambda: msgpack.unpackb(data)),
        },
        goals=[Goal(at_most=1.05, against="msgspec")],
    )


def yaml_in(value: Any) -> Race:
    """Ours bounds depth and aliases and refuses equal keys; the others do none of that."""
    text = yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
    data = text.encode()
    return Race(
        title="events from YAML",
        contestants={
            OURS: repeating(lambda: deserialize_yaml(data)),
            "PyYAML in C": repeating(lambda: yaml.load(text, yaml.CSafeLoader)),
            "PyYAML in Python": repeating(lambda: yaml.load(text, yaml.SafeLoader)),
        },
        goals=[Goal(at_most=1.15, against="PyYAML in C")],
    )


def yaml_out(value: Any) -> Race:
    """Ours quotes what another version of YAML would misread."""
    return Race(
        title="events as YAML",
        contestants={
            OURS: repeating(lambda: serialize_yaml(value)),
            "PyYAML in C": repeating(
                lambda: yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=False)
            ),
            "PyYAML in Python": repeating(
                lambda: yaml.dump(value, Dumper=yaml.SafeDumper, sort_keys=False)
            ),
        },
        goals=[Goal(at_most=1.15, against="PyYAML in C")],
    )
