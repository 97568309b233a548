"""`pooled_resource`: a connection of a pool by its name, for a block or for a call."""

# ruff: noqa: SLF001 - it is one with the pools, whose inner methods it calls

from __future__ import annotations

from inspect import CO_ASYNC_GENERATOR, CO_GENERATOR
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Final,
    Generic,
    ParamSpec,
    Protocol,
    TypeVar,
    overload,
)

from pepperpy.infra.utils import running_loop
from pepperpy.infra.utils.wrapping import Kind, compile_wrapper, decorate, kind_of

from ._core import IDLE, LENT, Entry
from ._default import registry, tasks_pool, threads_pool
from ._errors import NotLentError, PoolNameError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

T = TypeVar("T")
R = TypeVar("R")
Owner = TypeVar("Owner")
P = ParamSpec("P")
Q = ParamSpec("Q")
R_co = TypeVar("R_co", covariant=True)

_for_tasks: dict[str, Any] = registry.for_tasks

_GENERATOR: Final = CO_GENERATOR | CO_ASYNC_GENERATOR

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


class PooledFunction(Protocol[P, R_co]):
    """How type checkers see a decorated function: without the parameter that is filled in.

    In a class that is the one after ``self``.  (A ``staticmethod`` they take for a method.)
    """

    @overload
    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    @overload  # for `classmethod`, which passes the class on
    def __call__(
        self: PooledFunction[Concatenate[Any, Q], R],
        owner: type[Any],
        /,
        *args: Q.args,
        **kwargs: Q.kwargs,
    ) -> R: ...

    def __get__(
        self: PooledFunction[Concatenate[Any, Q], R],
        instance: object,
        owner: type[Any] | None = None,
        /,
    ) -> Callable[Q, R]:
        """The method of *instance*."""
        ...


class PooledResourceContext(Generic[T]):
    """A connection of the pool that has this name: ``async with``, ``with``, or a decorator.

    The name is looked up on each entry.  One object may be entered by many tasks or threads at
    once, and again inside itself; each leaves it where it entered.

    As a decorator it fills in the first parameter (in a method the one after ``self``), which
    callers then do not see.  Pools for tasks take ``async with`` and ``async def``, those for
    threads ``with`` and ``def``.  Where the block or the function fails, the connection is checked
    before it is lent again.

    Args:
        pool_name: What the pool is registered under, at the latest on entry.

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

    __slots__ = ("_entry", "_more", "_name")

    def __init__(self, pool_name: str) -> None:
        if type(pool_name) is not str:  # the quickest way to ask
            _check_name(pool_name)
        self._name = pool_name
        # Whoever enters while nobody else is inside; who that is, is not asked, for that takes as
        # long as half of all the rest.
        self._entry: Entry[Any] | None = None
        # Those who entered while somebody was inside.
        self._more: list[_Seat] | None = None

    def __repr__(self) -> str:
        return f"pooled_resource({self._name!r})"

    # The lines of `ConnectionPool._take` and `_give_back`: to call them would cost a fifth more.
    async def __aenter__(self) -> T:
        pool: Any = _for_tasks.get(self._name) or tasks_pool(self._name)
        core = pool._core
        quick = core.quick
        if (
            quick
            and not core.waiters
            and pool._running_loop() is pool._loop
            and pool._now() < quick[-1].recheck
        ):
            entry: Entry[T] = quick.pop()
            entry.state = core.lends_as
            core.acquired += 1
        else:
            entry = await pool._wait()
        if self._entry is None and self._more is None:
            self._entry = entry
        else:
            self._push(entry)
        return entry.connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        entry = self._entry
        if kind is None and self._more is None and entry is not None and entry.state == LENT:
            self._entry = None
            entry.state = IDLE
            pool, core = entry.pool, entry.core
            entry.since = now = pool._now()
            core.idle.append(entry)
            if core.waiters and core.serve(now):
                pool._pump(core)
        else:
            self._leave(kind)

    def __enter__(self) -> T:
        pool: Any = threads_pool(self._name)
        entry: Entry[T] = pool._take() or pool._wait()
        self._push(entry)
        return entry.connection

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave(kind)

    def _push(self, entry: Entry[Any]) -> None:
        more = self._more
        if more is None:
            more = self._more = []
        more.append(_Seat(entry, *_place(2)))

    def _leave(self, kind: type[BaseException] | None) -> None:
        entry = self._pop()
        if kind is not None:
            entry.core.suspect(entry)
        entry.pool._give_back(entry)

    def _pop(self) -> Entry[Any]:
        """The innermost one of the block that ends, or else of its task or thread."""
        more = self._more or []
        frame, holder = _place(3) if more else (None, None)
        seats = [seat for seat in more if seat.frame is frame] or [
            seat for seat in more if seat.holder is holder is not None
        ]
        if seats:
            more.remove(seats[-1])
            entry: Entry[Any] | None = seats[-1].entry
        else:
            entry, self._entry = self._entry, None
        if entry is None:
            raise NotLentError(
                f"{self!r} is left by a task or thread that has not entered it", pool=self._name
            )
        if not more and self._entry is None:
            self._more = None
        return entry

    if TYPE_CHECKING:

        @overload
        def __call__(
            self, func: classmethod[Owner, Concatenate[T, P], R], /
        ) -> classmethod[Owner, P, R]: ...
        @overload
        def __call__(self, func: Callable[Concatenate[T, P], R], /) -> PooledFunction[P, R]: ...

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


if TYPE_CHECKING:

    def pooled_resource(pool_name: str) -> PooledResourceContext[Any]:
        """A connection of the pool that has this name, for a block or for each call of a function.

        See `PooledResourceContext`, which it is.
        """
        ...
else:
    pooled_resource = PooledResourceContext  # a function that calls it would cost a tenth more


class _Seat:
    """Where somebody sits in a shared context: the frame of the block, its task or thread."""

    __slots__ = ("entry", "frame", "holder")

    def __init__(self, entry: Entry[Any], frame: FrameType, holder: object) -> None:
        self.entry = entry
        self.frame = frame
        self.holder = holder


def _place(depth: int) -> tuple[FrameType, object]:
    """The frame that so far above entered or left a block, and its task or thread.

    A generator has a frame only: it goes on in whatever task asks it for more, and may outlive
    the block around it.
    """
    import sys
    import threading

    frame = sys._getframe(depth + 1)  # pyright: ignore[reportPrivateUsage]
    if frame.f_code.co_flags & _GENERATOR:
        return frame, None
    if running_loop() is not None:
        import asyncio

        return frame, asyncio.current_task() or threading.current_thread()
    return frame, threading.current_thread()


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        raise PoolNameError(
            f'pooled_resource takes the name of a pool: pooled_resource("main"); '
            f"got {type(name).__name__}",
            name=name,
        )
