"""All of a store to another one, or to a file of JSON lines and back."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Final

from pepperpy.infra.serialization import (
    SerializationError,
    deserialize_json,
    from_base64,
    serialize_json,
    to_base64,
)
from pepperpy.infra.utils import replace_file

from ._capabilities import Capability
from ._entry import Entry, Put
from ._errors import ImportLineError, InvalidOptionError
from ._keys import check_key
from ._wrappers import Prefixed
from ._wrappers._wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator
    from os import PathLike

    from ._options import TTL
    from ._provider import StorageProvider

_PAGE: Final = 500
_PIECE: Final = 1 << 16
_MEMBERS: Final = frozenset({"key", "value", "bytes", "expires_at"})


async def copy(source: StorageProvider, target: StorageProvider, prefix: str = "") -> int:
    """Copy every key that begins with *prefix* to another store, and return how many there were.

    Keys that the target has are overwritten, others are left.  What expires, expires there at the same
    moment; versions are the target's own.

    Raises:
        InvalidOptionError: If both are the same store.
        UnsupportedError: If something expires, and the target has no such thing.
    """
    _refuse_itself(source, target)
    count = 0
    async for entries in _pages(source, prefix):
        count += await _write(target, entries.items())
    return count


async def export_json_lines(
    source: StorageProvider, path: str | PathLike[str], prefix: str = ""
) -> int:
    """Write every key that begins with *prefix* to a file, one JSON object a line.

    The file is there when it is whole: an older one stays until then.  Its lines have ``key``,
    ``value`` (or ``bytes``, as base64), and ``expires_at`` where something expires.

    Returns:
        How many lines it has.
    """
    import asyncio
    from tempfile import TemporaryFile

    target, folder = await asyncio.to_thread(_place, path)
    count = 0
    # A file without a name, so that memory holds a page at a time and a failure leaves nothing.
    with TemporaryFile(dir=folder) as lines:
        async for entries in _pages(source, prefix):
            page = b"".join(_line(key, entry) for key, entry in entries.items())
            await asyncio.to_thread(lines.write, page)
            count += len(entries)
        await asyncio.to_thread(_save, target, _Pieces(lines))
    return count


async def import_json_lines(target: StorageProvider, path: str | PathLike[str]) -> int:
    """Write what `export_json_lines` wrote to a store, and return how many keys that were.

    Lines whose moment is past are left out.  Keys that the file does not name are left alone.

    Raises:
        ImportLineError: If a line is something else; what stands before it was written by then, up to
            five hundred lines less.
    """
    import asyncio

    count = number = 0
    with await asyncio.to_thread(open, path, "rb") as file:
        while lines := await asyncio.to_thread(_page_of, file):
            numbered = enumerate(lines, number + 1)
            parsed = [_parsed(line, at) for at, line in numbered if line.strip()]
            count += await _write(target, [each for each in parsed if _is_alive(each[1])])
            number += len(lines)
    return count


def _refuse_itself(source: StorageProvider, target: StorageProvider) -> None:
    if source is target:
        raise InvalidOptionError("a store cannot be copied to itself", option="target")
    within: Any = target
    while isinstance(within, Wrapper):
        if isinstance(within, Prefixed) and within.provider is source:
            raise InvalidOptionError(
                f"{target.name!r} is a part of {source.name!r}, so copying would never end; "
                "copy to another store",
                option="target",
            )
        within = within.provider


async def _pages(source: StorageProvider, prefix: str) -> AsyncIterator[dict[str, Entry]]:
    cursor: str | None = None
    while True:
        page = await source.scan(prefix, cursor=cursor, limit=_PAGE)
        yield page.entries
        cursor = page.cursor
        if cursor is None:
            return


async def _write(target: StorageProvider, entries: Iterable[tuple[str, Entry]]) -> int:
    found = dict(entries)
    if Capability.TRANSACTIONS in target.capabilities:
        await target.apply({key: Put(e.value, e.expires_at) for key, e in found.items()})
        return len(found)
    for key, entry in found.items():
        await target.set(key, entry.value, **_ending(entry.expires_at))
    return len(found)


def _is_alive(entry: Entry) -> bool:
    return entry.expires_at is None or entry.expires_at > datetime.now(UTC)


def _ending(ttl: TTL) -> dict[str, Any]:
    return {} if ttl is None else {"ttl": ttl}


def _line(key: str, entry: Entry) -> bytes:
    value = entry.value
    held = {"bytes": to_base64(value)} if isinstance(value, bytes) else {"value": value}
    ends = {} if entry.expires_at is None else {"expires_at": entry.expires_at.isoformat()}
    return serialize_json({"key": key, **held, **ends}) + b"\n"


def _place(path: str | PathLike[str]) -> tuple[str, str]:
    """The whole path of a file to write, and its folder, which is made."""
    target: str = os.path.abspath(os.fsdecode(path))
    folder = os.path.dirname(target)
    os.makedirs(folder, exist_ok=True)
    return target, folder


class _Pieces:
    """What a file holds, from its beginning each time."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            yield piece


def _save(path: str, pieces: Iterable[bytes]) -> None:
    """Replace the file; a new one is its owner's alone, as the stores are."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        replace_file(path, pieces)
        return
    try:
        replace_file(path, pieces)
    except BaseException:
        os.unlink(path)
        raise


def _page_of(file: BinaryIO) -> list[bytes]:
    return list(islice(file, _PAGE))


def _parsed(line: bytes, number: int) -> tuple[str, Entry]:
    try:
        return _entry_of(deserialize_json(line))
    except (SerializationError, AttributeError, TypeError, ValueError, KeyError) as error:
        raise ImportLineError(
            f"line {number} is none that export_json_lines() writes ({type(error).__name__})",
            line=number,
        ) from error


def _entry_of(members: dict[str, Any]) -> tuple[str, Entry]:
    if not members.keys() <= _MEMBERS or ("value" in members) == ("bytes" in members):
        raise ValueError("other members than key, value or bytes, and expires_at")
    value = from_base64(members["bytes"]) if "bytes" in members else members["value"]
    ends = members.get("expires_at")
    moment = None if ends is None else datetime.fromisoformat(ends)
    if moment is not None and moment.utcoffset() is None:
        raise ValueError("a moment without a time zone")
    return check_key(members["key"]), Entry(value, 0, moment)
