"""`Template`: every field of the registered components, to copy from."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    Union,
    get_args,
    get_origin,
)

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import to_jsonable_python

from pepperpy.infra.utils.redaction import MASK

from ._building import variable_of
from ._kinds import is_a
from ._masking import masked_data, secrets_in, shown
from ._shape import Field, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._building import Component
    from ._layers import Path

_DEPTH = 6
_ODD = re.compile(r"\n|\r|\s#")


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
                text = "" if entry.field.required else _quoted(_text(entry))
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
        sections = {
            each.name: _masked(
                each.model.model_json_schema(schema_generator=_Schema),
                frozenset(_hidden(each.model)),
            )
            for each in self._components
        }
        return {"type": "object", "properties": sections}


class _Schema(GenerateJsonSchema):
    """Pydantic's, without its warning of defaults that JSON cannot say, like those of secrets."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012


def _hidden(cls: type, around: tuple[type, ...] = ()) -> Iterator[str]:
    """The fields with secrets in their defaults, also of what is nested."""
    for field in shape_of(cls).fields:
        if field.is_secret or any(secrets_in(field.default)):
            yield field.key
        slots = [each for each in (field.slot, field.slot.items, field.slot.values) if each]
        for inner in {each for slot in slots for each in slot.classes} - {*around, cls}:
            yield from _hidden(inner, (*around, cls))


def _masked(schema: Any, hidden: frozenset[str]) -> Any:
    """A schema without the defaults of secrets."""
    if is_a(schema, list):
        return [_masked(item, hidden) for item in schema]
    if not is_a(schema, dict):
        return schema
    masked = {key: _masked(item, hidden) for key, item in schema.items()}
    properties: Any = masked.get("properties")
    for name, field in properties.items() if is_a(properties, dict) else ():
        if "default" in field:
            field["default"] = shown(field["default"], name, secret=name in hidden)
            if field["default"] == MASK:
                del field["default"]
    return masked


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
    """The default as a variable would have to say it."""
    field, slot = entry.field, entry.field.slot
    if any(secrets_in(entry.default)):  # as JSON its parts may have no names
        data: Any = masked_data(entry.default, field.name)
    else:
        data = to_jsonable_python(entry.default, fallback=str)
    value = shown(data, field.name, secret=field.is_secret)
    if value is None:
        return "null" if slot.takes_none and not slot.takes_text else ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _quoted(text: str) -> str:
    """The text as a line of ``.env`` has to say it."""
    if text == text.strip() and text[:1] not in ("'", '"', "#") and not _ODD.search(text):
        return text
    if "'" not in text:
        return f"'{text}'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


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
