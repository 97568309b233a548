"""What is kept of one result.

An entry is a list, since that is what a hit can read and count in most cheaply: 0.6 of the time
that an object with slots takes.  It is changed under the lock of its store, but for the count of
hits, and what lies in it is never replaced by something that a hit must not return.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Hashable

Entry: TypeAlias = list[Any]

VALUE: Final = 0
DEADLINE: Final = 1
"""A hit may be served until then without a look at anything else."""
HITS: Final = 2
SEEN: Final = 3
"""How many of the hits eviction has taken into account; below 0 once the entry is dropped."""
KEY: Final = 4
DETAILS: Final = 5
"""`Details`, or `None` where the deadline is all there is to know."""

DROPPED: Final = -1


class Details:
    """What only few entries have, and no ordinary hit looks at."""

    __slots__ = ("error_until", "failed", "fresh_until", "names", "stale_until", "weight")

    def __init__(
        self,
        *,
        fresh_until: float,
        stale_until: float,
        error_until: float,
        names: tuple[str, ...] = (),
        weight: int = 0,
        failed: bool = False,
    ) -> None:
        self.fresh_until = fresh_until
        self.stale_until = stale_until
        """Until then it is served while one caller loads anew."""
        self.error_until = error_until
        """Until then it is served if loading anew fails."""
        self.names = names
        self.weight = weight
        self.failed = failed
        """Whether the value is an error to raise."""

    @property
    def end(self) -> float:
        """From then on the entry is of no use."""
        return max(self.fresh_until, self.stale_until, self.error_until)


def new_entry(value: object, deadline: float, key: Hashable, details: Details | None) -> Entry:
    """An entry that nobody has asked for yet."""
    return [value, deadline, 0, 0, key, details]


def end_of(entry: Entry) -> float:
    """When *entry* ceases to be of any use."""
    details: Details | None = entry[DETAILS]
    end: float = entry[DEADLINE] if details is None else details.end
    return end
