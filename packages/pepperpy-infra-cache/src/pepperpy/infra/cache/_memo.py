"""What one cached function remembers, and what it decides about each call that is no plain hit.

A `Memo` knows no event loop and never calls the function: it says what to do, and is told what came
of it.  `_threads` and `_tasks` do it.
"""

from __future__ import annotations

import math
import time
from collections import deque
from copy import copy, deepcopy
from random import random
from threading import RLock
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pepperpy.infra.utils import (
    Clock,
    Signal,
    Weakly,
    emit,
    passes_through,
    register_after_fork,
    register_inspectable,
)

from ._entry import DEADLINE, DETAILS, HITS, KEY, VALUE, Details, Entry, end_of, new_entry
from ._errors import UncacheableResultError, UnkeyableArgumentError
from ._flights import Flight, wake
from ._freeze import CannotFreezeError
from ._info import CacheInfo
from ._keys import Token, Tokens
from ._settled import SettledStore
from ._store import COLLECTED, INVALIDATED, MemoryStore
from ._weigh import weight_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from ._flights import Waiter
    from ._keys import Keys
    from ._names import Naming, Wanted
    from ._rules import Rules
    from ._settings import Settings

_NEVER: Final = -math.inf
_MOST_DIGITS: Final = 4000  # Python makes no longer numbers of text
_ONCE: Final = frozenset(
    {CoroutineType, GeneratorType, AsyncGeneratorType, map, filter, zip, enumerate, reversed}
)
"""Classes of what can be gone through only once."""

memos: Final[Weakly[Memo]] = Weakly()


class Switch:
    """Whether caching is on, in the whole process."""

    __slots__ = ("blocks",)

    def __init__(self) -> None:
        self.blocks = 0
        """How many blocks that switch it off are under way."""


switch: Final = Switch()


Step: TypeAlias = "tuple[Flight | None, bool, Entry | None]"
"""What is to be done about a call: a flight, whether it is the caller's to make, and an entry to
serve.  With neither flight nor entry the call has nothing to do with the cache."""

ALONE: Final[Step] = (None, False, None)


