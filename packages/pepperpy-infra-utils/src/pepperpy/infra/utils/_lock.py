"""A lock that a fork cannot leave locked for ever."""

from __future__ import annotations

from threading import RLock
from typing import Any

from ._forks import register_after_fork


class ForkSafeLock:
    """Re-entrant, used by ``with``, and free in a forked child if another thread held it.

    What the lock guards may then be half changed, so keep the changes under it to single
    assignments, or finish them in whatever order a fork may cut them.

    Examples:
        >>> lock = ForkSafeLock()
        >>> with lock, lock:
        ...     lock.is_mine()
        True
    """

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = RLock()
        register_after_fork(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def is_mine(self) -> bool:
        """Whether the thread that asks holds it."""
        lock: Any = self._lock
        return bool(lock._is_owned())  # noqa: SLF001 - `threading.Condition` asks it as well

    def after_fork(self) -> None:
        """Be free, unless the thread that forked holds it: its `with` block ends here as well."""
        if not self.is_mine():
            self._lock = RLock()
