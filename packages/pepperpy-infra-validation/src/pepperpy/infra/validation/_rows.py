"""Nodes for the collections of `typing`: ``tuple[int, str]``, ``set[int]``, ``Sequence[int]``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._copying import copied
from ._nodes import Node

if TYPE_CHECKING:
    from ._paths import Parts
    from ._run import Run

_TUPLE: Any = tuple
_NAMES = {
    None: "a sequence",
    set: "a set",
    frozenset: "a frozenset",
    tuple: "a tuple",
    list: "a list",
}


class Alike(Node):
    """A collection of one kind whose items are all alike."""

    __slots__ = ("item", "kind")

    fresh = True

    def __init__(self, kind: type[Any] | None, item: Node) -> None:
        self.kind: type[Any] | None = kind
        self.item: Node = item

    def walk(self, value: Any, path: Parts, run: Run) -> Any:
        """Check the items one by one."""
        wanted: Any = Sequence if self.kind is None else self.kind
        if not isinstance(value, wanted) or isinstance(value, (str, bytes, bytearray)):
            code = "sequence" if self.kind is None else self.kind.__name__
            run.fail(path, f"must be {_NAMES[self.kind]}", code)
            return value
        ordered = not isinstance(value, (set, frozenset))
        items: list[Any] = []
        place = run.place
        for index, each in enumerate(value):
            # What stands in a set has no index that a path could tell.
            if not ordered:
                run.place = place, index
            out = self.item.walk(each, (*path, index) if ordered else path, run)
            items.append(out if self.item.fresh else copied(out))
        run.place = place
        if self.kind is None:
            return tuple(items) if isinstance(value, _TUPLE) else items
        return self.kind(items)


class Row(Node):
    """A tuple of so many items, each with its own rule."""

    __slots__ = ("nodes",)

    fresh = True

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes: tuple[Node, ...] = tuple(nodes)

    def walk(self, value: Any, path: Parts, run: Run) -> Any:
        """Check them one by one."""
        if not isinstance(value, _TUPLE) or len(value) != len(self.nodes):
            count = len(self.nodes)
            run.fail(path, f"must be a tuple of {count}", "tuple", {"count": count})
            return value
        return tuple(
            copied(node.walk(each, (*path, index), run))
            for index, (node, each) in enumerate(zip(self.nodes, value, strict=True))
        )
