"""Why retries inside retries do not multiply: an error tells that it was already retried.

A retry that gives up leaves a mark in the error's ``__dict__``.  Any retry further out finds it
there, or on the error's causes, contexts and group members, and lets the error pass, if the mark
was made during its current attempt.  An older one says nothing: somebody kept that error.

When an attempt began is known from the second one on.  Before the first, nobody looks: that would
cost every call.  So the first attempt believes only an error that came up to it, or that shares a
frame with one that did.  Others, such as those of a task group, of threads, or copies, cost one
more attempt, which then knows.
"""

from __future__ import annotations

import time
from opcode import opmap
from typing import TYPE_CHECKING, Final, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

LABEL = "retry"
"""What wrappers are compiled under."""

LAST_MARK: Final = [0]
"""When the last mark was made; a list, as that is what wrappers read fastest."""

_FILES = f"<pepperpy.infra {LABEL} "
_MARK = "__pepperpy_retried__"
_RAISE = opmap["RAISE_VARARGS"]

# The errors are foreign, and some have a __getattribute__ that raises; isinstance() calls it too.
_get = object.__getattribute__


class _Mark(NamedTuple):
    """What giving up leaves on an error."""

    made: int
    """When: nanoseconds that grow from mark to mark, and mean the same in another process."""
    identity: int
    """The error's id(); a copy has another one, and has lost its traceback."""
    note: str


def give_up(error: Exception, note: str, *, mark: bool) -> None:
    """Write *note* on the error, in place of that of an earlier retry, and mark it."""
    # Not by add_note() and setattr(): frozen errors refuse both.
    state = _get(error, "__dict__")
    notes: object = state.setdefault("__notes__", [])
    earlier = _mark_of(error)
    if isinstance(notes, list):  # whatever else somebody put there is theirs
        kept = [line for line in cast("list[object]", notes) if not earlier or line != earlier.note]
        notes[:] = [*kept, note]
    if mark:
        LAST_MARK[0] = max(LAST_MARK[0] + 1, time.monotonic_ns())
        state[_MARK] = (LAST_MARK[0], id(error), note)
    elif earlier is not None:
        state[_MARK] = tuple(earlier._replace(note=note))


def already_retried(error: Exception, began: int | None) -> bool:
    """Whether a retry inside this attempt has given up on *error*, or on what it came from.

    Args:
        error: Caught by the wrapper that asks, and still being handled by it.
        began: `LAST_MARK` when the attempt began, `None` if nobody looked.
    """
    caught = _get(error, "__traceback__")
    if caught is None:  # a predicate or a hook took it off
        return False
    own = caught.tb_frame  # a traceback begins where the error was caught
    for member in _history(error):
        mark = _mark_of(member)
        if mark is None:
            continue
        if began is None:
            if _came_up(member, error, own):
                return True
        elif mark.made > began and (mark.identity != id(member) or _left_wrapper(member, own)):
            return True
    return False


def _mark_of(error: BaseException) -> _Mark | None:
    found = _get(error, "__dict__").get(_MARK)
    return None if found is None else _Mark(*found)


def _history(error: BaseException) -> Iterator[BaseException]:
    """*error* and all that it came from, each once."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        member = waiting.pop()
        if member is None or id(member) in seen:
            continue
        seen.add(id(member))
        yield member
        waiting += (_get(member, "__cause__"), _get(member, "__context__"))
        if issubclass(type(member), BaseExceptionGroup):
            waiting += cast("BaseExceptionGroup[BaseException]", member).exceptions


def _came_up(member: BaseException, error: BaseException, own: FrameType) -> bool:
    """Whether *member* left another retry, on the way that *error* took to us or beside it."""
    inside = {frame for frame in _flight(error) if frame is not own}
    frames = [frame for frame in _flight(member) if frame is not own]
    return any(map(_is_wrapper, frames)) and not inside.isdisjoint(frames)


def _flight(error: BaseException) -> Iterator[FrameType]:
    """The frames that *error* has left since it was raised last, the outermost first.

    A ``raise`` of an error that was kept stands amid its traceback, before frames of old.
    """
    entry = _get(error, "__traceback__")
    while entry is not None:
        frame, later = entry.tb_frame, entry.tb_next
        yield frame
        raises = frame.f_code.co_code[entry.tb_lasti] == _RAISE
        if raises and later is not None and later.tb_frame is not frame:
            return
        entry = later


def _left_wrapper(error: BaseException, own: FrameType) -> bool:
    """Whether *error* has left another retry: a future may give it to many, who did not all try."""
    entry = _get(error, "__traceback__")
    while entry is not None:
        if entry.tb_frame is not own and _is_wrapper(entry.tb_frame):
            return True
        entry = entry.tb_next
    return False


def _is_wrapper(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_FILES)
