"""Loads under way, who waits for them, and how nobody waits for himself."""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial
from threading import Lock, RLock, get_ident
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pepperpy.infra.utils import register_after_fork, running_loop

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from ._entry import Entry
    from ._tier import Ticket

    Waiter: TypeAlias = tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]

_LOOKED_AFTER: Final = 1.0
"""Seconds after which a task looks whether the loop that it waits for is still running."""


class Flight:
    """One load of one key.

    What it waits for is guarded by the lock of this module, all else by that of its memo.
    """

    # As attributes of the class, what few flights need costs the others nothing.
    in_background: bool = False
    """Whether it goes on with nobody waiting."""
    is_fenced: bool = False
    """Whether its result must not be kept, nor be given to who comes from now on."""
    is_rescued: bool = False
    """Whether its value is an old one, as it failed."""
    done: bool = False
    abandoned: bool = False
    """Whether it ended with neither a value nor an error to share."""
    fallback: Entry | None = None
    """An old entry, for if this fails."""
    may_recall: bool = False
    """Whether what a lower tier has kept is as good as what is loaded."""
    is_anew: bool = False
    """Whether somebody asked for a load whatever is there."""
    ticket: Ticket | None = None
    """What a lower tier wants to see again with the result."""
    value: Any = None
    error: Exception | None = None
    waiting: int = 0
    """How many wait for its outcome, or have not taken it yet."""
    gate: Any = None
    """A lock for threads to queue at, made by the first of them; it is let go of at the end.

    No `Event`: an interrupt in the midst of its `set` leaves waiters asleep.
    """
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
        if fallback is not None:
            self.fallback = fallback
        self.thread: int = get_ident()
        self.outer = _under_way.get()
        if self.outer is not None and self.outer.done:
            self.outer = innermost()

    def is_reliable(self, loop: asyncio.AbstractEventLoop | None) -> bool:
        """Whether it goes on by itself while somebody in *loop* waits for it."""
        own = self.loop
        return own is None or own is loop or (own.is_running() and not own.is_closed())

    def wait_with(self, waiter: Waiter | None) -> None:
        """Have a task wait with *waiter*, or a thread at the `gate`."""
        self.waiting += 1
        if waiter is not None:
            if self.waiters is None:
                self.waiters = []
            self.waiters.append(waiter)
        elif self.gate is None:
            gate = Lock()
            gate.acquire()
            self.gate = gate

    def finish(self, value: Any = None, error: Exception | None = None) -> None:
        """Note the outcome, and let threads go on; `wake` does that for tasks."""
        if self.waiting:  # contexts may keep this object for long, and should not keep the value
            self.value, self.error = value, error
        self.done = True
        if self.waiting or self.fallback is not None or self.outer is not None:
            self.release()

    def abandon(self) -> None:
        """End it without an outcome: one of those who wait begins anew."""
        self.abandoned = self.is_fenced = self.done = True
        self.release()

    def release(self) -> None:
        """Let threads go on; harmless if that was done before."""
        gate, self.gate = self.gate, None
        if gate is not None:
            gate.release()
        self.fallback = None
        if self.outer is not None:
            self.outer = next(self.outer.chain(), None)

    def let_go(self) -> None:
        """Tell the lower tier that nothing more will come of it."""
        ticket, self.ticket = self.ticket, None
        if ticket is not None:
            ticket.release()

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
        ahead: list[Flight] = [self]
        while ahead:
            flight = ahead.pop()
            if flight in ends:
                return True
            if flight not in seen:
                seen.add(flight)
                ahead.extend(flight.waits_for)
        return False


_under_way: ContextVar[Flight | None] = ContextVar("pepperpy.cache.flight", default=None)
enter: Final = _under_way.set
"""Have this context be in the midst of a flight."""
leave: Final = _under_way.reset


def innermost() -> Flight | None:
    """The load in whose midst the caller is."""
    flight = _under_way.get()
    while flight is not None and flight.done:
        flight = flight.outer
    return flight


class _Graph:
    """The lock of who waits for whom.

    It is entered without a line of Python in between, where an interrupt could leave it locked.
    """

    def __init__(self) -> None:
        self.lock = RLock()
        register_after_fork(self)

    def after_fork(self) -> None:
        self.lock = RLock()


_graph: Final = _Graph()


class waiting_for:  # noqa: N801 - reads as a verb: `with waiting_for(flight) as may:`
    """A block that waits for *flight*, unless that would be for ever.

    Gives False where *flight* waits for a load in whose midst the caller is, and so for the caller.

    Args:
        leads: Whether the caller has just begun it, so that it cannot wait for anything yet.
    """

    __slots__ = ("_flight", "_inside", "_waiting")

    def __init__(self, flight: Flight, *, leads: bool = False) -> None:
        self._flight = flight
        self._waiting: list[Flight] = []
        self._inside: set[Flight] = set()
        inner = innermost()
        if inner is None:
            return
        for each in inner.chain():
            self._waiting.append(each)
            # Who awaits a load in a task is known to wait for it; a thread just runs its own.
            if each.loop is not None:
                break
        if not leads:
            self._inside.update(inner.chain())

    def __enter__(self) -> bool:
        if not self._waiting:
            return True
        with _graph.lock:
            if self._flight.reaches(self._inside):
                self._waiting.clear()
                return False
            for flight in self._waiting:
                flight.waits_for = [*flight.waits_for, self._flight]
        return True

    def __exit__(self, *_: object) -> None:
        if not self._waiting:
            return
        with _graph.lock:
            for flight in self._waiting:
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


def wake(flight: Flight) -> None:
    """Let the tasks go on that waited, in whichever loop they are; harmless if done before."""
    waiters = flight.waiters
    if not waiters:
        return
    here = running_loop()
    for loop, future in tuple(waiters):
        if loop is here:
            _resolve(future)
        else:
            call_in(loop, partial(_resolve, future))
    flight.waiters = None


def call_in(loop: asyncio.AbstractEventLoop, func: Callable[[], object]) -> None:
    """Have *func* called in *loop*, if there is still somebody to be called."""
    try:
        loop.call_soon_threadsafe(func)
    except RuntimeError:  # it is closed, and its tasks are gone
        return


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
