"""What providers hand out and take in beside plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from ._options import TTL


class Missing:
    """Stands for a default that was not given."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


@dataclass(frozen=True, slots=True)
class Entry:
    """A value, and what is known about it."""

    value: Any = field(repr=False)
    """A copy; changing it changes nothing in the store."""
    version: int = 0
    """Names this write of this key and no other, in the whole life of the store; 0 without versions."""
    expires_at: datetime | None = None
    """The moment, in UTC, or `None` for never."""


class Put(NamedTuple):
    """A value to be written."""

    value: Any
    ttl: TTL = None
    """As `StorageProvider.set` takes it."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a scan."""

    entries: dict[str, Entry]
    """By key, in order."""
    cursor: str | None
    """Where the next page begins, or `None` if there is none."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to a key last."""

    key: str
    kind: Literal["set", "delete"]
    version: int
    """That of the write; 0 for a deletion."""
