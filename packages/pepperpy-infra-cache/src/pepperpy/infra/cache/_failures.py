"""Errors that more than one caller gets."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import passes_through

from ._entry import DETAILS, VALUE

if TYPE_CHECKING:
    from ._entry import Entry


def fresh_error(error: Exception) -> Exception:
    """A copy to raise: what is raised twice collects tracebacks, and keeps their frames alive."""
    try:
        twin: Exception = copy(error)
    except Exception as problem:  # its class takes other arguments than it shows
        if passes_through(problem):
            raise
        return error
    if type(twin) is not type(error):
        return error
    twin.__cause__ = error.__cause__
    twin.__suppress_context__ = error.__suppress_context__
    notes = getattr(error, "__notes__", None)
    if isinstance(notes, list):
        twin.__notes__ = list(notes)  # pyright: ignore[reportUnknownArgumentType]
    return twin


def value_of(entry: Entry) -> Any:
    """What is kept in *entry*.

    Raises:
        Exception: If that is an error.
    """
    details = entry[DETAILS]
    if details is not None and details.failed:
        raise fresh_error(entry[VALUE])
    return entry[VALUE]
