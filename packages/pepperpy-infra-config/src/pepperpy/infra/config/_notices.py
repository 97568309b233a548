"""What is worth a warning, told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._misspelt import misspelt, misspelt_sections
from ._warn import warn

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ._building import Component
    from ._document import Document
    from ._sources import Inputs, Notice


class Notices:
    """The warnings of one registry."""

    def __init__(self) -> None:
        # Single operations on both are atomic; at worst something is judged or told twice.
        self._warned: set[object] = set()
        self._judged: set[str] = set()
        self._count = 0
        self._document: Document | None = None

    def misspelt(self, inputs: Inputs, components: Collection[Component]) -> Iterable[Notice]:
        """What sets nothing, of what was not judged with as many components before."""
        if self._count != len(components):
            self._count, self._judged, self._document = len(components), set(), None
        names = set(inputs.names()) - self._judged
        self._judged |= names
        if self._document is inputs.document:
            return misspelt(names, components)
        self._document = inputs.document
        return [*misspelt(names, components), *misspelt_sections(inputs, components)]

    def warn(self, notices: Iterable[Notice]) -> None:
        """Warn once of each.  Outside of any lock, as a warning may be made an error."""
        for notice in notices:
            if notice.key not in self._warned:
                self._warned.add(notice.key)
                warn(notice.message)
