"""Calling something when the process ends, of whatever kind it is."""

from __future__ import annotations

import atexit
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# What `multiprocessing` will call, by the function itself.  As many as there are such functions.
_finalizers: dict[Callable[[], None], Any] = {}


def at_exit(call: Callable[[], None]) -> None:
    """Have *call* called at the end of this process.  Harmless if repeated."""
    atexit.unregister(call)
    atexit.register(call)
    at_exit_of_child(call)


def at_exit_of_child(call: Callable[[], None]) -> None:
    """The same, if this is a child of `multiprocessing`.

    Those end without `atexit`, or (since Python 3.13) forget what their parent registered.
    """
    multiprocessing = sys.modules.get("multiprocessing.util")
    if multiprocessing is None:
        return
    if (before := _finalizers.pop(call, None)) is not None:
        before.cancel()
    _finalizers[call] = multiprocessing.Finalize(None, call, exitpriority=-1000)
