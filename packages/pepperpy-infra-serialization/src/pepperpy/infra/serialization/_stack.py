"""Room to nest: work whose depth is bounded never fails because the caller stands deep already."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar

from ._kinds import is_a

R = TypeVar("R")

_SAFE: Final = 10_000


def must_look_first(size: int = _SAFE + 1) -> bool:
    """Whether depth has to be known before an engine recurses into so many bytes.

    Engines stop where Python's recursion limit is.  A program may have set that to more than the
    stack has room for, and then the process would end there.
    """
    return size > _SAFE and sys.getrecursionlimit() > _SAFE


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
            if is_a(each, dict):
                inner.extend(each.values())
            elif is_a(each, (list, tuple)):
                inner.extend(each)
        # Scalars end here; what is left are the containers of the next level.
        holds = any(is_a(each, (dict, list, tuple)) for each in level)
        if not holds:
            return True
        level = inner
    return False


def edge_within(value: Any, limit: int) -> bool:
    """The same, looking along first and last members only, which costs next to nothing."""
    return _chain_within(value, limit, iter) and _chain_within(value, limit, reversed)


def _chain_within(value: Any, limit: int, way: Callable[[Any], Any]) -> bool:
    for _ in range(limit + 1):
        if not is_a(value, (dict, list, tuple)) or not value:
            return True
        value = next(iter(way(value.values() if is_a(value, dict) else value)))
    return False
