"""Calls of plain functions: who loads, who waits, in threads."""

from __future__ import annotations

from threading import get_ident
from typing import TYPE_CHECKING, Any, Final

from ._failures import value_of
from ._flights import enter, waiting_for
from ._memo import is_busy_here

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ._flights import Flight
    from ._loading import LoadingMemo

_NAMES: Final = ("begin", "failed", "dropped", "rescued")


class ThreadDriver:
    """What the wrapper of a plain function calls when there was no hit.

    The *mark* is a list of the wrapper's own.  It holds the flight that the wrapper leads from
    before anybody else can see it, since an interrupt may come between any two steps, and a flight
    that nobody ends would keep its key for ever.
    """

    def __init__(self, memo: LoadingMemo, func: Callable[..., Any]) -> None:
        self._memo = memo
        self._func = func

    @property
    def names(self) -> dict[str, object]:
        """What the wrapper calls."""
        own = {name: getattr(self, name) for name in _NAMES}
        return {**own, "loaded": self._memo.loaded, "enter": enter}

    def begin(
        self, mark: list[Flight], key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any] | None:
        """A result, after a wait if somebody is loading it, or `None` for the caller to load it."""
        memo = self._memo
        if key.__class__ is not int and key.__class__ is not str:
            key = memo.settle(key, args)
        names = memo.names_of(key, args, kwargs) if memo.has_names else ()
        while True:
            flight, leads, entry = memo.begin(key, names, None, mark)
            if leads:
                enter(flight)
                return None if flight is None or memo.tier is None else self._recalled(flight)
            if entry is not None:
                return (memo.copied(value_of(entry)),)
            if flight is None:
                return None
            if not self._waits(flight):
                enter(memo.begin_aside(flight, mark))
                return None
            if not flight.abandoned:
                return (memo.take(flight),)

    def _recalled(self, flight: Flight) -> tuple[Any] | None:
        """What the tier below has, if it has it; it is the flight's result then."""
        memo = self._memo
        found = None if memo.tier is None else memo.tier.recall(memo, flight)
        if found is None:
            return None
        memo.recalled(flight, found)
        enter(flight.outer)
        return (memo.copied(found.value),)

    @staticmethod
    def _waits(flight: Flight) -> bool:
        """Wait for *flight*, unless that would be for ever."""
        # A load of this very thread's goes on when we return, whatever the context; and who was
        # called in the midst of a change, by a finaliser say, would keep its lock.
        if flight.thread == get_ident() or is_busy_here():
            return False
        with waiting_for(flight) as may:
            if may:
                gate = flight.gate
                if gate is not None:
                    with gate:
                        pass
        return may

    def failed(self, mark: list[Flight], error: BaseException) -> bool:
        """Take the failure; whether the caller gets it, and not what is `rescued`."""
        if not mark:
            return True
        flight = mark[0]
        enter(flight.outer)
        return self._memo.failed(flight, error)

    def dropped(self, mark: list[Flight]) -> None:
        """Let go of what the wrapper leads, if anything."""
        for flight in mark:
            self._memo.abandon(flight)

    def rescued(self, mark: list[Flight]) -> Any:
        """The old result in place of a failure."""
        return self._memo.take(mark[0], leads=True)

    def refresh(self, key: Hashable, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Load, whatever is there."""
        memo = self._memo
        mark: list[Flight] = []
        try:
            flight, _, _ = memo.begin(key, memo.names_of(key, args, kwargs), None, mark, anew=True)
            if flight is not None:
                enter(flight)
                if memo.tier is not None:
                    memo.tier.recall(memo, flight)
            value = self._func(*args, **kwargs)
            if mark:
                memo.loaded(mark[0], value)
                enter(mark[0].outer)
        except BaseException as error:
            try:
                self.failed(mark, error)
            except BaseException:  # interrupted once more
                self.dropped(mark)
                raise
            raise
        return value
