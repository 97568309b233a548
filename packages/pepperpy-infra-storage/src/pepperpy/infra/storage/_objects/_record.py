"""What lies in an object: a line with the version and, where the name does not tell it, the key.

An object of no bytes stands for a key that was deleted on a condition: stores can write one on a
condition, and not delete.
"""

from __future__ import annotations

import re
import secrets
import time
from typing import Final

_HEAD: Final = re.compile(rb"([0-9]{1,19}) ([0-9a-f]*)\n")
_SHIFT: Final = 11  # bits of chance, for two machines that write in the same microsecond

_last = 0


def next_version(after: int = 0) -> int:
    """One that no other write has, and greater than all that this process made before.

    Only the time of this machine is known here, so versions of several machines are in the order
    of their clocks.
    """
    global _last  # noqa: PLW0603 - a thread that comes between makes another number, by chance
    moment = time.time_ns() // 1000 << _SHIFT | secrets.randbits(_SHIFT)
    _last = version = max(moment, _last + 1, after + 1)
    return version


def pack(version: int, key: str, data: bytes, *, tells_key: bool) -> bytes:
    """The bytes of an object."""
    told = key.encode().hex() if tells_key else ""
    return b"%d %s\n%s" % (version, told.encode(), data)


def unpack(content: bytes) -> tuple[int, str | None, bytes]:
    """Version, key if it is told, and data.

    Raises:
        ValueError: If somebody else wrote this.
    """
    head = _HEAD.match(content)
    if head is None:
        raise ValueError("it has no line of ours")
    version, told = int(head[1]), bytes.fromhex(head[2].decode()).decode()
    return version, told or None, content[head.end() :]
