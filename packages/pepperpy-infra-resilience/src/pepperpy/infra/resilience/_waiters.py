"""Permits of a `Bulkhead`, and those who wait for one."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future


class Permit:
    """What a call holds while it runs.  One that is dropped, by an interrupt, is made anew."""

    __slots__ = ("__weakref__", "era")

    def __init__(self, era: object) -> None:
        self.era: object = era
        """Of its bulkhead; a permit of before a fork is worth nothing after it."""


class Waiter:
    """Somebody in the queue.  Its flags are guarded by the bulkhead's lock."""

    __slots__ = ("gone", "permit")

    def __init__(self) -> None:
        self.permit: Permit | None = None
        self.gone = False

    def wake(self) -> bool:
        """Let it go on; false if it cannot any more."""
        raise NotImplementedError


class ThreadWaiter(Waiter):
    __slots__ = ("_gate",)

    def __init__(self) -> None:
        super().__init__()
        self._gate = Lock()
        self._gate.acquire()

    def wait(self, patience: float | None) -> None:
        self._gate.acquire(timeout=-1 if patience is None else patience)

    def wake(self) -> bool:
        if self._gate.locked():
            self._gate.release()
        return True


class TaskWaiter(Waiter):
    __slots__ = ("_loop", "future")

    def __init__(self, loop: AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self.future: Future[None] = loop.create_future()

    def wake(self) -> bool:
        import asyncio

        try:
            here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            here = False
        if here:
            if self.future.done():  # cancelled, or out of patience, and about to find out
                return False
            self.give_up()
            return True
        try:
            self._loop.call_soon_threadsafe(self.give_up)
        except RuntimeError:  # its loop is closed
            return False
        return True

    def give_up(self) -> None:
        """End the waiting; whether there is a permit is for the flags to say."""
        if not self.future.done():
            self.future.set_result(None)
