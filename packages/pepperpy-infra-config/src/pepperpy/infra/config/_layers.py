"""Layers: what one source says about a component, and how several become one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from pepperpy.infra.utils import nearest

from ._detached import detached
from ._errors import FieldError
from ._kinds import class_of, derives_from, is_a
from ._shape import Shape, Slot, bare, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable

Path = tuple[Any, ...]

DEPTH_LIMIT: Final = 100


@dataclass(slots=True)
class Unknown:
    """A name that no field has."""

    path: Path
    near: str | None


@dataclass(slots=True, repr=False)
class Layer:
    """What one source says, under the names that validation knows."""

    name: str
    """Which source it is, like ``environment``."""
    data: dict[str, Any]
    where: Callable[[Path], str]
    """The place that a value came from, for a person."""
    unknown: list[Unknown] = field(default_factory=list[Unknown])
    errors: list[FieldError] = field(default_factory=list[FieldError])

    def decides(self, path: Path) -> bool:
        """Whether this layer says something about *path*, or replaces what it lies in."""
        value: Any = self.data
        for part in path:
            if not is_a(value, Mapping):
                return True
            if part not in value:
                return False
            value = value[part]
        return True


class Reader:
    """Copies what a source holds, so that every field has the name that validation knows."""

    def __init__(self) -> None:
        self.unknown: list[Unknown] = []
        self.renamed: dict[Path, str] = {}
        self.too_deep: Path | None = None

    def read(  # noqa: PLR0911 - a list of cases
        self, value: Any, slot: Slot, path: Path = ()
    ) -> Any:
        """A copy of *value*; lists and dicts are nobody else's."""
        if type(value) in _PLAIN:  # nearly all, and to ask whether it is a mapping takes long
            return value
        if is_a(value, Mapping):
            if len(path) > DEPTH_LIMIT:
                self.too_deep = path
                return {}
            if slot.classes:
                return self._fields(value, slot, path)
            inner = slot.values or _ANYTHING
            return {key: self.read(item, inner, (*path, key)) for key, item in value.items()}
        if class_of(value) is list:
            if len(path) > DEPTH_LIMIT:
                self.too_deep = path
                return []
            inner = slot.items or _ANYTHING
            return [self.read(value[at], inner, (*path, at)) for at in range(len(value))]
        return value

    def _fields(self, value: Mapping[Any, Any], slot: Slot, path: Path) -> dict[Any, Any]:
        shapes = slot.shapes
        first = shapes[0].by_name
        data: dict[Any, Any] = {}
        for key, item in value.items():
            found = first.get(key) or next(
                (shape.by_name[key] for shape in shapes[1:] if key in shape.by_name), None
            )
            if found is not None and type(item) in _PLAIN and found.key == key:
                data[key] = item
                continue
            if found is None:
                inner = slot.values or _ANYTHING
                if slot.values is None and not any(_takes(shape, key) for shape in shapes):
                    known = [name for shape in shapes for name in shape.by_name]
                    self.unknown.append(Unknown((*path, key), nearest(str(key), known)))
                data[key] = self.read(item, inner, (*path, key))
                continue
            if found.key != key:
                self.renamed[(*path, found.key)] = key
            # An item that is a mapping can be another class's as well.
            inner = found.slot
            for shape in shapes[1:]:
                if (other := shape.by_name.get(key)) is not None and other is not found:
                    inner |= other.slot
            data[found.key] = self.read(item, inner, (*path, found.key))
        return data

    def original(self, path: Path) -> Path:
        """The path as it stands in the source."""
        return tuple(self.renamed.get(path[: at + 1], part) for at, part in enumerate(path))


def _takes(shape: Shape, key: Any) -> bool:
    return shape.takes_unknown or key in shape.paths


_PLAIN = frozenset({str, int, float, bool, type(None)})
_ANYTHING = Slot(anything=True)


