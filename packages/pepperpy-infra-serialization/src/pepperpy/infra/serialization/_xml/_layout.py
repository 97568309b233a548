"""Writing elements within elements, without recursion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pepperpy.infra.serialization._errors import too_deep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pepperpy.infra.serialization._config import SerializerConfig

_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Content(NamedTuple):
    """The elements within one that was begun, as tags and values, and what ends it."""

    items: Iterator[tuple[str, Any]]
    end: str


def lay_out(
    root: tuple[str, Any],
    element: Callable[[str, Any], tuple[str, Content | None]],
    config: SerializerConfig,
) -> bytes:
    """A document, given what writes one element, or the start of one and what comes in it."""
    parts = [_DECLARATION]
    stack = [Content(iter([root]), "")]

    def line() -> None:
        if config.indent is not None and len(parts) > 1:
            parts.append("\n" + " " * ((len(stack) - 1) * config.indent))

    while stack:
        for tag, value in stack[-1].items:
            line()
            written, content = element(tag, value)
            parts.append(written)
            if content is not None:
                if len(stack) > config.max_depth:
                    raise too_deep("value", config.max_depth)
                stack.append(content)
                break
        else:
            end = stack.pop().end
            if stack:
                line()
                parts.append(end)
    return "".join(parts).encode()
