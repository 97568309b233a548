"""The parser of XML, and what it refuses whatever the convention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from pepperpy.infra.serialization._errors import SerializationError, UnsafeDataError, too_deep
from pepperpy.infra.serialization._failures import named_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

NODE_LIMIT: Final = 5_000_000
"""How many elements and attributes one document may have."""


class Handler(Protocol):
    """What makes a value of the elements as they come."""

    def start(self, name: str, attributes: Sequence[str]) -> None: ...  # names and values in turn

    def text(self, text: str) -> None: ...

    def end(self, name: str, /) -> None: ...


def parse(data: bytes | str, handler: Handler, deepest: int) -> None:
    """Lead *handler* through a document.

    Raises:
        UnsafeDataError: It has a DOCTYPE, or too many elements.
        SerializationError: It is no XML.
    """
    from xml.parsers import expat

    # Text is what it is, whatever its declaration says of an encoding.
    parser = expat.ParserCreate("utf-8" if isinstance(data, str) else None)
    parser.buffer_text = True
    parser.ordered_attributes = True
    guard = _Guard(handler, deepest)
    parser.StartElementHandler = guard.start
    parser.EndElementHandler = guard.end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    with named_errors("the data is no XML"):
        try:
            parser.Parse(data, True)
        except expat.ExpatError as error:
            raise SerializationError(f"the data is no XML: {error}") from error


class _Guard:
    def __init__(self, handler: Handler, deepest: int) -> None:
        self.handler = handler
        self.deepest = deepest
        self.depth = 0
        self.left = NODE_LIMIT

    def start(self, name: str, attributes: Any) -> None:
        self.depth += 1
        if self.depth > self.deepest:
            raise too_deep("XML", self.deepest)
        self.left -= 1 + len(attributes) // 2
        if self.left < 0:
            raise UnsafeDataError(f"the XML has more than {NODE_LIMIT} elements and attributes")
        self.handler.start(name, attributes)

    def end(self, name: str) -> None:
        self.depth -= 1
        self.handler.end(name)


def _refuse_doctype(*_: object) -> None:
    raise UnsafeDataError("the XML has a DOCTYPE, which can make it grow and read files")
