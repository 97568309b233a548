"""What must be shut down, and in which order."""

from __future__ import annotations

from inspect import isawaitable
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# (order, sequence) -> close.  One atomic dict operation each, so no lock to hold over a fork.
_closers: dict[tuple[int, int], Callable[[], object]] = {}
_sequence = count()


def register_closer(order: int, close: Callable[[], object]) -> Callable[[], None]:
    """Have *close* called when the program is shut down in order.

    Args:
        order: Lower ones close first: users of a thing before the thing.  100 for what serves
            requests, 500 for pools and stores, 900 for logs.  Among equals the youngest is first.
        close: A plain or ``async`` function without arguments, called at most once.

    Returns:
        A function that withdraws *close*; withdrawing twice is harmless.

    Examples:
        >>> withdraw = register_closer(500, lambda: print("pool closed"))
        >>> register_closer(100, lambda: print("server closed"))  # doctest: +ELLIPSIS
        <function ...>
        >>> run_closers()
        server closed
        pool closed
    """
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
        ExceptionGroup: With the error of each closer that failed.
    """
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(arun_closers())
    else:
        raise RuntimeError("an event loop is running in this thread; await arun_closers() instead")


async def arun_closers() -> None:
    """Do what `run_closers` does, on the running event loop.

    Raises:
        ExceptionGroup: With the error of each closer that failed.
    """
    errors: list[Exception] = []
    for close in _taken():
        try:
            result = close()
            if isawaitable(result):
                await result
        except Exception as error:  # noqa: BLE001 - the rest must be closed as well; raised below
            errors.append(error)
    if errors:
        raise ExceptionGroup("some parts could not be closed", errors)


def _taken() -> Iterator[Callable[[], object]]:
    """Each closer once, in order; those registered meanwhile have their turn too."""
    while (key := min(list(_closers), default=None)) is not None:
        close = _closers.pop(key, None)
        if close is not None:
            yield close
