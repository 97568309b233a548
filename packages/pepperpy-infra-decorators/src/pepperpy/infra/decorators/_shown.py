"""Any value as one short text without secrets, whatever the value does."""

from __future__ import annotations

from threading import local
from typing import TYPE_CHECKING, Any, cast

from pepperpy.infra.utils import passes_through, truncate_string
from pepperpy.infra.utils.redaction import redact, redact_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST_ITEMS = 100
_DEEPEST = 8
# A secret is found by its look, and where a text is cut it might not look like one any more.  So
# far more is searched than is ever shown.
_MOST_TEXT = 10_000
_PLAIN = frozenset({bool, float, complex, type(None)})
_CONTAINERS = frozenset({dict, list, tuple, set, frozenset})

_name_of: Callable[[type], str] = vars(type)["__name__"].__get__

_inside = local()


def shown(value: object, limit: int, name: str = "value") -> str:
    """*value* as Python writes it, secrets masked, at most *limit* characters.

    Args:
        value: Anything.
        limit: What is longer ends with dots.
        name: What it is called, which may say that it is a secret.
    """
    text = _guarded(lambda whole: _text(whole, name), value)
    return truncate_string(text, limit)


def shown_error(error: BaseException, limit: int) -> str:
    """What *error* says, in the same way."""
    return truncate_string(redact_text(_guarded(str, error)[:_MOST_TEXT]), limit)


class rendering:  # noqa: N801 - reads as a verb
    """A block in which texts are made: calls that a `__repr__` makes in it write no lines."""

    def __enter__(self) -> None:
        _inside.busy = True

    def __exit__(self, *_: object) -> None:
        _inside.busy = False

    @staticmethod
    def is_on() -> bool:
        """Whether this thread is inside of such a block."""
        return getattr(_inside, "busy", False)


def _text(value: object, name: str) -> str:
    masked = redact({name: _Pruning().copy(value)})[name]
    return masked if masked == "***" else redact_text(repr(masked)[:_MOST_TEXT])


class _Pruning:
    """A copy that is not much larger than what can be shown, with what is foreign behind a `_Leaf`."""

    def __init__(self) -> None:
        self._left = _MOST_ITEMS

    def copy(self, value: Any, depth: int = 0) -> Any:  # noqa: PLR0911 - a list of cases
        kind = cast("Any", type(value))
        if kind in _PLAIN or (kind is int and value.bit_length() <= 64):
            return value
        if kind is str or kind is bytes:
            return value[:_MOST_TEXT]
        if kind not in _CONTAINERS:
            return _Leaf(value)
        if depth >= _DEEPEST:
            return _MORE
        if kind is dict:
            copied: dict[Any, Any] = {}
            for key, item in value.items():
                if self._is_full():
                    return {**copied, _MORE: _MORE}
                copied[self.copy(key, depth + 1)] = self.copy(item, depth + 1)
            return copied
        return kind(self._items(value, depth + 1))

    def _items(self, value: Any, depth: int) -> Iterator[Any]:
        for item in value:
            if self._is_full():
                yield _MORE
                return
            yield self.copy(item, depth)

    def _is_full(self) -> bool:
        self._left -= 1
        return self._left < 0


class _More:
    """Stands for what is left out."""

    def __repr__(self) -> str:
        return "..."


_MORE = _More()


class _Leaf:
    """An object that is shown by its own `__repr__`, which nobody can trust."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __repr__(self) -> str:
        return redact_text(_guarded(repr, self._value)[:_MOST_TEXT])


def kind_name(value: object) -> str:
    """The name of the value's class, asked past a metaclass that may do anything."""
    return _name_of(type(value))


def _guarded(convert: Callable[[Any], str], value: object) -> str:
    try:
        return str.__str__(convert(value))  # a subclass of str may do anything again
    except Exception as error:  # a boundary: the call must not fail for its line
        if passes_through(error):
            raise
        return f"<{kind_name(value)} without a text: {kind_name(error)}>"
