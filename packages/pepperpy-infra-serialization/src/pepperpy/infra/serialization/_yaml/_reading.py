"""Reading YAML: values straight from the events of the parser, with a count kept of everything.

No tree of nodes is made first, so depth, repetition and keys are checked as they come, and nothing
recurses.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pepperpy.infra.serialization._errors import (
    DepthError,
    SerializationError,
    UnsafeDataError,
    too_deep,
)
from pepperpy.infra.serialization._failures import as_bytes, named_errors

from ._scalars import PREFIX, resolve, tagged

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from pepperpy.infra.serialization._serializer import Data

_EXPANDED: Final = 1_000_000
_EXPANDED_PER_BYTE: Final = 100
_EQUAL_HASHES: Final = 100
_TOO_DEEP: Final = "exceeded maximum nesting depth"  # the words of libyaml

_NOTHING: Final = object()
_NO_KEY: Final = object()
_MERGE: Final = object()


class _Open:
    """A collection whose end has not come yet."""

    __slots__ = ("anchor", "before", "hashes", "items", "key", "merged", "tag")

    def __init__(self, items: list[Any] | dict[Any, Any], event: Any, before: int) -> None:
        self.items: Any = items
        self.tag = event.tag
        self.anchor = event.anchor
        self.before = before  # what was counted when it began
        self.key: Any = _NO_KEY
        self.merged: list[Any] = []
        self.hashes: Counter[int] | None = None


def read(data: Data | str, max_depth: int) -> Any:
    """The one document in *data*; `None` if there is none.

    Raises:
        SerializationError: It is no YAML, or more than one document, or no value can be made of it.
    """
    documents = read_all(data, max_depth)
    value = next(documents, None)
    if next(documents, _NOTHING) is not _NOTHING:
        raise SerializationError(
            "the YAML holds more than one document; iter_yaml() reads them all"
        )
    return value


def read_all(data: Data | str, max_depth: int) -> Iterator[Any]:
    """The documents in *data*, each read when it is asked for.

    Raises:
        SerializationError: It is no YAML, or no value can be made of it.
    """
    yaml: Any = import_module("yaml")
    with _named_errors(yaml, max_depth):
        held = data.encode() if isinstance(data, str) else bytes(as_bytes(data, "YAML"))
        reader = _Reader(_parser_class()(held), yaml, len(held), max_depth)
    while True:
        with _named_errors(yaml, max_depth):
            value = reader.document()
        if value is _NOTHING:
            return
        yield value


@contextmanager
def _named_errors(yaml: Any, max_depth: int) -> Generator[None]:
    with named_errors("the data is no YAML"):
        try:
            yield
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = f" in line {mark.line + 1}" if mark else ""
            said = error.problem or error.context
            if said == _TOO_DEEP:
                raise DepthError(
                    f"the YAML is nested deeper than its parser goes{place}, "
                    f"which is less than max_depth, {max_depth}",
                    max_depth=max_depth,
                ) from error
            raise SerializationError(f"the data is no YAML: {said}{place}") from error


@cache
def _parser_class() -> Any:
    try:
        return import_module("yaml.cyaml").CParser
    except ImportError:
        return import_module("yaml").SafeLoader


class _Reader:
    def __init__(self, parser: Any, yaml: Any, size: int, max_depth: int) -> None:
        self.next_event: Callable[[], Any] = parser.get_event
        self.in_c = not isinstance(parser, yaml.SafeLoader)
        self.events = yaml.events
        self.size = size
        self.max_depth = max_depth
        self.count = 0
        self.merged = 0
        self.limit = max(_EXPANDED, _EXPANDED_PER_BYTE * size)
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.stack: list[_Open] = []
        self.event: Any = None

    def document(self) -> Any:
        """The next document, or `_NOTHING`."""
        events = self.events
        while not isinstance(event := self.next_event(), events.DocumentStartEvent):
            if isinstance(event, events.StreamEndEvent):
                return _NOTHING
        self.anchors.clear()
        return self._value()

    def _value(self) -> Any:
        next_event, stack = self.next_event, self.stack
        events = self.events
        scalar, sequence_end, mapping_end = (
            events.ScalarEvent,
            events.SequenceEndEvent,
            events.MappingEndEvent,
        )
        while True:
            self.event = event = next_event()
            kind = event.__class__
            if kind is scalar:
                self.count += _weight(event.value)
                value = self._scalar(event)
            elif kind is sequence_end or kind is mapping_end:
                value = self._end(stack.pop())
            elif kind is events.AliasEvent:
                value = self._alias(event.anchor)
            else:
                self._begin(event, [] if kind is events.SequenceStartEvent else {})
                continue
            if not stack:
                return value
            top = stack[-1]
            if top.items.__class__ is list:
                top.items.append(value)
            elif top.key is _NO_KEY:
                top.key = self._key(top, value)
            else:
                self._member(top, value)

    def _scalar(self, event: Any) -> Any:
        text, tag = event.value, event.tag
        if not self.in_c:
            text.encode()  # the parser in C refuses half of a surrogate pair by itself
        try:
            if tag is not None:
                value = self._tagged(tag, text)
            elif event.implicit[0]:
                if text == "<<" and self._at_key():
                    return _MERGE
                value = resolve(text)
            else:
                value = text
        except ValueError as error:
            if isinstance(error, SerializationError):
                raise
            self._fail(f"a value cannot be read ({_reason(error)})", error)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, _weight(text))
        return value

    def _at_key(self) -> bool:
        return (
            bool(self.stack)
            and self.stack[-1].items.__class__ is dict
            and (self.stack[-1].key is _NO_KEY)
        )

    def _tagged(self, tag: str, text: str) -> Any:
        try:
            return tagged(tag, text)
        except KeyError:
            self._refuse_tag(tag)

    def _begin(self, event: Any, items: list[Any] | dict[Any, Any]) -> None:
        if len(self.stack) >= self.max_depth:
            raise too_deep("YAML", self.max_depth)
        if event.anchor is not None:
            self.anchors.pop(event.anchor, None)  # until its end it is no value
        self.stack.append(_Open(items, event, self.count))
        self.count += 1

    def _end(self, ended: _Open) -> Any:
        value: Any = ended.items
        if ended.merged:
            value = self._merge(ended.merged, value)
        if ended.tag is not None:
            value = self._made(ended.tag, value)
        if ended.anchor is not None:
            self.anchors[ended.anchor] = (value, self.count - ended.before)
        return value

    def _alias(self, anchor: str) -> Any:
        if anchor not in self.anchors:
            self._fail(f"*{anchor} stands for nothing, or for what it is a part of")
        value, weight = self.anchors[anchor]
        self.count += weight
        if self.count > self.limit:
            raise UnsafeDataError(
                f"the aliases of the YAML make more than {self.limit} values out of "
                f"{self.size} bytes (each 8 letters of a text count as one more)"
            )
        return value

    # Mappings

    def _key(self, top: _Open, value: Any) -> Any:
        if value.__class__ is list or value.__class__ is tuple:
            value = self._tuple(value)
        if value.__class__ is tuple or (value.__class__ is int and value.bit_length() > 61):
            self._spread(top, value)
        try:
            twice = value in top.items
        except TypeError as error:
            self._fail("a mapping cannot be a key", error)
        if twice or (value is _MERGE and top.merged):
            shown = "<<" if value is _MERGE else value
            text = f"{shown!r:.60}" if isinstance(shown, (str, int, float)) else "one"
            self._fail(f"two keys of a mapping are equal: {text}")
        return value

    def _spread(self, top: _Open, value: Any) -> None:
        # The hashes of numbers are no secret: many keys with one hash would make each look-up a search.
        if top.hashes is None:
            top.hashes = Counter()
        try:
            code = hash(value)
        except TypeError as error:
            self._fail("a mapping cannot be a part of a key", error)
        top.hashes[code] += 1
        if top.hashes[code] > _EQUAL_HASHES:
            raise UnsafeDataError(
                "the keys of a mapping in the YAML are made to be slow to look up"
            )

    def _tuple(self, items: Any) -> tuple[Any, ...]:
        return tuple(self._tuple(each) if each.__class__ is list else each for each in items)

    def _member(self, top: _Open, value: Any) -> None:
        key, top.key = top.key, _NO_KEY
        if key is _MERGE:
            top.merged = value if value.__class__ is list and value else [value]
            if any(each.__class__ is not dict for each in top.merged):
                self._fail("<< takes a mapping or a list of them; a key of that name needs quotes")
        else:
            top.items[key] = value

    def _merge(self, others: list[Any], own: dict[Any, Any]) -> dict[Any, Any]:
        # Unlike aliases, merged members take memory each time.
        self.merged += sum(map(len, others))
        if self.merged > max(_EXPANDED, self.size):
            raise UnsafeDataError("the merge keys of the YAML make too much out of it")
        result: dict[Any, Any] = {}
        for each in reversed(others):
            result.update(each)
        return result | own

    # Tags of collections

    def _made(self, tag: str, items: Any) -> Any:
        kind = tag.removeprefix(PREFIX)
        if kind in {"!", "seq" if items.__class__ is list else "map"}:
            return items
        if items.__class__ is dict and kind == "set":
            if any(each is not None for each in items.values()):
                self._fail("a set has no values")
            return set(items)
        if items.__class__ is list and kind in {"omap", "pairs"}:
            return self._pairs(kind, items)
        return self._refuse_tag(tag)

    def _pairs(self, kind: str, items: list[Any]) -> Any:
        if any(each.__class__ is not dict or len(each) != 1 for each in items):
            self._fail(f"!!{kind} takes a list of mappings with one member each")
        pairs = [pair for each in items for pair in each.items()]
        if kind == "pairs":
            return pairs
        if len({key for key, _ in pairs}) != len(pairs):
            self._fail("two keys of !!omap are equal")
        return dict(pairs)

    # Errors

    def _refuse_tag(self, tag: str) -> NoReturn:
        shown = tag.replace(PREFIX, "!!")
        place = self.event.start_mark.line + 1
        if "python/" in tag:
            raise UnsafeDataError(
                f"{shown} in line {place} of the YAML asks for an object of Python"
            )
        self._fail(f"no value has the tag {shown:.60}")

    def _fail(self, what: str, cause: Exception | None = None) -> NoReturn:
        line = self.event.start_mark.line + 1
        raise SerializationError(f"{what}, in line {line} of the YAML") from cause


def _weight(text: str) -> int:
    # Long text counts for more: what repeats it here takes no memory, but whatever it is written to does.
    return 1 + (len(text) >> 3)


def _reason(error: ValueError) -> str:
    return (
        str(error) if type(error) is ValueError and len(str(error)) < 80 else type(error).__name__
    )
