"""Waiting for the lock of another process, in a thread that may wait."""

from __future__ import annotations

from time import monotonic, sleep
from typing import TYPE_CHECKING, Final, TypeVar

from ._faults import Busy

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._faults import Faults

T = TypeVar("T")

_PAUSES: Final = (0.0005, 0.02)  # seconds


def patiently(
    attempt: Callable[[], T],
    timeout: float,
    faults: Faults,
    since: Callable[[], float] | None = None,
) -> T:
    """Try until nobody else is in the way.

    Args:
        attempt: Tried once at least.
        timeout: Seconds to go on trying.
        faults: Makes the error.
        since: When the waiting began; now, if it is not given.

    Raises:
        LockedError: If somebody still is after *timeout* seconds.
    """
    from random import uniform

    began = monotonic()
    while True:
        try:
            return attempt()
        except Busy:
            if monotonic() >= (began if since is None else since()) + timeout:
                raise faults.locked(timeout) from None
        sleep(uniform(*_PAUSES))  # noqa: S311 - so that processes do not try in step
