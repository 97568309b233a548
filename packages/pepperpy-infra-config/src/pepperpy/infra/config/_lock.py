"""The lock that guards building and swapping; reading a snapshot never takes it."""

from __future__ import annotations

import os
import threading


class ForkSafeLock:
    """Re-entrant, and free again in a forked child whoever held it in the parent."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._owners: list[int] = []

    def is_mine(self) -> bool:
        """Whether the thread that asks holds it."""
        return self._owners[-1:] == [threading.get_ident()]

    def __enter__(self) -> None:
        if self._pid != os.getpid():
            # Only the thread that forked lives on here, so nobody else can be waiting for the old
            # one.  If it held the lock itself, it still does.
            self._pid = os.getpid()
            if not self.is_mine():
                self._lock, self._owners = threading.RLock(), []
        self._lock.acquire()
        self._owners.append(threading.get_ident())

    def __exit__(self, *_: object) -> None:
        self._owners.pop()
        self._lock.release()
