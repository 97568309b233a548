"""What a model looks like from outside: its fields, their names in files, what they can hold."""

from __future__ import annotations

import collections
import dataclasses
import re
import types
import typing
from collections import abc
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, NewType, TypeVar, Union
from weakref import WeakKeyDictionary

from pydantic import AliasChoices, AliasPath, BaseModel, RootModel
from pydantic.fields import FieldInfo

from pepperpy.infra.utils.redaction import is_secret_name

from ._kinds import derives_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SEQUENCES = (
    *(list, tuple, set, frozenset, collections.deque),
    *(abc.Sequence, abc.MutableSequence, abc.Collection, abc.Iterable, abc.Set, abc.MutableSet),
)
_MAPPINGS = (
    *(dict, abc.Mapping, abc.MutableMapping),
    *(collections.OrderedDict, collections.defaultdict, collections.Counter),
)
# Validators that see what was given before pydantic does; by name, for what pydantic calls them.
_BEFORE = {"BeforeValidator", "PlainValidator", "WrapValidator", "Json", "JsonWrapper"}
_DATACLASS = "__dataclass_fields__"


@dataclass(slots=True)
class Slot:
    """What can stand at one place."""

    classes: tuple[type, ...] = ()
    """Models, dataclasses and typed dicts: what has fields."""
    values: Slot | None = None
    """The values, if it can be a mapping."""
    keys: tuple[str, ...] = ()
    """The keys that such a mapping can have, if they are fixed."""
    items: Slot | None = None
    """The items, if it can be a list, tuple or set."""
    choices: tuple[Any, ...] = ()
    """Of a `Literal` or an enumeration."""
    tag: str | None = None
    """The field that says which of the classes it is."""
    anything: bool = False
    takes_none: bool = False
    takes_text: bool = False
    takes_seconds: bool = False
    raw: bool = False
    """Whether a validator of its own is to see the text as it is."""
    is_complex: bool = dataclasses.field(init=False)
    """Whether it can hold more than one value."""
    is_verbatim: bool = dataclasses.field(init=False)
    """Whether a text can only mean what pydantic makes of it."""
    _shapes: tuple[Shape, ...] | None = dataclasses.field(init=False, default=None)

    def __post_init__(self) -> None:
        # Both are asked for each variable and each value of a file.
        self.is_complex = bool(
            self.classes or self.values or self.items or self.anything or self.raw
        )
        self.is_verbatim = not (
            self.is_complex or self.choices or self.takes_none or self.takes_seconds
        )

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """What its classes look like; worked out late, as a class may hold itself."""
        if self._shapes is None:
            self._shapes = tuple(map(shape_of, self.classes))
        return self._shapes

    @property
    def tag_name(self) -> str | None:
        """The field that says which of the classes it is: declared, or pinned by each of them."""
        if self.tag is not None or len(self.classes) < 2:
            return self.tag
        pinned: set[str] | None = None
        for shape in self.shapes:
            names = {field.name for field in shape.fields if len(field.slot.choices) == 1}
            pinned = names if pinned is None else pinned & names
        return min(pinned or (), default=None)

    def __or__(self, other: Slot) -> Slot:
        return Slot(
            self.classes + other.classes,
            self.values or other.values,
            self.keys or other.keys,
            self.items or other.items,
            self.choices + other.choices,
            self.tag or other.tag,
            self.anything or other.anything,
            self.takes_none or other.takes_none,
            self.takes_text or other.takes_text,
            self.takes_seconds or other.takes_seconds,
            self.raw or other.raw,
        )


