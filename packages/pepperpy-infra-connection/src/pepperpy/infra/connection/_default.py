"""What one does with pools by their names, in the registry that all of a program shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ._errors import PoolKindError
from ._registry import Registry

if TYPE_CHECKING:
    from ._pool import ConnectionPool, Released
    from ._registry import AnyPool
    from ._threads import ThreadConnectionPool

registry: Final = Registry()


def register_pool(pool: AnyPool) -> None:
    """Let *pool* be found by its name.  `run_closers` closes it, and so does `close_pools`.

    Raises:
        PoolNameError: If another pool has the name; it is a `ValueError`.
    """
    registry.register(pool)


def unregister_pool(name: str) -> AnyPool:
    """Forget the pool of this name, and return it; whether it is open does not change.

    Raises:
        UnknownPoolError: If there is none; it is a `KeyError`.
    """
    return registry.unregister(name)


def get_pool(name: str) -> Any:
    """The pool that was registered under *name*.

    Raises:
        UnknownPoolError: If there is none; the message lists those that are.
    """
    return registry.get(name)


async def initialize_pools() -> None:
    """Open every registered pool, all at the same time; those that were closed open again.

    Raises:
        Exception: The error of the pool that could not connect, with its name as a note; an
            `ExceptionGroup` if there are several.  The other pools are open then.
    """
    await registry.initialize()


def reopen_pools() -> None:
    """Let every registered pool that was closed open again when it is used next.

    For programs without an event loop; `initialize_pools` opens them at once.
    """
    registry.reopen()


async def close_pools() -> None:
    """Close every registered pool, all at the same time; they stay registered."""
    await registry.close()


async def get_connection(pool_name: str) -> Any:
    """A connection of that pool, for this caller alone until it is given back.

    Raises:
        UnknownPoolError: If there is no such pool.
        PoolTimeoutError: If no connection became free in time.
    """
    return await tasks_pool(pool_name).acquire()


def release_connection(pool_name: str, connection: Any) -> Released:
    """Give *connection* back.  All is done when this returns; it may be awaited.

    Raises:
        NotLentError: If it is not on loan from that pool.
    """
    return tasks_pool(pool_name).release(connection)


def tasks_pool(name: str) -> ConnectionPool[Any, Any]:
    """The pool of this name, which must be one for tasks."""
    try:
        return registry.for_tasks[name]
    except (KeyError, TypeError):
        registry.get(name)
        raise PoolKindError(
            f"pool {name!r} is one for threads: use `with`, `def`, and its own methods", pool=name
        ) from None


def threads_pool(name: str) -> ThreadConnectionPool[Any, Any]:
    """The pool of this name, which must be one for threads."""
    try:
        return registry.for_threads[name]
    except (KeyError, TypeError):
        registry.get(name)
        raise PoolKindError(
            f"pool {name!r} is one for tasks: use `async with` and `async def`", pool=name
        ) from None
