"""Blocks under way in a context, as a chain from the innermost one out.

A block is taken out by looking for its owner, not by a token of the context variable: an object that
kept its token could be entered by one task only, and a generator may be closed in another context
than it began in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from types import TracebackType

B = TypeVar("B", bound="tuple[Any, ...]")


def without(block: B | None, owner: object) -> B | None:
    """The chain after *owner* left its innermost block.

    A block is a plain tuple, which is made in no time: whoever entered it first, the block around
    it last.
    """
    if block is not None and block[0] is owner:
        outer: B | None = block[-1]
        return outer
    inner: list[Any] = []
    while block is not None and block[0] is not owner:
        inner.append(block)
        block = block[-1]
    left: Any = None if block is None else block[-1]
    for each in reversed(inner):
        left = (*each[:-1], left)
    return left  # type: ignore[no-any-return]


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
