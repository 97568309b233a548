"""Writing elements within elements, without recursion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pepperpy.infra.serialization._errors import too_deep

if TYPE_CHECKING:
    from collections.abc import Callable

    from pepperpy.infra.serialization._config import SerializerConfig

_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Element(NamedTuple):
    """One element: its name and attributes, and what is in it."""

    tag: str
    text: str = ""
    items: list[tuple[str, Any]] | None = None  # the elements within, as tags and values

    @property
    def end(self) -> str:
        return f"</{self.tag.partition(' ')[0]}>"


def lay_out(
    root: tuple[str, Any],
    element: Callable[[str, Any], Element],
    config: SerializerConfig,
    deepest: int,
) -> bytes:
    """A document, given what makes an element of a tag and a value.

    Args:
        deepest: The level of the last elements that may have others within.
    """
    parts = [_DECLARATION]
    stack = [(iter([root]), "")]

    def line() -> None:
        if config.indent is not None and len(parts) > 1:
            parts.append("\n" + " " * ((len(stack) - 1) * config.indent))

    while stack:
        items, end = stack[-1]
        for tag, value in items:
            line()
            made = element(tag, value)
            if made.items is not None and len(stack) > deepest:
                raise too_deep("value", config.max_depth)
            if made.items:
                parts.append(f"<{made.tag}>")
                stack.append((iter(made.items), made.end))
                break
            parts.append(f"<{made.tag}" + (f">{made.text}{made.end}" if made.text else "/>"))
        else:
            stack.pop()
            if stack:
                line()
                parts.append(end)
    return "".join(parts).encode()
