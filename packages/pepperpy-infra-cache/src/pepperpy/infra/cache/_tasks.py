"""Calls of coroutine functions: who loads, who waits, in tasks of one loop or of several."""

from __future__ import annotations

import sys
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.utils import passes_through

from ._flights import call_in, enter, wait_in_task, waiting_for
from ._threads import value_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Hashable

    from ._flights import Flight, Waiter
    from ._memo import Memo

_tasks: Final[set[asyncio.Task[None]]] = set()
"""Loads under way; their loops hold them only weakly."""


class TaskDriver:
    """What the wrapper of a coroutine function awaits when there was no hit.

    A load runs in a task of its own, so that no caller's cancellation is another one's; it is
    cancelled with the last of them.  Where no asyncio loop is running, as under trio, each call
    loads for itself.
    """

    def __init__(self, memo: Memo, func: Callable[..., Any]) -> None:
        self._memo = memo
        self._func = func

    async def load(self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Serve the call, after a wait if somebody is loading, or load."""
        return await self._load(self._memo.settle(key, args), args, kwargs, anew=False)

    async def refresh(self, key: Hashable, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Load, whatever is there."""
        return await self._load(key, args, kwargs, anew=True)

    async def _load(
        self, key: Hashable, args: tuple[Any, ...], kwargs: dict[str, Any], *, anew: bool
    ) -> Any:
        memo = self._memo
        names = memo.names_of(key, args, kwargs)
        loop = running_loop()
        if loop is None:
            return await self._load_here(key, names, args, kwargs, anew=anew)
        while True:
            waiter = (loop, loop.create_future())
            flight, leads, entry = memo.begin(key, names, waiter, anew=anew)
            if flight is not None and leads:
                self._start(loop, flight, args, kwargs)
            if entry is not None:
                return memo.copied(value_of(entry))
            if flight is None:
                break
            with waiting_for(flight) as may:
                if not may:
                    memo.leave(flight, waiter)
                    break
                has_ended = await self._wait(flight, waiter)
            if has_ended and not flight.abandoned:
                return self._outcome(flight, leads=leads)
            if leads:
                raise _cancelled()
        return await self._func(*args, **kwargs)

    def _outcome(self, flight: Flight, *, leads: bool) -> Any:
        if flight.error is not None:
            raise flight.error
        if leads:
            return flight.value
        self._memo.joined()
        return self._memo.copied(flight.value)

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
        flight, leads, entry = memo.begin(key, names, None, anew=anew)
        if entry is not None:
            return memo.copied(value_of(entry))
        if flight is None or not leads:
            return await self._func(*args, **kwargs)
        try:
            value = await self._func(*args, **kwargs)
            memo.loaded(flight, value)
        except BaseException as error:
            if memo.failed(flight, error):
                raise
            return memo.copied(flight.value)
        return value

    async def _wait(self, flight: Flight, waiter: Waiter) -> bool:
        try:
            return await wait_in_task(flight, waiter)
        except BaseException as error:  # only to undo: cancelled, as a rule
            task = flight.task
            if self._memo.leave(flight, waiter) and task is not None and flight.loop is not None:
                call_in(flight.loop, task.cancel)
                if flight.loop is waiter[0] and not isinstance(error, GeneratorExit):
                    import asyncio

                    # As with any coroutine, whoever cancels it goes on when it has cleaned up.
                    await asyncio.wait([task])
            raise

    def _start(
        self,
        loop: asyncio.AbstractEventLoop,
        flight: Flight,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        context = copy_context()
        context.run(enter, flight)
        work = self._run(flight, args, kwargs)
        try:
            task = loop.create_task(work, context=context)
        except BaseException:
            work.close()
            self._memo.abandon(flight)
            raise
        flight.task = task
        _tasks.add(task)

        def end(task: asyncio.Task[None]) -> None:
            _tasks.discard(task)
            self._memo.abandon(flight)  # for a task that was cancelled before it began

        task.add_done_callback(end)

    async def _run(self, flight: Flight, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            self._memo.loaded(flight, await self._func(*args, **kwargs))
        except BaseException as error:
            self._memo.failed(flight, error)
            if passes_through(error):
                raise


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The loop of asyncio's in which the caller runs, if any."""
    asyncio = sys.modules.get("asyncio")  # nobody runs a loop who has not imported it
    return None if asyncio is None else asyncio._get_running_loop()  # noqa: SLF001 - public in C


def _cancelled() -> BaseException:
    import asyncio

    return asyncio.CancelledError()
