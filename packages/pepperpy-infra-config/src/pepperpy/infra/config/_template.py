"""`Template`: every field of the registered components, to copy from."""

from __future__ import annotations

from dataclasses import dataclass
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from ._building import variable_of
from ._masking import shown
from ._shape import Field, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._building import Component
    from ._layers import Path

_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """One field."""

    variable: str
    path: Path
    field: Field
    default: Any


class Template:
    """The settings that there are, as texts: `dotenv()`, `markdown()`, `json_schema()`.

    Defaults are shown, those of secrets masked.
    """

    def __init__(self, components: tuple[Component, ...]) -> None:
        self._components = components

    def __str__(self) -> str:
        return self.dotenv()

    def dotenv(self) -> str:
        """The text of a ``.env.example``: each variable, commented out where it has a default."""
        blocks: list[str] = []
        for component in self._components:
            lines = [f"# {component.name}"]
            for entry in entries(component):
                about = " ".join(entry.field.description.split())
                lines += [f"# {about}"] * bool(about)
                text = "" if entry.field.required else _text(entry)
                lines.append(f"{'' if entry.field.required else '# '}{entry.variable}={text}")
            blocks.append("\n".join(lines))
        return "\n\n".join(blocks) + "\n"

    def markdown(self) -> str:
        """A table for each component: variable, field, type, default, description."""
        blocks: list[str] = []
        for component in self._components:
            rows = [
                f"### {component.name}",
                "",
                "| variable | field | type | default | description |",
                "|---|---|---|---|---|",
            ]
            for entry in entries(component):
                default = "*required*" if entry.field.required else f"`{_text(entry)}`"
                cells = (
                    f"`{entry.variable}`",
                    f"`{'.'.join(map(str, entry.path))}`",
                    f"`{_type(entry.field.annotation)}`",
                    default,
                    " ".join(entry.field.description.split()),
                )
                rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
            blocks.append("\n".join(rows))
        return "\n\n".join(blocks) + "\n"

    def json_schema(self) -> dict[str, Any]:
        """A JSON Schema of the file, for editors."""
        sections = {each.name: each.model.model_json_schema() for each in self._components}
        return {"type": "object", "properties": sections}


def entries(component: Component) -> Iterator[Entry]:
    """The fields of a component that hold one value, nested ones behind their own."""
    yield from _entries(component, component.model, (), ())


def _entries(
    component: Component, cls: type, path: Path, around: tuple[type, ...], below: Any = None
) -> Iterator[Entry]:
    for field in shape_of(cls).fields:
        here = (*path, field.key)
        default = getattr(below, field.name, None) if below is not None else field.default
        inner = [each for each in field.slot.classes if each not in (*around, cls)]
        if inner and len(around) < _DEPTH:
            for each in inner:
                nested = default if isinstance(default, each) else None
                yield from _entries(component, each, here, (*around, cls), nested)
            continue
        yield Entry(variable_of(component, here), here, field, default)


def _text(entry: Entry) -> str:
    hidden = entry.field.info is not None and not entry.field.info.repr
    value = shown(entry.default, entry.field.name, secret=hidden)
    if value is None:
        return ""
    return value if isinstance(value, str) else repr(value)


def _type(annotation: Any) -> str:
    """The type as people write it, without modules."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0])
    if origin in (Union, UnionType):
        return " | ".join(map(_type, arguments))
    if origin is Literal:
        return " | ".join(map(repr, arguments))
    if annotation is type(None) or annotation is ...:
        return "None" if annotation is not ... else "..."
    name = str(getattr(origin or annotation, "__name__", None) or annotation)
    return f"{name}[{', '.join(map(_type, arguments))}]" if arguments else name
