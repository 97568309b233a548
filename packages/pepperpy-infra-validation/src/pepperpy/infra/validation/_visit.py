"""All nodes of a schema, each one once, however they refer to each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ._branches import All, Any_, NoneOf, Said, Together
from ._nodes import Each, Fields, Items, Node
from ._rows import Alike, Row

if TYPE_CHECKING:
    from ._paths import Parts


def visited(node: Node) -> Iterator[tuple[Parts, Node]]:
    """Each node below *node*, itself included, with the way to it."""
    seen: set[int] = set()
    todo: list[tuple[Parts, Node]] = [((), node)]
    while todo:
        path, each = todo.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield path, each
        todo += reversed([((*path, *part), inner) for part, inner in parts_of(each)])


def parts_of(node: Node) -> list[tuple[Parts, Node]]:
    """The nodes directly in *node*."""
    if isinstance(node, Fields):
        return [((key.name,), key.node) for key in node.keys]
    if isinstance(node, (Each, Alike)):
        return [((), node.item)]
    if isinstance(node, Items):
        return [((), node.key), ((), node.item)]
    if isinstance(node, (All, Any_, NoneOf, Row)):
        return [((), inner) for inner in node.nodes]
    if isinstance(node, Said):
        return [((), node.node)]
    return [((), node.rule)] if isinstance(node, Together) else []
