"""A value made of nothing but what a format has, or the place in it that cannot be.

Engines are quicker where they do the same.  This is what happens to everything else, and it is what
says which place in a value is at fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ._errors import SerializationError, too_deep
from ._failures import let_through
from ._kinds import class_of
from ._unfold import in_order, member_order, unfold

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._config import SerializerConfig
    from ._tagging import Tags

_STEPS: Final = 64  # from one object to what stands for it, to what stands for that, ...


@dataclass(frozen=True, slots=True)
class Tagged:
    """What is written with a tag."""

    name: str
    payload: Any


class Tree:
    """Takes values apart for one format.  One object serves one value.

    Formats derive from it: they say what numbers, bytes, keys and tags become.
    """

    format_name: str = "the format"
    unfold = staticmethod(unfold)

    def __init__(self, config: SerializerConfig, tags: Tags | None = None) -> None:
        self.config = config
        self.tags = tags
        self._unfold = in_order(self.unfold) if config.sort_keys else self.unfold
        self._path: list[object] = []  # keys and indexes down to the value in hand
        self._direct: dict[type, Callable[[Any], Any]] = {
            str: self.text,
            bool: _same,
            type(None): _same,
            list: _same,
            int: self.whole,
            float: self.number,
            dict: self.opened,
        }

    def of(self, value: Any) -> Any:
        """The value as the format has it.

        Raises:
            SerializationError: If the format cannot hold it.
        """
        return self.walk(value, self.config.max_depth)

    def walk(self, value: Any, room: int) -> Any:
        """One value; *room* is how many levels may still open.

        One frame a level, so that the depth that is promised fits into any stack.
        """
        value = self.settled(value)
        kind = class_of(value)
        if kind is dict:
            room = self._less(room)
            made: dict[Any, Any] = {}
            for key, item in value.items():
                self._path.append(key)
                name = self.key(key)
                if name in made:
                    self.refuse("another key of this dict is written the same way")
                made[name] = self.walk(item, room)
                self._path.pop()
            return self.closed(made)
        if kind is list or kind is tuple:
            room = self._less(room)
            items: list[Any] = []
            for index, item in enumerate(value):
                self._path.append(index)
                items.append(self.walk(item, room))
                self._path.pop()
            return items
        if kind is Tagged:
            return self.tagged(value.name, self.walk(value.payload, self._less(room)))
        return value

    def settled(self, value: Any) -> Any:
        """What stands for the value: a scalar that can be written, a container, or a `Tagged`."""
        for _ in range(_STEPS):
            direct = self._direct.get(class_of(value))
            if direct is not None:
                return direct(value)
            tag = self.tags.find(value) if self.tags else None
            if tag is not None:
                return Tagged(tag.name, tag.take(value))
            if class_of(value) is tuple or self.is_native(value):
                return self.native(value)
            value = self._simpler(value)
        return self.refuse("`default=` gives nothing simpler, again and again")

    def text(self, value: str) -> str:
        """Text, which must be Unicode."""
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as error:
                self.refuse("the text holds half of a surrogate pair, which is no Unicode", error)
        return value

    def whole(self, value: int) -> Any:
        """A whole number."""
        return value

    def number(self, value: float) -> Any:
        """A number with a fraction."""
        return value

    def key(self, key: Any) -> Any:
        """A key of a dict."""
        raise NotImplementedError

    def opened(self, value: dict[Any, Any]) -> Any:
        """A dict before its members are looked at."""
        return value

    def pairs(self, value: dict[Any, Any]) -> list[list[Any]]:
        """The members of a dict whose keys its format would not bring back."""
        listed = [[key, item] for key, item in value.items()]
        if self.config.sort_keys:
            listed.sort(key=lambda pair: member_order(pair[0]))
        return listed

    def closed(self, made: dict[Any, Any]) -> Any:
        """A dict when its members are made."""
        return made

    def is_native(self, value: Any) -> bool:
        """Whether the format has the value itself."""
        del value
        return False

    def native(self, value: Any) -> Any:
        """What the format has for it."""
        return value

    def tagged(self, name: str, payload: Any) -> Any:
        """What stands for a value whose type the format lacks."""
        raise NotImplementedError

    def _less(self, room: int) -> int:
        if room <= 0:
            raise too_deep("value", self.config.max_depth)
        return room - 1

    def _simpler(self, value: Any) -> Any:
        try:
            return self._step(value)
        except RecursionError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever objects and the user's function raise
            let_through(error)
            said = str(error) if type(error) is TypeError else f"{type(error).__name__} was raised"
            return self.refuse(said, error)

    def _step(self, value: Any) -> Any:
        try:
            return self._unfold(value)
        except TypeError:
            if self.config.default is None:
                raise
        return self.config.default(value)

    def refuse(self, problem: str, cause: BaseException | None = None) -> NoReturn:
        """Say what is wrong at the place in hand."""
        where = "$" + "".join(map(_segment, self._path))
        raise SerializationError(
            f"{self.format_name} cannot hold {where}: {problem}", where=where
        ) from cause


def _same(value: Any) -> Any:
    return value


def _segment(key: object) -> str:
    if isinstance(key, str):
        return f".{key}" if key.isidentifier() else f"[{key!r}]"
    return f"[{key}]" if class_of(key) is int else f"[{class_of(key).__name__}]"
