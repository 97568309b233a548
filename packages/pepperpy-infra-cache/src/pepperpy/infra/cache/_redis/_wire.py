"""The names of keys, and results as bytes.

A value carries the stamps that its names had when its load began.  A stamp is deleted to invalidate
what carries it, so no result is good whose stamp is missing or another one: not after an
invalidation, and not after the server has lost or evicted something either.
"""

from __future__ import annotations

import math
import re
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast
from urllib.parse import quote
from zlib import crc32

from pepperpy.infra.serialization import (
    MessagePackSerializer,
    SerializationError,
    SerializerConfig,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._orders import Ledger

_FORMAT: Final = b"P1"
_DIGEST: Final = 16
_HEAD: Final = len(_FORMAT) + _DIGEST
_AS_THEY_ARE: Final = frozenset({str, bytes, int, bool, type(None)})


class Keys:
    """The names of all keys.

    What stands in braces says where a key is kept in a cluster: all that belongs to one result is
    in the same shard, and each shard has stamps of its own.
    """

    def __init__(self, prefix: str, shards: int = 1) -> None:
        self.prefix = prefix
        self.channel: str = f"{prefix}:dropped"
        self.shards: list[str] = [f"{{{prefix}.{number}}}" for number in range(shards)]

    def shard_of(self, place: str) -> str:
        """Where a result is kept."""
        return self.shards[crc32(place.encode("utf-8", "surrogatepass")) % len(self.shards)]

    @staticmethod
    def value(shard: str, place: str) -> bytes:
        """The key of a result."""
        return f"{shard}:value:{place}".encode("utf-8", "surrogatepass")

    @staticmethod
    def lock(shard: str, place: str) -> bytes:
        """The key that who loads a result holds."""
        return f"{shard}:lock:{place}".encode("utf-8", "surrogatepass")

    @staticmethod
    def stamp(shard: str, name: str) -> bytes:
        """The key of a name's stamp."""
        return f"{shard}:name:{name}".encode("utf-8", "surrogatepass")

    @staticmethod
    def ledger(shard: str) -> bytes:
        """The key of the stamp of everything, with the orders."""
        return f"{shard}:ledger".encode()

    @staticmethod
    def run(shard: str) -> bytes:
        """The key of which run of the server the ledger is of."""
        return f"{shard}:run".encode()

    @staticmethod
    def any(shard: str) -> bytes:
        """The key of a stamp that every invalidation deletes."""
        return f"{shard}:any".encode()


def place(namespace: str, function: str, call: str) -> str:
    """What stands for a call, in every process."""
    return f"{quote(namespace, safe='', errors='surrogatepass')}:{_quoted(function)}:{call}"


@cache
def _quoted(function: str) -> str:
    return quote(function, safe="<>@#", errors="surrogatepass")


class Stamps(NamedTuple):
    """Which stamps a result depends on."""

    ledger: str
    last: int
    """The latest order that was known."""
    names: Mapping[str, str]
    """Name -> stamp."""


class Value(NamedTuple):
    """A result as it lies on the server."""

    stamps: Stamps
    stale_for: float
    """The last seconds of its life, in which it is served only while another process loads."""
    result: Any


@cache
def _serializer() -> MessagePackSerializer:
    return MessagePackSerializer(SerializerConfig(tagged=True))


@cache
def _plain() -> MessagePackSerializer:
    return MessagePackSerializer()


def dumped(result: Any, largest: int) -> bytes | None:
    """A result as bytes; `None` if it would not come back as it is, or needs more than *largest*."""
    try:
        data = _serializer().serialize(result)
        if len(data) > largest:
            return None
        return data if is_same(result, _serializer().deserialize(data)) else None
    except (SerializationError, RecursionError):
        return None


def pack(place: str, stamps: Stamps, stale_for: float, body: bytes) -> bytes:
    """A result with all that it depends on; `is_text` is true of all names."""
    rest = _plain().serialize([*stamps[:2], dict(stamps.names), stale_for, body])
    return _FORMAT + _digest(place, rest) + rest


def unpack(place: str, data: object) -> Value | None:
    """A value from what lies on the server; `None` if it is not that of *place*, or damaged."""
    if not isinstance(data, bytes) or not data.startswith(_FORMAT):
        return None
    rest = data[_HEAD:]
    if data[len(_FORMAT) : _HEAD] != _digest(place, rest):
        return None
    try:
        ledger, last, names, stale_for, body = _plain().deserialize(rest)
        return Value(Stamps(ledger, last, names), stale_for, _serializer().deserialize(body))
    except (SerializationError, TypeError, ValueError):
        return None


def is_good(
    value: Value,
    ledger: Ledger | None,
    names: Mapping[str, str | None],
    namespace: str,
    function: str,
) -> bool:
    """Whether nothing dropped a result since its load began.

    Args:
        ledger: As it is now.
        names: The stamps as they are now, of all names that the result carries.
    """
    stamps = value.stamps
    return (
        ledger is not None
        and ledger.stamp == stamps.ledger
        and all(names.get(name) == stamp for name, stamp in stamps.names.items())
        and ledger.allows(stamps.last, namespace, function, stamps.names)
    )


def run_in(reply: object) -> bytes | None:
    """Which run of the server it is, in what ``INFO`` says; `None` if it does not."""
    found = re.search(rb"^run_id:(\w+)", reply, re.MULTILINE) if isinstance(reply, bytes) else None
    return None if found is None else found[1]


def is_text(name: str) -> bool:
    """Whether *name* is Unicode, without half of a surrogate pair."""
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def is_same(one: Any, other: Any) -> bool:
    """Whether two results cannot be told apart, their classes included."""
    kind = cast("Any", type(one))
    if kind is not type(other):
        return False
    if kind in _AS_THEY_ARE:
        return bool(one == other)
    if kind is list or kind is tuple:
        return len(one) == len(other) and all(map(is_same, one, other))
    if kind is dict:
        return is_same([*one.items()], [*other.items()])
    if kind is set or kind is frozenset:
        return is_same(sorted(one, key=repr), sorted(other, key=repr))
    return repr(one) == repr(other)  # a moment's zone counts, and a NaN is a NaN


def life_in(milliseconds: object, value: Value, age: float) -> float:
    """Seconds for which a result is still fresh; below 0 for one that is stale.

    Args:
        milliseconds: What the server says it will keep it for.
        age: Seconds since it was asked.
    """
    if not isinstance(milliseconds, int) or milliseconds < 0:
        return -math.inf
    return milliseconds / 1000 - value.stale_for - age


def _digest(place: str, rest: bytes) -> bytes:
    digest = blake2b(place.encode("utf-8", "surrogatepass"), digest_size=_DIGEST)
    digest.update(b"\0")
    digest.update(rest)
    return digest.digest()
