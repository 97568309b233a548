"""What of a configuration may be seen: a copy of its values for people, without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from pepperpy.infra.utils.redaction import MASK, is_secret_name, redact_text

from ._kinds import is_a

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PLAIN = (type(None), bool, int, float, complex)
_ITEMS = (list, tuple, set, frozenset, Mapping)
_SIZED = (str, bytes, *_ITEMS)
_DEPTH: Final = 50
TOO_DEEP: Final = "<nested too deep>"


class Shown:
    """Stands for an object in a repr: its text, already masked."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def shown(value: Any, name: str = "", *, secret: bool = False, depth: int = 0) -> Any:
    """Something whose repr is that of *value* without the secrets.

    Args:
        value: What a field holds.
        name: The name of the field or key that it stands under.
        secret: Whether something around it has the name of a secret.
        depth: How deep it lies.
    """
    if secret or (name and is_secret(name, value)):
        # That something was not set is no secret, and often what one is looking for.
        return value if _says_nothing(value) else MASK
    if type(value) in _PLAIN:
        return value
    if isinstance(value, str) and type(value) is str:
        return redact_text(value)
    if depth >= _DEPTH:
        return Shown(TOO_DEEP)
    return _container(value, depth + 1)


def is_secret(name: str, value: Any) -> bool:
    """Whether a name says that *value* is a secret.

    A plural is mostly that of a number (``max_tokens``), so it is one only for what has items.
    """
    if is_secret_name(name):
        return True
    return name[-1:] in ("s", "S") and is_a(value, _ITEMS) and is_secret_name(name[:-1])


def secrets_in(value: Any, *, secret: bool = False, depth: int = 0) -> Iterator[str]:
    """The texts in a configuration that are secrets by their type or their name."""
    if depth > _DEPTH:
        return
    if hasattr(value, "get_secret_value"):
        yield from secrets_in(value.get_secret_value(), secret=True, depth=depth + 1)
    elif secret and isinstance(value, (str, bytes)):
        yield value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    elif is_a(value, (list, tuple, set, frozenset)) and not hasattr(value, "_fields"):
        for item in value:
            yield from secrets_in(item, secret=secret, depth=depth + 1)
    else:
        named: Any = value.items() if is_a(value, Mapping) else members(value, hidden=True) or ()
        for name, item in named:
            hidden = secret or is_hidden(value, name) or is_secret(str(name), item)
            yield from secrets_in(item, secret=hidden, depth=depth + 1)


def tells_a_secret(value: Any, owner: Any) -> bool:
    """Whether a text that was made of the fields of *owner* holds one of its secrets."""
    text = redact_text(value) if isinstance(value, str) else _own_repr(value)
    return any(len(each) > 2 and each in text for each in secrets_in(owner))


def _says_nothing(value: Any) -> bool:
    return value is None or isinstance(value, bool) or (is_a(value, _SIZED) and not value)


def _container(value: Any, depth: int) -> Any:
    if is_a(value, Mapping):
        return {_shown_key(k): shown(item, str(k), depth=depth) for k, item in value.items()}
    if is_a(value, (list, tuple, set, frozenset)) and not hasattr(value, "_fields"):
        return _items(value, depth)
    named = members(value)
    if named is not None:
        inner = ", ".join(f"{name}={shown(item, name, depth=depth)!r}" for name, item in named)
        return Shown(f"{type(value).__name__}({inner})")
    return Shown(_own_repr(value))


def _shown_key(key: Any) -> Any:
    return redact_text(key) if isinstance(key, str) else repr(shown(key))


def _items(value: Any, depth: int) -> Any:
    items = [shown(item, depth=depth) for item in value]
    if is_a(value, list):
        return items
    if is_a(value, tuple):
        return tuple(items)
    # Two that are masked are still two, so a set of the masked ones would not do.
    inner = ", ".join(map(repr, items))
    text = f"{{{inner}}}" if items else "set()"
    return Shown(f"frozenset({text if items else ''})" if isinstance(value, frozenset) else text)


def masked_data(value: Any, name: str = "") -> Any:
    """*value* as dicts, lists and plain values or texts, without the secrets."""
    if name and is_secret(name, value):
        return shown(value, name)
    if is_a(value, Mapping):
        return {_shown_key(key): masked_data(item, str(key)) for key, item in value.items()}
    if is_a(value, (list, tuple)) and not hasattr(value, "_fields"):
        return [masked_data(item) for item in value]
    named = members(value, hidden=True)
    if named is None:
        found = shown(value, name)
        return repr(found) if isinstance(found, Shown) else found
    return {
        key: MASK if is_hidden(value, key) and not _says_nothing(item) else masked_data(item, key)
        for key, item in named
    }


def is_hidden(owner: Any, name: str) -> bool:
    """Whether a field is to be left out of the repr of its owner, as secrets often are."""
    if isinstance(owner, BaseModel):
        field = type(owner).model_fields.get(name)
        return field is not None and not field.repr
    declared = getattr(owner, "__dataclass_fields__", {}).get(name)
    return declared is not None and not declared.repr


def members(value: Any, *, hidden: bool = False) -> Iterable[tuple[str, Any]] | None:
    """The named parts of a model, dataclass or named tuple; None for anything else.

    With *hidden*, also those that are to be left out of a repr.
    """
    if isinstance(value, BaseModel):
        pairs = [*value.__dict__.items(), *(value.__pydantic_extra__ or {}).items()]
        return [pair for pair in pairs if hidden or not is_hidden(value, pair[0])]
    if is_dataclass(value) and not isinstance(value, type):
        pairs = [(each.name, getattr(value, each.name, None)) for each in fields(value)]
        return [pair for pair in pairs if hidden or not is_hidden(value, pair[0])]
    items: Any = value
    if is_a(items, tuple) and is_a(getattr(items, "_fields", None), tuple):
        return [(str(name), item) for name, item in zip(items._fields, items, strict=False)]
    return None


def _own_repr(value: Any) -> str:
    try:
        return redact_text(repr(value))
    except Exception as error:  # noqa: BLE001 - a boundary: a broken repr must not hide the rest
        return f"<{type(value).__name__}, whose repr raised {type(error).__name__}>"


class MapKey(str):
    """A part of a path that somebody chose as the key of a mapping, unlike the name of a field."""

    __slots__ = ()


def shown_path(path: Iterable[object]) -> str:
    """A path in dots, without keys that may be secrets."""
    parts: list[str] = []
    secret = False
    for each in path:
        text = str(each)
        parts.append(MASK if secret and isinstance(each, MapKey) else redact_text(text))
        secret = secret or is_secret_name(text)
    return ".".join(parts)
