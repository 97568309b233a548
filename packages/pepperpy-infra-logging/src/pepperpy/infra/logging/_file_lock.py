"""A lock on a file that processes share; nobody waits for it."""

from __future__ import annotations

import sys

if sys.platform == "win32":

    def try_lock(fd: int) -> bool:  # noqa: ARG001 - the same everywhere
        """True: a file that another process has open cannot be renamed here anyway."""
        return True

    def unlock(fd: int) -> None:
        """Nothing was locked."""

else:
    import fcntl

    def try_lock(fd: int) -> bool:
        """Lock the file; False if somebody else has."""
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(fd: int) -> None:
        """Let others have it, whoever else has this descriptor."""
        fcntl.flock(fd, fcntl.LOCK_UN)
