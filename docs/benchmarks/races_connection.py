"""Races of `pepperpy-infra-connection`: a pool against a queue that knows nothing of pools."""

from __future__ import annotations

import asyncio  # noqa: TID253 - all of this runs in event loops
from collections.abc import Callable, Coroutine, Iterator
from itertools import repeat
from time import perf_counter
from types import TracebackType
from typing import Any

from harness import OURS, Goal, Loop, Race

from pepperpy.infra.connection import (
    ConnectionPool,
    ConnectionPoolConfig,
    pooled_resource,
    register_pool,
)

QUEUE = "asyncio.Queue"
SIZE = 10


class Connections(ConnectionPool[object, ConnectionPoolConfig]):
    """Ten of them, which are always good."""

    async def _create_connection(self) -> object:
        return object()

    async def _close_connection(self, connection: object) -> None:
        """There is nothing to close."""

    def _get_default_config(self) -> ConnectionPoolConfig:
        return ConnectionPoolConfig(min_size=SIZE, max_size=SIZE, acquire_timeout=600)


class Queued:
    """A block with what a queue holds."""

    __slots__ = ("held", "queue")

    def __init__(self, queue: asyncio.Queue[object]) -> None:
        self.queue = queue

    async def __aenter__(self) -> object:
        self.held = await self.queue.get()
        return self.held

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.queue.put_nowait(self.held)


def races() -> Iterator[Race]:
    """All of them."""
    yield idle()
    for tasks in (100, 1000):
        yield contended(tasks)


def idle() -> Race:
    """One task, and a connection is always there."""

    async def spin(use: Callable[[], Any], times: int) -> None:
        for _ in repeat(None, times):
            async with use():
                pass

    return race("a connection that is idle", spin, Goal(at_most=1.1, against=QUEUE))


def contended(tasks: int) -> Race:
    """Many tasks, ten connections."""

    async def spin(use: Callable[[], Any], times: int) -> None:
        async def worker(uses: int) -> None:
            for _ in repeat(None, uses):
                async with use():
                    await asyncio.sleep(0)

        share = max(1, times // tasks)
        await asyncio.gather(*(worker(share) for _ in range(min(tasks, times))))

    title = f"ten connections for {tasks:,} tasks"
    return race(title, spin, Goal(at_most=1.2, against=QUEUE))


def race(
    title: str, spin: Callable[[Callable[[], Any], int], Coroutine[Any, Any, None]], goal: Goal
) -> Race:
    """Ours and a queue, each in an event loop of its own."""
    name = f"bench {title}"
    register_pool(Connections(name))
    queue: asyncio.Queue[object] = asyncio.Queue()
    for _ in range(SIZE):
        queue.put_nowait(object())

    return Race(
        title=title,
        contestants={
            OURS: looping(spin, lambda: pooled_resource(name)),
            QUEUE: looping(spin, lambda: Queued(queue)),
        },
        goals=[goal],
        floors=[QUEUE],
    )


def looping(
    spin: Callable[[Callable[[], Any], int], Coroutine[Any, Any, None]], use: Callable[[], Any]
) -> Loop:
    """A contestant that takes the time inside of its loop."""
    loop = asyncio.new_event_loop()

    async def timed(times: int) -> float:
        start = perf_counter()
        await spin(use, times)
        return perf_counter() - start

    return lambda times: loop.run_until_complete(timed(times))
