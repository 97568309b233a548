"""Why retries inside retries do not multiply: an error tells that it was already retried.

A retry that gives up leaves a mark in the error's ``__dict__``.  Any retry further out finds it
there, or on the error's causes, contexts and group members, and lets the error pass.  The mark
travels with the error, over tasks, threads and pickles, and nobody pays for it before an error
happens.  (Telling the inner retry instead would cost every call two writes to a context variable.)
"""

from __future__ import annotations

from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

LABEL = "retry"
"""What wrappers are compiled under."""

_FILES = f"<pepperpy.infra {LABEL} "
_MARK = "__pepperpy_retried__"
_RESUMABLE = CO_COROUTINE | CO_GENERATOR | CO_ASYNC_GENERATOR


class _Mark(NamedTuple):
    """What giving up leaves on an error."""

    token: int
    """Of the decorated function."""
    nested: bool
    """Whether that function was running further out as well: it called itself."""
    identity: int
    """The error's id(); a copy has another one, and has lost its traceback."""
    note: str


def give_up(error: Exception, token: int, note: str, *, mark: bool) -> None:
    """Write *note* on the error, in place of that of an earlier retry, and mark it."""
    # Not by add_note() and setattr(): frozen errors refuse both.
    state = error.__dict__
    notes: object = state.setdefault("__notes__", [])
    earlier = state.get(_MARK)
    if isinstance(notes, list):  # whatever else somebody put there is theirs
        kept = [line for line in cast("list[object]", notes) if not earlier or line != earlier[3]]
        notes[:] = [*kept, note]
    if mark or earlier is not None:
        state[_MARK] = tuple(_Mark(token, _calls_itself(_catcher(error)), id(error), note))


def already_retried(error: Exception, token: int) -> bool:
    """Whether a retry inside has given up on *error*, or on what it came from.

    Args:
        error: Caught by the wrapper that asks, and still being handled by it.
        token: Of the function that asks.
    """
    own = _catcher(error)
    outside: set[FrameType] | None = None
    for member in _history(error):
        found = member.__dict__.get(_MARK)
        if found is None:
            continue
        mark = _Mark(*found)
        # An error object that a function raises again and again bears the mark of its last time.
        if mark.token == token and not mark.nested:
            continue
        if mark.identity != id(member):
            return True
        if own is None:
            return False
        if outside is None:
            outside = set(_callers(own))
        if _came_through_retry(member, own, outside):
            return True
    return False


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
        waiting += (member.__cause__, member.__context__)
        if isinstance(member, BaseExceptionGroup):
            waiting += cast("BaseExceptionGroup[BaseException]", member).exceptions


def _came_through_retry(member: BaseException, own: FrameType, outside: set[FrameType]) -> bool:
    """Whether *member* left another retry during this attempt.

    Its traceback tells.  Where that goes on with a frame called from outside the attempt, it is
    older: an error that our caller is handling right now (``except Down: return fallback()``), or
    one object raised twice.  And a future gives one error to many, who did not all retry.
    """
    caller = own
    entry = member.__traceback__
    while entry is not None:
        frame, entry = entry.tb_frame, entry.tb_next
        if frame is own:
            continue
        if frame.f_back is not caller and _called_from(outside, frame, own):
            return False
        if frame.f_code.co_filename.startswith(_FILES):
            return True
        caller = frame
    return False


def _called_from(outside: set[FrameType], frame: FrameType, own: FrameType) -> bool:
    """Whether *frame* leads outside without leading to us; another thread or task does neither."""
    outer: FrameType | None = frame
    while outer is not None and outer is not own:
        if outer in outside:
            return True
        if outer.f_code.co_flags & _RESUMABLE:
            return False  # behind a coroutine is whoever ran it last: an event loop, if anybody
        outer = outer.f_back
    return False


def _catcher(error: BaseException) -> FrameType | None:
    """The frame of the wrapper that is handling *error*: a traceback begins where it was caught."""
    # None if a predicate or a hook took the traceback off.
    return error.__traceback__ and error.__traceback__.tb_frame


def _calls_itself(frame: FrameType | None) -> bool:
    return frame is not None and any(caller.f_code is frame.f_code for caller in _callers(frame))


def _callers(frame: FrameType) -> Iterator[FrameType]:
    """The frames outside of *frame*, the nearest first."""
    outer = frame.f_back
    while outer is not None:
        yield outer
        outer = outer.f_back
