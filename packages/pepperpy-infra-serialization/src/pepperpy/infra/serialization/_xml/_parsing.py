"""The parser of XML, and what it refuses whatever the convention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from pepperpy.infra.serialization._errors import SerializationError, UnsafeDataError, too_deep

if TYPE_CHECKING:
    from collections.abc import Sequence

NODE_LIMIT: Final = 5_000_000
"""How many elements and attributes one document may have."""


class Handler(Protocol):
    """What makes a value of the elements as they come."""

    def start(self, name: str, attributes: Sequence[str]) -> None: ...  # names and values in turn

    def text(self, text: str) -> None: ...

    def end(self, name: str, /) -> None: ...


def parse(data: bytes | str, handler: Handler, max_depth: int) -> None:
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
    guard = _Guard(handler, max_depth)
    parser.StartElementHandler = guard.start
    parser.EndElementHandler = guard.end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(data, True)
    except SerializationError:
        raise
    except expat.ExpatError as error:
        raise SerializationError(f"the data is no XML: {error}") from error
    except Exception as error:  # an encoding that is none, for one
        raise SerializationError(f"the data is no XML ({type(error).__name__})") from error


class _Guard:
    def __init__(self, handler: Handler, max_depth: int) -> None:
        self.handler = handler
        self.max_depth = max_depth
        self.depth = 0
        self.left = NODE_LIMIT

    def start(self, name: str, attributes: Any) -> None:
        self.depth += 1
        if self.depth > self.max_depth:
            raise too_deep("XML", self.max_depth)
        self.left -= 1 + len(attributes) // 2
        if self.left < 0:
            raise UnsafeDataError(f"the XML has more than {NODE_LIMIT} elements and attributes")
        self.handler.start(name, attributes)

    def end(self, name: str) -> None:
        self.depth -= 1
        self.handler.end(name)


def _refuse_doctype(*_: object) -> None:
    raise UnsafeDataError("the XML has a DOCTYPE, which can make it grow and read files")
