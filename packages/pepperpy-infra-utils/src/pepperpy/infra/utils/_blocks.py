"""Blocks under way in a context, as a chain from the innermost one out.

A block is taken out by looking for its owner, not by a token of the context variable: an object that
kept its token could be entered by one task only, and a generator may be closed in another context
than it began in.
"""

from __future__ import annotations

from typing import Protocol, Self, TypeVar


class Block(Protocol):
    """A named tuple with whoever entered the block, and the block around it."""

    @property
    def owner(self) -> object: ...

    @property
    def outer(self) -> Self | None: ...

    def _replace(self, *, outer: Self | None) -> Self: ...


B = TypeVar("B", bound=Block)


def without(block: B | None, owner: object) -> B | None:
    """The chain after *owner* left its innermost block."""
    inner: list[B] = []
    while block is not None and block.owner is not owner:
        inner.append(block)
        block = block.outer
    left = None if block is None else block.outer
    for each in reversed(inner):
        left = each._replace(outer=left)  # pyright: ignore[reportPrivateUsage]
    return left