@dataclass(frozen=True)
class Field:
    """One field of a model, dataclass or typed dict."""

    name: str
    key: str
    """The name that validation knows it by."""
    names: tuple[str, ...]
    """Every name that it has in a file."""
    annotation: Any
    info: FieldInfo | None = None
    raw: bool = False
    """Whether a validator of its own reads the text."""
    required: bool = False
    description: str = ""

    @cached_property
    def slot(self) -> Slot:
        """What it can hold."""
        slot = slot_of(self.annotation)
        if self.info is not None and isinstance(self.info.discriminator, str):
            slot = dataclasses.replace(slot, tag=self.info.discriminator)
        return dataclasses.replace(slot, raw=True) if self.raw else slot

    @property
    def default(self) -> Any:
        """The default, not to be changed, or None if it has none or one that depends on others."""
        if self.info is None or self.required:
            return None
        if self.info.default_factory is None:
            return self.info.default  # as it is: pydantic would make a deep copy
        if getattr(self.info, "default_factory_takes_validated_data", False):
            return None
        return self.info.get_default(call_default_factory=True)

    @property
    def is_secret(self) -> bool:
        """Whether it holds a secret, by its name, its type or its ``repr=False``."""
        hidden = self.info is not None and not self.info.repr
        types_of = (self.annotation, *typing.get_args(self.annotation))
        typed = any(hasattr(each, "get_secret_value") for each in types_of)
        return hidden or typed or is_secret_name(self.name)

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """What it is called in the names of environment variables."""
        return tuple(dict.fromkeys(variable_part(name) for name in (self.name, *self.names)))


@lru_cache(1024)
def variable_part(name: str) -> str:
    """The name of a component or field, as it stands in the name of a variable."""
    return re.sub(r"\W", "_", name).upper()


class Shape:
    """The fields of one class."""

    def __init__(self, cls: type) -> None:
        self.fields: tuple[Field, ...] = tuple(_fields(cls))
        self.by_name: dict[str, Field] = {}
        for field in self.fields:
            for name in (field.name, *field.names):
                self.by_name.setdefault(name, field)
        # The longest first: `pool_size` before `pool`.
        self.by_variable: list[tuple[str, Field]] = sorted(
            ((part, field) for field in self.fields for part in field.variables),
            key=lambda pair: -len(pair[0]),
        )
        self.paths = frozenset(_paths(cls))
        """Keys that a validation alias leads through."""
        self.variables: dict[str, Any] = {}
        """What is worked out of the fields for each prefix of variables."""
        extra = getattr(cls, "model_config", {}).get("extra")
        self.takes_unknown: bool = extra in ("allow", "forbid")  # the one keeps, the other refuses


_shapes: WeakKeyDictionary[type, Shape] = WeakKeyDictionary()


def shape_of(cls: type) -> Shape:
    """The shape of *cls*, worked out once."""
    shape = _shapes.get(cls)
    if shape is None:
        shape = _shapes[cls] = Shape(cls)
    return shape


def _fields(cls: type) -> Iterator[Field]:
    if issubclass(cls, BaseModel):
        if not cls.__pydantic_complete__:
            cls.model_rebuild()
        yield from _model_fields(cls)
        return
    yield from _declared_fields(cls)


def _declared_fields(cls: Any) -> Iterator[Field]:
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except NameError:  # pydantic may know more than can be found from here
        hints = {}
    for name in _declared(cls):
        yield Field(name, name, (name,), hints.get(name, Any))


def _declared(cls: Any) -> list[str]:
    if dataclasses.is_dataclass(cls):
        return [each.name for each in dataclasses.fields(cls) if each.init]
    return list(cls.__annotations__)


def _model_fields(cls: type[BaseModel]) -> Iterator[Field]:
    settings: Mapping[str, Any] = cls.model_config
    by_name = settings.get("populate_by_name") or settings.get("validate_by_name")
    decorated: dict[str, Any] = cls.__pydantic_decorators__.field_validators
    raw = {
        name
        for each in decorated.values()
        if each.info.mode != "after"
        for name in each.info.fields
    }
    for name, info in cls.model_fields.items():
        aliases = tuple(_aliases(info))
        yield Field(
            name,
            name if by_name or not aliases else aliases[0],
            (*aliases, name) if by_name or not aliases else aliases,
            info.annotation,
            info,
            raw=name in raw or any(_is_before(each) for each in info.metadata),
            required=info.is_required(),
            description=info.description or "",
        )


