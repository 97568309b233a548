"""What must be made anew in a process that was forked."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Forked(Protocol):
    """Has locks or threads, which a fork leaves as they happen to be."""

    def after_fork(self) -> None:
        """Begin again, in a process where no other thread has lived on."""


_all: WeakSet[Forked] = WeakSet()
_hears = False


def hear_of_forks(obj: Forked) -> None:
    """Call ``obj.after_fork()`` in each child, for as long as *obj* lives."""
    global _hears  # noqa: PLW0603 - a fact of the process
    if not _hears and hasattr(os, "register_at_fork"):
        _hears = True
        os.register_at_fork(after_in_child=_after_fork)
    _all.add(obj)


def _after_fork() -> None:
    for each in list(_all):
        each.after_fork()
