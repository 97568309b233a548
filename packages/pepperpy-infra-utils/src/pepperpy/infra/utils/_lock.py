"""A lock that a fork cannot leave locked for ever."""

from __future__ import annotations

import os
from threading import RLock
from weakref import WeakSet

_locks: WeakSet[ForkSafeLock] = WeakSet()  # changed under the GIL alone: each step is atomic


class ForkSafeLock:
    """Re-entrant, used by ``with``, and free in a forked child if another thread held it.

    What the lock guards may then be half changed, so keep the changes under it to single
    assignments, or finish them in whatever order a fork may cut them.

    Examples:
        >>> lock = ForkSafeLock()
        >>> with lock, lock:
        ...     print("mine")
        mine
    """

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = RLock()
        _locks.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def _free(self) -> None:
        # Of the parent's threads only the one that forked lives on.  If the lock is its own, it is
        # in a `with` block that will end here as well.
        if self._lock.acquire(blocking=False):
            self._lock.release()
        else:
            self._lock = RLock()


def _free_all() -> None:
    for lock in _locks:
        lock._free()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


# A hook and not a look at the process id: two threads of the child could find it changed at once.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_all)
