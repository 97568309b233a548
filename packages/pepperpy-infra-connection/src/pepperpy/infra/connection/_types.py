"""What a pool tells about itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class PoolStatus(Enum):
    """Where a pool is in its life."""

    INITIALIZING = auto()
    """Made, or opening its first connections; it may be used."""
    READY = auto()
    CLOSING = auto()
    """Waiting for connections on loan; it lends no more."""
    CLOSED = auto()
    """It may be initialised again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionStats:
    """The figures of a pool at one moment; counts are those since it was opened."""

    created: int = 0
    acquired: int = 0
    """How often a connection was lent."""
    released: int = 0
    """How often one came back."""
    errors: int = 0
    """How often a hook failed, checks that failed included."""
    timeouts: int = 0
    idle_closed: int = 0
    """How many were closed because they had been idle for too long."""
    max_size_reached: int = 0
    """How often a caller had to wait because the pool could not grow."""
    current_size: int = 0
    in_use: int = 0
    idle: int = 0
    connecting: int = 0
    waiting: int = 0
    wait_time: float = 0.0
    """Seconds that the last caller who had to wait did wait."""
    total_wait_time: float = 0.0
    last_error_time: datetime | None = None
    last_error: BaseException | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A connection that has been on loan for longer than *leak_threshold*."""

    pool: str
    borrower: str
    """The task or thread that borrowed it."""
    held_for: float
    """Seconds on loan so far."""
    stack: str
    """Where it was borrowed, as a traceback shows it."""
