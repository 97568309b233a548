"""`Bulkhead`: how many calls may run at the same time."""

from __future__ import annotations

import math
from collections import deque
from threading import RLock
from typing import TYPE_CHECKING, Final, TypeVar
from weakref import ref

from pepperpy.infra.utils import (
    Signal,
    deadline,
    emit,
    listening,
    register_after_fork,
    register_inspectable,
)

from ._errors import BulkheadFullError
from ._layers import concluded
from ._options import seconds, text, whole
from ._policy import Policy
from ._switch import OFF
from ._waiters import Permit, TaskWaiter, ThreadWaiter, Waiter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from pepperpy.infra.utils.wrapping import Kind

W = TypeVar("W", bound="Waiter")

_NO_PERMIT: Final = Permit(None)


class Bulkhead(Policy):
    """Limits how many calls run at the same time; further ones wait in the order of their coming.

    Threads and tasks of any loop share it, in one queue.  A permit is handed from the call that
    ends to the one that waits longest, and none is lost, whoever is cancelled or interrupted when.

    Args:
        max_concurrent: Calls at the same time.
        max_waiting: Calls in the queue, `None` for any number; 0 rejects instead of waiting.
        max_wait: Seconds, or a `timedelta`, in the queue; `None` waits as long as the `deadline`
            around the call allows.
        name: For errors, signals and inspection.

    Raises:
        InvalidPolicyError: If an option makes no sense.

    Examples:
        >>> limited = Bulkhead(2)(str.upper)
        >>> limited("hello")
        'HELLO'
    """

    __slots__ = (
        "_dropped",
        "_free",
        "_gone",
        "_lock",
        "_made",
        "_queue",
        "_refused",
        "era",
        "max_concurrent",
        "max_wait",
        "max_waiting",
    )

    def __init__(
        self,
        max_concurrent: int,
        *,
        max_waiting: int | None = None,
        max_wait: float | timedelta | None = None,
        name: str = "bulkhead",
    ) -> None:
        self.max_concurrent: int = whole(max_concurrent, "max_concurrent")
        self.max_waiting: int | None = max_waiting
        if max_waiting is not None:
            whole(max_waiting, "max_waiting", least=0)
        self.max_wait: float | None = None if max_wait is None else seconds(max_wait, "max_wait")
        self.name: str = text(name, "name")
        self._refused = 0
        self._free: list[Permit] = []
        self._made: dict[ref[Permit], None] = {}
        self._dropped: list[ref[Permit]] = []
        self._queue: deque[Waiter] = deque()
        self.after_fork()
        register_after_fork(self)
        register_inspectable(self)

    def __repr__(self) -> str:
        return f"Bulkhead({self.max_concurrent!r}, name={self.name!r})"

    def after_fork(self) -> None:
        """Nobody is in it: those who were, live on in the parent only."""
        # Re-entrant: the garbage collector may close a coroutine in the midst of us, which leaves.
        # It guards the queue, and what its waiters are.
        self._lock = RLock()
        self.era: object = object()
        """Whose permits are good."""
        # Both lists are the same ones for ever, since wrappers know them.  Taking a permit and
        # giving it back are atomic operations on the first, without the lock.
        self._made.clear()
        self._dropped.clear()
        self._free[:] = [self._permit() for _ in range(self.max_concurrent)]
        self._queue.clear()
        self._gone = 0
        """How many in the queue have given up."""

    # As a layer of a wrapper.

    def source(self, inner: str, kind: Kind, tag: str) -> str:
        """The lines: a permit, and its return however the call ends."""
        enter = f"await $aenter{tag}()" if kind.is_async else f"$enter{tag}()"
        admission = f"""\
try:
    $permit{tag} = $none{tag} if $off{tag} or $queue{tag} else $free{tag}.pop()
except $IndexError:
    $permit{tag} = $none{tag}
if $permit{tag} is $none{tag}:
    $permit{tag} = {enter}
"""
        leaving = f"""\
if $permit{tag}.era is $bulkhead{tag}.era:
    try:
        $free{tag}.append($permit{tag})
    finally:
        if $queue{tag}:
            $hand_over{tag}()"""
        return admission + concluded(inner, leaving)

    def names(self, tag: str) -> Mapping[str, object]:
        """What they refer to."""
        return {
            f"none{tag}": None,
            f"off{tag}": OFF,
            f"free{tag}": self._free,
            f"queue{tag}": self._queue,
            f"bulkhead{tag}": self,
            f"enter{tag}": self.enter,
            f"aenter{tag}": self.aenter,
            f"hand_over{tag}": self.hand_over,
        }

    # Permits.

    def take(self) -> Permit | None:
        """A permit, if one is free and nobody waits."""
        if OFF:
            return _NO_PERMIT
        try:
            return None if self._queue else self._free.pop()
        except IndexError:
            return None

    def enter(self) -> Permit:
        """A permit, after blocking this thread for it.

        Raises:
            BulkheadFullError: If the queue is too long, or the time is over.
        """
        if OFF:
            return _NO_PERMIT
        waiter = self._line_up(ThreadWaiter())
        patience = self._patience()
        try:
            waiter.wait(patience)
        except BaseException:
            self._abandon(waiter)
            raise
        permit = self._granted(waiter)
        if permit is None:
            raise self._full(patience)
        return permit

    async def aenter(self) -> Permit:
        """A permit, after letting other tasks run until there is one.

        Raises:
            BulkheadFullError: If the queue is too long, or the time is over.
        """
        if OFF:
            return _NO_PERMIT
        import asyncio

        loop = asyncio.get_running_loop()
        waiter = self._line_up(TaskWaiter(loop))
        patience = self._patience()
        timer = None if patience is None else loop.call_later(patience, waiter.give_up)
        try:
            await waiter.future
        except BaseException:
            self._abandon(waiter)
            raise
        finally:
            if timer is not None:
                timer.cancel()
        permit = self._granted(waiter)
        if permit is None:
            raise self._full(patience)
        return permit

    def leave(self, permit: Permit) -> None:
        """Give *permit* back: to the one that waits longest, if anybody does."""
        if permit.era is self.era:
            try:
                self._free.append(permit)
            finally:
                if self._queue:
                    self.hand_over()

    def hand_over(self) -> None:
        """Give what is free to those who wait."""
        with self._lock:
            self._hand_over()

    # The steps.

    def _permit(self) -> Permit:
        permit = Permit(self.era)
        # Told of by a method in C: an interrupt cannot come in there.
        self._made[ref(permit, self._dropped.append)] = None
        return permit

    def _line_up(self, waiter: W) -> W:
        with self._lock:
            waiting = len(self._queue) - self._gone
            if self._free or self.max_waiting is None or waiting < self.max_waiting:
                self._queue.append(waiter)
                # After that: whoever gives a permit back from now on sees the queue.
                self._hand_over()
                if waiter.permit or self.max_waiting is None or waiting < self.max_waiting:
                    return waiter
                self._forget(waiter)
        raise self._full(None)

    def _hand_over(self) -> None:
        queue = self._queue
        self._replace_dropped()
        while queue:
            waiter = queue[0]  # out of the queue only when all is done, so that nobody gets lost
            if waiter.gone:
                self._gone -= 1
            elif not waiter.permit:
                if not self._free:
                    return
                self._grant(waiter)
                if not waiter.permit:
                    continue
            if queue and queue[0] is waiter:
                queue.popleft()

    def _grant(self, waiter: Waiter) -> None:
        try:
            permit = self._free.pop()
        except IndexError:  # somebody without the lock was quicker
            return
        waiter.permit = permit
        try:
            woken = waiter.wake()
        except BaseException:  # an interrupt, be it before or after
            waiter.wake()
            raise
        if not woken:
            waiter.permit = None
            waiter.gone = True
            self._gone += 1
            self._free.append(permit)

    def _replace_dropped(self) -> None:
        while self._dropped:
            self._made.pop(self._dropped.pop(), None)
            self._free.append(self._permit())

    def _abandon(self, waiter: Waiter) -> None:
        """After an interrupt or a cancellation, at whatever moment."""
        with self._lock:
            if waiter.permit:
                self._free.append(waiter.permit)
                self._hand_over()
            else:
                self._forget(waiter)

    def _granted(self, waiter: Waiter) -> Permit | None:
        """Its permit, be it of the last moment; without one it waits no longer."""
        with self._lock:
            if not waiter.permit:
                self._forget(waiter)
            return waiter.permit

    def _forget(self, waiter: Waiter) -> None:
        if waiter.gone:
            return
        waiter.gone = True
        self._gone += 1
        # Taking each one out at once would look through the whole queue each time.
        if self._gone > 32 and self._gone * 2 > len(self._queue):
            waiting = [each for each in self._queue if not each.gone]
            try:
                self._queue.clear()
            finally:
                self._gone = 0
                self._queue.extend(waiting)

    def _patience(self) -> float | None:
        limits = [each for each in (deadline.remaining(), self.max_wait) if each is not None]
        shortest = min(limits, default=math.inf)
        return shortest if shortest < math.inf else None

    def _full(self, waited: float | None) -> BulkheadFullError:
        with self._lock:
            self._refused += 1
            waiting = len(self._queue) - self._gone
        if listening():
            facts: dict[str, object] = {"max_concurrent": self.max_concurrent, "waiting": waiting}
            emit(Signal(kind="bulkhead.full", source=self.name, facts=facts))
        reason = "the queue is full" if waited is None else f"no place in {waited:.3g} s"
        return BulkheadFullError(
            f"{self.name}: {self.max_concurrent} calls are running, {waiting} waiting; {reason}",
            name=self.name,
            max_concurrent=self.max_concurrent,
            waiting=waiting,
        )

    def inspect(self) -> dict[str, object]:
        """The bulkhead as it is now."""
        with self._lock:
            self._replace_dropped()
            running = self.max_concurrent - len(self._free)
            waiting = len(self._queue) - self._gone
        return {
            "kind": "bulkhead",
            "name": self.name,
            "state": "ok" if running < self.max_concurrent else "full",
            "facts": {"running": running, "waiting": waiting, "refused": self._refused},
            "config": {
                "max_concurrent": self.max_concurrent,
                "max_waiting": self.max_waiting,
                "max_wait": self.max_wait,
            },
        }
