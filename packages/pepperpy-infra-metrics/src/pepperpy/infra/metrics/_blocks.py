"""Which of the blocks that one object has open belongs to whoever asks.

Threads and tasks may share a timer, blocks may nest, and they end in any order: a stack would
hand one task the start of another.  So each block leaves a node in the context that opened it.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final, Generic, TypeVar

from pepperpy.infra.utils import ForkSafeLock

T = TypeVar("T")

LOCK: Final = ForkSafeLock()
"""Guards the blocks of all objects, and is held for a few steps only."""


class _Node:
    """One open block in the chain of its context, the innermost first."""

    __slots__ = ("open", "outer")

    def __init__(self, outer: _Node | None) -> None:
        self.outer = outer
        self.open = True


_innermost: ContextVar[_Node | None] = ContextVar("pepperpy.metrics.block", default=None)


class Blocks(Generic[T]):
    """The open blocks of one object, each with what it began with."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        # The chain holds no values: what nobody can end any more can go.
        self._values: dict[_Node, T] = {}

    def __bool__(self) -> bool:
        return bool(self._values)

    def push(self, value: T, *, anywhere: bool = False) -> None:
        """Open a block; one that was opened *anywhere* belongs to no context."""
        node = _Node(None if anywhere else _innermost.get())
        with LOCK:
            self._values[node] = value
        if not anywhere:
            _innermost.set(node)

    def peek(self) -> T | None:
        """The value of the block that `pop` would end."""
        with LOCK:
            node = self._mine()
            return None if node is None else self._values[node]

    def pop(self) -> T | None:
        """End the block that was opened last in this context.

        Where there is none, it ends the oldest one: somebody has opened it elsewhere, or a
        generator is closed in another context than it began in.
        """
        with LOCK:
            node = self._mine()
            if node is None:
                return None
            node.open = False
            value = self._values.pop(node)
        innermost = _innermost.get()
        while innermost is not None and not innermost.open:
            innermost = innermost.outer
        _innermost.set(innermost)
        return value

    def clear(self) -> None:
        """Forget all of them."""
        with LOCK:
            for node in self._values:
                node.open = False
            self._values.clear()

    def _mine(self) -> _Node | None:
        node = _innermost.get()
        while node is not None and node not in self._values:
            node = node.outer
        return node or next(iter(self._values), None)
