"""Who called a decorated function, where several decorators stand above each other."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FrameType

_FILES = "<pepperpy.infra "


def above(depth: int, passed: Callable[[CodeType], bool]) -> int:
    """How many frames in a row are to be passed over, from the one *depth* above our caller."""
    frame: FrameType | None = sys._getframe(depth + 1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    count = 0
    while frame is not None and passed(frame.f_code):
        count, frame = count + 1, frame.f_back
    return count if frame is not None else 0


def is_wrapper(code: CodeType) -> bool:
    """Whether *code* is that of a wrapper of this house: nobody wrote its lines."""
    return code.co_filename.startswith(_FILES)
