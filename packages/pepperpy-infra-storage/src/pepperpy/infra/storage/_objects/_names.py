"""Keys to names of objects and back; names stand in the order of their keys.

Letters, digits, ``-``, ``:`` and ``_`` stay as they are.  Any other byte becomes a sign and two digits,
and the sign is one that stands, among the characters that stay, where the byte would: ``a.b`` is
``a.2Eb``.  So a listing in the order of names is one in the order of keys, and no name has a slash, a
dot segment or anything else that some store or tool takes for something special.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

MAX_NAME: Final = 900
"""S3 takes 1024 bytes, with what stands before our names."""
HEAD: Final = 700
"""What of a longer name is there; names with the same one stand in no order."""

PROBE: Final = "!probe-"
"""How names begin that no key has."""

_KEPT: Final = frozenset(b"-0123456789:ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
_TOKEN: Final = re.compile(r"_~~|[!.=^~][0-9A-F]{2}|[-0-9:A-Z_a-z]")
_LONG: Final = re.compile(r"~~~[0-9a-f]{64}\Z")


def _written(byte: int) -> str:
    if byte in _KEPT:
        return chr(byte)
    if byte == 0x60:  # between `_` and `a` there is no other character for a sign
        return "_~~"
    sign = next(
        sign
        for sign, end in (("!", 0x2D), (".", 0x30), ("=", 0x41), ("^", 0x5F), ("~", 256))
        if byte < end
    )
    return f"{sign}{byte:02X}"


_WRITTEN: Final = [_written(byte) for byte in range(256)]


def plain(text: str) -> str:
    """The name of a key, or the beginning of names, at full length."""
    return "".join([_WRITTEN[byte] for byte in text.encode()])


def name_of(key: str) -> str:
    """The name of the object that holds this key."""
    name = plain(key)
    if len(name) <= MAX_NAME:
        return name
    return f"{name[:HEAD]}~~~{sha256(key.encode()).hexdigest()}"


def is_long(name: str) -> bool:
    """Whether only the object itself knows its key."""
    return _LONG.search(name) is not None


def is_ours(name: str) -> bool:
    """Whether it is one that we give, and not one that others gave."""
    return is_long(name) or name.startswith(PROBE) or key_of(name) is not None


def key_of(name: str) -> str | None:
    """The key of an object with a short name, or `None` if the name is none of ours."""
    tokens = _TOKEN.findall(name)
    if "".join(tokens) != name:
        return None
    try:
        key = bytes(map(_read, tokens)).decode()
    except UnicodeDecodeError:
        return None
    return key if key and plain(key) == name else None


def _read(token: str) -> int:
    if token == "_~~":  # noqa: S105 - a part of a name
        return 0x60
    return ord(token) if len(token) == 1 else int(token[1:], 16)


def before(name: str) -> str:
    """What stands before this name and all that begin with it, and behind as much else as there is."""
    return f"{name[:-1]}{chr(ord(name[-1]) - 1)}~~~~"
