"""What is in this process's memory of what the server has."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from pepperpy.infra.cache._memo import memos

if TYPE_CHECKING:
    from collections.abc import Hashable

    from pepperpy.infra.cache._memo import Memo
    from pepperpy.infra.cache._tier import Tier

    from ._orders import Order

_FEW: Final = 256


class Memory:
    """Drops what others dropped from the memos of one tier."""

    def __init__(self, tier: Tier) -> None:
        self._tier = tier
        self._lock = Lock()
        self._places: WeakKeyDictionary[Memo, dict[str, Hashable]] = WeakKeyDictionary()
        """The keys of what is in memory, or being loaded, by place."""

    def note(self, memo: Memo, place: str, key: Hashable) -> None:
        """Find *key* again when *place* is all that is known."""
        with self._lock:
            places = self._places.setdefault(memo, {})
            places[place] = key
            if len(places) > _FEW + 2 * len(memo.store.entries):
                kept = {place: key for place, key in places.items() if memo.knows(key)}
                self._places[memo] = {**kept, place: key}

    def drop(self, order: Order) -> None:
        """Drop what *order* says."""
        for memo in self._memos():
            if order.place is not None:
                self._drop_one(memo, order.place)
            elif order.is_about(memo.namespace, memo.identity):
                if order.name is None:
                    memo.clear()
                else:
                    memo.invalidate(order.wanted)

    def empty(self) -> None:
        """Drop everything."""
        for memo in self._memos():
            memo.clear()

    def after_fork(self) -> None:
        """Drop everything in a child, which missed what was dropped since."""
        self._lock = Lock()
        for memo in self._memos():
            memo.after_fork()  # it may be its turn only later, and another thread have its lock
            memo.clear()

    def _drop_one(self, memo: Memo, place: str) -> None:
        with self._lock:
            key: Any = self._places.get(memo, {}).get(place, self)
        if key is not self:
            memo.drop(key)

    def _memos(self) -> list[Memo]:
        return [memo for memo in memos.alive() if memo.tier is self._tier]
