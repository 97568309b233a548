"""Tags in MessagePack: one extension, which holds a document of the tag's name and its payload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.serialization._kinds import is_a
from pepperpy.infra.serialization._tagging import Tags, pairs_to_dict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EXT_CODE: Final = 80
"""The code of the extension, of those that are for applications."""


def msgpack_tags(allow: Sequence[type[Any]]) -> Tags:
    """The tags of all formats, and those for long integers and odd keys."""
    return Tags(allow, int=_to_int, dict=pairs_to_dict)


def _to_int(payload: Any) -> int:
    if not is_a(payload, str):
        raise TypeError("an integer is written as text")
    return int(payload)


def packed(name: str, payload: Any) -> Any:
    """The extension for a value."""
    from msgspec import msgpack

    return msgpack.Ext(EXT_CODE, msgpack.encode([name, payload]))


def ext_hook(tags: Tags) -> Callable[[int, memoryview], Any]:
    """What brings values back when an extension is met."""
    from msgspec import msgpack

    def hook(code: int, data: memoryview) -> Any:
        if code != EXT_CODE:
            return msgpack.Ext(code, bytes(data))
        name, payload = decode(data)
        return tags.make(name, payload)

    decode = msgpack.Decoder(ext_hook=hook).decode
    return hook
