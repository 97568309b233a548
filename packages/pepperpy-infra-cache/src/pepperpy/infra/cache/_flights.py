"""Loads under way, who waits for them, and how nobody waits for himself."""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial
from threading import Event, get_ident
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pepperpy.infra.utils import ForkSafeLock

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from ._entry import Entry

    Waiter: TypeAlias = tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]

_LOOKED_AFTER: Final = 1.0
"""Seconds after which a task looks whether the loop that it waits for is still running."""


class Flight:
    """One load of one key.

    Its first half, until ``done``, is guarded by the lock of the cache that began it; what it waits
    for, by the lock of this module.
    """

    # As attributes of the class, what few flights need costs the others nothing.
    in_background = False
    """Whether it goes on with nobody waiting."""
    is_fenced = False
    """Whether its result must not be kept, as its key was invalidated meanwhile."""
    done = False
    abandoned = False
    """Whether it ended with neither a value nor an error to share."""
    value: Any = None
    error: Exception | None = None
    event: Event | None = None
    """For threads; made by the first of them that waits."""
    loop: asyncio.AbstractEventLoop | None = None
    task: asyncio.Task[None] | None = None
    waiters: list[Waiter] | None = None
    waits_for: Sequence[Flight] = ()

    def __init__(
        self, key: Hashable, names: tuple[str, ...], began: float, fallback: Entry | None
    ) -> None:
        self.key = key
        self.names = names
        """Those that the arguments give."""
        self.began = began
        self.fallback = fallback
        """An old entry, for if this fails."""
        self.thread = get_ident()
        self.outer = _under_way.get()
        if self.outer is not None and self.outer.done:
            self.outer = _innermost()

    def is_reliable(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether it goes on by itself while somebody in *loop* waits for it."""
        own = self.loop
        return own is None or own is loop or (own.is_running() and not own.is_closed())

    def wait_with(self, waiter: Waiter | None) -> None:
        """Have a task wait with *waiter*, or a thread by `event`."""
        if waiter is not None:
            if self.waiters is None:
                self.waiters = []
            self.waiters.append(waiter)
        elif self.event is None:
            self.event = Event()

    def finish(self, value: Any = None, error: Exception | None = None) -> Sequence[Waiter]:
        """Note the outcome, wake threads, and tell which tasks are to be woken."""
        self.value, self.error, self.done = value, error, True
        return self._wake()

    def abandon(self) -> Sequence[Waiter]:
        """End it without an outcome: one of those who wait begins anew."""
        self.abandoned = self.done = True
        return self._wake()

    def _wake(self) -> Sequence[Waiter]:
        if self.event is not None:
            self.event.set()
        waiters, self.waiters = self.waiters or (), None
        # A context may keep this object for long.
        self.fallback = None
        if self.outer is not None:
            self.outer = next(self.outer.chain(), None)
        return waiters

    def chain(self) -> Iterator[Flight]:
        """This and the loads in whose midst it began, as far as they are still under way."""
        flight: Flight | None = self
        while flight is not None:
            if not flight.done:
                yield flight
            flight = flight.outer

    def reaches(self, ends: set[Flight]) -> bool:
        """Whether it waits, directly or not, for one of *ends*."""
        seen: set[Flight] = set()
        ahead = [self]
        while ahead:
            flight = ahead.pop()
            if flight in ends:
                return True
            if flight not in seen:
                seen.add(flight)
                ahead.extend(flight.waits_for)
        return False


_under_way: ContextVar[Flight | None] = ContextVar("pepperpy.cache.flight", default=None)
_graph = ForkSafeLock()


def _innermost() -> Flight | None:
    """The load in whose midst the caller is."""
    flight = _under_way.get()
    while flight is not None and flight.done:
        flight = flight.outer
    return flight


def _chain_here() -> list[Flight]:
    innermost = _innermost()
    return [] if innermost is None else list(innermost.chain())


def enter(flight: Flight | None) -> None:
    """Have this context be in the midst of *flight*."""
    _under_way.set(flight)


class waiting_for:  # noqa: N801 - reads as a verb: `with waiting_for(flight) as may:`
    """A block that waits for *flight*, unless that would be for ever.

    Gives False where *flight* waits for a load in whose midst the caller is, and so for the caller.
    """

    __slots__ = ("_chain", "_flight")

    def __init__(self, flight: Flight) -> None:
        self._flight = flight
        self._chain = _chain_here()

    def __enter__(self) -> bool:
        if not self._chain:
            return True
        with _graph:
            if self._flight.reaches(set(self._chain)):
                self._chain = []
                return False
            for flight in self._chain:
                flight.waits_for = [*flight.waits_for, self._flight]
        return True

    def __exit__(self, *_: object) -> None:
        if self._chain:
            with _graph:
                for flight in self._chain:
                    left = list(flight.waits_for)
                    left.remove(self._flight)
                    flight.waits_for = left


async def wait_in_task(flight: Flight, waiter: Waiter) -> bool:
    """Wait until *flight* is done; False where the loop that it runs in has ended before."""
    loop, future = waiter
    if flight.loop is loop:
        await future
        return True
    import asyncio

    while not future.done():
        await asyncio.wait([future], timeout=_LOOKED_AFTER)
        if not (future.done() or flight.is_reliable(loop)):
            return False
    return True


def wake(waiters: Sequence[Waiter]) -> None:
    """Let tasks go on, in whichever loop they are."""
    if not waiters:
        return
    from asyncio import _get_running_loop

    here = _get_running_loop()
    for loop, future in waiters:
        if loop is here:
            _resolve(future)
        else:
            call_in(loop, partial(_resolve, future))


def call_in(loop: asyncio.AbstractEventLoop, func: Callable[[], object]) -> None:
    """Have *func* called in *loop*, if there is still somebody to be called."""
    try:
        loop.call_soon_threadsafe(func)
    except RuntimeError:  # it is closed, and its tasks are gone
        return


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
