"""Walks with rules that have to be awaited: as many walks as there are rules that wait for others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import passes_through

from ._run import Pending, Raised, finished

if TYPE_CHECKING:
    from ._nodes import Opaque
    from ._plan import Plan
    from ._result import ValidationResult
    from ._run import Question

    Waiting = tuple[Question, tuple[Opaque, Any]]


async def walked(plan: Plan, value: Any, limit: int) -> ValidationResult:
    """Walk, await what was met, and walk again with the answers, until there is nothing to await."""
    known: dict[Question, Any] = {}
    while True:
        run = Pending(known)
        try:
            out = plan.walk(value, run)
        except BaseException:
            _close(run.waiting.items())
            raise
        if not run.waiting:
            return finished(out, run)
        await _answer([*run.waiting.items()], known, limit)


async def _answer(waiting: list[Waiting], known: dict[Question, Any], limit: int) -> None:
    todo = iter(waiting)
    if len(waiting) == 1 or limit == 1 or not _is_in_asyncio():
        await _work(todo, known)
        return
    import asyncio

    workers = [asyncio.ensure_future(_work(todo, known)) for _ in range(min(limit, len(waiting)))]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        # They share an iterator, so what is left in it was never begun.
        await asyncio.gather(*workers, return_exceptions=True)
        _close(todo)


def _is_in_asyncio() -> bool:
    """Whether there is a loop that runs tasks; under trio, which has none, rules wait in turn."""
    from asyncio import get_running_loop

    try:
        get_running_loop()
    except RuntimeError:
        return False
    return True


async def _work(todo: Iterator[Waiting], known: dict[Question, Any]) -> None:
    try:
        for key, (_, awaitable) in todo:
            try:
                known[key] = await awaitable
            except Exception as error:
                if passes_through(error):
                    raise
                known[key] = Raised(error)
    except BaseException:
        _close(todo)
        raise


def _close(waiting: Any) -> None:
    """Coroutines that will not be awaited, which Python would warn of."""
    for _, (_, awaitable) in waiting:
        close = getattr(awaitable, "close", None)
        if close is not None:
            close()
