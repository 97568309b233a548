"""Objects to dicts and back, nested and by their types."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar, get_origin, overload

from ._shape import (
    ObjectConversionError,
    class_of,
    declares_fields,
    is_a,
    is_data,
    is_named_tuple,
    refuse,
    slot_names,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


def object_to_dict(obj: Any) -> dict[str, Any]:
    """The data of *obj* in a new dict, and so on for the objects in it.

    Dataclasses, named tuples, attrs classes and msgspec structs give all their fields, pydantic
    models their ``model_dump()``; any other object gives its public attributes, from ``__dict__`` and
    ``__slots__``.  Dicts, lists, tuples and sets inside are copied.  Values stay as they are: numbers,
    text, enum members, dates, paths and whatever else has no public attributes, comes from the standard
    library, or derives from such a value without fields of its own.

    Raises:
        ObjectConversionError: *obj* is no such object, or it contains itself.

    Examples:
        >>> from dataclasses import dataclass
        >>> @dataclass
        ... class Point:
        ...     x: int
        ...     y: int
        >>> object_to_dict({"from": Point(0, 0), "to": [Point(3, 4)]})
        {'from': {'x': 0, 'y': 0}, 'to': [{'x': 3, 'y': 4}]}
    """
    name = type(obj).__name__
    try:
        copy: Any = _Unfolding().copy(obj, name, asked=True)
    except RecursionError as error:
        raise ObjectConversionError(f"{name} is nested too deeply", where=name) from error
    if not is_a(copy, dict):
        message = f"object_to_dict takes an object with fields or attributes; {name} has none"
        raise ObjectConversionError(message, where=name)
    result: dict[str, Any] = copy
    return result


@overload
def dict_to_object(data: Mapping[str, Any]) -> SimpleNamespace: ...
@overload
def dict_to_object(data: Mapping[str, Any], cls: type[T]) -> T: ...
def dict_to_object(data: Mapping[str, Any], cls: type[Any] = SimpleNamespace) -> Any:
    """A new *cls* from *data*, and so on for what its annotations say about nested values.

    The keys are passed to the constructor by name.  Those that it does not take are set as attributes
    if the class or the new object has such an attribute (or takes any: a class without a constructor
    and annotations of its own); else they are an error, like required keys that are missing.  Nested
    dicts become objects where the annotation is a class, a list or dict of it, optional, or a union.
    Pydantic models validate as always; everywhere else values are not converted or checked.

    Args:
        data: Never changed, and its dicts and lists are not shared with the new object.
        cls: Any class with fields or attributes, also as ``Box[Item]``.  Without it nested dicts
            become objects that are read as ``config.server.port``.

    Raises:
        UnsafeKeyError: A key like ``__class__`` would become an attribute.
        ObjectConversionError: Keys are unknown or missing, with the nearest right names; both a
            `TypeError` and a `ValueError`.

    Examples:
        >>> dict_to_object({"server": {"port": 80}}).server.port
        80
    """
    origin = get_origin(cls) or cls
    if not is_a(origin, type):
        raise ObjectConversionError(f"cls must be a class; got {cls!r}", where="cls")
    from ._building import build
    from ._hints import Hint

    name: str = origin.__name__
    try:
        return build(data, Hint(cls), name)
    except RecursionError as error:
        message = f"the data for {name} is nested too deeply"
        raise ObjectConversionError(message, where=name) from error


class _Unfolding:
    """One walk through an object; it knows the objects around the one in hand."""

    def __init__(self) -> None:
        self._open: set[int] = set()

    def copy(self, value: Any, where: str, *, asked: bool = False) -> Any:
        walk = self._walk_for(value, asked=asked)
        if walk is None:
            return value
        if id(value) in self._open:
            refuse(f"{where} is an object that contains itself", where)
        self._open.add(id(value))
        try:
            return walk(value, where)
        finally:
            self._open.discard(id(value))

    def _walk_for(self, value: Any, *, asked: bool) -> Callable[[Any, str], Any] | None:
        cls = class_of(value)
        if is_a(value, Mapping):
            return self._mapping
        if is_a(value, (tuple, list, set, frozenset)) and not is_named_tuple(cls):
            return self._items
        data = is_data(cls, asked=asked)
        if is_a(value, type) or not (asked or data):
            return None
        if hasattr(cls, "model_dump"):
            return self._model
        if (asked and data) or declares_fields(cls) or any(_fields(value)):
            return self._object
        return None

    def _mapping(self, value: Mapping[Any, Any], where: str) -> dict[Any, Any]:
        return {key: self.copy(item, f"{where}[{key!r}]") for key, item in value.items()}

    def _items(self, value: Any, where: str) -> Any:
        items = [self.copy(item, f"{where}[{index}]") for index, item in enumerate(value)]
        if is_a(value, (set, frozenset)):
            # A dict can't be in a set: then, and only then, the set becomes a list.
            changed = any(new is not old for new, old in zip(items, value, strict=True))
            return items if changed else frozenset(items) if is_a(value, frozenset) else set(items)
        return tuple(items) if is_a(value, tuple) else items

    def _model(self, value: Any, where: str) -> Any:
        return self.copy(value.model_dump(), where)

    def _object(self, value: Any, where: str) -> dict[str, Any]:
        return {name: self.copy(item, f"{where}.{name}") for name, item in _fields(value)}


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Names and values of the fields, or of the public attributes where none are declared."""
    for name in _names(value):
        try:
            item = getattr(value, name)
        except AttributeError:  # a slot or field that nothing was put in
            continue
        yield name, item


def _names(value: Any) -> Iterator[str]:
    cls = class_of(value)
    if hasattr(cls, "__dataclass_fields__"):
        from dataclasses import fields

        yield from (field.name for field in fields(value))
    elif hasattr(cls, "__attrs_attrs__"):
        yield from (field.name for field in cls.__attrs_attrs__)
    elif hasattr(cls, "__struct_fields__"):
        yield from cls.__struct_fields__
    elif is_named_tuple(cls):
        yield from cls._fields
    else:
        names = dict.fromkeys(slot_names(cls))
        names.update(dict.fromkeys(getattr(value, "__dict__", ())))
        yield from (name for name in names if not name.startswith("_"))
