"""Calls of coroutine functions: who loads, who waits, in tasks of one loop or of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.utils import passes_through, running_loop

from ._failures import value_of
from ._flights import call_in, enter, leave, wait_in_task, waiting_for

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Hashable

    from ._flights import Flight, Waiter
    from ._loading import LoadingMemo
    from ._tier import Found

_tasks: Final[set[asyncio.Task[None]]] = set()
"""Loads under way; their loops hold them only weakly."""


class TaskDriver:
    """What the wrapper of a coroutine function awaits when there was no hit.

    A load runs in a task of its own, so that no caller's cancellation is another one's; it is
    cancelled with the last of them.  Where no asyncio loop is running, as under trio, each call
    loads for itself.
    """

    def __init__(self, memo: LoadingMemo, func: Callable[..., Any]) -> None:
        self._memo = memo
        self._func = func

    async def load(self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Serve the call, after a wait if somebody is loading, or load."""
        return await self._load(self._memo.settle(key, args), args, kwargs)

    async def refresh(self, key: Hashable, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Load, whatever is there."""
        return await self._load(key, args, kwargs, anew=True)

    def _load(
        self, key: Hashable, args: tuple[Any, ...], kwargs: dict[str, Any], *, anew: bool = False
    ) -> Coroutine[Any, Any, Any]:
        names = self._memo.names_of(key, args, kwargs) if self._memo.has_names else ()
        loop = running_loop()
        if loop is None:
            return self._load_here(key, names, args, kwargs, anew=anew)
        return self._load_in(loop, key, names, args, kwargs, anew=anew)

    async def _load_in(
        self,
        loop: asyncio.AbstractEventLoop,
        key: Hashable,
        names: tuple[str, ...],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        anew: bool,
    ) -> Any:
        memo = self._memo
        while True:
            waiter = (loop, loop.create_future())
            mark: list[Flight] = []
            try:
                flight, leads, entry = memo.begin(key, names, waiter, mark, anew=anew)
                if entry is not None:
                    if flight is not None:
                        self._start(loop, flight, args, kwargs)
                    return memo.copied(value_of(entry))
                if flight is None:
                    return await self._func(*args, **kwargs)
                with waiting_for(flight, leads=leads) as may:
                    if leads:
                        self._start(loop, flight, args, kwargs)
                    has_ended = may and await self._wait(flight, waiter)
            finally:
                if mark and mark[0].task is None:
                    memo.abandon(mark[0])  # interrupted before there was a task to end it
            if not may:
                self._leave(flight, waiter)
                return await self._run_here(memo.begin_aside(flight, []), args, kwargs)
            if has_ended and not flight.abandoned:
                return memo.take(flight, leads=leads)
            if leads:
                raise _end_of(flight.task)

    async def _load_here(
        self,
        key: Hashable,
        names: tuple[str, ...],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        anew: bool,
    ) -> Any:
        memo = self._memo
        flight, leads, entry = memo.begin(key, names, None, [], anew=anew)
        if entry is not None:
            return memo.copied(value_of(entry))
        if flight is not None and not leads:
            flight = memo.begin_aside(flight, [])
        return await self._run_here(flight, args, kwargs)

    async def _run_here(
        self, flight: Flight | None, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Load in the caller's own task."""
        memo = self._memo
        try:
            if flight is not None and not flight.is_fenced:
                found = await self._recalled(flight)
                if found is not None:
                    return memo.copied(found.value)
            value = await self._func(*args, **kwargs)
            if flight is not None:
                memo.loaded(flight, value)
        except BaseException as error:
            if flight is None or memo.failed(flight, error):
                raise
            return memo.take(flight, leads=True)
        finally:
            if flight is not None and (flight.waiters or not flight.done):
                memo.abandon(flight)  # interrupted in the midst of the above
        return value

    async def _recalled(self, flight: Flight) -> Found | None:
        """What the tier below has, if it has it; it is the flight's result then."""
        memo = self._memo
        found = None if memo.tier is None else await memo.tier.arecall(memo, flight)
        if found is not None:
            memo.recalled(flight, found)
        return found

    async def _wait(self, flight: Flight, waiter: Waiter) -> bool:
        try:
            return await wait_in_task(flight, waiter)
        except BaseException as error:  # only to undo: cancelled, as a rule
            task = self._leave(flight, waiter)
            if task is not None and not isinstance(error, GeneratorExit):
                import asyncio

                # As with any coroutine, whoever cancels it goes on when it has cleaned up.
                await asyncio.wait([task])
            raise

    def _leave(self, flight: Flight, waiter: Waiter) -> asyncio.Task[None] | None:
        """Wait no longer.  The task, if that was the last one and it ends in the same loop."""
        loop, task = flight.loop, flight.task
        if not self._memo.leave(flight, waiter) or task is None or loop is None:
            return None
        if loop is not running_loop():
            call_in(loop, task.cancel)
            return None
        task.cancel()
        return task

    def _start(
        self,
        loop: asyncio.AbstractEventLoop,
        flight: Flight,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        work = self._run(flight, args, kwargs)
        # A task begins with a copy of this context; not every factory of tasks takes one.
        before = enter(flight)
        try:
            task = flight.task = loop.create_task(work)
        except BaseException:
            work.close()
            raise
        finally:
            leave(before)
        _tasks.add(task)

        def end(task: asyncio.Task[None]) -> None:
            _tasks.discard(task)
            self._memo.abandon(flight)  # for a task that was cancelled before it began
            if not task.cancelled():
                task.exception()  # whoever led has it

        task.add_done_callback(end)

    async def _run(self, flight: Flight, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            if self._memo.tier is None or not await self._recalled(flight):
                self._memo.loaded(flight, await self._func(*args, **kwargs))
        except BaseException as error:
            self._memo.failed(flight, error)
            if passes_through(error):
                raise


def _end_of(task: asyncio.Task[None] | None) -> BaseException:
    """What a load ended with that is nobody else's."""
    import asyncio

    if task is None or not task.done() or task.cancelled():
        return asyncio.CancelledError()
    return task.exception() or asyncio.CancelledError()
