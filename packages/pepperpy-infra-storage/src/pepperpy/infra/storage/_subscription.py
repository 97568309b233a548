"""Changes as a server tells them, while anybody watches in one event loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING

from ._entry import Change
from ._watch import Watchers

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from ._errors import WatchLostError
    from ._watch import Watch


class Subscription(ABC):
    """A connection of its own to a server that tells of changes, for as long as anybody watches.

    What the server tells while there is no connection is gone, so its loss ends every watch with an
    error.
    """

    def __init__(self) -> None:
        self._watchers = Watchers()
        self._task: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[None] | None = None
        self.starting: asyncio.Future[None] | None = None
        """Is there until the server has confirmed that it will tell."""

    def watch(self, prefix: str) -> Watch:
        """Changes of keys that begin so."""
        import asyncio

        if self._task is None:
            loop = asyncio.get_running_loop()
            self._ready = self.starting = loop.create_future()
            self._task = loop.create_task(self._follow())
        return self._watchers.add(prefix, self._ready)

    async def close(self) -> None:
        """End all watches, as the store is let go of."""
        import asyncio

        task, self._task = self._task, None
        try:
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        finally:
            self._confirm()  # a task that is cancelled before its first step confirms nothing
            self._watchers.end()

    @abstractmethod
    async def listen(self, confirm: Callable[[], None]) -> None:
        """Tell the watchers while they are `wanted`; *confirm* is called when the server listens."""

    @abstractmethod
    def lost(self, error: Exception) -> WatchLostError:
        """The error for those who watch, when `listen` raised one."""

    def tell(self, version: int, key: bytes) -> None:
        """Tell the watchers of a write, or with 0 of a deletion; what is no key is passed over."""
        with suppress(UnicodeDecodeError):  # others may say what they like on the channel
            text = key.decode()
            if text:
                self._watchers.tell([Change(text, "set" if version else "delete", version)])

    def wanted(self) -> bool:
        """Whether anybody watches; if not, the next who does begins anew."""
        if self._watchers.any():
            return True
        self._task = None
        return False

    async def _follow(self) -> None:
        import asyncio

        try:
            await self.listen(self._confirm)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who watch are told
            self._watchers.fail(self.lost(error))
        finally:
            if self._task is asyncio.current_task():
                self._task = None
                self._confirm()

    def _confirm(self) -> None:
        starting, self.starting = self.starting, None
        if starting is not None and not starting.done():
            starting.set_result(None)
