"""Which of the keys of a function carry a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from ._keeping import Keeping
    from ._names import Naming, Wanted
    from ._store import MemoryStore


class Lookup:
    """Finds the keys in a store by the names of their entries.  Runs under the store's lock."""

    __slots__ = ("_keeping", "_naming", "_store", "has_odd_keys")

    def __init__(self, store: MemoryStore, naming: Naming, keeping: Keeping) -> None:
        self._store = store
        self._naming = naming
        self._keeping = keeping
        self.has_odd_keys: bool = False
        """Whether a key was ever kept that is not its one argument itself."""

    def keys(self, wanted: Wanted) -> set[Hashable]:
        """The keys of the entries that carry a wanted name."""
        indexed = self._store.names
        if wanted.is_glob:
            found = {key for name in indexed if wanted.matches(name) for key in indexed[name]}
        else:
            found = set(indexed.get(wanted.name, ()))
        if any(wanted.may_begin(entity.prefix) for entity in self._naming.entities):
            found.update(self._keys_of_entity(wanted))
        return found

    def _keys_of_entity(self, wanted: Wanted) -> Iterator[Hashable]:
        if not (wanted.is_glob or self.has_odd_keys):
            # Each key is the entity's value itself, so there are two that can be meant.
            yield from plain_keys(wanted.name[len(self._naming.entities[0].prefix) :])
            return
        for key in self._store.entries:
            if any(map(wanted.matches, self._keeping.entity_names(key))):
                yield key


def plain_keys(text: str) -> list[Hashable]:
    """The text and the whole number that are written like this."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        return [text]
    try:
        number = int(text)
    except ValueError:  # of more digits than Python reads
        return [text]
    return [text, number] if str(number) == text else [text]