class Memo:
    """The results of one function.

    The lock guards all but ``store.hot``, which hits read.  It is never held while code of the
    user's runs, but for the comparison of keys.
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
        self.now: Callable[[], float] = time.monotonic if type(clock) is Clock else clock.monotonic
        owner_of = keys.owner if keys.is_method else None
        bounded = settings.max_size is not None or settings.max_bytes is not None
        self.store: MemoryStore = (
            MemoryStore(
                settings.max_size, max_bytes=settings.max_bytes, ordered=ends, owner_of=owner_of
            )
            if ends or bounded or keys.expression is None
            else SettledStore(owner_of=owner_of)
        )
        self.tokens = Tokens(self._on_end)
        self.names_of_call: Callable[..., tuple[str, ...]] | None = None
        self._keys = keys
        self._naming = naming
        self._rules = rules
        # What each call of an ordinary function would find out again.
        is_fixed = settings.none_ttl is None and not callable(settings.ttl)
        self._life: float | None = settings.life_of(None) if is_fixed else None
        self._is_simple = settings.is_simple
        given = settings.copy
        self._copy: Any = given if callable(given) else deepcopy if given else None
        self._lock = RLock()
        self._flights: dict[Hashable, Flight] = {}
        self._ended: deque[Token] = deque()  # appended to by whatever collects garbage
        self._has_odd_keys = False
        self._misses = self._loads = self._load_errors = self._coalesced = self._stale = 0
        self._load_seconds = 0.0
        if switch.blocks:
            self.store.switch_off()
        memos.add(self)
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

    def names_of(self, key: Hashable, args: Any, kwargs: Any) -> tuple[str, ...]:
        """The names that the arguments of a call give, but for its entities."""
        if self.names_of_call is not None:
            names = tuple(name for name in self.names_of_call(*args, **kwargs) if name)
        elif self._naming.key_is_name and isinstance(key, str):
            return (key,)
        else:
            return ()
        return (*names, key) if self._naming.key_is_name and isinstance(key, str) else names

    def begin(
        self,
        key: Hashable,
        names: tuple[str, ...],
        waiter: Waiter | None,
        *,
        mark: list[Flight] | None = None,
        anew: bool = False,
    ) -> Step:
        """What to do about a call that was no plain hit.

        Args:
            names: Those that its arguments give.
            waiter: What the call waits with, if it is a task's.
            mark: Gets the flight, if it is the caller's to make, before others can see it.
            anew: Whether to load whatever is there.
        """
        with self._lock:
            if switch.blocks:
                return ALONE
            now = self.now()
            flight = self._flights.get(key)
            if anew and flight is not None:
                self._fence(flight)
                flight = None
            entry = None if anew else self.store.entries.get(key)
            use = _NONE if entry is None else _use_of(entry, now)
            if use is _FRESH or (use is _RENEWED and flight is not None):
                return None, False, self._served(entry, now)
            if flight is not None and (waiter is None or flight.is_reliable(waiter[0])):
                self._misses += 1
                flight.wait_with(waiter)
                return flight, False, None
            flight = Flight(key, names, now, None if use is _NONE else entry)
            if mark is not None:
                mark.append(flight)
            self._flights[key] = flight
            if waiter is not None:
                flight.loop = waiter[0]
                if use is _RENEWED:
                    flight.in_background = True
                    return flight, True, self._served(entry, now)
                flight.wait_with(waiter)
            self._misses += 1
            return flight, True, None

    def loaded(self, flight: Flight, value: Any) -> None:
        """Take the result of a load: keep it, and let those go on who wait for it.

        Raises:
            UncacheableResultError: If it can be used only once.
            InvalidTTLError: If the user's function for the ttl returned no duration.
        """
        now = self.now()
        entry = self._entry(flight.key, flight.names, value, now)
        with self._lock:
            self._loads += 1
            self._load_seconds += now - flight.began
            if entry is not None and not flight.is_fenced:
                self._keep(entry, now)
            waiters = self._end(flight).finish(value)
            trash = self.store.take_trash()
        wake(waiters)
        del trash
        if self._rules.has_limits and entry is not None:
            self._rules.kept(self, entry[KEY], self._all_names(entry))

    def failed(self, flight: Flight, error: BaseException) -> bool:
        """Take the failure of a load; whether it is the caller's to bear.

        If not, the flight has an old result for its value.
        """
        if flight.done:
            return True
        if not isinstance(error, Exception) or passes_through(error):
            self.abandon(flight)
            return True
        now = self.now()
        with self._lock:
            self._load_errors += 1
            self._load_seconds += now - flight.began
            old = flight.fallback
            rescued = old is not None and end_of(old) > now and not flight.is_fenced
            if isinstance(error, self.settings.cache_errors) and not (rescued or flight.is_fenced):
                self._keep(self._failure(flight, error, now), now)
            if old is not None and rescued:
                self._stale += 1
                waiters = self._end(flight).finish(old[VALUE])
            else:
                waiters = self._end(flight).finish(error=error)
            trash = self.store.take_trash()
        wake(waiters)
        del trash
        if rescued:
            self._tell_of(error)
        return not rescued

    def abandon(self, flight: Flight) -> None:
        """End a load that came to nothing; one of those who wait begins anew."""
        with self._lock:
            if flight.done:
                return
            waiters = self._end(flight).abandon()
        wake(waiters)

    def leave(self, flight: Flight, waiter: Waiter) -> bool:
        """Have a task wait no longer; whether nobody is left, and the load is to be cancelled."""
        with self._lock:
            if flight.waiters is not None and waiter in flight.waiters:
                flight.waiters.remove(waiter)
            if flight.done or flight.waiters or flight.in_background:
                return False
            self._fence(flight)
            return True

    def joined(self) -> None:
        """Count a call that was served by another one's load."""
        with self._lock:
            self._coalesced += 1

    def copied(self, value: Any) -> Any:
        """What to hand out of *value*, which others may hold as well."""
        return value if self._copy is None else self._copy(value)

    # Changes

    def put(
        self, key: Hashable, names: tuple[str, ...], value: Any, life: float | None = None
    ) -> None:
        """Keep *value* as if the function had just returned it.

        Args:
            life: Seconds that it is good for; `None` for what the settings say.
        """
        now = self.now()
        entry = self._entry(key, names, value, now, life)
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None:
                self._fence(flight)
            if entry is None:
                self.store.drop(key, INVALIDATED)
            else:
                self._keep(entry, now)
            trash = self.store.take_trash()
        del trash

    def look(self, key: Hashable) -> Entry | None:
        """The entry of *key* if it is good for being served; this counts as a call."""
        with self._lock:
            now = self.now()
            entry = self.store.entries.get(key)
            if not switch.blocks and _use_of(entry, now) in {_FRESH, _RENEWED}:
                return None if entry is None else self._served(entry, now)
            self._misses += 1
            return None

    def forget(self, key: Hashable) -> int:
        """Drop the entry of *key*, and keep nothing that is being loaded for it."""
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None:
                self._fence(flight)
            count = self.store.drop_all([key], INVALIDATED, self.now())
            trash = self.store.take_trash()
        del trash
        return count

    def invalidate(self, wanted: Wanted) -> int:
        """Drop what carries a wanted name, and keep nothing of the kind that is being loaded."""
        with self._lock:
            count = self.store.drop_all(self._keys_named(wanted), INVALIDATED, self.now())
            for flight in list(self._flights.values()):
                if self._may_carry(flight, wanted):
                    self._fence(flight)
            trash = self.store.take_trash()
        del trash
        return count

    def clear(self) -> int:
        """Drop everything, and keep nothing that is being loaded; how much was of use."""
        with self._lock:
            count = self.store.size(self.now())
            for flight in list(self._flights.values()):
                self._fence(flight)
            self.store.clear()
            trash = self.store.take_trash()
        del trash
        return count

    def holds(self, wanted: Wanted) -> bool:
        """Whether an entry that carries a wanted name is still good."""
        with self._lock:
            now = self.now()
            found = (self.store.entries.get(key) for key in self._keys_named(wanted))
            return any(_use_of(entry, now) is not _NONE for entry in found)

    def resize(self, max_size: int | None) -> None:
        """Hold so many entries at the most."""
        with self._lock:
            self.store.resize(max_size, self.now())
            trash = self.store.take_trash()
        del trash

    def switch_off(self) -> None:
        """Have hits find nothing; what there is stays aside."""
        with self._lock:
            self.store.switch_off()

    def switch_on(self) -> None:
        """Have hits find again what was put aside."""
        with self._lock:
            self.store.switch_on()

    def hits_of(self, key: Hashable) -> int | None:
        """How often the entry of *key* was asked for; `None` if there is none."""
        entry = self.store.entries.get(key)
        return None if entry is None else entry[HITS]

    def after_fork(self) -> None:
        """Forget the loads of threads and loops that did not come along."""
        self._lock = RLock()
        self._flights.clear()

    # Looking

    def info(self) -> CacheInfo:
        """The figures so far."""
        with self._lock:
            store = self.store
            return CacheInfo(
                hits=store.hits(),
                misses=self._misses,
                loads=self._loads,
                load_errors=self._load_errors,
                coalesced=self._coalesced,
                stale=self._stale,
                removed=dict(store.removed),
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
        entry[HITS] += 1
        details: Details | None = entry[DETAILS]
        if details is not None and not details.failed and details.fresh_until <= now:
            self._stale += 1
        return entry  # type: ignore[no-any-return]

    def _fence(self, flight: Flight) -> None:
        flight.is_fenced = True
        self._end(flight)

    def _end(self, flight: Flight) -> Flight:
        if self._flights.get(flight.key) is flight:
            del self._flights[flight.key]
        return flight

    def _keep(self, entry: Entry, now: float) -> None:
        if switch.blocks:
            return
        if self._ended:
            self._drop_ended()
        self._has_odd_keys = self._has_odd_keys or type(entry[KEY]) is tuple
        self.store.put(entry, now)

    def _entry(
        self,
        key: Hashable,
        names: tuple[str, ...],
        value: Any,
        now: float,
        life: float | None = None,
    ) -> Entry | None:
        """An entry for *value*, or `None` if it is not to be kept.  Runs without the lock."""
        if type(value) in _ONCE:
            raise UncacheableResultError(
                f"{self.function}() returned a {type(value).__name__}, which can be used only once "
                "and so can't be kept; return a list, or decorate the function that makes its items"
                + (" (or write `async def`)" if type(value) is CoroutineType else ""),
                function=self.function,
            )
        settings = self.settings
        if settings.cache_if is not None and not settings.cache_if(value):
            return None
        if life is None:
            life = self._life if self._life is not None else settings.life_of(value)
        if self._naming.of_result:
            names = (*names, *self._naming.named_by_result(value))
        if self._rules.has_ttl:
            life = min(life, self._rules.ttl_of([*names, *self._entity_names(key)]))
        if life <= 0:
            return None
        if not names and self._is_simple:
            return [value if self._copy is None else self._copy(value), now + life, 0, 0, key, None]
        return self._detailed(key, names, value, now, life)

    def _detailed(
        self, key: Hashable, names: tuple[str, ...], value: Any, now: float, life: float
    ) -> Entry | None:
        settings = self.settings
        weight = 0
        if settings.max_bytes is not None:
            weight = (settings.weigh or weight_of)(value)
            if weight > settings.max_bytes:
                return None
        life *= 1 - settings.jitter * random() if settings.jitter else 1  # noqa: S311 - no secret
        fresh_until = now + life
        stale_until = fresh_until + settings.stale_for  # type: ignore[operator]
        error_until = fresh_until + settings.stale_on_error  # type: ignore[operator]
        deadline = fresh_until
        if settings.refresh_ahead and life < math.inf:
            deadline -= life * settings.refresh_ahead
        details = None
        if names or weight or not (deadline == stale_until == error_until):
            details = Details(
                fresh_until=fresh_until,
                stale_until=stale_until,
                error_until=error_until,
                names=tuple(dict.fromkeys(names)),
                weight=weight,
            )
        return new_entry(self.copied(value), deadline, key, details)

    def _failure(self, flight: Flight, error: Exception, now: float) -> Entry:
        until = now + self.settings.error_ttl  # type: ignore[operator]
        details = Details(
            fresh_until=until,
            stale_until=_NEVER,
            error_until=_NEVER,
            names=tuple(dict.fromkeys(flight.names)),
            failed=True,
        )
        return new_entry(fresh_error(error), _NEVER, flight.key, details)

    def _entity_names(self, key: Hashable) -> list[str]:
        if not self._naming.entities:
            return []
        return self._naming.named_by_parts(self._keys.split(key))

    def _all_names(self, entry: Entry) -> list[str]:
        details: Details | None = entry[DETAILS]
        names = () if details is None else details.names
        return [*names, *self._entity_names(entry[KEY])]

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
            if any(map(wanted.matches, self._entity_names(key))):
                yield key

    def _may_carry(self, flight: Flight, wanted: Wanted) -> bool:
        if self._naming.of_result:  # nobody knows before it is there
            return True
        return any(map(wanted.matches, (*flight.names, *self._entity_names(flight.key))))

    def _on_end(self, token: Token) -> None:
        """Drop the entries of an instance that died.  Runs wherever garbage is collected."""
        self._ended.append(token)
        lock: Any = self._lock
        # In the midst of a change of ours, or of another thread's, the next change does it.
        if lock._is_owned() or not lock.acquire(blocking=False):  # noqa: SLF001 - as Condition does
            return
        try:
            self._drop_ended()
            trash = self.store.take_trash()
        finally:
            lock.release()
        del trash

    def _drop_ended(self) -> None:
        while self._ended:
            keys = self.store.owned.get(self._ended.popleft(), ())
            for key in list(keys):
                self.store.drop(key, COLLECTED)

    def _tell_of(self, error: Exception) -> None:
        emit(
            Signal(
                kind="cache.refresh_failed",
                source=self.name,
                facts={"error": type(error).__qualname__},
            )
        )


# What an entry is good for.  Compared by identity, and no enum: its members cost 60 ns a look-up.
_NONE: Final = object()
_FRESH: Final = object()
_RENEWED: Final = object()
"""To be served while one caller loads anew."""
_RESCUE: Final = object()
"""To be served if loading anew fails."""


def _use_of(entry: Entry | None, now: float) -> object:
    if entry is None:
        return _NONE
    if entry[DEADLINE] > now:
        return _FRESH
    details: Details | None = entry[DETAILS]
    if details is None:
        return _NONE
    if details.failed:
        return _FRESH if details.fresh_until > now else _NONE
    if details.fresh_until > now or details.stale_until > now:
        return _RENEWED
    return _RESCUE if details.error_until > now else _NONE


def plain_keys(text: str) -> list[Hashable]:
    """The text and the whole number that are written like this."""
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS:
        number = int(text)
        return [text, number] if str(number) == text else [text]
    return [text]


def fresh_error(error: Exception) -> Exception:
    """A copy to raise: what is raised twice collects tracebacks, and keeps their frames alive."""
    try:
        twin: Exception = copy(error)
    except Exception as problem:  # its class takes other arguments than it shows
        if passes_through(problem):
            raise
        return error
    if type(twin) is not type(error):
        return error
    twin.__cause__ = error.__cause__
    twin.__suppress_context__ = error.__suppress_context__
    return twin
