"""Nodes for mappings: those whose keys are known, and those whose keys are all alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import nearest

from ._copying import CONTAINERS, copied
from ._errors import SchemaError
from ._messages import MAPPING, REQUIRED, UNKNOWN
from ._nodes import MISSING, Node

if TYPE_CHECKING:
    from ._paths import Parts
    from ._run import Run

_GUESSES = 10  # unknown keys that are told the nearest known one; looking for it takes its time
# Of no type that checkers know, else they would see containers of unknown things.
_UNHASHABLE = "the conversion of a key made something that has no hash, and so is no key"
_MAPPING: Any = Mapping
_DICT: Any = dict


class Key:
    """What a schema says about one key."""

    __slots__ = ("factory", "fresh", "name", "node", "required")

    def __init__(
        self,
        name: Any,
        node: Node,
        *,
        required: bool = True,
        factory: Callable[[], Any] | None = None,
    ) -> None:
        self.name: Any = name
        self.node: Node = node
        self.fresh: bool = node.fresh
        self.required: bool = required
        self.factory: Callable[[], Any] | None = factory
        """Makes the value where the key is missing."""


class Fields(Node):
    """A mapping whose keys are known."""

    __slots__ = ("keys", "known", "unknown")

    fresh = True

    def __init__(self, unknown: str) -> None:
        self.unknown: str = unknown
        self.keys: tuple[Key, ...] = ()
        self.known: frozenset[Any] = frozenset()

    def complete(self, keys: list[Key]) -> None:
        """Take the keys, among which there may be some that lead back here."""
        self.keys = tuple(keys)
        self.known = frozenset(key.name for key in keys)

    def walk(self, value: Any, path: Parts, run: Run) -> Any:
        """Check the keys one by one."""
        source = as_dict(value)
        if source is None:
            run.fail(path, *MAPPING)
            return value
        try:
            items = [source.get(key.name, MISSING) for key in self.keys]
        except Exception:  # noqa: BLE001 - a key whose own methods fail
            run.fail(path, *MAPPING)
            return value
        out: dict[Any, Any] = {} if self.unknown == "drop" else source.copy()
        found = 0
        for key, item in zip(self.keys, items, strict=True):
            name = key.name
            if item is not MISSING:
                found += 1
                made = key.node.walk(item, (*path, name), run)
                out[name] = made if key.fresh or type(made) not in CONTAINERS else copied(made)
            elif key.factory is not None:
                out[name] = key.factory()
            elif key.required:
                run.fail((*path, name), *REQUIRED)
        if found != len(source):
            self.others(source, out, path, run)
        return out

    def others(self, source: dict[Any, Any], out: dict[Any, Any], path: Parts, run: Run) -> None:
        """Deal with the keys that are not known."""
        if self.unknown == "drop":
            return
        try:
            names = [name for name in source if name not in self.known]
            kept = {name: copied(source[name]) for name in names}
        except RecursionError:
            raise
        except Exception:  # noqa: BLE001 - a key whose own methods fail
            run.fail(path, *MAPPING)
            return
        out |= kept
        for count, name in enumerate(names if self.unknown == "forbid" else ()):
            run.fail((*path, name), *self._is_unknown(name, count))

    def _is_unknown(self, name: Any, count: int) -> tuple[str, str, Mapping[str, Any]]:
        message, code = UNKNOWN
        if count >= _GUESSES or type(name) is not str:
            return message, code, {}
        near = nearest(name, [key for key in self.known if isinstance(key, str)])
        if near is None:
            return message, code, {}
        return f"{message}; did you mean {near!r}?", code, {"nearest": near}


class Items(Node):
    """A mapping whose keys are all alike, and whose values are."""

    __slots__ = ("item", "key")

    fresh = True

    def __init__(self, key: Node, item: Node) -> None:
        self.key: Node = key
        self.item: Node = item

    def walk(self, value: Any, path: Parts, run: Run) -> Any:
        """Check the keys and values one by one."""
        source = as_dict(value)
        if source is None:
            run.fail(path, *MAPPING)
            return value
        out: dict[Any, Any] = {}
        for name, each in source.items():
            mark, place = len(run.errors), run.place
            run.place = place, "key"
            key = self.key.walk(name, (*path, name), run)
            run.place = place
            for error in run.errors[mark:]:
                error.message = f"the key {error.message}"
            made = self.item.walk(each, (*path, name), run)
            made = made if self.item.fresh else copied(made)
            try:
                out[key] = made
            except Exception:  # noqa: BLE001 - a key whose own methods fail
                if key is not name:
                    raise SchemaError(_UNHASHABLE, (*path, name)) from None
                run.fail(path, *MAPPING)
        return out


def as_dict(value: Any) -> Any:
    """A mapping as a dict, `None` if it is none, or one that cannot be read."""
    if type(value) is _DICT:
        return value
    try:
        return dict(value) if isinstance(value, _MAPPING) else None
    except RecursionError:
        raise
    except Exception:  # noqa: BLE001 - its own methods fail, so nobody can use it
        return None
