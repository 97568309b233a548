"""Speaking to servers from event loops: what belongs to one loop, and how long a caller waits."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from pepperpy.infra.utils import ForkSafeLock, deadline, register_after_fork, running_loop

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from ._errors import StorageTimeoutError


class Closing(Protocol):
    """Has something to close, in its own loop."""

    async def close(self) -> None:
        """Close it; twice is harmless."""
        ...


T = TypeVar("T", bound=Closing)
R = TypeVar("R")


class PerLoop(Generic[T]):
    """One object for each event loop that asks.

    A loop that ends in order (`asyncio.run` does that) closes its own, so that connections do not
    outlive it.  A forked child makes new ones, and leaves those of its parent alone.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = ForkSafeLock()
        self._made: dict[asyncio.AbstractEventLoop, tuple[T, AsyncGenerator[None]]] = {}
        self._inherited: list[object] = []  # closing them would speak on the parent's sockets
        register_after_fork(self)

    def after_fork(self) -> None:
        """The connections belong to the parent."""
        self._inherited.append(self._made)
        self._made = {}

    def get(self) -> T:
        """That of the running loop."""
        loop = running_loop()
        found = None if loop is None else self._made.get(loop)
        return self._new(loop) if found is None else found[0]

    def _new(self, loop: asyncio.AbstractEventLoop | None) -> T:
        if loop is None:
            raise RuntimeError("a server is spoken to from an event loop, or through .sync")
        made = self._make()
        ending = self._ending(loop, made)
        with suppress(StopIteration):
            # Its first step tells the loop of it: loops close their generators when they end.
            ending.__anext__().send(None)
        with self._lock:
            self._made = {each: pair for each, pair in self._made.items() if not each.is_closed()}
            self._made[loop] = (made, ending)
        return made

    async def _ending(self, loop: asyncio.AbstractEventLoop, made: T) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            with self._lock:
                self._made.pop(loop, None)
            await made.close()

    async def close(self) -> None:
        """Close all of them, each in its own loop; those whose loop runs no more are let go."""
        import asyncio

        here = running_loop()
        while pair := self._pop():  # what a cancelled call leaves there is for the next one
            loop, ending = pair
            if loop is here:
                await ending.aclose()
            elif loop.is_running():
                future = asyncio.run_coroutine_threadsafe(_finish(ending), loop)
                await asyncio.wrap_future(future)

    def _pop(self) -> tuple[asyncio.AbstractEventLoop, AsyncGenerator[None]] | None:
        with self._lock:
            if not self._made:
                return None
            loop, (_, ending) = self._made.popitem()
            return loop, ending


async def _finish(ending: AsyncGenerator[None]) -> None:
    await ending.aclose()


async def before_deadline(work: Awaitable[R], slow: Callable[[float], StorageTimeoutError]) -> R:
    """What *work* gives, if that comes before the caller's `deadline`.

    Raises:
        StorageTimeoutError: As *slow* makes it, of the seconds that were left.
    """
    left = deadline.remaining()
    if left is None:
        return await work
    import asyncio

    limit = asyncio.timeout(left)
    try:
        async with limit:
            return await work
    except TimeoutError:
        if limit.expired():
            raise slow(left) from None
        raise
