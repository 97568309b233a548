"""Objects that are remembered for as long as they live."""

from __future__ import annotations

import weakref
from typing import Generic, TypeVar

T = TypeVar("T")


class Weakly(Generic[T]):
    """A list by identity, oldest first: what is in it may be unhashable, or compare equal.

    No lock: each operation is one atomic step on a dict, and a weak reference's callback may run in
    the midst of any of them.
    """

    def __init__(self) -> None:
        self._refs: dict[int, weakref.ref[T]] = {}

    def add(self, obj: T) -> None:
        """Remember *obj*; twice counts once.

        Raises:
            TypeError: If it cannot be weakly referenced.
        """
        key = id(obj)
        known = self._refs.get(key)
        if known is not None and known() is obj:
            return

        def forget(dead: weakref.ref[T]) -> None:
            if self._refs.get(key) is dead:
                del self._refs[key]

        self._refs[key] = weakref.ref(obj, forget)

    def alive(self) -> list[T]:
        """Those that live, oldest first."""
        return [obj for ref in list(self._refs.values()) if (obj := ref()) is not None]
