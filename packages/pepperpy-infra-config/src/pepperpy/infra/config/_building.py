"""Building one component: its layers, their merge, the model, and what was wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from pepperpy.infra.utils.redaction import redact_text

from ._detached import detached
from ._document import Fault, broken, short
from ._errors import FieldError
from ._kinds import is_a
from ._layers import Layer, Path, Reader, merge, onto_defaults
from ._masking import shown_path
from ._shape import Field, Slot, shape_of
from ._sources import Inputs, Notice
from ._validating import Problem, attempt, invalid
from ._variables import Variables

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from pydantic import BaseModel

    from ._document import Document

DEFAULT_ORIGIN = "default"
OVERRIDE_ORIGIN = "set_config"


@dataclass(frozen=True)
class Component:
    """A name and the model of its settings."""

    name: str
    model: type[BaseModel]
    prefix: str | None = None
    """What its variables begin with, if that does not follow from the name."""
    registered: bool = True
    """Whether variables and a section of the file set its fields."""

    @cached_property
    def variables(self) -> Variables:
        """The environment variables that set its fields."""
        return Variables(self.name, self.model, prefix=self.prefix)

    @property
    def slot(self) -> Slot:
        """What can stand in its section."""
        return self.variables.slot


class Override(NamedTuple):
    """What `set_config` gave: an instance, a mapping over it, or only a mapping."""

    instance: BaseModel | None = None
    data: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return "Override(...)"  # it may hold secrets


class Built(NamedTuple):
    """A snapshot, and where its values came from; or what is wrong."""

    component: Component
    value: Any
    layers: tuple[Layer, ...]
    errors: tuple[FieldError, ...] = ()
    notices: tuple[Notice, ...] = ()
    given: bool = False
    """Whether the value is an instance that somebody set."""
    pristine: Any = None
    """What the value was at first: the program may change lists and dicts in it."""

    def origin(self, path: Path) -> str:
        """Where the value of a field came from."""
        for layer in reversed(self.layers):
            if layer.decides(path):
                return layer.where(path)
        return DEFAULT_ORIGIN


def build(
    component: Component, inputs: Inputs, override: Override, others: Collection[str] = ()
) -> Built:
    """Merge all layers and let the model judge them; *others* are the names of other components.

    Raises:
        ConfigSyntaxError: If the component's section is no table.
    """
    layers = _layers(component, inputs, override)
    merged: dict[str, Any] = {}
    for layer in layers:
        merged = merge(merged, layer.data, component.slot)
    notices = [*inputs.notices, *_unknown(component, layers, others)]
    faults = [fault for layer in layers for fault in layer.errors]
    if override.instance is not None and override.data is None and not faults:
        value = override.instance
        return Built(component, value, tuple(layers), (), tuple(notices), True, detached(value))
    data = onto_defaults(merged, component.slot)
    validate = component.model.__pydantic_validator__.validate_python
    value, problems = attempt(component.model, lambda: validate(data))
    built = Built(component, value, tuple(layers), (), tuple(notices), False, detached(value))
    if not problems and not faults:
        return built
    known = {each.path for each in faults}
    faults += [
        error for each in problems if (error := _error(built, each)).path not in known or not known
    ]
    return built._replace(errors=tuple(faults))


def _layers(component: Component, inputs: Inputs, override: Override) -> list[Layer]:
    layers = [*_file_layers(component, inputs)]
    below = layers[0].data if len(layers) == 1 else {}
    for layer in layers[1:]:
        below = merge(layers[0].data, layer.data, component.slot)
    variables = component.variables
    if inputs.dotenv:
        texts = {name: entry.value for name, entry in inputs.dotenv.items()}
        layers.append(variables.layer(".env", texts, below, _line_of(inputs)))
        below = merge(below, layers[-1].data, component.slot)
    if inputs.environ:
        layers.append(variables.layer("environment", inputs.environ, below))
    layers += override_layers(component, override)
    return layers


def _line_of(inputs: Inputs) -> Callable[[str], str]:
    def place(name: str) -> str:
        return f"{short(inputs.dotenv_path)}:{inputs.dotenv[name].line} ({name})"

    return place


def _file_layers(component: Component, inputs: Inputs) -> list[Layer]:
    layers: list[Layer] = []
    for keys, table in inputs.tables():
        document = inputs.document
        if document is None:
            continue
        if not is_a(table, Mapping):
            raise _no_table(document, keys)
        section, found = document.section(component.name, table)
        if found is None:
            continue
        if not is_a(found, Mapping):
            raise _no_table(document, (*keys, *section))
        layers.append(_file_layer(component, document, (*keys, *section), found))
    return layers


def _no_table(document: Document, keys: tuple[str, ...]) -> Exception:
    name = ".".join(keys)
    where = document.where(keys).rpartition(":")[2]
    line = int(where) if where.isdigit() else None
    return broken(document.path, Fault(f"[{name}] must be a table of settings", line), name)


def _file_layer(
    component: Component, document: Document, keys: tuple[str, ...], found: Mapping[str, Any]
) -> Layer:
    reader = Reader()
    data = reader.read(found, component.slot)

    def where(path: Path) -> str:
        return document.where((*keys, *reader.original(path)))

    layer = Layer("file", data, where, reader.unknown)
    if reader.too_deep is not None:
        layer.errors.append(
            FieldError(
                component=component.name,
                path=shown_path(reader.too_deep[:3]),
                message="it is nested too deep",
                origin=where(reader.too_deep[:3]),
                kind="too_deep",
            )
        )
    return layer


def override_layers(component: Component, override: Override) -> list[Layer]:
    """The layers of what `set_config` gave."""
    layers: list[Layer] = []
    if override.instance is not None:
        fields = shape_of(component.model).fields
        whole = {each.key: detached(getattr(override.instance, each.name)) for each in fields}
        layers.append(Layer(OVERRIDE_ORIGIN, whole, _set))
    if override.data is not None:
        reader = Reader()
        data = reader.read(override.data, component.slot)
        layers.append(Layer(OVERRIDE_ORIGIN, data, _set, reader.unknown))
    return layers


def _set(_: Path) -> str:
    return OVERRIDE_ORIGIN


def _unknown(
    component: Component, layers: Sequence[Layer], others: Collection[str]
) -> list[Notice]:
    notices: list[Notice] = []
    for layer in layers:
        for path, near in ((each.path, each.near) for each in layer.unknown):
            # `[app.db]` may be the section of a component, and no field of `app`.
            if any(f"{name}.".startswith(f"{component.name}.{path[0]}.") for name in others):
                continue
            name = redact_text(str(path[-1]))
            hint = f"did you mean {near!r}?" if near else "there is nothing of a like name"
            inside = ".".join((component.name, *map(str, path[:-1])))
            text = f"{layer.where(path)}: {inside} has no field {name!r}; {hint}"
            notices.append(Notice((layer.name, component.name, path), text))
    return notices


def _error(built: Built, problem: Problem) -> FieldError:
    component = built.component
    variable = variable_of(component, problem.path)
    origin = built.origin(problem.path) if problem.path else ""
    if problem.kind == "missing":
        return _missing(built, problem, variable)
    return FieldError(
        component=component.name,
        path=shown_path(problem.path),
        message=problem.message,
        origin=origin,
        variable=variable,
        kind=problem.kind,
    )


def _missing(built: Built, problem: Problem, variable: str) -> FieldError:
    component = built.component
    *section, name = (component.name, *map(str, problem.path))
    where = f"; set {variable}" if variable else "; set it"
    # The file is mostly kept with the source, where a secret has no place.
    if component.prefix is None and not _is_secret(component, problem.path):
        where += f", or {name} in section [{'.'.join(section)}] of the file"
    return FieldError(
        component=component.name,
        path=shown_path(problem.path),
        message=f"is missing{where if component.registered else ''}",
        variable=variable,
        kind="missing",
    )


def _is_secret(component: Component, path: Path) -> bool:
    _, field = _looked_up(component, path)
    return field is not None and field.is_secret


def variable_of(component: Component, path: Path) -> str:
    """The variable that sets a field, or what the field lies in."""
    parts, _ = _looked_up(component, path)
    return component.variables.prefix + "__".join(parts) if parts and component.registered else ""


def _looked_up(component: Component, path: Path) -> tuple[list[str], Field | None]:
    """The parts of the variable's name, and the last field on the way."""
    last: Field | None = None
    parts: list[str] = []
    slot = component.slot
    for part in path:
        if isinstance(part, int):
            break
        field = next(
            (shape_of(cls).by_name[part] for cls in slot.classes if part in shape_of(cls).by_name),
            None,
        )
        if field is not None:
            parts.append(field.variables[0])
            last = field
            slot = field.slot
        elif slot.values is not None or slot.anything:
            parts.append(part.upper())
            slot = slot.values or slot
        else:
            break
    return parts, last


def failure(built: Built) -> Exception:
    """The error for a component that cannot be built."""
    name = built.component.name
    return invalid(f"the configuration of {name!r}", built.errors, component=name)
