"""The way from a dict to an object: which keys a class takes, and what its annotations promise."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter, signature
from types import NoneType, SimpleNamespace, UnionType
from typing import Any, Union, is_typeddict

from ._hints import Hint, Unresolved, hints_of
from ._nearest import nearest
from ._shape import (
    ObjectConversionError,
    UnsafeKeyError,
    class_of,
    declares_fields,
    is_a,
    is_data,
    is_named_tuple,
    refuse,
    slot_names,
)

_COLLECTIONS: tuple[Any, ...] = (list, tuple, set, frozenset)
_VARIABLE = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
_ANYTHING = Hint(Any)


def build(data: Any, hint: Hint, where: str) -> Any:
    """An object of the class *hint* from the mapping *data*; *where* is the way to it."""
    cls: type = hint.origin
    if not is_a(data, Mapping):
        refuse(f"{where} takes a mapping; got {type(data).__name__}", where)
    for key in data:
        if not isinstance(key, str):
            refuse(f"the keys for {where} must be text; one is {type(key).__name__}", where)
        if key.startswith("__") and key.endswith("__"):
            raise UnsafeKeyError(f"the key {key!r} for {where} is refused", key=key, where=where)
    if cls is SimpleNamespace:
        return SimpleNamespace(**{key: _open(item, f"{where}.{key}") for key, item in data.items()})
    if hasattr(cls, "model_validate"):
        return _validate(cls, _copy(data), where)
    if not is_data(cls, asked=True):
        refuse(
            f"{where} can't be made from a dict: {cls.__name__} is a value without fields", where
        )
    return _Class(hint, where).make(data)


def _open(value: Any, where: str) -> Any:
    """Without a class: every dict an object."""
    if is_a(value, Mapping):
        return build(value, Hint(SimpleNamespace), where)
    if type(value) in _COLLECTIONS:
        return type(value)(_open(item, f"{where}[{index}]") for index, item in enumerate(value))
    return value


def _copy(value: Any) -> Any:
    """Without a promise about it: dicts and lists copied, all else as it is."""
    if is_a(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    return type(value)(map(_copy, value)) if type(value) in _COLLECTIONS else value


def _validate(cls: Any, data: dict[Any, Any], where: str) -> Any:
    problem = ""
    try:
        return cls.model_validate(data)
    except ValueError as error:
        tell: Any = getattr(error, "errors", None)
        if tell is None:
            raise
        found = tell(include_url=False, include_context=False, include_input=False)
        problem = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found)
    # Outside of the handler: pydantic's own error shows the values, which may be secrets.
    return refuse(f"{where} is not valid: {problem}", where)


class _Class:
    """What the constructor of a class takes, and what may be set afterwards."""

    def __init__(self, hint: Hint, where: str) -> None:
        self._cls = cls = hint.origin
        self._where = where
        self._hints = hints_of(hint)
        try:
            parameters = signature(cls).parameters.values()
        except (TypeError, ValueError) as error:
            message = f"{where} can't be made from a dict: {cls.__name__} tells no parameters"
            raise ObjectConversionError(message, where=where) from error
        kinds = {parameter.kind for parameter in parameters}
        self._takes_any = Parameter.VAR_KEYWORD in kinds
        self._parameters = {p.name: p for p in parameters if p.kind not in _VARIABLE}
        # attrs passes `_name` as `name`.
        fields = getattr(cls, "__attrs_attrs__", ())
        self._aliases = {field.name: field.alias for field in fields if field.init}

    def make(self, data: Mapping[str, Any]) -> Any:
        values = {self._aliases.get(key, key): item for key, item in data.items()}
        later: dict[str, Any] = {}
        if not self._takes_any:
            later = {key: values.pop(key) for key in [*values] if key not in self._parameters}
        strange = [key for key in later if not self._is_attribute(key)]
        # A constructor of the user's own may make attributes that nothing tells before it has run.
        told = declares_fields(self._cls) or self._cls.__init__ is object.__init__
        self._check(values, strange if told else [])
        made = self._construct(values)
        self._check(values, [key for key in strange if key not in getattr(made, "__dict__", ())])
        for key, item in later.items():
            self._set(made, key, self._nested(key, item))
        return made

    def _construct(self, values: dict[str, Any]) -> Any:
        made = {key: self._nested(key, item) for key, item in values.items()}
        first = [
            made.pop(name)
            for name, parameter in self._parameters.items()
            if parameter.kind is Parameter.POSITIONAL_ONLY and name in made
        ]
        return self._cls(*first, **made)

    def _nested(self, key: str, item: Any) -> Any:
        return convert(item, self._hints.get(key, _ANYTHING), f"{self._where}.{key}")

    def _set(self, made: Any, key: str, item: Any) -> None:
        # A frozen dataclass forbids it to everyone else; this object is not finished yet.
        put = object.__setattr__ if hasattr(self._cls, "__dataclass_fields__") else setattr
        try:
            put(made, key, item)
        except AttributeError as error:
            message = f"{self._where}.{key} can't be set: {error}"
            raise ObjectConversionError(message, where=self._where) from error

    def _is_attribute(self, key: str) -> bool:
        """Whether the class says that its objects have such an attribute, or may have any."""
        cls = self._cls
        if key in self._hints or key in slot_names(cls):
            return True
        if hasattr(cls, key):
            found = getattr(cls, key)
            return found.fset is not None if isinstance(found, property) else not callable(found)
        bare = cls.__init__ is object.__init__ and cls.__new__ is object.__new__
        return bare and not self._hints and not slot_names(cls)

    def _check(self, values: Mapping[str, Any], unknown: list[str]) -> None:
        missing = [
            name
            for name, parameter in self._parameters.items()
            if parameter.default is Parameter.empty and name not in values
        ]
        problems = [f"missing: {', '.join(missing)}"] if missing else []
        if unknown:
            problems.append(f"unknown: {', '.join(map(self._guess, unknown))}")
        if problems:
            refuse(f"the keys do not fit {self._where}; {'; '.join(problems)}", self._where)

    def _guess(self, key: str) -> str:
        near = nearest(key, [*self._parameters, *self._hints])
        return f"{key!r} (did you mean {near!r}?)" if near else repr(key)


def convert(value: Any, hint: Hint, where: str) -> Any:
    """*value* as *hint* promises it, as far as classes made from dicts are concerned."""
    hint = hint.bare()
    if hint.origin in (Union, UnionType):
        return _convert_union(value, hint.arguments, where)
    if isinstance(hint.type, Unresolved):
        return _convert_unresolved(value, hint.type, where)
    if is_a(value, Mapping):
        return _convert_mapping(value, hint, where)
    if type(value) in _COLLECTIONS:
        return _convert_items(value, hint, where)
    return value


def _is_made_from_dict(cls: Any) -> bool:
    if not is_a(cls, type) or not is_data(cls):
        return False
    return is_named_tuple(cls) or not issubclass(cls, (Mapping, *_COLLECTIONS))


def _convert_mapping(value: Mapping[Any, Any], hint: Hint, where: str) -> Any:
    cls = hint.origin
    if _is_made_from_dict(cls) and not isinstance(value, cls):
        return build(value, hint, where)
    hints = hints_of(hint) if is_typeddict(cls) else {}
    inner = hint.arguments[1] if len(hint.arguments) == 2 else _ANYTHING
    return {
        key: convert(item, hints.get(key, inner), f"{where}[{key!r}]")
        for key, item in value.items()
    }


def _convert_items(value: Any, hint: Hint, where: str) -> Any:
    inner = hint.arguments or [_ANYTHING]
    if hint.origin is tuple and hint.arguments and inner[-1].type is not ...:
        inner += [_ANYTHING] * (len(value) - len(inner))
    else:
        inner = inner[:1] * len(value)
    items = [
        convert(item, each, f"{where}[{index}]")
        for index, (item, each) in enumerate(zip(value, inner, strict=False))
    ]
    # JSON has lists only; where the annotation says tuple or set, it is one again.
    kind: Any = hint.origin if hint.origin in _COLLECTIONS else class_of(value)
    return kind(items)


def _convert_union(value: Any, arms: list[Hint], where: str) -> Any:
    refused: list[ObjectConversionError] = []
    for arm in sorted(arms, key=lambda arm: not _is_made_from_dict(arm.bare().origin)):
        if arm.type is NoneType and value is not None:
            continue
        try:
            return convert(value, arm, where)
        except UnsafeKeyError:
            raise
        except ObjectConversionError as error:
            refused.append(error)
    if not refused:
        return value
    if len(refused) == 1:
        raise refused[0]
    return refuse(f"{where} fits none of its types; {'; '.join(map(str, refused))}", where)


def _convert_unresolved(value: Any, hint: Unresolved, where: str) -> Any:
    if any(
        isinstance(item, Mapping) for item in (value if type(value) in _COLLECTIONS else (value,))
    ):
        refuse(
            f"the annotation {hint.text!r} of {where} can't be resolved ({hint.problem}); "
            "define what it names at the top of its module",
            where,
        )
    return _copy(value)
