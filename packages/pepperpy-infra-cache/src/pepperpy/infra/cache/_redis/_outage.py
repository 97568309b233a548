"""What is done while the server tells nothing about what others dropped."""

from __future__ import annotations

import logging
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Final

from pepperpy.infra.utils import Signal, emit
from pepperpy.infra.utils.redaction import redact_text

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_IN_MEMORY: Final = 5.0
"""Seconds that memory may lag behind while nobody tells what is to be dropped."""
NEW: Final = "new"
OK: Final = "ok"
LOST: Final = "down"


class Outage:
    """Empties memory when it begins, every few seconds while it lasts, and when it ends.

    Args:
        shown: The server, as logs show it.
        empty: Empties memory.
    """

    def __init__(self, shown: str, empty: Callable[[], object]) -> None:
        self._shown = shown
        self._empty = empty
        self._emptied = monotonic()
        self._lock = Lock()
        self.state: str = NEW
        self.problem: str = ""
        """Why it is lost."""
        self.is_unheard: bool = False
        """Whether something may be in memory from before there were news."""

    def begins(self, error: Exception) -> bool:
        """Take the server as lost; whether it was not before."""
        with self._lock:
            begins = self.state is not LOST
            self.state = LOST
        if begins:
            self._do_empty()
            self.problem = redact_text(f"{type(error).__name__}: {error}")
            logging.getLogger("pepperpy.infra.cache").warning(
                "the cache at %s is lost (%s); until it is back, results are in memory alone, for "
                "%g seconds at most",
                self._shown,
                self.problem,
                LONGEST_IN_MEMORY,
            )
            self._tell("cache.redis_lost", {"error": self.problem})
        return begins

    def ends(self) -> None:
        """Take the server as there."""
        was_lost = self.state is LOST
        if was_lost or self.is_unheard:  # else nobody has anything: all calls wait for this
            self._do_empty()
        self.is_unheard = False
        self.state = OK
        if was_lost:
            logging.getLogger("pepperpy.infra.cache").info("the cache at %s is back", self._shown)
            self._tell("cache.redis_back", {})

    def tick(self) -> None:
        """Keep memory young."""
        if self.state is LOST and monotonic() - self._emptied > LONGEST_IN_MEMORY:
            self._do_empty()

    def _do_empty(self) -> None:
        self._emptied = monotonic()
        self._empty()

    def _tell(self, kind: str, facts: dict[str, object]) -> None:
        emit(Signal(kind=kind, source="cache", level=logging.DEBUG, facts=facts))
