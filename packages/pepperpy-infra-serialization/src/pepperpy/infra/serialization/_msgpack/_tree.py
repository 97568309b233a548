"""What stands for a value in MessagePack."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from pepperpy.infra.serialization._errors import DepthError
from pepperpy.infra.serialization._failures import viewed
from pepperpy.infra.serialization._kinds import class_of, is_a
from pepperpy.infra.serialization._plain import key_order
from pepperpy.infra.serialization._tree import Tagged, Tree

from ._tags import EXT_CODE, packed

_LEAST, _MOST = -(2**63), 2**64 - 1
_KEYS: Final = frozenset({str, int, float, bool, bytes, type(None)})


class MessagePackTree(Tree):
    """Makes a tree of dicts, lists, text, bytes, numbers, truth, nil, timestamps and extensions."""

    format_name = "MessagePack"

    def whole(self, value: int) -> Any:
        """A whole number of 64 bits; with tags, any."""
        if _LEAST <= value <= _MOST:
            return value
        if self.tags is None:
            self.refuse("it holds whole numbers of 64 bits; `tagged=True` writes longer ones")
        try:
            return Tagged("int", str(value))
        except ValueError as error:
            return self.refuse("an integer has more digits than Python converts", error)

    def key(self, key: Any) -> Any:
        """A key, which stays what it is as far as reading can bring it back."""
        if class_of(key) in _KEYS:
            return self.text(key) if class_of(key) is str else key
        if is_a(key, (tuple, frozenset)):
            return tuple(self.key(each) for each in key)
        made = self._settled_key(key)
        if is_a(made, (dict, list)):
            self.refuse(f"a {class_of(key).__name__} can be no key")
        return made

    def _settled_key(self, key: Any) -> Any:
        tags, self.tags = self.tags, None
        try:
            return self.walk(key, 0)
        except DepthError as error:
            return self.refuse(f"a {class_of(key).__name__} can be no key", error)
        finally:
            self.tags = tags

    def opened(self, value: dict[Any, Any]) -> Any:
        """With tags, a dict with keys that would not come back is written as pairs."""
        if self.tags is None or all(class_of(key) in _KEYS for key in value):
            return value
        return Tagged("dict", self.pairs(value))

    def closed(self, made: dict[Any, Any]) -> dict[Any, Any]:
        """With sorted keys, in their order; msgspec has one for text only."""
        if not self.config.sort_keys:
            return made
        return dict(sorted(made.items(), key=lambda pair: key_order(pair[0])))

    def is_native(self, value: Any) -> bool:
        """Bytes, moments that a timestamp holds, and extensions of the user's own."""
        from msgspec.msgpack import Ext

        if is_a(value, datetime):
            return value.tzinfo is not None
        return is_a(value, (bytes, bytearray, memoryview, Ext))

    def native(self, value: Any) -> Any:
        """Them as they are; a tuple is a list."""
        if is_a(value, datetime):
            return self._moment(value)
        if is_a(value, memoryview):
            return viewed(value)
        if is_a(value, (bytes, bytearray)):
            return bytes(value)
        if self.tags is not None and getattr(value, "code", None) == EXT_CODE:
            self.refuse(f"with tags, extensions of the code {EXT_CODE} are ours")
        return value

    def _moment(self, value: datetime) -> datetime:
        try:
            return value.astimezone(UTC)
        except OverflowError as error:
            return self.refuse("in UTC it is before the year 1 or after 9999", error)

    def tagged(self, name: str, payload: Any) -> Any:
        """An extension that holds the name and what was taken."""
        return packed(name, payload)
