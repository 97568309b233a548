"""YAML: parsing without surprises, and finding lines again."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import yaml

from ._document import Fault, Parsed
from ._kinds import is_a

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DEPTH_LIMIT: Final = 100
SIZE_LIMIT: Final = 1_000_000

_MERGE: Final = "tag:yaml.org,2002:merge"


def parse(text: str) -> Parsed:
    """The one document in *text*."""
    loader = _loader()
    try:
        if (line := _too_deep(text, loader)) is not None:
            return Parsed(fault=Fault(f"it is nested deeper than {DEPTH_LIMIT} levels", line))
        data = yaml.load(text, loader)  # noqa: S506 - made from the safe one
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        fault = Fault(
            error.problem or error.context or "it is no valid YAML",
            *((mark.line + 1, mark.column + 1) if mark else ()),
        )
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        fault = Fault("a character that YAML does not allow", before.count("\n") + 1)
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        # A date like 2024-99-99, among others, is found wrong by Python and not by the parser.
        fault = Fault(f"a value that cannot be read ({type(error).__name__})")
    else:
        size = _expanded(data, {})
        if size > SIZE_LIMIT:
            return Parsed(fault=Fault("its aliases refer to themselves or make it too large"))
        return Parsed(data)
    return Parsed(fault=fault)


def _too_deep(text: str, loader: Any) -> int | None:
    # The fast parser builds values by recursion in C, where great depth ends the process.
    depth = 0
    events: Iterator[Any] = yaml.parse(text, loader)
    for event in events:
        if is_a(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH_LIMIT:
                return int(event.start_mark.line) + 1
        elif is_a(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


def _expanded(value: Any, sizes: dict[int, float]) -> float:
    """How many values there are if each alias is replaced by what it stands for."""
    if not is_a(value, (dict, list)):
        return 1
    known = sizes.get(id(value))
    if known is None:
        sizes[id(value)] = float("inf")  # for one that holds itself
        inner: Any = value.values() if is_a(value, dict) else value
        known = sizes[id(value)] = 1 + sum(_expanded(item, sizes) for item in inner)
    return known


@cache
def _loader() -> Any:
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        """The safe loader, which would let the last of two equal keys win."""

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen: set[Any] = set()
            for key, _ in node.value:
                if key.tag == _MERGE:  # no key, but a wish
                    continue
                made = self.construct_object(key, deep=True)
                if isinstance(made, Hashable) and made in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, "a key stands there twice", key.start_mark
                    )
                if isinstance(made, Hashable):
                    seen.add(made)
            return base.construct_mapping(self, node, deep=deep)

    return Loader


def section(text: str, line: int) -> str | None:
    """The last key at the left margin at or above a line."""
    for content in reversed(text.splitlines()[:line]):
        name, colon, _ = content.partition(":")
        if colon and name and name[0] not in " \t#-[{":
            return name.strip().strip("\"'")
    return None


def locate(text: str, keys: Sequence[str]) -> int | None:
    """The line where the value is, or that which it lies in."""
    node: Any = yaml.compose(text, _loader())
    line = None
    for key in keys:
        found = _child(node, key)
        if found is None:
            break
        line, node = found
    return line


def _child(node: Any, key: str) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if getattr(name, "value", None) == key:
                return name.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode) and key.isdecimal() and int(key) < len(node.value):
        child = node.value[int(key)]
        return child.start_mark.line + 1, child
    return None
