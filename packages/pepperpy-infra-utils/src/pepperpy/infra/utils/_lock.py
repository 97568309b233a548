"""A lock that a fork cannot leave locked for ever."""

from __future__ import annotations

from _thread import RLock
from typing import Any

from ._forks import register_after_fork


class ForkSafeLock(RLock):  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues] # it is not final
    """Re-entrant, used by ``with``, and free in a forked child if another thread held it.

    What the lock guards may then be half changed, so keep the changes under it to single
    assignments, or finish them in whatever order a fork may cut them.

    Examples:
        >>> lock = ForkSafeLock()
        >>> with lock, lock:
        ...     lock.is_mine()
        True
    """

    # `with` finds the methods in C.  In one written in Python an interrupt may come between taking
    # the lock and returning, and nobody would ever release it.
    __slots__ = ()

    def __init__(self) -> None:
        super().__init__()
        register_after_fork(self)

    def is_mine(self) -> bool:
        """Whether the thread that asks holds it."""
        lock: Any = self
        return bool(lock._is_owned())  # noqa: SLF001 - `threading.Condition` asks it as well

    def after_fork(self) -> None:
        """Be free, unless the thread that forked holds it: its `with` block ends here as well."""
        if not self.is_mine():
            lock: Any = self
            lock._at_fork_reinit()  # noqa: SLF001 - as the locks of `threading` and `logging` do
