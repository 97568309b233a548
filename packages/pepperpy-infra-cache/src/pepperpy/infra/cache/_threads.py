"""Calls of plain functions: who loads, who waits, in threads."""

from __future__ import annotations

from threading import get_ident
from typing import TYPE_CHECKING, Any

from ._entry import DETAILS, VALUE
from ._flights import Flight, enter, leave, waiting_for
from ._memo import fresh_error

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ._entry import Entry
    from ._memo import Memo


class Lead:
    """The right, and the duty, to load; or what needs no load.

    Whoever loses it without a word gives it back: an interrupt may come between any two steps.
    """

    __slots__ = ("_flight", "_memo", "_outer", "served", "value")

    def __init__(self, memo: Memo, flight: Flight | None, value: Any = None) -> None:
        self._memo = memo
        self._flight = flight
        self.served = False
        self.value = value
        if flight is not None:
            self._outer = flight.outer
            enter(flight)

    def loaded(self, value: Any) -> Any:
        """Take the result; what the caller gets."""
        if self._flight is not None:
            self._memo.loaded(self._flight, value)
            leave(self._outer)
        return value

    def failed(self, error: BaseException) -> bool:
        """Take the failure; whether the caller gets it, and not `value`."""
        flight = self._flight
        if flight is None:
            return True
        leave(self._outer)
        if self._memo.failed(flight, error):
            return True
        self.value = self._memo.copied(flight.value)
        return False

    def __del__(self) -> None:
        flight = self._flight
        if flight is not None and not flight.done:
            self._memo.abandon(flight)


class ThreadDriver:
    """What the wrapper of a plain function calls when there was no hit."""

    def __init__(self, memo: Memo, func: Callable[..., Any]) -> None:
        self._memo = memo
        self._func = func

    def begin(self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Lead:
        """Serve the call, after a wait if somebody is loading, or let it load."""
        memo = self._memo
        settled = memo.settle(key, args)
        names = memo.names_of(settled, args, kwargs)
        while True:
            step = memo.begin(settled, names, None)
            if step.entry is not None:
                return self._serve(value_of(step.entry))
            flight = step.flight
            if flight is None or step.leads:
                return Lead(memo, flight)
            if flight.thread == get_ident():
                return Lead(memo, None)  # it waits for itself, in a context of its own
            with waiting_for(flight) as may:
                if not may:
                    return Lead(memo, None)
                if flight.event is not None:
                    flight.event.wait()
            if flight.abandoned:
                continue
            if flight.error is not None:
                raise flight.error
            memo.joined()
            return self._serve(flight.value)

    def refresh(self, key: Hashable, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Load, whatever is there."""
        memo = self._memo
        step = memo.begin(key, memo.names_of(key, args, kwargs), None, anew=True)
        lead = Lead(memo, step.flight)
        try:
            return lead.loaded(self._func(*args, **kwargs))
        except BaseException as error:
            lead.failed(error)
            raise

    def _serve(self, value: Any) -> Lead:
        lead = Lead(self._memo, None, self._memo.copied(value))
        lead.served = True
        return lead


def value_of(entry: Entry) -> Any:
    """What is kept in *entry*.

    Raises:
        Exception: If that is an error.
    """
    details = entry[DETAILS]
    if details is not None and details.failed:
        raise fresh_error(entry[VALUE])
    return entry[VALUE]
