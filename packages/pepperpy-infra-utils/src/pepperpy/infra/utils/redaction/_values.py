"""The deep copy of a value in which secrets are masked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ._redactor import Redactor

DEPTH_LIMIT: Final = 100
TOO_DEEP: Final = "<nested too deep>"

_SCALARS = frozenset({int, float, bool, complex, type(None)})
_NAME = re.compile(r"[\w.-]{1,100}")


class Copier:
    """One walk over one value."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._memo: dict[int, Any] = {}

    def copy(self, value: Any, depth: int = 0) -> Any:  # noqa: PLR0911 - a list of cases
        """*value* with its secrets masked."""
        if type(value) in _SCALARS:
            return value
        if _is(value, (str, bytes, bytearray)):
            return self._text(value)
        if not _is(value, (Mapping, list, tuple, set, frozenset)):
            return value
        if id(value) in self._memo:
            return self._memo[id(value)]
        if depth >= DEPTH_LIMIT:
            return TOO_DEEP
        if _is(value, Mapping):
            return self._mapping(value, depth + 1)
        if _is(value, list):
            items: list[Any] = []
            self._memo[id(value)] = items
            items.extend(self._items(value, depth + 1))
            return items
        # What cannot be changed can only be in a cycle through something above, which ends there.
        self._memo[id(value)] = "<cycle>"
        made = self._memo[id(value)] = self._frozen(value, depth + 1)
        return made

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[Any, Any]:
        copied: dict[Any, Any] = {}
        self._memo[id(value)] = copied
        for key, item in value.items():
            shown = self._text(key) if _is(key, (str, bytes)) else key
            while shown is not key and (shown in copied or shown in value):
                shown += b"_" if _is(shown, bytes) else "_"
            copied[shown] = self._item(key, item, depth)
        return copied

    def _items(self, value: Any, depth: int) -> list[Any]:
        if len(value) == 2 and (name := _name_of(value[0])) and _NAME.fullmatch(name):
            return [self.copy(value[0], depth), self._item(value[0], value[1], depth)]
        return [self.copy(item, depth) for item in value]

    def _frozen(self, value: Any, depth: int) -> Any:
        if not _is(value, tuple):
            items = [self.copy(item, depth) for item in value]
            return frozenset(items) if _is(value, frozenset) else set(items)
        fields = getattr(value, "_fields", None)
        make = getattr(value, "_make", tuple)  # named tuples keep their type
        if fields is None:
            return make(self._items(value, depth))
        return make([self._item(*pair, depth) for pair in zip(fields, value, strict=False)])

    def _item(self, key: Any, item: Any, depth: int) -> Any:
        name = _name_of(key)
        if name is not None and self._redactor.is_secret_name(name):
            # That a password was not set is no secret, and often the cause that one looks for.
            unset = item is None or _is(item, bool) or (_is(item, str) and not item)
            return item if unset else self._redactor.mask
        return self.copy(item, depth)

    def _text(self, value: Any) -> Any:
        if _is(value, str):
            return self._redactor.redact_text(value)
        text = value.decode("latin-1")
        shown = self._redactor.redact_text(text)
        return value if shown is text else type(value)(shown.encode("latin-1", "replace"))


def _is(value: object, kinds: type | tuple[type, ...]) -> bool:
    # Only a bool: `isinstance` in its place would tell the type checker half of the type.
    return isinstance(value, kinds)


def _name_of(key: object) -> str | None:
    if isinstance(key, bytes):
        return key.decode("latin-1")
    return key if isinstance(key, str) else None
