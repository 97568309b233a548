"""A connection of one pool for the time of a block."""

# ruff: noqa: SLF001 - it is one with the pools, whose inner methods it calls

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ._errors import PoolError

if TYPE_CHECKING:
    from types import TracebackType

    from ._base import BasePool
    from ._core import Entry

T = TypeVar("T")


class _Block(Generic[T]):
    """One block with a connection."""

    __slots__ = ("_entry", "_pool")

    def __init__(self, pool: BasePool[T, Any]) -> None:
        self._pool: Any = pool
        self._entry: Entry[T] | None = None

    def _hold(self, entry: Entry[T]) -> T:
        if self._entry is not None:  # by another task or thread, meanwhile
            self._pool._give_back(entry)
            raise self._twice()
        self._entry = entry
        return entry.connection

    def _leave(self, kind: type[BaseException] | None) -> None:
        entry, self._entry = self._entry, None
        if entry is not None:
            if kind is not None:
                entry.core.suspect(entry)
            self._pool._give_back(entry)

    def _twice(self) -> PoolError:
        return PoolError(
            f"this block with a connection of pool {self._pool.name!r} was entered already; "
            "call connection() for each block"
        )


class PoolContext(_Block[T]):
    """A connection of one pool for tasks, for an ``async with`` block; made for each block."""

    __slots__ = ()

    async def __aenter__(self) -> T:
        if self._entry is not None:
            raise self._twice()
        return self._hold(self._pool._take() or await self._pool._wait())

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave(kind)


class ThreadPoolContext(_Block[T]):
    """A connection of one pool for threads, for a ``with`` block; made for each block."""

    __slots__ = ()

    def __enter__(self) -> T:
        if self._entry is not None:
            raise self._twice()
        return self._hold(self._pool._take() or self._pool._wait())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave(kind)
