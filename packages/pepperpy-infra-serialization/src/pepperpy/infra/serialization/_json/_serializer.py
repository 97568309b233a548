"""The serializer for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from pepperpy.infra.serialization._errors import SerializationError, out_of_stack
from pepperpy.infra.serialization._failures import let_through
from pepperpy.infra.serialization._format import SerializationFormat
from pepperpy.infra.serialization._serializer import Serializer
from pepperpy.infra.serialization._stack import with_room
from pepperpy.infra.serialization._unfold import in_order, unfold_for_json

from ._engine import LEVELS, engine
from ._reader import Reader
from ._tags import json_tags
from ._tree import JSONTree

if TYPE_CHECKING:
    from collections.abc import Callable

    from pepperpy.infra.serialization._config import SerializerConfig
    from pepperpy.infra.serialization._serializer import Data

T = TypeVar("T")


class JSONSerializer(Serializer):
    """Writes and reads JSON as RFC 8259 has it.

    Examples:
        >>> JSONSerializer().serialize({"name": "John"})
        b'{"name":"John"}'
    """

    format = SerializationFormat.JSON

    def __init__(self, config: SerializerConfig | None = None) -> None:
        super().__init__(config)
        own = self.config
        self._tags = json_tags(own.allow) if own.tagged else None
        # An engine of its own way: no tags, a depth that it has, a layout that it knows.
        self._quick = not own.tagged and own.max_depth >= LEVELS and own.indent in (None, 2)
        step = in_order(unfold_for_json) if own.sort_keys else unfold_for_json
        self._hook = step if own.default is None else _with_default(step, own.default)
        self._read = Reader(own, self._tags).read

    def serialize(self, value: Any) -> bytes:
        """The value as JSON.

        Raises:
            SerializationError: If JSON cannot hold it.
        """
        if self._quick:
            dumps, options, in_order, indented = engine()
            if self.config.sort_keys:
                options |= in_order
            if self.config.indent is not None:
                options |= indented
            try:
                written = dumps(value, self._hook, options)
            except Exception as error:  # noqa: BLE001 - slowly is where it is dealt with
                let_through(error)
            else:
                # An engine writes NaN as null, so without one there was no NaN.
                if self.config.nan == "null" or b"null" not in written:
                    return written
        try:
            return with_room(self._slowly, value)
        except RecursionError as error:
            raise out_of_stack("value", self.config.max_depth) from error

    def _slowly(self, value: Any) -> bytes:
        """The same by our own hand, for whatever engines refuse or do otherwise."""
        from msgspec import json

        tree = JSONTree(self.config, self._tags)
        made = tree.of(value)
        try:
            written = json.encode(made, order="sorted" if self.config.sort_keys else None)
            if self.config.indent is not None:
                written = _indented(written, self.config.indent)
        except ValueError as error:
            raise SerializationError(f"JSON cannot hold this value: {error}") from error
        for name in ("NaN", "Infinity", "-Infinity") if tree.constants else ():
            written = written.replace(f'"{tree.constants}{name}"'.encode(), name.encode())
        return written

    @overload
    def deserialize(self, data: Data | str) -> Any: ...

    @overload
    def deserialize(self, data: Data | str, type: type[T]) -> T: ...

    def deserialize(self, data: Data | str, type: Any = Any) -> Any:  # noqa: A002
        """The value that the JSON holds.

        Raises:
            SerializationError: If it is no JSON, or holds nothing of this type.
        """
        return self._read(data, type)


def _with_default(
    step: Callable[[Any], Any], default: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    def hook(value: Any) -> Any:
        try:
            return step(value)
        except TypeError:
            return default(value)

    return hook


def _indented(written: bytes, indent: int) -> bytes:
    """The layout of `json.dumps`; an indent of 0 has lines too, which msgspec has no word for."""
    import re

    from msgspec import json

    if indent:
        return json.format(written, indent=indent)
    return re.sub(rb"\n +", b"\n", json.format(written, indent=1))
