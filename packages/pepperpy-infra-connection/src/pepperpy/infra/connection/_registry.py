"""Pools by name, and what one does with all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import did_you_mean, register_closer

from ._base import BasePool
from ._errors import PoolKindError, PoolNameError, UnknownPoolError
from ._pool import ConnectionPool
from ._threads import ThreadConnectionPool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

_ORDER = 500  # after what serves requests, before what it may use: caches, storage, telemetry, logs

AnyPool = BasePool[Any, Any]


class Registry:
    """Some pools, each under its name.  All steps are single ones on a dict, so there is no lock."""

    def __init__(self) -> None:
        self.pools: dict[str, AnyPool] = {}
        # The same ones by what they are for: asked on each use of a name.
        self.for_tasks: dict[str, ConnectionPool[Any, Any]] = {}
        self.for_threads: dict[str, ThreadConnectionPool[Any, Any]] = {}
        self._withdraw: Callable[[], None] | None = None

    def register(self, pool: AnyPool) -> None:
        """Take *pool* in."""
        given: Any = pool
        if not isinstance(given, BasePool):
            raise PoolKindError(
                f"a pool is registered, not its class or its name; got {type(given).__name__}",
                pool="",
            )
        if self.pools.setdefault(pool.name, pool) is not pool:
            raise PoolNameError(
                f"a pool named {pool.name!r} is registered already; unregister_pool() it first, "
                "or choose another name",
                name=pool.name,
            )
        if isinstance(pool, ConnectionPool):
            self.for_tasks[pool.name] = pool
        elif isinstance(pool, ThreadConnectionPool):
            self.for_threads[pool.name] = pool
        self.closes()

    def unregister(self, name: str) -> AnyPool:
        """Take it out again, as it is."""
        pool = self.get(name)
        for pools in (self.for_tasks, self.for_threads, self.pools):
            pools.pop(name, None)
        return pool

    def get(self, name: str) -> AnyPool:
        """The pool of this name."""
        try:
            return self.pools[name]
        except (KeyError, TypeError):
            raise self.unknown(name) from None

    def unknown(self, name: object) -> UnknownPoolError:
        """The error for a name that nobody has."""
        known = tuple(sorted(self.pools))
        names = f"there are: {', '.join(map(repr, known))}" if known else "there are none"
        hint = did_you_mean(name, known)
        near = f"; {hint}" if hint.startswith("did") else ""
        return UnknownPoolError(
            f"no pool named {name!r} is registered; {names}{near}", name=name, known=known
        )

    def closes(self) -> None:
        """Have the pools closed when the program is shut down in order."""
        if self._withdraw is None:
            self._withdraw = register_closer(_ORDER, self.close)

    def reopen(self) -> None:
        """Let those that are closed open when they are used."""
        self.closes()
        for pool in list(self.pools.values()):
            pool.reopen()

    async def initialize(self) -> None:
        """Open them all."""
        self.closes()
        await _all((_initialize(pool) for pool in self.pools.values()), "opened")

    async def close(self) -> None:
        """Close them all."""
        withdraw, self._withdraw = self._withdraw, None
        if withdraw is not None:
            withdraw()
        await _all((_close(pool) for pool in self.pools.values()), "closed")


async def _all(works: Iterable[Awaitable[None]], what: str) -> None:
    import asyncio

    results = await asyncio.gather(*works, return_exceptions=True)
    errors = [result for result in results if result is not None]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise BaseExceptionGroup(f"some pools could not be {what}", errors)


async def _initialize(pool: AnyPool) -> None:
    import asyncio

    try:
        if isinstance(pool, ConnectionPool):
            await pool.initialize()
        elif isinstance(pool, ThreadConnectionPool):
            await asyncio.to_thread(pool.initialize)
    except Exception as error:
        error.add_note(f"while opening pool {pool.name!r}")
        raise


async def _close(pool: AnyPool) -> None:
    import asyncio

    if isinstance(pool, ConnectionPool):
        await pool.close()
    elif isinstance(pool, ThreadConnectionPool):
        await asyncio.to_thread(pool.close)
