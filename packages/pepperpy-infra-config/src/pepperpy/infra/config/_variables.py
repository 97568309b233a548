"""Environment variables: which one sets which field, and what its text means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ._errors import FieldError
from ._kinds import is_a
from ._layers import DEPTH_LIMIT, Layer, Path, Reader, fields_of
from ._masking import MapKey, shown_path
from ._shape import Shape, Slot, bare, shape_of, variable_part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ._shape import Field

PREFIX: Final = "PEPPERPY_"
CONFIG_VARIABLE: Final = "PEPPERPY_CONFIG"
PROFILE_VARIABLE: Final = "PEPPERPY_PROFILE"
RESERVED: Final = frozenset({CONFIG_VARIABLE, PROFILE_VARIABLE, "PEPPERPY_LOGGING_LEVEL"})

_NAMED_DEPTH: Final = 6

Match = tuple[Path, Slot]


def prefix_of(component: str) -> str:
    """What the variables of a component begin with."""
    return f"{PREFIX}{variable_part(component)}_"


def named_leaves(cls: type, prefix: str) -> Iterator[tuple[str, Path, Field]]:
    """Every variable of a model with the field that it sets, without the keys of mappings."""
    yield from _leaves(cls, prefix, (), ())


def _leaves(
    cls: type, prefix: str, path: Path, around: tuple[type, ...]
) -> Iterator[tuple[str, Path, Field]]:
    for field in shape_of(cls).fields:
        for part in field.variables:
            yield prefix + part, (*path, field.key), field
            # A model may hold itself.
            if len(around) < _NAMED_DEPTH and cls not in around:
                for inner in field.slot.classes:
                    below = (*path, field.key)
                    yield from _leaves(inner, f"{prefix}{part}__", below, (*around, cls))


def find(cls: type, rest: str) -> Match | None:
    """The field that a variable sets, by what stands behind the component's prefix.

    The fields of the model decide where a name ends, so that underscores in names are safe.
    """
    by_variable = shape_of(cls).by_variable
    for part, field in by_variable:
        if part == rest:
            return (field.key,), field.slot
    for part, field in by_variable:
        if rest.startswith(f"{part}__") and (inner := _inside(field.slot, rest[len(part) + 2 :])):
            return (field.key, *inner[0]), inner[1]
    return None


def _inside(slot: Slot, rest: str) -> Match | None:
    for cls in slot.classes:
        if found := find(cls, rest):
            return found
    values = slot if slot.anything else slot.values
    key, more, deeper = rest.partition("__")
    if values is None or not key:
        return None
    if not more:
        return (MapKey(_spelling(key, slot.keys)),), values
    inner = _inside(values, deeper)
    return inner and ((MapKey(_spelling(key, slot.keys)), *inner[0]), inner[1])


def _spelling(key: str, known: tuple[str, ...]) -> str:
    """The key as it is meant: as it is known, else in lower case."""
    return next((each for each in known if variable_part(each) == key), key.lower())


def _named(cls: type, shape: Shape, prefix: str) -> dict[str, Match]:
    """The variables of a model by name, worked out once."""
    by_prefix: dict[str, dict[str, Match]] = shape.variables
    found = by_prefix.get(prefix)
    if found is None:
        found = by_prefix[prefix] = {}
        # A field of that very name comes before a field of a nested model.
        for name, path, field in sorted(named_leaves(cls, prefix), key=lambda each: len(each[1])):
            found.setdefault(name, (path, field.slot))
    return found


class Variables:
    """The variables of one source that set fields of one component."""

    def __init__(self, component: str, cls: type, *, prefix: str | None = None) -> None:
        self.component = component
        self.prefix = prefix_of(component) if prefix is None else prefix
        self._cls = cls
        self.slot = Slot(classes=(cls,))
        self.named = _named(cls, self.slot.shapes[0], self.prefix)
        """What nearly every variable is looked up in; the walk is for keys of mappings."""

    def match(self, name: str) -> Match | None:
        """The field that a variable sets."""
        found = self.named.get(name)
        if found is None and name.startswith(self.prefix) and name.count("__") <= DEPTH_LIMIT:
            found = find(self._cls, name[len(self.prefix) :])
        return found

    def _spelt(self, path: Path, below: Mapping[str, Any]) -> Path:
        if not any(isinstance(part, MapKey) for part in path):
            return path
        first = path[0]
        default = shape_of(self._cls).by_name[first].default
        return _as_below(path, below, {first: default})

    def layer(
        self,
        source: str,
        texts: Mapping[str, str],
        below: Mapping[str, Any],
        place: Callable[[str], str] = str,
    ) -> Layer:
        """What the variables among *texts* say.

        Args:
            source: The layer's name.
            texts: Variables by name; those of others are passed over.
            below: What the layers below say, for the spelling of keys.
            place: Turns the name of a variable into the place that is shown.
        """
        origins: dict[Path, str] = {}
        layer = Layer(source, {}, lambda path: _nearest_origin(origins, path, place))
        named, matches = self.named, list[tuple[str, Match]]()
        for name, text in texts.items():
            match = named.get(name) or self.match(name)
            if match is None:
                continue
            path, slot = match
            if len(path) == 1 and slot.is_verbatim:  # nearly all, and nothing can be wrong
                layer.data[path[0]] = text
                origins[path] = name
            else:
                matches.append((name, match))
        # Of PEPPERPY_C_DB and PEPPERPY_C_DB__HOST the longer one says more.
        matches.sort(key=lambda pair: len(pair[1][0]))
        for name, (found, slot) in matches:
            path = self._spelt(found, below)
            value, fault = parse(texts[name], slot)
            if fault:
                layer.errors.append(
                    FieldError(
                        component=self.component,
                        path=shown_path(path),
                        message=fault,
                        origin=place(name),
                        variable=name,
                        kind="variable",
                    )
                )
            reader = Reader()
            value = reader.read(value, slot, path)
            layer.unknown += reader.unknown
            _put(layer.data, path, value)
            origins[path] = name
        return layer


def _nearest_origin(origins: Mapping[Path, str], path: Path, place: Callable[[str], str]) -> str:
    for end in range(len(path), 0, -1):
        if path[:end] in origins:
            return place(origins[path[:end]])
    # The whole came together from several.
    return ", ".join(place(name) for known, name in origins.items() if known[: len(path)] == path)


def _as_below(path: Path, below: Any, default: Any) -> Path:
    """The path with its keys of mappings spelt as the layers below and the default spell them."""
    spelt: list[Any] = []
    for part in path:
        known = {**_parts(default), **_parts(below)}
        if isinstance(part, MapKey) and part not in known:
            upper = part.upper()
            part = next((MapKey(k) for k in known if variable_part(str(k)) == upper), part)  # noqa: PLW2901
        spelt.append(part)
        below, default = _parts(below).get(part), _parts(default).get(part)
    return tuple(spelt)


def _parts(value: Any) -> Mapping[Any, Any]:
    value = bare(value)
    return value if is_a(value, Mapping) else fields_of(value, unset=True) or {}


def _put(data: dict[str, Any], path: Path, value: Any) -> None:
    # The program must not find keys of a class of ours in its dicts.
    *outer, last = (str(part) if isinstance(part, MapKey) else part for part in path)
    for part in outer:
        inner: Any = data.setdefault(part, {})
        if not is_a(inner, dict):
            inner = data[part] = {}
        data = inner
    data[last] = value


def parse(text: str, slot: Slot) -> tuple[Any, str]:
    """What a text means where a slot is, or what is wrong with it; the text itself is not told."""
    if slot.raw:
        return text, ""
    if slot.is_complex:
        start = text.lstrip()[:1]
        if start in ("[", "{") and start:
            return _parse_json(text, slot)
        if not slot.takes_text and slot.items is not None:
            if slot.items.is_complex and not slot.items.anything and text.strip():
                return (text, "" if text.strip() == "null" else _NEEDS_JSON)
            if text.strip() != "null" or not slot.takes_none:
                items = [each.strip() for each in text.split(",")] if text.strip() else []
                return [_scalar(each, slot.items) for each in items], ""
    return _scalar(text, slot), ""


_NEEDS_JSON = "a list of more than plain values must be written in JSON, like [...]"


def _parse_json(text: str, slot: Slot) -> tuple[Any, str]:
    try:
        return json.loads(text), ""
    except json.JSONDecodeError as error:
        fault = f"{error.msg.lower()} at column {error.colno}"
    except (ValueError, RecursionError) as error:
        fault = type(error).__name__
    if slot.takes_text:
        return text, ""
    return None, f"this begins like JSON and is none: {fault}"


def _scalar(text: str, slot: Slot) -> Any:
    """The text, but where pydantic would not take it for what it plainly says."""
    if slot.takes_text and not slot.choices:
        return text
    if slot.takes_none and not slot.takes_text and text.strip().lower() == "null":
        return None
    if slot.takes_seconds:
        return _number(text)
    return _choice(text, slot) if slot.choices else text


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _choice(text: str, slot: Slot) -> Any:
    values = [getattr(each, "value", each) for each in slot.choices]
    if text in values:
        # A `Literal` of members takes nothing else.
        return slot.choices[values.index(text)]
    meant = text.strip().lower()
    for value in values:
        if not isinstance(value, str) and str(value).lower() == meant:
            return value
    return text
