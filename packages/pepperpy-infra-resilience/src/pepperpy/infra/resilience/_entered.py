"""The `with` blocks of breakers that are under way in a task or thread."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ._circuit import Probe
    from ._windows import Window


class Entered(NamedTuple):
    """A block under way."""

    owner: object
    token: Window | Probe
    began: float


# A breaker is entered by many at once, so its blocks are kept with each task, not on the breaker.
_entered: ContextVar[tuple[Entered, ...]] = ContextVar("pepperpy.circuit_blocks", default=())


def enter(block: Entered) -> None:
    """Begin *block*."""
    _entered.set((*_entered.get(), block))


def leave(owner: object) -> Entered | None:
    """The innermost block of *owner*, which is under way no longer."""
    blocks = _entered.get()
    for index in range(len(blocks) - 1, -1, -1):
        if blocks[index].owner is owner:
            _entered.set(blocks[:index] + blocks[index + 1 :])
            return blocks[index]
    return None
