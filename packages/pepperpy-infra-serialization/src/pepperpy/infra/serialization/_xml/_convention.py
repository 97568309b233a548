"""XML from and for elsewhere: attributes are ``@name``, text is ``#text``, repeated elements a list."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.serialization._errors import SerializationError
from pepperpy.infra.serialization._plain import members, plain

from ._layout import Element, lay_out
from ._text import ANY_NAME, in_attribute, in_text, is_allowed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pepperpy.infra.serialization._config import SerializerConfig

_TEXT: Final = "#text"
_ATTRIBUTE: Final = "@"


# Reading


class _Element:
    __slots__ = ("items", "name", "text")

    def __init__(self, name: str, attributes: Sequence[str]) -> None:
        self.name = name
        self.text: list[str] = []
        names = (_ATTRIBUTE + each for each in attributes[::2])
        self.items: dict[str, Any] = dict(zip(names, attributes[1::2], strict=True))

    def add(self, name: str, value: Any, as_list: bool) -> None:
        if name not in self.items:
            self.items[name] = _Repeated([value]) if as_list else value
        elif isinstance(self.items[name], _Repeated):
            self.items[name].append(value)
        else:
            self.items[name] = _Repeated([self.items[name], value])

    def value(self) -> Any:
        text = "".join(self.text)
        if not self.items:
            return text or None
        if any(name[0] != _ATTRIBUTE for name in self.items):
            if text.strip(" \t\r\n"):
                raise SerializationError(
                    f"<{self.name}> mixes text and elements, whose order a dict cannot keep"
                )
        elif text:
            self.items[_TEXT] = text
        return {
            name: list(item) if isinstance(item, _Repeated) else item
            for name, item in self.items.items()
        }


class _Repeated(list[Any]):
    """The values of elements with one name; the value of one element is never a list."""


class PlainReader:
    """Makes a dict of a document, with the name of its root."""

    def __init__(self, force_list: Collection[str]) -> None:
        self._force_list = force_list
        self._open: list[_Element] = []
        self.value: Any = None

    def start(self, name: str, attributes: Sequence[str]) -> None:
        self._open.append(_Element(name, attributes))

    def text(self, text: str) -> None:
        if self._open:
            self._open[-1].text.append(text)

    def end(self, name: str) -> None:
        value = self._open.pop().value()
        if self._open:
            self._open[-1].add(name, value, name in self._force_list)
        else:
            self.value = {name: [value] if name in self._force_list else value}


# Writing


def write_plain(value: Any, config: SerializerConfig) -> bytes:
    """A dict with one member, the root, as a document.

    Raises:
        SerializationError: It has another form, or XML cannot hold it.
    """
    writer = _Writer(config)
    return lay_out(writer.root(value), writer.element, config, config.max_depth - 1)


class _Writer:
    def __init__(self, config: SerializerConfig) -> None:
        self.config = config

    def root(self, value: Any) -> tuple[str, Any]:
        value = self._simple(value)
        roots = self._children(value) if value.__class__ is dict else []
        if len(roots) != 1 or len(value) != 1:
            raise SerializationError(
                'convention="plain" writes a dict with one member, the root; '
                f"got a {type(value).__name__} with {len(roots)} elements"
            )
        return roots[0]

    def element(self, name: str, value: Any) -> Element:
        _check_name(name)
        value = self._simple(value)
        if value.__class__ is list:
            raise SerializationError(f"<{name}> holds a list in a list, which XML has no form for")
        if value.__class__ is not dict:
            return Element(name, in_text(self._scalar(name, value)))
        attributes = self._attributes(value)
        children = self._children(value)
        text = in_text(self._scalar(name, self._simple(value.get(_TEXT))))
        if text and children:
            raise SerializationError(
                f"<{name}> mixes text and elements, whose order a dict cannot keep"
            )
        return Element(name + attributes, text, children)

    def _attributes(self, value: dict[Any, Any]) -> str:
        attributes: list[str] = []
        for key, item in value.items():
            if isinstance(key, str) and key.startswith(_ATTRIBUTE):
                _check_name(key[1:])
                text = in_attribute(self._scalar(key, self._simple(item)))
                attributes.append(f' {key[1:]}="{text}"')
        return "".join(attributes)

    def _children(self, value: dict[Any, Any]) -> list[tuple[str, Any]]:
        children: list[tuple[str, Any]] = []
        for name, item in members(value, self._key, self.config):
            if name == _TEXT or name.startswith(_ATTRIBUTE):
                continue
            made = self._simple(item)
            if made == [] and made.__class__ is list:
                raise SerializationError(f"<{name}> is an empty list, which XML has no form for")
            children += [(name, each) for each in (made if made.__class__ is list else [made])]
        return children

    def _key(self, key: Any) -> str:
        key = self._simple(key)
        if key.__class__ is not str:
            raise SerializationError(f"the name of an element is text; got {type(key).__name__}")
        text: str = key
        return text

    def _simple(self, value: Any) -> Any:
        return plain(value, _SIMPLE, self.config)

    def _scalar(self, name: str, value: Any) -> str:
        if value.__class__ in {dict, list}:
            raise SerializationError(
                f"{name} is text in XML; it cannot hold a {type(value).__name__}"
            )
        text = _text(value)
        if not is_allowed(text):
            raise SerializationError(f"{name} holds a character that XML has no form for")
        return text


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _check_name(name: str) -> None:
    if ANY_NAME.fullmatch(name) is None:
        raise SerializationError(f"XML cannot have an element or attribute named {name!r:.60}")


_SIMPLE: Final[frozenset[type]] = frozenset(
    {str, int, float, bool, type(None), bytes, datetime, dict, list}
)
