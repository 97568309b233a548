"""Whether caching is on, in the whole process."""

from __future__ import annotations

from typing import Final


class Switch:
    """Caching is off as long as a block is under way that switches it off."""

    __slots__ = ("blocks",)

    def __init__(self) -> None:
        self.blocks = 0
        """How many such blocks there are."""


switch: Final = Switch()