def _is_before(mark: Any) -> bool:
    return type(mark).__name__ in _BEFORE or getattr(mark, "__name__", "") in _BEFORE


def _aliases(info: FieldInfo) -> Iterator[str]:
    alias = info.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    yield from (each for each in choices if isinstance(each, str))


def bare(value: Any) -> Any:
    """What a `RootModel` holds; anything else as it is."""
    while derives_from(value, RootModel):
        value = value.root
    return value


def _paths(cls: Any) -> Iterator[str]:
    for info in getattr(cls, "model_fields", {}).values():
        alias = info.validation_alias
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
        yield from (str(each.path[0]) for each in choices if isinstance(each, AliasPath))


def slot_of(annotation: Any) -> Slot:
    """What an annotation allows."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _marked(slot_of(arguments[0]), arguments[1:])
    if origin in (Union, types.UnionType):
        slot = Slot()
        for each in arguments:
            slot |= slot_of(each)
        return slot
    if origin is Literal:
        texts = any(isinstance(each, str) for each in arguments)
        return Slot(choices=arguments, takes_none=None in arguments, takes_text=texts)
    if origin in _MAPPINGS:
        keys, values = arguments if len(arguments) == 2 else (str, int)
        fixed = slot_of(keys).choices
        names = [each.value if isinstance(each, Enum) else each for each in fixed]
        return Slot(values=slot_of(values), keys=tuple(map(str, names)))
    if origin in _SEQUENCES:
        return _sequence([each for each in arguments if each is not Ellipsis])
    return _single(annotation, origin)


def _marked(slot: Slot, marks: tuple[Any, ...]) -> Slot:
    for mark in marks:
        tag = getattr(mark, "discriminator", None)
        if isinstance(tag, str):
            slot = dataclasses.replace(slot, tag=tag)
        if _is_before(mark):
            slot = dataclasses.replace(slot, raw=True)
    return slot


def _sequence(arguments: list[Any]) -> Slot:
    items = Slot()
    for each in arguments:
        items |= slot_of(each)
    return Slot(items=items)


def _single(annotation: Any, origin: Any) -> Slot:  # noqa: PLR0911 - a list of cases
    if annotation is Any or annotation is object:
        return Slot(anything=True, takes_text=True, takes_none=True)
    if annotation is None or annotation is type(None):
        return Slot(takes_none=True)
    if isinstance(annotation, NewType):
        return slot_of(annotation.__supertype__)
    if isinstance(annotation, TypeVar):
        return slot_of(annotation.__bound__ or Any)
    alias = annotation if origin is None else origin
    if type(alias).__name__ == "TypeAliasType":
        return slot_of(alias.__value__)
    cls = annotation if origin is None else origin
    if not isinstance(cls, type):
        return Slot(takes_text=True)
    return _of_class(cls, annotation)


def _of_class(cls: Any, annotation: Any) -> Slot:  # noqa: PLR0911 - a list of cases
    if issubclass(cls, RootModel):
        return slot_of(cls.model_fields["root"].annotation)
    # Not `typing.is_typeddict`, which does not know those of typing_extensions.
    typed_dict = dict in cls.__mro__ and hasattr(cls, "__total__")
    if typed_dict or BaseModel in cls.__mro__ or hasattr(cls, _DATACLASS):
        return Slot(classes=(annotation if isinstance(annotation, type) else cls,))
    if issubclass(cls, Enum):
        return Slot(choices=tuple(cls), takes_text=issubclass(cls, str))
    if cls in _MAPPINGS:
        return Slot(values=Slot(anything=True, takes_text=True, takes_none=True))
    if cls in _SEQUENCES:
        return Slot(items=Slot(anything=True, takes_text=True, takes_none=True))
    if issubclass(cls, timedelta):
        return Slot(takes_seconds=True)
    return Slot(takes_text=issubclass(cls, (str, bytes)))
