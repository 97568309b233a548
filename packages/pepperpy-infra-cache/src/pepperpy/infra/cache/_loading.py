"""What is to be done about a call that is no plain hit, and what came of it.

A `LoadingMemo` knows no event loop and never calls the function: it says what to do, and is told
what came of it.  `_threads` and `_tasks` do it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pepperpy.infra.utils import Signal, emit, passes_through

from ._entry import VALUE, Entry, end_of
from ._failures import fresh_error
from ._flights import Flight, wake
from ._memo import Memo
from ._switch import switch
from ._uses import FRESH, NONE, RENEWED, RESCUE, use_of

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ._flights import Waiter
    from ._tier import Found

Step: TypeAlias = "tuple[Flight | None, bool, Entry | None]"
"""What is to be done about a call: a flight, whether it is the caller's to make, and an entry to
serve.  With neither flight nor entry the call has nothing to do with the cache."""

ALONE: Final[Step] = (None, False, None)


class LoadingMemo(Memo):
    """A memo that is filled by the calls that miss."""

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
            if self.tier is not None:
                flight.may_recall = use in {NONE, RESCUE} and not anew
                flight.is_anew = anew
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
        kept = self._to_keep(entry, value, now, flight.ticket)
        try:
            self._pass_down(kept, self._land(flight, value, entry, now, 1))
        finally:
            flight.let_go()

    def recalled(self, flight: Flight, found: Found) -> None:
        """Take what a lower tier has kept, as if it was loaded."""
        now = self.now()
        entry = self.keeping.entry(flight.key, flight.names, found.value, now, found.life)
        self._land(flight, found.value, entry, now, 0)

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
            flight.let_go()
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
            flight.let_go()

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

    def _is_joinable(self, flight: Flight, waiter: Waiter | None) -> bool:
        """Runs under the lock."""
        if flight.is_fenced or flight.done:
            return False
        return flight.loop is None or flight.is_reliable(None if waiter is None else waiter[0])

    def _tell_of(self, error: Exception) -> None:
        """Takes no lock."""
        emit(
            Signal(
                kind="cache.refresh_failed",
                source=self.name,
                facts={"error": type(error).__qualname__},
            )
        )
