"""What a cache tells of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheInfo:
    """The figures of a cached function since it was decorated.

    All are exact but ``hits``, which threads that hit one entry at the very same time may count too
    low: a hit takes no lock.
    """

    hits: int
    """Calls that were served from the cache."""
    misses: int
    """Calls that were not; to `refresh` is no call."""
    loads: int
    """Runs of the function that returned."""
    load_errors: int
    """Runs of the function that raised."""
    coalesced: int
    """Misses that were served by a run that somebody else had begun."""
    stale: int
    """Calls that were served what had expired, as `stale_for` and `stale_on_error` allow."""
    removed: Mapping[str, int]
    """Entries that are gone, by cause: ``expired``, ``size``, ``bytes``, ``replaced``,
    ``invalidated``, ``cleared``, ``collected`` (the instance of a method died)."""
    size: int
    """Entries that are still good for something."""
    max_size: int | None
    bytes: int
    """What they weigh, where there is a `max_bytes`."""
    max_bytes: int | None
    load_seconds: float
    """Time that all runs of the function took together; a run within a run counts in both."""

    @property
    def evictions(self) -> int:
        """Entries that had to go for others."""
        return self.removed["size"] + self.removed["bytes"]

    @property
    def hit_ratio(self) -> float:
        """The share of calls that were hits, from 0 to 1; 0 before the first call."""
        calls = self.hits + self.misses
        return self.hits / calls if calls else 0.0

    # As `functools` spells them.

    @property
    def currsize(self) -> int:
        """`size`, for those who come from `functools`."""
        return self.size

    @property
    def maxsize(self) -> int | None:
        """`max_size`, for those who come from `functools`."""
        return self.max_size
