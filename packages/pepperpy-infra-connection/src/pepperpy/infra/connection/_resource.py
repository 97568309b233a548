"""`pooled_resource`: a connection for the time of a block, or of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from pepperpy.infra.utils.wrapping import Kind, compile_wrapper, decorate, kind_of

from ._core import Entry
from ._errors import PoolNameError
from ._registry import tasks_pool, threads_pool

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
    from types import TracebackType

    from ._pool import ConnectionPool
    from ._threads import ThreadConnectionPool

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")
Y = TypeVar("Y")
P = ParamSpec("P")

_LEASE = """\
$pool = $find($name)
$entry = $pool._take() or {wait}$pool._wait()
$injected = $entry.connection
try:
{inner}
except $BaseException:
    $entry.core.suspect($entry)
    raise
finally:
    $pool._give_back($entry)
"""

_INNER = {
    Kind.FUNCTION: "    return $call",
    Kind.COROUTINE: "    return await $call",
    Kind.GENERATOR: "    return (yield from $call)",
    Kind.ASYNC_GENERATOR: """\
    $generator = $call
    try:
        $item = await $generator.__anext__()
    except $StopAsyncIteration:
        return
    $relay""",
}


class PooledResourceContext(Generic[T]):
    """A connection of the pool that has this name: ``async with``, ``with``, or a decorator.

    The name is looked up on each entry.  One object may be entered by many tasks or threads at
    once, and again inside itself; each leaves it where it entered.
    """

    __slots__ = ("_held", "_name")

    def __init__(self, pool_name: str) -> None:
        self._name = pool_name
        # (the pool, the entry, who holds it).  Who does is asked for only if another one holds one
        # already, which takes as long as all the rest: so at most one of them is unknown, and it is
        # the first that its holder entered.
        self._held: list[tuple[Any, Entry[Any], object]] = []

    def __repr__(self) -> str:
        return f"pooled_resource({self._name!r})"

    async def __aenter__(self) -> T:
        pool = tasks_pool(self._name)
        entry: Entry[T] = pool._take() or await pool._wait()
        held = self._held
        held.append((pool, entry, _holder() if held else None))
        return entry.connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave(kind)

    def __enter__(self) -> T:
        pool = threads_pool(self._name)
        entry: Entry[T] = pool._take() or pool._wait()
        self._held.append((pool, entry, _holder()))
        return entry.connection

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave(kind)

    def _leave(self, kind: type[BaseException] | None) -> None:
        held = self._held
        pool, entry, _ = held.pop() if len(held) == 1 else held.pop(_mine(held))
        if kind is not None:
            entry.core.suspect(entry)
        pool._give_back(entry)

    if TYPE_CHECKING:

        @overload
        def __call__(
            self, func: Callable[Concatenate[T, P], Coroutine[Any, Any, R]], /
        ) -> Callable[P, Coroutine[Any, Any, R]]: ...
        @overload
        def __call__(
            self, func: Callable[Concatenate[T, P], AsyncGenerator[Y, S]], /
        ) -> Callable[P, AsyncGenerator[Y, S]]: ...
        @overload
        def __call__(
            self, func: Callable[Concatenate[T, P], Generator[Y, S, R]], /
        ) -> Callable[P, Generator[Y, S, R]]: ...
        @overload
        def __call__(self, func: Callable[Concatenate[T, P], R], /) -> Callable[P, R]: ...

    def __call__(self, func: Any, /) -> Any:
        """Call *func* with a connection as its first argument, in a method right after ``self``.

        The connection is given back when the call ends; that of a generator, when it ends.
        """
        return decorate(func, self._wrap, label="pooled_resource")

    def _wrap(self, func: Callable[..., Any]) -> Callable[..., Any]:
        kind = kind_of(func)
        find = tasks_pool if kind.is_async else threads_pool
        body = _LEASE.format(wait="await " if kind.is_async else "", inner=_INNER[kind])
        names = {"find": find, "name": self._name}
        return compile_wrapper(func, body, names, label="pooled_resource", kind=kind, inject=True)


def pooled_resource(pool_name: str) -> PooledResourceContext[Any]:
    """A connection of the pool that has this name, for a block or for each call of a function.

    As a decorator it fills in the first parameter (in a method the one after ``self``), which
    callers then do not see.  Pools for tasks take ``async with`` and ``async def``, those for
    threads ``with`` and ``def``.  Where the block or the function fails, the connection is checked
    before it is lent again.

    Raises:
        PoolNameError: If *pool_name* is no text, as where the decorator is put on bare.
        UnknownPoolError: On entry, if no pool has the name.

    Examples:
        >>> @pooled_resource("main")
        ... async def count(connection, table):
        ...     return await connection.fetch(f"SELECT count(*) FROM {table}")
        >>> import inspect
        >>> str(inspect.signature(count))
        '(table)'
    """
    name: Any = pool_name
    if not isinstance(name, str):
        raise PoolNameError(
            f'pooled_resource takes the name of a pool: pooled_resource("main"); '
            f"got {type(name).__name__}",
            name=name,
        )
    return PooledResourceContext(pool_name)


class PoolContext(Generic[T]):
    """A connection of one pool for tasks, for an ``async with`` block; made for each block."""

    __slots__ = ("_entry", "_pool")

    def __init__(self, pool: ConnectionPool[T, Any]) -> None:
        self._pool = pool
        self._entry: Entry[T] | None = None

    async def __aenter__(self) -> T:
        entry = self._entry = self._pool._take() or await self._pool._wait()
        return entry.connection
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _return(self._pool, self._entry, kind)


class ThreadPoolContext(Generic[T]):
    """A connection of one pool for threads, for a ``with`` block; made for each block."""

    __slots__ = ("_entry", "_pool")

    def __init__(self, pool: ThreadConnectionPool[T, Any]) -> None:
        self._pool = pool
        self._entry: Entry[T] | None = None

    def __enter__(self) -> T:
        entry = self._entry = self._pool._take() or self._pool._wait()
        return entry.connection

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _return(self._pool, self._entry, kind)


def _return(pool: Any, entry: Entry[Any] | None, kind: type[BaseException] | None) -> None:
    if entry is not None:
        if kind is not None:
            entry.core.suspect(entry)
        pool._give_back(entry)


def _mine(held: list[tuple[Any, Entry[Any], object]]) -> int:
    """Where the innermost one is that this task or thread holds."""
    me = _holder()
    owners = [owner for _, _, owner in held]
    for index in range(len(owners) - 1, -1, -1):
        if owners[index] is me:
            return index
    return owners.index(None)


def _holder() -> object:
    """The task that runs here, or else the thread."""
    import sys
    import threading

    asyncio = sys.modules.get("asyncio")
    running = asyncio is not None and asyncio._get_running_loop() is not None
    task = asyncio.current_task() if asyncio is not None and running else None
    return task or threading.current_thread()
