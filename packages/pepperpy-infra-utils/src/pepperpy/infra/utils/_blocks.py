"""Blocks under way in a context, as a chain from the innermost one out.

A block is taken out by looking for its owner, not by a token of the context variable: an object that
kept its token could be entered by one task only, and a generator may be closed in another context
than it began in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from types import TracebackType


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


class BothFaces:
    """Lets ``async with`` do what ``with`` does, for blocks that wait for nothing."""

    __slots__ = ()

    def __enter__(self) -> Self:
        raise NotImplementedError

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)
