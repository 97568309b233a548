"""Calls of plain functions: who loads, who waits, in threads."""

from __future__ import annotations

from threading import get_ident
from typing import TYPE_CHECKING, Any

from ._entry import DETAILS, VALUE
from ._flights import enter, waiting_for
from ._memo import fresh_error

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ._entry import Entry
    from ._flights import Flight
    from ._memo import Memo


class ThreadDriver:
    """What the wrapper of a plain function calls when there was no hit.

    The *mark* is a list of the wrapper's own.  It holds the flight that the wrapper leads from
    before anybody else can see it, since an interrupt may come between any two steps, and a flight
    that nobody ends would keep its key for ever.
    """

    def __init__(self, memo: Memo, func: Callable[..., Any]) -> None:
        self._memo = memo
        self._func = func

    @property
    def names(self) -> dict[str, object]:
        """What the wrapper calls."""
        return {name: getattr(self, name) for name in ("begin", "loaded", "failed", "rescued")}

    def begin(
        self, mark: list[Flight], key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any] | None:
        """A result, after a wait if somebody is loading it, or `None` for the caller to load it."""
        memo = self._memo
        settled = memo.settle(key, args)
        names = memo.names_of(settled, args, kwargs)
        while True:
            flight, leads, entry = memo.begin(settled, names, None, mark=mark)
            if entry is not None:
                return (memo.copied(value_of(entry)),)
            if flight is None:
                return None
            if leads:
                enter(flight)
                return None
            if flight.thread == get_ident():
                return None  # it waits for itself, in a context of its own
            with waiting_for(flight) as may:
                if not may:
                    return None
                if flight.event is not None:
                    flight.event.wait()
            if flight.abandoned:
                continue
            if flight.error is not None:
                raise flight.error
            memo.joined()
            return (memo.copied(flight.value),)

    def loaded(self, mark: list[Flight], value: Any) -> Any:
        """Take the result, which is what the caller gets."""
        if mark:
            flight = mark[0]
            self._memo.loaded(flight, value)
            enter(flight.outer)
        return value

    def failed(self, mark: list[Flight], error: BaseException) -> bool:
        """Take the failure; whether the caller gets it, and not what is `rescued`."""
        if not mark:
            return True
        flight = mark[0]
        enter(flight.outer)
        return self._memo.failed(flight, error)

    def rescued(self, mark: list[Flight]) -> Any:
        """The old result in place of a failure."""
        return self._memo.copied(mark[0].value)

    def refresh(self, key: Hashable, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Load, whatever is there."""
        memo = self._memo
        mark: list[Flight] = []
        try:
            flight, _, _ = memo.begin(
                key, memo.names_of(key, args, kwargs), None, mark=mark, anew=True
            )
            if flight is not None:
                enter(flight)
            return self.loaded(mark, self._func(*args, **kwargs))
        except BaseException as error:
            self.failed(mark, error)
            raise


def value_of(entry: Entry) -> Any:
    """What is kept in *entry*.

    Raises:
        Exception: If that is an error.
    """
    details = entry[DETAILS]
    if details is not None and details.failed:
        raise fresh_error(entry[VALUE])
    return entry[VALUE]
