"""What stands for a value in JSON."""

from __future__ import annotations

from typing import Any, Final

from pepperpy.infra.serialization._errors import DepthError
from pepperpy.infra.serialization._kinds import class_of, is_a
from pepperpy.infra.serialization._tree import Tagged, Tree
from pepperpy.infra.serialization._unfold import unfold_for_json

_LONG: Final = 10**600  # Python's limit is never set lower than 640 digits
_EXPONENT: Final = 1e16  # from here on a float is written with one


class JSONTree(Tree):
    """Makes a tree of dicts with text as keys, lists, text, numbers, truth and null."""

    format_name = "JSON"
    unfold = staticmethod(unfold_for_json)
    constants: str = ""
    """What stands before ``NaN`` until it is all written; set if one was met."""

    def whole(self, value: int) -> int:
        """A whole number, of as many digits as Python converts."""
        if not -_LONG < value < _LONG:
            self._digits(value)
        return value

    def number(self, value: float) -> Any:
        """A number with a fraction; for NaN and infinity, whatever the policy says."""
        if value - value == 0:
            return value if abs(value) < _EXPONENT else _raw(value)
        name = "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124
        if self.tags:
            return Tagged("float", name)
        policy = self.config.nan
        if policy == "raise":
            self.refuse(f"{name} is no number in JSON, and the policy `nan` is to raise")
        if policy == "constant":
            return self._constant(name)
        return name if policy == "string" else None

    def key(self, key: Any) -> str:
        """The text of a key: that of what stands for the key."""
        if class_of(key) is str:
            return self.text(key)
        if is_a(key, float) and key - key != 0:
            self.refuse("NaN and infinity are no keys")
        tags, self.tags = self.tags, None
        try:
            made: Any = () if is_a(key, tuple) else self.walk(key, 0)
        except DepthError:
            made = ()  # it is a container
        finally:
            self.tags = tags
        if is_a(made, tuple):
            self.refuse(f"a key must have a text, and a {class_of(key).__name__} has none")
        return made if isinstance(made, str) else self._digits(made)

    def opened(self, value: dict[Any, Any]) -> Any:
        """With tags, a dict whose keys are no text is written as pairs."""
        if self.tags is None or all(class_of(key) is str for key in value):
            return value
        return Tagged("dict", self.pairs(value))

    def closed(self, made: dict[str, Any]) -> dict[str, Any]:
        """With tags, what looks like a tag and is none gets one more ``$``."""
        if self.tags is not None and len(made) == 1 and (name := next(iter(made))).startswith("$"):
            return {f"${name}": made[name]}
        return made

    def is_native(self, value: Any) -> bool:
        """With tags, bytes are found here."""
        return self.tags is not None and class_of(value) is bytes

    def native(self, value: Any) -> Any:
        """Bytes with their tag; a tuple is a list."""
        return Tagged("bytes", unfold_for_json(value)) if class_of(value) is bytes else value

    def tagged(self, name: str, payload: Any) -> dict[str, Any]:
        """An object with one member."""
        return {f"${name}": payload}

    def _constant(self, name: str) -> str:
        if not self.constants:
            from pepperpy.infra.utils import generate_id

            self.constants = generate_id()
        return self.constants + name

    def _digits(self, made: Any) -> str:
        from msgspec import json

        try:
            return json.encode(made).decode()
        except ValueError as error:
            self.refuse("an integer has more digits than Python converts", error)


def _raw(value: float) -> Any:
    from msgspec import Raw

    return Raw(repr(value).encode())
