"""What is written for a result: one row for itself, and one for each name that it carries."""

from __future__ import annotations

import math
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pepperpy.infra.storage.providers import decode_value, encode_value

if TYPE_CHECKING:
    from collections.abc import Iterable

_PLACE: Final = 16 + 1 + 24 + 1 + 32
_LONGEST: Final = 1024 - _PLACE - 3
"""Bytes of a name: what a key of the store has room for."""
_BYTES: Final = b"\xff"
"""Stands before a value of bytes; in text as UTF-8 there is no such byte."""
_SKEW: Final = 1.0  # seconds by which clocks are corrected all the time


class Row(NamedTuple):
    """A result as it lies in the file."""

    call: str
    """The arguments, written; a row that was moved to another call's place is found out by it."""
    value: Any
    names: list[str]
    since: float
    """The moment at which it was written, in seconds since 1970."""
    life: float | None
    """How many seconds it was good for by then; `None` for ever."""

    def left(self, now: float) -> float:
        """Seconds that it is still good for; none if the clock was set back since."""
        age = now - self.since
        if age < -_SKEW:
            return 0.0
        return math.inf if self.life is None else self.life - max(age, 0.0)


def place(namespace: str, function: str, call: str) -> str:
    """What stands for a call: always as long, and sorted by namespace and function."""
    return f"{_hash(namespace, 8)}:{_hash(function, 12)}:{_hash(call, 16)}"


def of_namespace(namespace: str) -> str:
    """How the keys of results of a namespace begin."""
    return f"e:{_hash(namespace, 8)}:"


def of_function(namespace: str, function: str) -> str:
    """How the keys of results of a function begin."""
    return f"{of_namespace(namespace)}{_hash(function, 12)}:"


def key_of(place: str) -> str:
    """The key of a result."""
    return f"e:{place}"


def name_keys(names: Iterable[str], place: str) -> list[str]:
    """The keys that lead from its names to a result."""
    return [f"n:{name}\0{place}" for name in names]


def name_and_place(key: str) -> tuple[str, str]:
    """What such a key says."""
    return key[2 : -_PLACE - 1], key[-_PLACE:]


def fits(names: Iterable[str]) -> bool:
    """Whether all names can be part of a key."""
    return all(len(name.encode("utf-8", "surrogatepass")) <= _LONGEST for name in names)


def pack(row: Row) -> bytes:
    """A row as bytes.

    Raises:
        InvalidValueError: If the value would not come back as it is.
    """
    if row.value.__class__ is bytes:
        return encode_value(list(row._replace(value=None))) + _BYTES + row.value
    return encode_value(list(row))


def unpack(data: object) -> Row | None:
    """A row from what lies in the file; `None` if that is none of ours, or damaged."""
    if not isinstance(data, bytes):
        return None
    text, has_bytes, raw = data.partition(_BYTES)
    try:
        call, value, names, since, life = decode_value(text, "a cached result", "cache")
    except (TypeError, ValueError):  # a CorruptValueError is one
        return None
    if not _is_sound(call, names, since, life):
        return None
    return Row(call, raw if has_bytes else value, names, since, life)


def _is_sound(call: Any, names: Any, since: Any, life: Any) -> bool:
    return (
        isinstance(call, str)
        and isinstance(names, list)
        and all(isinstance(name, str) for name in names)  # pyright: ignore[reportUnknownVariableType]
        and isinstance(since, (int, float))
        and (life is None or isinstance(life, (int, float)))
    )


def _hash(text: str, size: int) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()
