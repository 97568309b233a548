"""Room to nest: work whose depth is bounded never fails because the caller stands deep already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

R = TypeVar("R")


def with_room(work: Callable[..., R], *args: Any) -> R:
    """What the work returns; where it runs out of stack, it is done again on a stack of its own."""
    try:
        return work(*args)
    except RecursionError:
        pass  # outside of this block, so that the next error does not drag this one along
    return _on_own_stack(work, *args)


def _on_own_stack(work: Callable[..., R], *args: Any) -> R:
    from contextvars import copy_context
    from threading import Thread

    made: list[R] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            made.append(work(*args))
        except BaseException as error:  # noqa: BLE001 - raised where the caller waits
            failed.append(error)

    thread = Thread(target=copy_context().run, args=(run,), name="pepperpy-serialization")
    thread.start()
    thread.join()
    if failed:
        raise failed.pop()
    return made.pop()


def depth_within(value: Any, limit: int) -> bool:
    """Whether dicts, lists and tuples are nested no deeper than that, without recursion."""
    level = [value]
    for _ in range(limit + 1):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner.extend(each.values())
            elif isinstance(each, (list, tuple)):
                inner.extend(each)
        # Scalars end here; what is left are the containers of the next level.
        holds = any(isinstance(each, (dict, list, tuple)) for each in level)
        if not holds:
            return True
        level = inner
    return False


def edge_within(value: Any, limit: int) -> bool:
    """The same, looking along first and last members only, which costs next to nothing."""
    for edge in (0, -1):
        each = value
        for _ in range(limit + 1):
            if isinstance(each, dict) and each:
                each = next(iter(each.values())) if edge == 0 else next(reversed(each.values()))
            elif isinstance(each, (list, tuple)) and each:
                each = each[edge]
            else:
                break
        else:
            return False
    return True
