"""What many tasks ask of one server, sent together."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from ._errors import InvalidArgumentError
from ._loops import running_loop

if TYPE_CHECKING:
    import asyncio

Request = TypeVar("Request")
Reply = TypeVar("Reply")


class Batching(Generic[Request, Reply]):
    """Asks at once while nothing is under way; what comes meanwhile goes together, next.

    A round trip to a server costs the same for one command and for a hundred. So a call that finds
    the way free makes its own round trip, as if this class were not there, and the calls that come
    before it is back wait for it and share the next one: no timer, no delay for the lonely.

    One object belongs to one event loop.

    Args:
        send: Sends requests and returns as many replies in the same order. A reply that is an
            exception is raised to its caller; an exception raised by `send` goes to all of them.
            A call that found the way free runs `send` in its own task, so its cancellation arrives
            there, and `send` must leave its connection fit for the next one. A shared round trip
            runs in a task of its own, and is not touched when its callers are cancelled: they leave,
            and their replies are dropped.
        limit: How many requests one `send` gets at most.

    Raises:
        InvalidArgumentError: `limit` is less than 1.

    Examples:
        >>> import asyncio
        >>> async def send(requests):
        ...     print("sent", requests)
        ...     await asyncio.sleep(0.01)  # the round trip
        ...     return [request * 10 for request in requests]
        >>> async def program():
        ...     ask = Batching(send)
        ...     return await asyncio.gather(*(ask(number) for number in range(4)))
        >>> asyncio.run(program())
        sent [0]
        sent [1, 2, 3]
        [0, 10, 20, 30]
    """

    __slots__ = ("_busy", "_limit", "_queue", "_runner", "_send")

    def __init__(
        self,
        send: Callable[[Sequence[Request]], Awaitable[Sequence[Reply | BaseException]]],
        *,
        limit: int = 128,
    ) -> None:
        if limit < 1:
            msg = f"limit must be at least 1, not {limit!r}"
            raise InvalidArgumentError(msg, argument="limit")
        self._send = send
        self._limit = limit
        self._queue: deque[tuple[Request, asyncio.Future[Reply]]] = deque()
        self._busy = False
        self._runner: asyncio.Task[None] | None = None  # the loop itself refers to it weakly

    @property
    def waiting(self) -> int:
        """How many requests wait for the round trip that is under way."""
        return len(self._queue)

    async def __call__(self, request: Request) -> Reply:
        """The reply to *request*."""
        if self._busy:
            future: asyncio.Future[Reply] = _loop().create_future()
            self._queue.append((request, future))
            return await future
        self._busy = True
        try:
            (reply,) = _as_many(await self._send([request]), 1)
        finally:
            self._go_on()
        if isinstance(reply, BaseException):
            raise reply
        return reply

    def _go_on(self, _before: asyncio.Task[None] | None = None) -> None:
        """Begin a shared round trip if anybody waits, or say that the way is free."""
        while self._queue and self._queue[0][1].done():  # its caller was cancelled
            self._queue.popleft()
        self._busy = bool(self._queue)
        self._runner = None
        if self._busy:
            self._runner = _loop().create_task(self._run())
            # Not in a `finally` there: a task that is cancelled before its first step runs none.
            self._runner.add_done_callback(self._go_on)

    async def _run(self) -> None:
        while batch := self._take():
            await self._round_trip(batch)

    def _take(self) -> list[tuple[Request, asyncio.Future[Reply]]]:
        batch: list[tuple[Request, asyncio.Future[Reply]]] = []
        while self._queue and len(batch) < self._limit:
            entry = self._queue.popleft()
            if not entry[1].done():
                batch.append(entry)
        return batch

    async def _round_trip(self, batch: list[tuple[Request, asyncio.Future[Reply]]]) -> None:
        try:
            replies = _as_many(await self._send([request for request, _ in batch]), len(batch))
        except Exception as error:  # noqa: BLE001 - each caller raises it
            replies = [error] * len(batch)
        except BaseException:
            for _, future in batch:
                future.cancel()
            raise
        for (_, future), reply in zip(batch, replies, strict=True):
            if future.done():
                continue
            if isinstance(reply, BaseException):
                future.set_exception(reply)
                future.exception()  # a caller cancelled in this very moment would leave it unread
            else:
                future.set_result(reply)


def _as_many(
    replies: Sequence[Reply | BaseException], count: int
) -> Sequence[Reply | BaseException]:
    if len(replies) != count:  # handing them out would give a caller somebody else's
        msg = f"send returned {len(replies)} replies to {count} requests"
        raise RuntimeError(msg)
    return replies


def _loop() -> asyncio.AbstractEventLoop:
    loop = running_loop()
    if loop is None:
        msg = "Batching works in a running event loop"
        raise RuntimeError(msg)
    return loop
