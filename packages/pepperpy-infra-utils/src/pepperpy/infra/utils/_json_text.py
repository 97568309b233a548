"""A value as JSON text, or the place in it that JSON can't hold.

`json.dumps` with an indent is written in Python as well, and neither names the place of a fault nor
notices two keys with one text.  Where nothing is refused, the text is the same.
"""

from __future__ import annotations

import re
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, NoReturn

from ._json import JSONValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SURROGATE = re.compile("[\ud800-\udfff]").search
_is: Callable[[object, Any], bool] = isinstance  # which narrows to containers of something unknown
_KEY_WORDS = {True: "true", False: "false", None: "null"}


def json_text(data: Any, indent: int | None) -> str:
    """*data* as `json.dumps` writes it with ``ensure_ascii=False``, or a `JSONValueError`."""
    writer = _Writer(indent)
    try:
        writer.write(data, "\n")
    except RecursionError as error:
        # Without the thousand keys on the way there.
        raise JSONValueError("the data is nested too deeply for JSON", where="$") from error
    return "".join(writer.pieces)


class _Writer:
    def __init__(self, indent: int | None) -> None:
        self.pieces: list[str] = []
        self._step = None if indent is None else " " * indent
        self._comma = ", " if indent is None else ","
        self._path: list[object] = []  # keys and indexes down to the value in hand
        self._open: set[int] = set()  # containers around it, by id: a cycle meets itself here

    def write(self, value: Any, newline: str) -> None:
        if isinstance(value, str):
            self.pieces.append(self._string(value))
        elif value is None or isinstance(value, (bool, int, float)):
            self.pieces.append(self._scalar(value))
        elif _is(value, dict):
            self._container(value, "{}", self._members, newline)
        elif _is(value, (list, tuple)):
            self._container(value, "[]", self._items, newline)
        else:
            self._refuse(f"{type(value).__name__} is no type of JSON; turn it into text or numbers")

    def _container(
        self,
        value: Any,
        brackets: str,
        children: Callable[[Any], Iterator[tuple[str, Any]]],
        newline: str,
    ) -> None:
        if not value:
            self.pieces.append(brackets)
            return
        if id(value) in self._open:
            self._refuse("a container holds itself")
        self._open.add(id(value))
        inner = "" if self._step is None else newline + self._step
        before = brackets[0] + inner
        for name, child in children(value):
            self.pieces.append(before + name)
            self.write(child, inner)
            before = self._comma + inner
        self.pieces.append(brackets[1] if self._step is None else newline + brackets[1])
        self._open.discard(id(value))

    def _members(self, members: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
        texts: set[str] = set()
        for key, value in members.items():
            self._path.append(key)
            text = key if isinstance(key, str) else self._key(key)
            if text in texts:
                self._refuse("another key of this dict has the same text")
            texts.add(text)
            yield f"{self._string(text)}: ", value
            self._path.pop()

    def _items(self, items: Sequence[Any]) -> Iterator[tuple[str, Any]]:
        for index, value in enumerate(items):
            self._path.append(index)
            yield "", value
            self._path.pop()

    def _key(self, key: object) -> str:
        if key is None or isinstance(key, (bool, int, float)):
            return self._scalar(key)
        return self._refuse(f"a key must be text or a number, not {type(key).__name__}")

    def _scalar(self, value: bool | float | None) -> str:
        if value is None or value is True or value is False:
            return _KEY_WORDS[value]
        if isinstance(value, int):
            try:
                return int.__repr__(value)  # an IntEnum's own repr is no number
            except ValueError:
                self._refuse("an integer has more digits than Python converts")
        if value - value != 0:
            self._refuse("NaN and infinity are no numbers in JSON; None or text can stand for them")
        return float.__repr__(value)

    def _string(self, text: str) -> str:
        # Two escaped halves in a row would be read back as one character.
        if not text.isascii() and _SURROGATE(text):
            self._refuse("the text holds half of a surrogate pair, which is no Unicode")
        return encode_basestring(text)

    def _refuse(self, problem: str) -> NoReturn:
        where = "$" + "".join(map(_segment, self._path))
        raise JSONValueError(f"JSON can't hold {where}: {problem}", where=where)


def _segment(key: object) -> str:
    if isinstance(key, str):
        return f".{key}" if key.isidentifier() else f"[{key!r}]"
    return f"[{key}]" if isinstance(key, int) else f"[{type(key).__name__}]"
