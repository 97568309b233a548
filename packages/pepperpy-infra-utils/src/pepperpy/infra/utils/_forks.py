"""What must be made anew in a process that was forked."""

from __future__ import annotations

import os
from typing import Protocol

from ._weakly import Weakly


class AfterFork(Protocol):
    """Has a lock, a thread or counts, which a fork leaves as they happen to be."""

    def after_fork(self) -> None:
        """Begin again, in a process where only the thread that forked has lived on."""
        ...


_registered: Weakly[AfterFork] = Weakly()


def register_after_fork(obj: AfterFork) -> None:
    """Have ``obj.after_fork()`` called in each forked child, for as long as *obj* lives.

    The oldest comes first, so that a part that was made before its owner is whole when the owner
    asks for it.  An error is printed and harms none of the others.

    Raises:
        TypeError: If *obj* cannot be weakly referenced.
    """
    _registered.add(obj)


def _tell_all() -> None:
    for obj in _registered.alive():
        try:
            obj.after_fork()
        except Exception as error:  # noqa: BLE001 - as Python does with hooks of its own
            import sys

            sys.excepthook(type(error), error, error.__traceback__)


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_tell_all)
