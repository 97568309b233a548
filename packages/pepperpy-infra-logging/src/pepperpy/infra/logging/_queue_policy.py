"""What a queue of lines holds, and what happens when it is full."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from pepperpy.infra.utils import to_seconds

from ._amounts import size_of
from ._errors import InvalidOptionError
from ._levels import parse_level

if TYPE_CHECKING:
    from datetime import timedelta

Overflow: TypeAlias = Literal["block", "drop_newest", "drop_below"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePolicy:
    """How many lines may wait to be written, and what becomes of those that find no room.

    Args:
        max_lines: So many lines may wait.
        max_size: And so many bytes, as a number or like ``"16 MiB"``.  A line that is longer may
            wait alone.
        overflow: ``"block"`` lets the caller wait for room.  ``"drop_newest"`` drops the line.
            ``"drop_below"`` drops lines below *level* once four fifths are taken, and lets the
            others wait.
        level: The least level that ``"drop_below"`` keeps; ``None`` is WARNING.
        timeout: Seconds, or a timedelta, that a line waits for room before it is dropped after
            all; ``None`` is as long as it takes.

    Raises:
        InvalidOptionError: If one of them is none of what it may be.
        InvalidLevelError: If there is no such level.

    Examples:
        >>> QueuePolicy(overflow="drop_below", level="ERROR").max_lines
        10000
    """

    max_lines: int = 10_000
    max_size: int | str = 16 * 1024 * 1024
    overflow: Overflow = "block"
    level: int | str | None = None
    timeout: float | timedelta | None = None

    def __post_init__(self) -> None:
        lines: Any = self.max_lines
        if not isinstance(lines, int) or isinstance(lines, bool) or lines < 1:
            raise _wrong("max_lines", "a whole number from 1 on", lines)
        if size_of(self.max_size) is None:
            raise _wrong("max_size", "bytes from 1 on, or text like '16 MiB'", self.max_size)
        if self.overflow not in get_args(Overflow):
            known = ", ".join(map(repr, get_args(Overflow)))
            raise _wrong("overflow", f"one of {known}", self.overflow)
        if self.level is not None:
            if self.overflow != "drop_below":
                raise _wrong("level", "left out unless overflow is 'drop_below'", self.level)
            parse_level(self.level)
        if self.timeout is not None:
            if self.overflow == "drop_newest":
                raise _wrong("timeout", "left out where lines never wait", self.timeout)
            if not 0 < to_seconds(self.timeout) < math.inf:
                raise _wrong("timeout", "seconds above 0, a timedelta or None", self.timeout)


def _wrong(name: str, wanted: str, value: object) -> InvalidOptionError:
    return InvalidOptionError(f"{name} of queue must be {wanted}; got {value!r}", option="queue")
