"""Tags in JSON: an object with one member, whose name begins with ``$``.

A plain object that looks like one is written with one more ``$``, so nothing is mistaken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pepperpy.infra.serialization._kinds import is_a
from pepperpy.infra.serialization._tagging import Tags, pairs_to_dict


def json_tags(allow: Sequence[type[Any]]) -> Tags:
    """The tags of all formats, and those for what JSON lacks."""
    return Tags(allow, bytes=_to_bytes, float=_to_float, dict=pairs_to_dict)


def _to_bytes(payload: Any) -> bytes:
    from base64 import b64decode

    return b64decode(payload, validate=True)


def _to_float(payload: Any) -> float:
    return {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}[payload]


def untagged(value: Any, tags: Tags) -> Any:
    """The value with what its tags stand for.

    Loops and no comprehensions: one frame a level, so that the depth that is promised has room.
    """
    if is_a(value, list):
        items: list[Any] = []
        for each in value:
            items.append(untagged(each, tags))  # noqa: PERF401
        return items
    if not is_a(value, dict):
        return value
    members: dict[str, Any] = {}
    for key, each in value.items():
        members[key] = untagged(each, tags)
    if len(members) != 1:
        return members
    ((name, payload),) = members.items()
    if name.startswith("$$"):
        return {name[1:]: payload}
    return tags.make(name[1:], payload) if name.startswith("$") else members
