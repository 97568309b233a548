"""Figures of the objects that can say how they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import inspectables, passes_through
from pepperpy.infra.utils.redaction import redact_text

from ._numbers import clean
from ._tags import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def pulled() -> Iterator[tuple[str, str, float]]:
    """The name of each figure, the name of the object, and the value.

    Where two objects have one kind and name, the younger one is shown.
    """
    found = {figure[:2]: figure for obj in inspectables() for figure in _figures(obj)}
    yield from found.values()


def _figures(obj: Any) -> list[tuple[str, str, float]]:
    try:
        shown = obj.inspect()
        facts: Mapping[Any, Any] = shown.get("facts", {})
        kind, name = text(shown.get("kind", "object")), redact_text(text(shown.get("name", "")))
        numbers = ((text(fact), clean([value])) for fact, value in facts.items())
        return [(f"pepperpy.{kind}.{fact}", name, value[0]) for fact, value in numbers if value]
    except Exception as error:  # a boundary: a figure less, nothing worse
        if passes_through(error):
            raise
        return []
