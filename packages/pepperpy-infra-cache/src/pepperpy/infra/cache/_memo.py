"""What one cached function remembers, and what it decides about each call that is no plain hit.

A `Memo` knows no event loop and never calls the function: it says what to do, and is told what came
of it.  `_threads` and `_tasks` do it.
"""

from __future__ import annotations

import time
from collections import deque
from functools import cached_property, partial
from threading import RLock, get_ident
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from pepperpy.infra.utils import (
    Clock,
    Signal,
    Weakly,
    emit,
    passes_through,
    register_after_fork,
    register_inspectable,
)

from ._entry import DEADLINE, DETAILS, HITS, KEY, VALUE, Details, Entry, end_of
from ._errors import UnkeyableArgumentError
from ._failures import fresh_error
from ._flights import Flight, wake
from ._freeze import CannotFreezeError
from ._info import CacheInfo
from ._keeping import Keeping
from ._keys import Token, Tokens
from ._settled import SettledStore
from ._store import COLLECTED, INVALIDATED, MemoryStore
from ._tier import Kept
from ._uses import FRESH, NONE, RENEWED, use_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from ._flights import Waiter
    from ._keys import Keys
    from ._names import Naming, Wanted
    from ._rules import Rules
    from ._settings import Settings
    from ._store import Removed
    from ._tier import Found, Tier

memos: Final[Weakly[Memo]] = Weakly()


class Switch:
    """Whether caching is on, in the whole process."""

    __slots__ = ("blocks",)

    def __init__(self) -> None:
        self.blocks = 0
        """How many blocks that switch it off are under way."""


switch: Final = Switch()


T = TypeVar("T")
Step: TypeAlias = "tuple[Flight | None, bool, Entry | None]"
"""What is to be done about a call: a flight, whether it is the caller's to make, and an entry to
serve.  With neither flight nor entry the call has nothing to do with the cache."""

ALONE: Final[Step] = (None, False, None)


