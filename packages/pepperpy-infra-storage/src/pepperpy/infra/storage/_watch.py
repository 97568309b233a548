"""Changes as they happen, told to whoever watches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self

from pepperpy.infra.utils import Weakly

from ._keys import check_prefix

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable
    from types import TracebackType

    from ._entry import Change


class Watch:
    """Changes of keys, for one task.

    They come in the order in which they happened, but for those that a look at a file finds together.
    It watches from the moment when it is made; where a server has to be told first, from the
    beginning of an ``async with`` block.  It ends when it is closed, by the end of that block too.
    No more than one change for each key waits to be read.

    Raises:
        WatchLostError: While it is read, if changes may have been missed.
    """

    def __init__(self, prefix: str, ready: asyncio.Future[None] | None = None) -> None:
        import asyncio

        self._prefix = check_prefix(prefix)
        self._ready = ready
        self._failure: Exception | None = None
        self._cut = 0
        # Touched by the loop alone.
        self._waiting: dict[str, Change] = {}
        self._closed = False
        self._more = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()

    def tell(self, changes: Iterable[Change]) -> None:
        """Take in what happened; from any thread."""
        if self._closed:
            return
        wanted = [change for change in changes if change.key.startswith(self._prefix)]
        if not wanted:
            return
        try:
            self._loop.call_soon_threadsafe(self._take, wanted)
        except RuntimeError:  # its loop is closed, and nobody can be waiting
            self._closed = True

    def _take(self, changes: list[Change]) -> None:
        for change in changes:
            self._waiting.pop(change.key, None)  # so that it stands at its end
            self._waiting[change.key] = change
        self._more.set()

    def without(self, prefix: str) -> Self:
        """Tell keys without this beginning, which all of them have."""
        self._cut += len(prefix)
        return self

    def close(self) -> None:
        """Watch no more; whoever waits is told the rest and then stops."""
        self._closed = True
        self._more.set()

    def end(self) -> None:
        """Close it, from any thread, when all is taken in that was told."""
        try:
            self._loop.call_soon_threadsafe(self.close)
        except RuntimeError:
            self._closed = True

    def fail(self, error: Exception) -> None:
        """End it, in its loop, with an error for whoever reads it, after what waits to be read."""
        if not self._closed:
            self._failure = error
            self.close()

    @property
    def closed(self) -> bool:
        """Whether it watches no more."""
        return self._closed

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change:
        while not self._waiting:
            if self._closed:
                raise self._failure or StopAsyncIteration
            self._more.clear()
            await self._more.wait()
        change = self._waiting.pop(next(iter(self._waiting)))
        return replace(change, key=change.key[self._cut :]) if self._cut else change

    async def __aenter__(self) -> Self:
        if self._ready is not None:
            import asyncio

            await asyncio.wait([self._ready])  # which others wait for as well
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Watchers:
    """Those who watch one store.  Each is held weakly: one that nobody reads any more is gone."""

    def __init__(self) -> None:
        self._watches: Weakly[Watch] = Weakly()

    def add(self, prefix: str, ready: asyncio.Future[None] | None = None) -> Watch:
        """One more, from now on, or from when *ready* is done."""
        watch = Watch(prefix, ready)
        self._watches.add(watch)
        return watch

    def any(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self._watches.alive())

    def tell(self, changes: Iterable[Change]) -> None:
        """Tell all of them; from any thread."""
        told = list(changes)
        for watch in self._watches.alive():
            watch.tell(told)

    def fail(self, error: Exception) -> None:
        """End all of them, in their loop, since changes may have been missed."""
        for watch in self._watches.alive():
            watch.fail(error)

    def end(self) -> None:
        """End all of them; from any thread."""
        for watch in self._watches.alive():
            watch.end()
