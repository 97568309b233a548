"""Changes of what is kept: one at a time, whoever comes in the midst of one included."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from pepperpy.infra.utils import passes_through

from ._entry import DETAILS, VALUE, Details
from ._keys import Token, Tokens
from ._store import COLLECTED, MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._settings import Settings
    from ._store import Removed

T = TypeVar("T")


class Guarded(ABC):
    """A store and its lock.

    The lock guards all but ``store.hot``, which hits read.  Little of the user's own code can run
    while it is held: comparisons of keys, finalisers, signal handlers.
    """

    def __init__(self, name: str, settings: Settings, store: MemoryStore) -> None:
        self.name: str = name
        self.settings: Settings = settings
        self.store: MemoryStore = store
        self.tokens: Tokens = Tokens(self._on_end)
        self._later: deque[Callable[[], object]] = deque()
        """Changes that came in the midst of another one."""
        self._renew_lock()

    @abstractmethod
    def _let_go(self, trash: list[Removed]) -> None:
        """Do what is due for what was removed.  Takes no lock."""

    def _renew_lock(self) -> None:
        lock: Any = RLock()
        self._lock = lock
        # Whether the thread that asks holds it; `threading.Condition` uses the same.
        self.is_mine: Callable[[], bool] = lock._is_owned  # noqa: SLF001

    def _change(self, change: Callable[[], T]) -> T | None:
        """Make a change, and tell what it returns.  Takes the lock.

        Who comes in the midst of another change, as a finaliser or a signal handler may, would find
        things half done: his is made at the end of that one.
        """
        if self.is_mine():
            self._later.append(change)
            return None
        with self._lock:
            self._catch_up()
            result = change()
            trash = self._tidied()
        self._let_go(trash)
        return result

    def _catch_up(self) -> None:
        """Make the changes that came meanwhile.  Runs under the lock."""
        while self._later:
            self._later.popleft()()

    def _tidied(self) -> list[Removed]:
        """What to let go of when the lock is given back, after all that came meanwhile."""
        if self._later:
            self._catch_up()
        return self.store.take_trash()

    def _on_end(self, token: Token) -> None:
        """Drop the entries of an instance that died.  Runs wherever garbage is collected."""
        self._later.append(partial(self._drop_owned, token))
        lock = self._lock
        # In the midst of a change of ours, or of another thread's, that one does it.
        if self.is_mine() or not lock.acquire(blocking=False):
            return
        try:
            self._catch_up()
            trash = self.store.take_trash()
        finally:
            lock.release()
        self._tell_of_removals(trash)

    def _drop_owned(self, token: Token) -> None:
        for key in list(self.store.owned.get(token, ())):
            self.store.drop(key, COLLECTED)

    def _tell_of_removals(self, trash: list[Removed]) -> None:
        on_remove = self.settings.on_remove
        if on_remove is None:
            return
        for entry, cause in trash:
            details: Details | None = entry[DETAILS]
            if details is not None and details.failed:
                continue
            try:
                on_remove(entry[VALUE], cause)
            except Exception as error:  # a boundary: the call has nothing to do with it
                if passes_through(error):
                    raise
                import logging

                logging.getLogger("pepperpy.infra.cache").exception(
                    "on_remove of %s failed: %r", self.name, on_remove
                )
