"""Reading JSON: msgspec reads it, and what it takes too easily is refused."""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.serialization._errors import SerializationError, out_of_stack, too_deep
from pepperpy.infra.serialization._failures import let_through, unreadable, viewed
from pepperpy.infra.serialization._kinds import is_a
from pepperpy.infra.serialization._stack import (
    depth_within,
    edge_within,
    must_look_first,
    with_room,
)
from pepperpy.infra.serialization._typed import adapter, convert, decoder, means_model, unfit

from ._tags import untagged
from ._tree import JSONTree

if TYPE_CHECKING:
    from pepperpy.infra.serialization._config import SerializerConfig
    from pepperpy.infra.serialization._tagging import Tags

BOM: Final = b"\xef\xbb\xbf"
"""The byte order mark, which some editors write before everything."""

_DEFAULT_DEPTH = 500
# Brackets, and text that may hold some; text without an end goes to the end.
_TOKEN = re.compile(rb'[\[\]{}]|"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)


class Reader:
    """Reads documents under one config."""

    def __init__(self, config: SerializerConfig, tags: Tags | None) -> None:
        self._config = config
        self._tags = tags
        # The engine ends at a depth of its own.  Looking at each value for an exact one costs
        # about as much as reading it, so that is for those who ask for a bound of their own.
        self._exact = config.strict or config.max_depth != _DEFAULT_DEPTH

    def read(self, data: Any, wanted: Any) -> Any:
        """The value of the type that is wanted.

        Raises:
            SerializationError: If there is none.
        """
        if not is_a(data, (bytes, str, bytearray, memoryview)):
            raise SerializationError(f"JSON is read from bytes or text; got {type(data).__name__}")
        if is_a(data, str):
            data = str.__str__(data).removeprefix("\ufeff")  # the engine takes no other class
        else:
            if is_a(data, memoryview):
                data = viewed(data)
            if data[:3] == BOM:
                data = data[3:]
        if must_look_first(len(data)):
            _refuse_deep(data, self._config.max_depth)
        if wanted is Any or self._tags is not None or self._exact:
            return convert(self._plain(data), wanted)
        if means_model(wanted):
            self._plain(data)  # its own parser takes more than JSON
        try:
            read = adapter(wanted).validate_json if means_model(wanted) else decoder(wanted, "json")
            return with_room(read, data if is_a(data, str) else bytes(data))
        except Exception as error:
            let_through(error)
            self._plain(data)  # says what is wrong, if it is no JSON at all
            raise unfit(wanted, error) from error

    def _plain(self, data: Any) -> Any:
        try:
            value = with_room(engine(), data)
        except RecursionError as error:
            raise out_of_stack("document", self._config.max_depth) from error
        except Exception as error:
            if not is_a(data, str) and b"\0" in data[:4]:
                raise SerializationError(
                    "JSON is UTF-8, and this is another encoding: decode it first"
                ) from error
            if self._config.nan != "constant":
                raise unreadable("JSON", error) from error
            value = self._with_constants(data, error)
        self._check(value, len(data))
        if self._config.strict:
            with_room(_refuse_twins, data)
        if self._tags is None:
            return value
        try:
            return with_room(untagged, value, self._tags)
        except RecursionError as error:
            raise out_of_stack("document", self._config.max_depth) from error

    def _check(self, value: Any, size: int) -> None:
        limit = self._config.max_depth
        # Each level has two brackets.
        if size > 2 * limit and not (depth_within if self._exact else edge_within)(value, limit):
            raise too_deep("document", limit)

    def _with_constants(self, data: Any, refusal: Exception) -> Any:
        """The value of a document that msgspec refused, if NaN and infinity were the only fault."""
        import json

        try:
            text = data if is_a(data, str) else bytes(data).decode()
            value = with_room(partial(json.loads, parse_float=_finite), text)
            # The standard parser takes halves of surrogate pairs, which this does not.
            with_room(JSONTree(self._config).of, value)
        except Exception as error:  # noqa: BLE001 - what the first parser said is told
            let_through(error)
            raise unreadable("JSON", refusal) from refusal
        return value


def _refuse_deep(data: Any, limit: int) -> None:
    """Refuse what is nested too deeply by its brackets alone."""
    depth = 0
    for found in _TOKEN.finditer(data.encode("utf-8", "replace") if is_a(data, str) else data):
        first = found[0][:1]
        depth += (first in b"[{") - (first in b"]}")
        if depth > limit:
            raise too_deep("document", limit)


def _finite(text: str) -> float:
    value = float(text)
    if value - value != 0:
        raise ValueError("a number beyond the range of a float")
    return value


@cache
def engine() -> Any:
    """What reads values of any type."""
    import msgspec

    return msgspec.json.Decoder().decode


def _refuse_twins(data: Any) -> None:
    """Refuse objects with two members of one name, which RFC 8259 lets everybody read as they like."""
    import json

    def members(pairs: list[tuple[str, Any]]) -> None:
        if len({name for name, _ in pairs}) < len(pairs):
            names = [name for name, _ in pairs]
            twin = next(name for name in names if names.count(name) > 1)
            raise SerializationError(f"two members of one object have the name {twin!r}")

    text = data if is_a(data, str) else bytes(data).decode()
    json.loads(text, object_pairs_hook=members, parse_int=len, parse_float=len)
