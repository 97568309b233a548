"""What a place below memory has to offer, which outlives the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable
    from collections.abc import Set as AbstractSet

    from ._entry import Entry
    from ._flights import Flight
    from ._memo import Memo
    from ._names import Wanted


class Found(NamedTuple):
    """A result that was kept by another process, or before it was forgotten in this one."""

    value: object
    life: float
    """Seconds that it is still good for."""


class Kept(NamedTuple):
    """A result that memory has begun to keep."""

    key: Hashable
    entry: Entry
    value: object
    names: tuple[str, ...]
    life: float
    """Seconds that it is good for."""
    drops: int
    """How often the function's results had been dropped by then."""
    ticket: Ticket | None = None
    """What the tier has given to the flight that loaded it."""


class Ticket(Protocol):
    """That a load began, as a tier has noted it."""

    def release(self) -> None:
        """Know that the load is over; harmless once its result was kept."""
        ...


class Tier(Protocol):
    """Keeps results below memory.  Nothing of it ever fails a call: what it cannot do is a miss."""

    def recall(self, memo: Memo, flight: Flight) -> Found | None:
        """The result of a call that is not in memory, if there is one that is still good.

        If there is none, or the flight is to load in any case, know that a load begins.
        """
        ...

    async def arecall(self, memo: Memo, flight: Flight) -> Found | None:
        """Do what `recall` does, in a task."""
        ...

    def keep(self, memo: Memo, kept: Kept) -> None:
        """Keep it as well; it may be done a little later."""
        ...

    def put(self, memo: Memo, kept: Kept) -> None:
        """Keep what nobody loaded, in place of what there is."""
        ...

    def place_of(self, memo: Memo, key: Hashable) -> str | None:
        """What stands for a call in every process; `None` if it cannot be kept here."""
        ...

    def forget(self, memo: Memo, key: Hashable) -> bool:
        """Drop the result of a call; whether there was one that was still good."""
        ...

    def invalidate(
        self, wanted: Iterable[Wanted], namespace: str | None, above: AbstractSet[str]
    ) -> int:
        """Drop what carries a wanted name; how much was still good, but for the places *above*."""
        ...

    def clear(
        self,
        namespace: str | None = None,
        memo: Memo | None = None,
        above: AbstractSet[str] = frozenset(),
    ) -> int:
        """Drop everything, or all of a namespace or a function; how much, as `invalidate` says."""
        ...

    def close(self) -> None:
        """Write what waits, and let go of the place."""
        ...