class Memo:
    """The results of one function.

    The lock guards all but ``store.hot``, which hits read.  Little of the user's own code can run
    while it is held: comparisons of keys, finalisers, signal handlers.  For what such code does
    with this cache see `begin` and `_change`.
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
        self.name = name
        self.function = function
        self.namespace = namespace
        self.settings = settings
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
        self.now: Callable[[], float] = time.monotonic if type(clock) is Clock else clock.monotonic
        owner_of = keys.owner if keys.is_method else None
        self.store: MemoryStore = (
            SettledStore(owner_of=owner_of)
            if has_own_size and settings.is_endless and not ends
            else MemoryStore(
                settings.max_size, max_bytes=settings.max_bytes, ordered=ends, owner_of=owner_of
            )
        )
        self.tokens: Tokens = Tokens(self._on_end)
        self.names_of_call: Callable[..., tuple[str, ...]] | None = None
        self.keeping: Keeping = Keeping(function, settings, keys, naming, rules)
        self.copied: Callable[[Any], Any] = self.keeping.copied
        self._keys = keys
        self._naming = naming
        self._rules = rules
        self._renew_lock()
        self._flights: dict[Hashable, Flight] = {}
        self._later: deque[Callable[[], object]] = deque()
        """Changes that came in the midst of another one."""
        self._has_odd_keys = False
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

    def begin(
        self,
        key: Hashable,
        names: tuple[str, ...],
        waiter: Waiter | None,
        mark: list[Flight],
        *,
        anew: bool = False,
    ) -> Step:
        """What to do about a call that was no plain hit.

        Args:
            names: Those that its arguments give.
            waiter: What the call waits with, if it is a task's.
            mark: Gets the flight, if it is the caller's to make, before others can see it.
            anew: Whether to load whatever is there.
        """
        if self.is_mine():
            return ALONE  # called in the midst of a change
        with self._lock:
            if switch.blocks:
                return ALONE
            if self._later:
                self._catch_up()
            now = self.now()
            flight = self._flights.get(key)
            if flight is not None and (anew or not self._is_joinable(flight, waiter)):
                flight.is_fenced = True
                flight = None
            entry = None if anew else self.store.entries.get(key)
            use = NONE if entry is None else use_of(entry, now)
            if use is FRESH or (use is RENEWED and flight is not None):
                return None, False, self._served(entry, now)
            if flight is not None:
                self._misses += 1
                flight.wait_with(waiter)
                return flight, False, None
            flight = Flight(key, names, now, entry and entry.copy() if use is not NONE else None)
            if self.tier is not None and use is NONE and not anew:
                flight.may_recall = True
            mark.append(flight)
            self._flights[key] = flight
            if waiter is not None:
                flight.loop = waiter[0]
                if use is RENEWED:
                    flight.in_background, flight.outer = True, None
                    return flight, True, self._served(entry, now)
                flight.wait_with(waiter)
            self._misses += not anew
            return flight, True, None

    def begin_aside(self, flight: Flight, mark: list[Flight]) -> Flight:
        """A flight for who cannot wait for *flight*: nobody sees it, and its result is not kept."""
        aside = Flight(flight.key, flight.names, self.now(), None)
        aside.is_fenced = True
        mark.append(aside)
        return aside

    def loaded(self, flight: Flight, value: Any) -> None:
        """Take the result of a load: keep it, and let those go on who wait for it.

        Raises:
            UncacheableResultError: If it can be used only once.
            InvalidTTLError: If the user's function for the ttl returned no duration.
        """
        now = self.now()
        entry = self.keeping.entry(flight.key, flight.names, value, now)
        if self.tier is None:
            self._land(flight, value, entry, now, 1)
            return
        kept = self._to_keep(entry, value, now)
        self._pass_down(kept, self._land(flight, value, entry, now, 1))

    def recalled(self, flight: Flight, found: Found) -> None:
        """Take what a lower tier has kept, as if it was loaded."""
        now = self.now()
        entry = self.keeping.entry(flight.key, flight.names, found.value, now, found.life)
        self._land(flight, found.value, entry, now, 0)

    def _land(
        self, flight: Flight, value: Any, entry: Entry | None, now: float, loads: int
    ) -> int | None:
        """End a flight with a value; if that is kept, `drops` at that moment.  Takes the lock."""
        limited = self.keeping.limited_names(entry) if self._rules.has_limits else ()
        drops: int | None = None
        try:
            with self._lock:
                self._loads += loads
                self._load_seconds += (now - flight.began) * loads
                if not flight.done:
                    flight.finish(value)
                    if flight.is_fenced:
                        self._end(flight)
                    else:
                        del self._flights[flight.key]
                        if entry is not None:
                            self._keep(entry, now)
                            drops = self.drops
                trash = self._tidied()
        finally:
            if flight.waiters:
                wake(flight)
        if trash and (self._rules.has_limits or self.settings.on_remove is not None):
            self._let_go(trash)
        if limited:
            self._rules.kept(self, flight.key, limited)
        return drops

    def _to_keep(self, entry: Entry | None, value: Any, now: float) -> Kept | None:
        """What a lower tier has to know about an entry that nobody else has yet.  Takes no lock."""
        if entry is None:
            return None
        details: Details | None = entry[DETAILS]
        names = () if details is None else details.names
        until: float = entry[DEADLINE] if details is None else details.fresh_until
        every = (*names, *self.keeping.entity_names(entry[KEY]))
        return Kept(entry[KEY], entry, value, every, until - now, 0)

    def _pass_down(self, kept: Kept | None, drops: int | None) -> None:
        """Have the lower tier keep what memory keeps.  Takes no lock."""
        tier = self.tier
        if tier is not None and kept is not None and drops is not None:
            tier.keep(self, kept._replace(drops=drops))

    def failed(self, flight: Flight, error: BaseException) -> bool:
        """Take the failure of a load; whether it is the caller's to bear.

        If not, the flight has an old result for its value.
        """
        if flight.done or not isinstance(error, Exception) or passes_through(error):
            self.abandon(flight)
            return True
        now = self.now()
        failure = self.keeping.failure(flight.key, flight.names, error, now)
        try:
            with self._lock:
                self._load_errors += 1
                self._load_seconds += now - flight.began
                old = flight.fallback
                if old is not None and end_of(old) > now and not flight.is_fenced:
                    flight.is_rescued = True
                    flight.waiting += flight.loop is None  # its thread takes it like the others
                    flight.finish(old[VALUE])
                else:
                    flight.finish(error=error)
                self._end(flight)
                if failure is not None and not (flight.is_rescued or flight.is_fenced):
                    self._keep(failure, now)
                trash = self._tidied()
        finally:
            if flight.waiters:
                wake(flight)
        self._let_go(trash)
        if flight.is_rescued or flight.in_background:
            self._tell_of(error)
        return not flight.is_rescued

    def abandon(self, flight: Flight) -> None:
        """End a load that came to nothing; one of those who wait begins anew.

        Of one that has ended, make sure that everybody knows.
        """
        try:
            with self._lock:
                if flight.done:
                    flight.release()
                else:
                    flight.abandon()
                self._end(flight)
        finally:
            wake(flight)

    def leave(self, flight: Flight, waiter: Waiter) -> bool:
        """Have a task wait no longer; whether nobody is left, and the load is to be cancelled."""
        with self._lock:
            if flight.waiters is not None and waiter in flight.waiters:
                flight.waiters.remove(waiter)
                flight.waiting -= 1
            if flight.done or flight.waiters or flight.in_background:
                return False
            flight.is_fenced = True
            return True

    def take(self, flight: Flight, *, leads: bool = False) -> Any:
        """The outcome of *flight* for one of those who waited.

        Args:
            leads: Whether it is who made it.

        Raises:
            Exception: If it failed.
        """
        with self._lock:
            value, error = flight.value, flight.error
            flight.waiting -= 1
            if not flight.waiting:
                flight.value = flight.error = None
            if error is None:
                self._coalesced += not leads
                self._stale += flight.is_rescued
        if error is None:
            return value if leads and not flight.is_rescued else self.copied(value)
        try:
            if leads:
                raise error
            raise fresh_error(error).with_traceback(error.__traceback__)
        finally:
            del error  # it holds this frame

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
        if drops is None and self.tier is not None:
            self.tier.forget(self, key)
        self._pass_down(kept, drops)

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

        def change() -> int:
            self._fence(key)
            self.drops += 1
            return self.store.drop_all([key], INVALIDATED, self.now())

        count = self._change(change) or 0
        if self.tier is None:
            return count
        below = self.tier.forget(self, key)
        self._change(change)  # whoever came in between may have recalled it
        return 1 if below else count

    def invalidate(self, wanted: Wanted) -> int:
        """Drop what carries a wanted name, and keep nothing of the kind that is being loaded.

        A lower tier is not asked; it knows more functions than this.
        """

        def change() -> int:
            self.drops += 1
            for flight in list(self._flights.values()):
                if self._may_carry(flight, wanted):
                    flight.is_fenced = True
            return self.store.drop_all(self._keys_named(wanted), INVALIDATED, self.now())

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
            keys = [*self.store.entries] if wanted is None else self._keys_named(wanted)
            good = [key for key in keys if use_of(self.store.entries.get(key), now) is not NONE]
        for key in good:
            place = tier.place_of(self, key)
            if place is not None:
                yield place

    def holds(self, wanted: Wanted) -> bool:
        """Whether an entry that carries a wanted name is still good."""
        with self._lock:
            now = self.now()
            found = (self.store.entries.get(key) for key in self._keys_named(wanted))
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

    def _renew_lock(self) -> None:
        """Takes no lock."""
        lock: Any = RLock()
        self._lock = lock
        # Whether the thread that asks holds it; `threading.Condition` uses the same.
        self.is_mine: Callable[[], bool] = lock._is_owned  # noqa: SLF001

    def _change(self, change: Callable[[], T]) -> T | None:
        """Make a change, and tell what it returns.  Takes the lock.

        Who comes in the midst of another change, as a finaliser or a signal handler may, would find
        things half done: his is made at the end of that one.
        """
        if self.is_mine():
            self._later.append(change)
            return None
        with self._lock:
            self._catch_up()
            result = change()
            trash = self._tidied()
        self._let_go(trash)
        return result

    def _catch_up(self) -> None:
        while self._later:
            self._later.popleft()()

    def _tidied(self) -> list[Removed]:
        """What to let go of when the lock is given back, after all that came meanwhile."""
        if self._later:
            self._catch_up()
        return self.store.take_trash()

    def _is_joinable(self, flight: Flight, waiter: Waiter | None) -> bool:
        if flight.is_fenced or flight.done:
            return False
        return flight.loop is None or flight.is_reliable(None if waiter is None else waiter[0])

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
            self._has_odd_keys = self._has_odd_keys or type(entry[KEY]) is tuple
            self.store.put(entry, now)

    def _keys_named(self, wanted: Wanted) -> set[Hashable]:
        indexed = self.store.names
        if wanted.is_glob:
            found = {key for name in indexed if wanted.matches(name) for key in indexed[name]}
        else:
            found = set(indexed.get(wanted.name, ()))
        if any(wanted.may_begin(entity.prefix) for entity in self._naming.entities):
            found.update(self._keys_of_entity(wanted))
        return found

    def _keys_of_entity(self, wanted: Wanted) -> Iterator[Hashable]:
        if not (wanted.is_glob or self._has_odd_keys):
            # Each key is the entity's value itself, so there are two that can be meant.
            yield from plain_keys(wanted.name[len(self._naming.entities[0].prefix) :])
            return
        for key in self.store.entries:
            if any(map(wanted.matches, self.keeping.entity_names(key))):
                yield key

    def _may_carry(self, flight: Flight, wanted: Wanted) -> bool:
        if self._naming.of_result:  # nobody knows before it is there
            return True
        return any(map(wanted.matches, (*flight.names, *self.keeping.entity_names(flight.key))))

    def _on_end(self, token: Token) -> None:
        """Drop the entries of an instance that died.  Runs wherever garbage is collected."""
        self._later.append(partial(self._drop_owned, token))
        lock = self._lock
        # In the midst of a change of ours, or of another thread's, that one does it.
        if self.is_mine() or not lock.acquire(blocking=False):
            return
        try:
            self._catch_up()
            trash = self.store.take_trash()
        finally:
            lock.release()
        self._tell_of_removals(trash)

    def _drop_owned(self, token: Token) -> None:
        for key in list(self.store.owned.get(token, ())):
            self.store.drop(key, COLLECTED)

    def _let_go(self, trash: list[Removed]) -> None:
        """Tell of what was removed.  Takes no lock."""
        if not trash:
            return
        if self._rules.has_limits:
            self._rules.gone(self, [entry[KEY] for entry, _ in trash])
        self._tell_of_removals(trash)

    def _tell_of_removals(self, trash: list[Removed]) -> None:
        on_remove = self.settings.on_remove
        if on_remove is None:
            return
        for entry, cause in trash:
            details: Details | None = entry[DETAILS]
            if details is not None and details.failed:
                continue
            try:
                on_remove(entry[VALUE], cause)
            except Exception as error:  # a boundary: the call has nothing to do with it
                if passes_through(error):
                    raise
                import logging

                logging.getLogger("pepperpy.infra.cache").exception(
                    "on_remove of %s failed: %r", self.name, on_remove
                )

    def _tell_of(self, error: Exception) -> None:
        """Takes no lock."""
        emit(
            Signal(
                kind="cache.refresh_failed",
                source=self.name,
                facts={"error": type(error).__qualname__},
            )
        )


def is_busy_here() -> bool:
    """Whether the thread that asks is in the midst of a change of any cache."""
    return any(memo.is_mine() for memo in memos.alive())


def plain_keys(text: str) -> list[Hashable]:
    """The text and the whole number that are written like this."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        return [text]
    try:
        number = int(text)
    except ValueError:  # of more digits than Python reads
        return [text]
    return [text, number] if str(number) == text else [text]
