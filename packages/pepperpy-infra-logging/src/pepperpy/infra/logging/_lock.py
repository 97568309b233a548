"""One lock for changes of settings.  No line of a log ever takes it."""

from __future__ import annotations

import os
import threading


class SettingsLock:
    """Re-entrant, and free again in a forked child whoever held it in the parent."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._pid = os.getpid()

    def __enter__(self) -> None:
        if self._pid != os.getpid():
            # Only the thread that forked lives on here, so nobody can be waiting for the old one.
            self._lock, self._pid = threading.RLock(), os.getpid()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


settings_lock = SettingsLock()
