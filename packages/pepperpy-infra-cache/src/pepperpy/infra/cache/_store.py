"""The memory engine: a bounded dict with S3-FIFO eviction and expiry in small steps.

S3-FIFO is from "FIFO queues are all you need for cache eviction" (Yang, Zhang, Qiu, Yue, Rashmi;
SOSP 2023): newcomers wait in a small queue, those that were asked for meanwhile move to the main
one, and a ghost queue remembers who left the small one too early.  A hit moves nothing, so it needs
no lock.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from ._entry import DEADLINE, DETAILS, HITS, KEY, SEEN, Entry, end_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable
    from typing import TypeAlias

    from ._entry import Details

    Removed: TypeAlias = tuple[Entry, str]

_MOST_STEPS = 128
"""How many entries one eviction looks at, whatever they are like; those that were dropped before
have paid for being passed over."""
_SWEPT = 2
"""How many expired entries at the head of each queue go with one insertion."""
_LEAST_DROPPED = 16

EXPIRED: Final = "expired"
SIZE: Final = "size"
BYTES: Final = "bytes"
REPLACED: Final = "replaced"
INVALIDATED: Final = "invalidated"
CLEARED: Final = "cleared"
COLLECTED: Final = "collected"
CAUSES: Final = (EXPIRED, SIZE, BYTES, REPLACED, INVALIDATED, CLEARED, COLLECTED)


class MemoryStore:
    """Entries by key.  Whoever calls a method holds the lock of the store's owner.

    Args:
        max_size: Most entries, `None` for any number.
        max_bytes: Most of what the entries weigh together, `None` for any weight.
        ordered: Whether the order of insertion is kept; without it nothing can be evicted, and
            what has expired stays until it is asked for.
        owner_of: Tells from a key whose entries die together.
    """

    def __init__(
        self,
        max_size: int | None,
        *,
        max_bytes: int | None = None,
        ordered: bool = True,
        owner_of: Callable[[Any], Hashable] | None = None,
    ) -> None:
        self.hot: dict[Hashable, Entry] = {}
        """What hits read, without a lock: all entries, or none while the cache is switched off."""
        self.entries: dict[Hashable, Entry] = self.hot
        self.max_size = max_size
        self.max_bytes = max_bytes
        self.bytes: int = 0
        self.names: dict[str, set[Hashable]] = {}
        """Name -> keys of the entries that carry it."""
        self.owned: dict[Hashable, set[Hashable]] = {}
        """Owner -> keys of its entries."""
        self.removed: dict[str, int] = dict.fromkeys(CAUSES, 0)
        self.dropped_hits: int = 0
        self._owner_of = owner_of
        self._trash: list[Removed] = []
        self._bounded = max_size is not None or max_bytes is not None
        self._ordered = ordered or self._bounded
        self._small: deque[Entry] = deque()
        self._main: deque[Entry] = deque()
        self._ghost: dict[int, None] = {}  # hashes: the keys themselves may be large
        self._dropped_in_queues = 0

    def resize(self, max_size: int | None, now: float) -> None:
        """Hold *max_size* entries at the most."""
        self.max_size = max_size
        self._bounded = max_size is not None or self.max_bytes is not None
        if self._bounded and not self._ordered:
            self._ordered = True
            self._small.extend(self.entries.values())
        while max_size is not None and len(self.entries) > max_size:
            self._evict(now, SIZE)

    def switch_off(self) -> None:
        """Hide all entries from hits."""
        if self.entries is self.hot:
            self.entries = dict(self.hot)
            self.hot.clear()

    def switch_on(self) -> None:
        """Show hits all that is left of the entries."""
        if self.entries is not self.hot:
            self.hot.update(self.entries)
            self.entries = self.hot

    def put(self, entry: Entry, now: float) -> None:
        """Keep *entry* in place of the one with its key, and make room for it."""
        key = entry[KEY]
        entries = self.entries
        former = self.drop(key, REPLACED) if key in entries else None
        if not self._ordered:
            entries[key] = entry
            self._note(entry, key)
            return
        self._sweep(self._small, now)
        self._sweep(self._main, now)
        while self.max_size is not None and len(entries) >= self.max_size:
            self._evict(now, SIZE)
        entries[key] = entry
        if entry[DETAILS] is not None or self._owner_of is not None:
            self._note(entry, key)
        (self._main if self._is_known(key, former) else self._small).append(entry)
        while self.max_bytes is not None and self.bytes > self.max_bytes and entries:
            self._evict(now, BYTES)

    def drop(self, key: Hashable, cause: str) -> Entry | None:
        """Forget the entry of *key*, if there is one."""
        entry = self.entries.pop(key, None)
        if entry is None:
            return None
        dropped = entry
        if self._ordered:
            # Its list stays in a queue for now, and must not keep the value alive.
            dropped = entry.copy()
            entry.clear()
            self._dropped_in_queues += 1
        self._forget(dropped, cause)
        if self._dropped_in_queues > _LEAST_DROPPED + len(self.entries) // 4:
            self._tidy()
        return dropped

    def clear(self) -> None:
        """Forget all entries, and who has left."""
        self.removed[CLEARED] += len(self.entries)
        self.dropped_hits += sum(entry[HITS] for entry in self.entries.values())
        self._trash.extend((entry, CLEARED) for entry in self.entries.values())
        self.entries.clear()
        for each in (self.names, self.owned, self._small, self._main, self._ghost):
            each.clear()
        self.bytes = self._dropped_in_queues = 0

    def take_trash(self) -> list[Removed]:
        """The dropped entries with the cause, to let go of when the lock is given back.

        Their last reference runs `__del__` methods, which may do anything.
        """
        trash, self._trash = self._trash, []
        return trash

    def drop_all(self, keys: Iterable[Hashable], cause: str, now: float) -> int:
        """Forget the entries of *keys*; how many of them were still of use."""
        dropped = [self.drop(key, cause) for key in keys]
        return sum(entry is not None and end_of(entry) > now for entry in dropped)

    def hits(self) -> int:
        """How often entries were asked for, the dropped ones included."""
        return int(self.dropped_hits + sum(entry[HITS] for entry in list(self.entries.values())))

    def size(self, now: float) -> int:
        """How many entries are still of use."""
        return sum(end_of(entry) > now for entry in list(self.entries.values()))

    def _is_known(self, key: Hashable, former: Entry | None) -> bool:
        """Whether *key* has been asked for more than the newcomers have."""
        if former is not None and former[HITS]:
            return True
        return bool(self._ghost) and self._ghost.pop(hash(key), self) is None

    def _note(self, entry: Entry, key: Hashable) -> None:
        details: Details | None = entry[DETAILS]
        if details is not None:
            self.bytes += details.weight
            for name in details.names:
                self.names.setdefault(name, set()).add(key)
        if self._owner_of is not None:
            self.owned.setdefault(self._owner_of(key), set()).add(key)

    def _forget(self, entry: Entry, cause: str) -> None:
        key = entry[KEY]
        self.removed[cause] += 1
        self.dropped_hits += entry[HITS]
        self._trash.append((entry, cause))
        details: Details | None = entry[DETAILS]
        if details is not None:
            self.bytes -= details.weight
            for name in details.names:
                _discard(self.names, name, key)
        if self._owner_of is not None:
            _discard(self.owned, self._owner_of(key), key)

    def _tidy(self) -> None:
        """Let go of what was dropped out of turn, and so still stands in the queues."""
        for queue in (self._small, self._main):
            alive = [entry for entry in queue if entry]
            queue.clear()
            queue.extend(alive)
        self._dropped_in_queues = 0

    def _sweep(self, queue: deque[Entry], now: float) -> None:
        for _ in range(_SWEPT):
            if not queue:
                return
            entry = queue[0]
            if not entry:
                self._dropped_in_queues -= 1
            elif entry[DEADLINE] <= now and end_of(entry) <= now:
                self._remove(entry, EXPIRED)
            elif not self._bounded:
                # Nothing is evicted from here, so the order is free: look at another next time.
                queue.rotate(-1)
                continue
            else:
                return
            queue.popleft()

    def _evict(self, now: float, cause: str) -> None:
        """Remove one entry: the first that nobody has asked for since it was last looked at."""
        small, main = self._small, self._main
        steps = 0
        while small or main:
            newcomer = bool(small) and (not main or len(small) * 10 >= len(self.entries))
            entry = (small if newcomer else main).popleft()
            if not entry:
                self._dropped_in_queues -= 1
                continue
            steps += 1
            if entry[DEADLINE] <= now and end_of(entry) <= now:
                cause = EXPIRED
            elif entry[HITS] > entry[SEEN] and steps < _MOST_STEPS:
                # Up to three hits count, one for each time that its turn comes.
                unseen = min(entry[HITS] - entry[SEEN], 3)
                entry[SEEN] = entry[HITS] if newcomer else entry[HITS] - unseen + 1
                main.append(entry)
                continue
            elif newcomer:
                self._remember(entry)
            self._remove(entry, cause)
            return
        self._remove_any(cause)

    def _remember(self, entry: Entry) -> None:
        ghost = self._ghost
        ghost[hash(entry[KEY])] = None
        if len(ghost) > len(self.entries) + _LEAST_DROPPED:
            # Many at once: the way to the first key of a dict leads past all that left before it.
            for known in list(islice(ghost, len(ghost) // 8)):
                del ghost[known]

    def _remove(self, entry: Entry, cause: str) -> None:
        """Forget *entry*, which was taken out of its queue."""
        self.entries.pop(entry[KEY], None)
        self._forget(entry, cause)

    def _remove_any(self, cause: str) -> None:
        # The queues are empty only if a fork cut a change of them in two.
        key: Any = next(iter(self.entries), None)
        entry = self.entries.pop(key, None)
        if entry is not None:
            self._forget(entry, cause)


def _discard(index: dict[Any, set[Hashable]], name: Hashable, key: Hashable) -> None:
    keys = index.get(name)
    if keys is not None:
        keys.discard(key)
        if not keys:
            del index[name]
