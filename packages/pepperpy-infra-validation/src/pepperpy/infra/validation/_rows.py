"""Nodes for the collections of `typing`: ``tuple[int, str]``, ``set[int]``, ``Sequence[int]``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._copying import copied
from ._errors import SchemaError
from ._nodes import Node, items_of

if TYPE_CHECKING:
    from ._paths import Parts
    from ._run import Run

_TUPLE: Any = tuple
_UNHASHABLE = "a conversion in a set made something that has no hash, which no set can hold"
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
        given = items_of(value, Sequence if self.kind is None else self.kind)
        if given is None or isinstance(value, (str, bytes, bytearray)):
            code = "sequence" if self.kind is None else self.kind.__name__
            run.fail(path, f"must be {_NAMES[self.kind]}", code)
            return value
        ordered = not isinstance(value, (set, frozenset))
        items: list[Any] = []
        place = run.place
        for index, each in enumerate(given):
            # What stands in a set has no index that a path could tell.
            if not ordered:
                run.place = place, index
            out = self.item.walk(each, (*path, index) if ordered else path, run)
            items.append(out if self.item.fresh else copied(out))
        run.place = place
        if self.kind is None:
            return tuple(items) if isinstance(value, _TUPLE) else items
        try:
            return self.kind(items)
        except TypeError:
            raise SchemaError(_UNHASHABLE, path) from None


class Row(Node):
    """A tuple of so many items, each with its own rule."""

    __slots__ = ("nodes",)

    fresh = True

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes: tuple[Node, ...] = tuple(nodes)

    def walk(self, value: Any, path: Parts, run: Run) -> Any:
        """Check them one by one."""
        given = items_of(value, _TUPLE)
        if given is None or len(given) != len(self.nodes):
            count = len(self.nodes)
            run.fail(path, f"must be a tuple of {count}", "tuple", {"count": count})
            return value
        return tuple(
            copied(node.walk(each, (*path, index), run))
            for index, (node, each) in enumerate(zip(self.nodes, given, strict=True))
        )
