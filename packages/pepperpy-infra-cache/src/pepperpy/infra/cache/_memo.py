"""What one cached function remembers, and the changes and figures of that."""

from __future__ import annotations

from functools import cached_property
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.utils import Clock, Weakly, register_after_fork, register_inspectable

from ._entry import DEADLINE, DETAILS, HITS, KEY, Details, Entry
from ._errors import UnkeyableArgumentError
from ._flights import Flight, wake
from ._freeze import CannotFreezeError
from ._guarded import Guarded
from ._info import CacheInfo
from ._keeping import Keeping
from ._lookup import Lookup
from ._settled import SettledStore
from ._store import INVALIDATED, MemoryStore
from ._switch import switch
from ._tier import Kept
from ._uses import FRESH, NONE, RENEWED, use_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from ._keys import Keys
    from ._names import Naming, Wanted
    from ._rules import Rules
    from ._settings import Settings
    from ._store import Removed
    from ._tier import Ticket, Tier

memos: Final[Weakly[Memo]] = Weakly()


class Memo(Guarded):
    """The results of one function.

    For what code does with this cache that runs in the midst of a change of it see
    `LoadingMemo.begin` and `Guarded._change`.
    """

    def __init__(
        self,
        *,
        name: str,
        function: str,
        namespace: str,
        settings: Settings,
        keys: Keys,
        naming: Naming,
        clock: Clock,
        rules: Rules,
        has_own_size: bool,
        ends: bool,
    ) -> None:
        owner_of = keys.owner if keys.is_method else None
        store = (
            SettledStore(owner_of=owner_of)
            if has_own_size and settings.is_endless and not ends
            else MemoryStore(
                settings.max_size, max_bytes=settings.max_bytes, ordered=ends, owner_of=owner_of
            )
        )
        super().__init__(name, settings, store)
        self.function = function
        self.namespace = namespace
        self.has_own_size = has_own_size
        self.ends = ends
        """Whether entries can expire, so that a hit has to look at the clock."""
        self.clock = clock
        self.origin: Callable[..., Any] | None = None
        """The function itself, where it can be found again in another process."""
        self.tier: Tier | None = None
        """Where results are kept below memory."""
        self.drops: int = 0
        """How often something was dropped on purpose."""
        self.now: Callable[[], float] = clock.monotonic
        self.names_of_call: Callable[..., tuple[str, ...]] | None = None
        self.keeping: Keeping = Keeping(function, settings, keys, naming, rules)
        self.copied: Callable[[Any], Any] = self.keeping.copied
        self._keys = keys
        self._naming = naming
        self._rules = rules
        self._lookup = Lookup(self.store, naming, self.keeping)
        self._flights: dict[Hashable, Flight] = {}
        """The loads under way that who comes may join."""
        self._misses = self._loads = self._load_errors = self._coalesced = self._stale = 0
        self._load_seconds = 0.0
        memos.add(self)
        self.follow_switch()
        register_after_fork(self)
        register_inspectable(self)

    # Calls

    def settle(self, key: Any, args: tuple[Any, ...]) -> Hashable:
        """The key under which the call is kept.

        Raises:
            UnkeyableArgumentError: If an argument can be part of no key.
        """
        if not self._keys.is_method:
            return self._keys.settle(key, None)
        try:
            token = self.tokens.of(args[0])
        except CannotFreezeError as error:
            raise UnkeyableArgumentError(
                f"{self.function}() can't tell its instances apart, since {error.kind} is neither "
                'hashable nor weakly referenceable; add "__weakref__" to its __slots__, or say '
                "with key= what counts",
                function=self.function,
                parameter="self",
            ) from None
        return self._keys.settle(key, token)

    @cached_property
    def identity(self) -> str | None:
        """What stands for the function in every process, if anything can."""
        if self.origin is None or self._keys.is_method:
            return None
        from ._identity import identity_of

        return identity_of(self.origin, self.function)

    def call_of(self, key: Hashable) -> str:
        """The arguments in a key, as a text that is the same in every process.

        Raises:
            UnkeyableArgumentError: If one of them means nothing outside of this process.
        """
        return self._keys.written(key)

    @property
    def has_names(self) -> bool:
        """Whether `names_of` can return any."""
        return self.names_of_call is not None or self._naming.key_is_name

    def names_of(self, key: Hashable, args: Any, kwargs: Any) -> tuple[str, ...]:
        """The names that the arguments of a call give, but for its entities."""
        if self.names_of_call is not None:
            names = tuple(name for name in self.names_of_call(*args, **kwargs) if name)
        else:
            names = ()
        return (*names, key) if self._naming.key_is_name and isinstance(key, str) else names

    # Changes

    def put(
        self, key: Hashable, names: tuple[str, ...], value: Any, life: float | None = None
    ) -> None:
        """Keep *value* as if the function had just returned it.

        Args:
            life: Seconds that it is good for; `None` for what the settings say.
        """
        now = self.now()
        entry = self.keeping.entry(key, names, value, now, life)
        limited = self.keeping.limited_names(entry)
        kept = None if self.tier is None else self._to_keep(entry, value, now)

        def change() -> int | None:
            self._fence(key)
            self.drops += 1
            if entry is None or switch.blocks:
                self.store.drop(key, INVALIDATED)
                return None
            self._keep(entry, now)
            return self.drops

        drops = self._change(change)
        if limited:
            self._rules.kept(self, key, limited)
        if self.tier is not None:
            if kept is None or drops is None:
                self.tier.forget(self, key)
            else:
                self.tier.put(self, kept._replace(drops=drops))

    def look(self, key: Hashable) -> Entry | None:
        """The entry of *key* if it is good for being served; this counts as a call."""
        with self._lock:
            now = self.now()
            entry = self.store.entries.get(key)
            if not switch.blocks and use_of(entry, now) in {FRESH, RENEWED}:
                return None if entry is None else self._served(entry, now)
            self._misses += 1
            return None

    def forget(self, key: Hashable) -> int:
        """Drop the entry of *key*, and keep nothing that is being loaded for it."""
        count = self.drop(key)
        if self.tier is None:
            return count
        below = self.tier.forget(self, key)
        self.drop(key)  # whoever came in between may have recalled it
        return 1 if below else count

    def drop(self, key: Hashable) -> int:
        """Do what `forget` does; a lower tier is not asked."""

        def change() -> int:
            self._fence(key)
            self.drops += 1
            return self.store.drop_all([key], INVALIDATED, self.now())

        return self._change(change) or 0

    def knows(self, key: Hashable) -> bool:
        """Whether there is an entry of *key*, or one on its way."""
        return key in self.store.entries or key in self._flights

    def invalidate(self, wanted: Wanted) -> int:
        """Drop what carries a wanted name, and keep nothing of the kind that is being loaded.

        A lower tier is not asked; it knows more functions than this.
        """

        def change() -> int:
            self.drops += 1
            for flight in list(self._flights.values()):
                if self._may_carry(flight, wanted):
                    flight.is_fenced = True
            return self.store.drop_all(self._lookup.keys(wanted), INVALIDATED, self.now())

        return self._change(change) or 0

    def clear(self) -> int:
        """Drop everything, and keep nothing that is being loaded; how much was of use.

        A lower tier is not asked.
        """

        def change() -> int:
            self.drops += 1
            for flight in list(self._flights.values()):
                flight.is_fenced = True
            count = self.store.size(self.now())
            self.store.clear()
            return count

        return self._change(change) or 0

    def empty(self) -> None:
        """Drop everything, in a lower tier too."""
        self.clear()
        if self.tier is not None:
            self.tier.clear(memo=self)
            self.clear()  # as above

    def places(self, wanted: Wanted | None = None) -> Iterator[str]:
        """What stands in the lower tier for entries that are still good: those of wanted names."""
        tier = self.tier
        if tier is None:
            return
        with self._lock:
            now = self.now()
            keys = [*self.store.entries] if wanted is None else self._lookup.keys(wanted)
            good = [key for key in keys if use_of(self.store.entries.get(key), now) is not NONE]
        for key in good:
            place = tier.place_of(self, key)
            if place is not None:
                yield place

    def holds(self, wanted: Wanted) -> bool:
        """Whether an entry that carries a wanted name is still good."""
        with self._lock:
            now = self.now()
            found = (self.store.entries.get(key) for key in self._lookup.keys(wanted))
            return any(use_of(entry, now) is not NONE for entry in found)

    def resize(self, max_size: int | None) -> None:
        """Hold so many entries at the most."""
        self._change(lambda: self.store.resize(max_size, self.now()))

    def follow_switch(self) -> None:
        """Have hits find nothing while the switch is off; what there is stays aside."""

        def change() -> None:
            if switch.blocks:
                self.store.switch_off()
            else:
                self.store.switch_on()

        self._change(change)

    def hits_of(self, key: Hashable) -> int | None:
        """How often the entry of *key* was asked for; `None` if there is none."""
        entry = self.store.entries.get(key)
        held = entry and entry.copy()  # which may be emptied at any time
        return held[HITS] if held else None

    def after_fork(self) -> None:
        """Forget the loads of threads that did not come along."""
        self._renew_lock()
        here = get_ident()
        gone = [flight for flight in self._flights.values() if flight.thread != here]
        self._flights = {
            key: flight for key, flight in self._flights.items() if flight.thread == here
        }
        for flight in gone:
            flight.abandon()
            wake(flight)

    # Looking

    def info(self) -> CacheInfo:
        """The figures so far."""
        with self._lock:
            self._catch_up()
            store = self.store
            removed: dict[str, int] = {**store.removed}
            return CacheInfo(
                hits=store.hits(),
                misses=self._misses,
                loads=self._loads,
                load_errors=self._load_errors,
                coalesced=self._coalesced,
                stale=self._stale,
                removed=removed,
                size=store.size(self.now()),
                max_size=store.max_size,
                bytes=store.bytes,
                max_bytes=store.max_bytes,
                load_seconds=self._load_seconds,
            )

    def inspect(self) -> dict[str, object]:
        """The cache as telemetry and consoles show it."""
        info = self.info()
        figures = ("hits", "misses", "loads", "load_errors", "coalesced", "stale", "size", "bytes")
        removed = {f"removed.{cause}": count for cause, count in info.removed.items()}
        return {
            "kind": "cache",
            "name": self.name,
            "state": "off" if switch.blocks else "ok",
            "facts": {
                **{name: getattr(info, name) for name in figures},
                **removed,
                "load_seconds": info.load_seconds,
                "hit_ratio": info.hit_ratio,
            },
            "config": {"max_size": info.max_size, "max_bytes": info.max_bytes},
        }

    # The rest runs under the lock, unless it says otherwise.

    def _served(self, entry: Any, now: float) -> Entry:
        """What is in *entry*, which may be emptied as soon as the lock is given back."""
        entry[HITS] += 1
        details: Details | None = entry[DETAILS]
        if details is not None and not details.failed and details.fresh_until <= now:
            self._stale += 1
        return entry.copy()  # type: ignore[no-any-return]

    def _fence(self, key: Hashable) -> None:
        flight = self._flights.get(key)
        if flight is not None:
            flight.is_fenced = True

    def _end(self, flight: Flight) -> None:
        if self._flights.get(flight.key) is flight:
            del self._flights[flight.key]

    def _keep(self, entry: Entry, now: float) -> None:
        if not switch.blocks:
            if type(entry[KEY]) is tuple:
                self._lookup.has_odd_keys = True
            self.store.put(entry, now)

    def _may_carry(self, flight: Flight, wanted: Wanted) -> bool:
        if self._naming.of_result:  # nobody knows before it is there
            return True
        return any(map(wanted.matches, (*flight.names, *self.keeping.entity_names(flight.key))))

    def _to_keep(
        self, entry: Entry | None, value: Any, now: float, ticket: Ticket | None = None
    ) -> Kept | None:
        """What a lower tier has to know about an entry that nobody else has yet.  Takes no lock."""
        if entry is None:
            return None
        details: Details | None = entry[DETAILS]
        names = () if details is None else details.names
        until: float = entry[DEADLINE] if details is None else details.fresh_until
        every = (*names, *self.keeping.entity_names(entry[KEY]))
        return Kept(entry[KEY], entry, value, every, until - now, 0, ticket)

    def _pass_down(self, kept: Kept | None, drops: int | None) -> None:
        """Have the lower tier keep what memory keeps.  Takes no lock."""
        tier = self.tier
        if tier is not None and kept is not None and drops is not None:
            tier.keep(self, kept._replace(drops=drops))

    def _let_go(self, trash: list[Removed]) -> None:
        """Tell of what was removed.  Takes no lock."""
        if not trash:
            return
        if self._rules.has_limits:
            self._rules.gone(self, [entry[KEY] for entry, _ in trash])
        self._tell_of_removals(trash)


def is_busy_here() -> bool:
    """Whether the thread that asks is in the midst of a change of any cache."""
    return any(memo.is_mine() for memo in memos.alive())
