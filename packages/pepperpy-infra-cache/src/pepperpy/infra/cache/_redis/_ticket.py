"""What a load needs to have its result stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._orders import ledger_from
from ._wire import Stamps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Ticket:
    """That a load began, and with which stamps.

    Args:
        place: What is loaded.
        shard: Where it will be stored.
        fresh: Makes texts that never were.
        release: Called with the ticket when it is of no more use.
        tells: Whether other processes are to forget what they have when it is stored.
    """

    __slots__ = (
        "__weakref__",
        "_release",
        "any_stamp",
        "begun",
        "fresh_stamp",
        "is_over",
        "owner",
        "place",
        "shard",
        "tells",
    )

    def __init__(
        self,
        place: str,
        shard: str,
        fresh: Callable[[], str],
        release: Callable[[Ticket], object],
        *,
        tells: bool = False,
    ) -> None:
        self.place = place
        self.shard = shard
        self.tells = tells
        self.fresh_stamp: Callable[[], str] = fresh
        self.owner: str = fresh()
        self.begun: Stamps = Stamps("", 0, {})
        self.any_stamp: bytes = b""
        """What every invalidation changes, of whichever names."""
        self.is_over: bool = False
        self._release = release

    def begin(self, names: Sequence[str], reply: Any) -> bool:
        """Take what the server says to the start of the load: whether the lock is ours."""
        is_ours, *_ = reply
        stamps = self.read(names, reply)
        if stamps is None:
            return False
        self.begun, self.any_stamp = stamps, reply[2]
        return bool(is_ours)

    @staticmethod
    def read(names: Sequence[str], reply: Any) -> Stamps | None:
        """The stamps that it says there are."""
        _, data, _, *stamps = reply
        ledger = ledger_from(data)
        if ledger is None:
            return None
        known = zip(names, (stamp.decode() for stamp in stamps), strict=True)
        return Stamps(ledger.stamp, ledger.last, dict(known))

    def take(self) -> bool:
        """Whether it was good until now; it is not from now on."""
        was_over, self.is_over = self.is_over, True
        return not was_over

    def release(self) -> None:
        """Let others load, unless that was done or the result is on its way."""
        if self.take():
            self._release(self)

    def give_back(self, _: object) -> None:
        """Let others load, if nobody waits any more for the answer that the load may begin."""
        if self.is_over:
            self._release(self)