def merge(lower: Any, upper: Any, slot: Slot) -> Any:
    """*upper* over *lower*, leaf by leaf; neither is changed."""
    if not is_a(upper, dict):
        return upper
    if not lower and is_a(lower, dict):
        return upper
    if not is_a(lower, dict):
        return _onto(lower, upper, slot, unset=True)
    if len(slot.classes) > 1 and (tag := _tag(upper, slot)) and _tag(lower, slot) != tag:
        lower = _of_class(tag, lower, slot)  # it is another class now, with other fields
    merged: dict[Any, Any] = {**lower}
    for key, value in upper.items():
        if key in lower and type(value) not in _PLAIN:
            value = merge(lower[key], value, _inner(slot, key))  # noqa: PLW2901
        merged[key] = value
    return merged


def _of_class(tag: Any, data: Mapping[str, Any], slot: Slot) -> dict[str, Any]:
    """What of *data* a value with this tag can have; nothing, if *data* has another tag."""
    name = slot.tag_name or ""
    if _tag(data, slot) is None:
        for shape in slot.shapes:
            if name in shape.by_name and tag in shape.by_name[name].slot.choices:
                return {key: item for key, item in data.items() if key in shape.by_name}
    return {}


def _tag(data: Mapping[str, Any], slot: Slot) -> Any:
    name = slot.tag_name or ""
    for shape in slot.shapes:
        found = shape.by_name.get(name)
        if found is not None and found.key in data:
            return data[found.key]
    return None


def _inner(slot: Slot, key: Any) -> Slot:
    for shape in slot.shapes:
        found = shape.by_name.get(key)
        if found is not None:
            return found.slot
    return slot.values or _ANYTHING


def onto_defaults(data: Any, slot: Slot) -> Any:
    """*data* with the leaves of defaults below it, where it says only a part of a nested value."""
    if is_a(data, dict):
        if len(slot.classes) == 1:
            return _onto_class(data, slot.shapes[0])
        inner = slot.values or (_ANYTHING if not slot.classes else None)
        if inner is not None and inner.is_complex:
            return {key: onto_defaults(item, inner) for key, item in data.items()}
    elif is_a(data, list) and slot.items is not None and slot.items.is_complex:
        return [onto_defaults(item, slot.items) for item in data]
    return data


def _onto_class(data: dict[str, Any], shape: Shape) -> dict[str, Any]:
    by_name = shape.by_name
    for key, value in data.items():
        if type(value) in _PLAIN:  # nearly all, and they have nothing below them
            continue
        if is_a(value, (dict, list)) and (found := by_name.get(key)) is not None:
            whole = value
            if is_a(value, dict):
                whole = _onto(found.default, value, found.slot)
            data = {**data, key: onto_defaults(whole, found.slot)}
    return data


def _onto(default: Any, data: dict[str, Any], slot: Slot, *, unset: bool = False) -> Any:
    """*data* over the leaves of *default*, if both can be parts of one value."""
    default = bare(default)
    if is_a(default, Mapping):
        return merge(detached(dict(default)), data, slot)
    base = fields_of(default, unset=unset)
    if base is None or type(default) not in slot.classes:
        return data
    known = shape_of(class_of(default)).by_name
    if len(slot.classes) > 1 and not all(key in known for key in data):
        return data
    if (name := slot.tag_name) is not None:
        tag = _tag(fields_of(default, unset=True) or {}, slot)
        if _tag(data, slot) not in (None, tag):
            return data
        base = {known[name].key: tag, **base}
    merged = {**base}
    for key, value in data.items():
        inner = known[key].slot if key in known else _ANYTHING
        below = base.get(key)
        merged[key] = _onto(below, value, inner, unset=unset) if is_a(value, dict) else value
    return merged


def fields_of(value: Any, *, unset: bool = False) -> dict[str, Any] | None:
    """The fields of an object as data that builds it again; without those that were left unset."""
    given: Any = None  # all of them
    if derives_from(value, BaseModel):
        given = None if unset else value.model_fields_set
    elif not is_dataclass(value) or isinstance(value, type):
        return None
    return {
        each.key: detached(getattr(value, each.name))
        for each in shape_of(class_of(value)).fields
        if given is None or each.name in given
    }
