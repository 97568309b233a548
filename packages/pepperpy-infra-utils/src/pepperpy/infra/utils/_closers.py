"""What must be shut down, and in which order."""

from __future__ import annotations

from inspect import isawaitable
from itertools import count
from typing import TYPE_CHECKING, Any

from ._errors import InvalidArgumentError
from ._loops import running_loop

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Coroutine, Iterator
    from typing import Self

# (order, sequence) -> close.  One atomic dict operation each, so no lock to hold over a fork.
_closers: dict[tuple[int, int], Callable[[], object]] = {}
_sequence = count()


def register_closer(order: int, close: Callable[[], object]) -> Callable[[], None]:
    """Have *close* called when the program is shut down in order.

    Args:
        order: Lower ones close first: users of a thing before the thing.  100 for what serves
            requests, 500 for pools, 600 for caches, 700 for storage, 800 for telemetry, 900 for
            logs.  Among equals the youngest is first.
        close: A plain or ``async`` function without arguments, called once; again only if a
            cancellation cut it short.

    Returns:
        A function that withdraws *close*; withdrawing twice is harmless.

    Raises:
        InvalidArgumentError: If *order* is no whole number, or *close* cannot be called.

    Examples:
        >>> withdraw = register_closer(500, lambda: print("pool closed"))
        >>> register_closer(100, lambda: print("server closed"))  # doctest: +ELLIPSIS
        <function ...>
        >>> run_closers()
        server closed
        pool closed
    """
    whole: Any = order
    if not isinstance(whole, int):
        problem = f"order must be a whole number, the lower the sooner; got {order!r}"
        raise InvalidArgumentError(problem, argument="order")
    if not callable(close):
        problem = f"close must be a function without arguments; got {type(close).__name__}"
        raise InvalidArgumentError(problem, argument="close")
    key = (order, -next(_sequence))
    _closers[key] = close

    def withdraw() -> None:
        _closers.pop(key, None)

    return withdraw


def run_closers() -> None:
    """Call everything registered, in order; each one is tried whatever happened to the others.

    ``async`` closers run in an event loop of their own, so call this where none is running; in a
    coroutine, await `arun_closers` instead.

    Raises:
        RuntimeError: If an event loop is running in this thread.  Nothing was closed then.
        ExceptionGroup: With the error of each closer that failed; a `BaseExceptionGroup` if one of
            them was interrupted or cancelled.
    """
    if running_loop() is not None:
        raise RuntimeError("an event loop is running in this thread; await arun_closers() instead")
    with _Loop() as loop:
        failures: list[BaseException] = []
        for _, close in _taken():
            try:
                result = close()
                if isawaitable(result):
                    loop.run(_wait_for(result))
            except BaseException as error:  # noqa: BLE001 - the rest must be closed; raised below
                failures.append(error)
    _raise(failures)


async def arun_closers() -> None:
    """Do what `run_closers` does, on the running event loop.

    Raises:
        ExceptionGroup: As `run_closers`.
        asyncio.CancelledError: If this call is cancelled; what is not closed stays registered, the
            one that was interrupted included.
    """
    import asyncio

    failures: list[BaseException] = []
    for key, close in _taken():
        try:
            result = close()
            if isawaitable(result):
                await result
        except BaseException as error:  # as above
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task and task.cancelling():
                # We are cancelled ourselves, not a task that a closer had stopped.
                _closers[key] = close
                raise
            failures.append(error)
    _raise(failures)


class _Loop:
    """An event loop that is made when it is needed, and leaves the thread's own one alone."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> Self:
        return self

    def run(self, work: Coroutine[object, object, object]) -> None:
        if self._loop is None:
            import asyncio

            self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(work)

    def __exit__(self, *_: object) -> None:
        if self._loop is not None:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()


async def _wait_for(awaitable: Awaitable[object]) -> None:
    await awaitable


def _raise(failures: list[BaseException]) -> None:
    if failures:
        raise BaseExceptionGroup("some parts could not be closed", failures)


def _taken() -> Iterator[tuple[tuple[int, int], Callable[[], object]]]:
    """Each closer once, in order; those registered meanwhile have their turn too."""
    while (key := min(list(_closers), default=None)) is not None:
        close = _closers.pop(key, None)
        if close is not None:
            yield key, close
