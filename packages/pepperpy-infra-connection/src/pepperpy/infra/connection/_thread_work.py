"""What a pool for threads does in the background: it runs the hooks."""

from __future__ import annotations

import threading
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from ._base import C, T
from ._core import Core, Entry, Task, Work
from ._steps import Steps, overrides
from ._types import PoolStatus

if TYPE_CHECKING:
    from collections.abc import Callable


class ThreadWork(Steps[T, C]):
    """Hooks, and the short-lived threads that run them."""

    # Set by `ThreadConnectionPool`, and anew after a fork.
    _lock: threading.RLock
    _stirred: threading.Condition
    """Notified whenever something has ended."""
    _working: set[threading.Thread]

    @abstractmethod
    def _create_connection(self) -> T:
        """Open a connection.  An error reaches the caller who waits longest, as it is."""

    @abstractmethod
    def _close_connection(self, connection: T) -> None:
        """Close *connection*.  An error is counted, and the connection is gone all the same."""

    def _validate_connection(self, connection: T) -> bool:  # noqa: ARG002 - for those who override it
        """Whether *connection* is good; if not, or if this raises, another one is lent."""
        return True

    def _reset_connection(self, connection: T) -> None:
        """Tidy *connection* up after each use.  If this raises, it is closed."""

    def _is_open(self) -> bool:
        return self._status is PoolStatus.READY

    def _later(self, seconds: float) -> None:
        def pump() -> None:
            with self._lock:
                self._pump(self._core)

        timer = threading.Timer(seconds, pump)
        timer.daemon = True
        timer.start()

    def _spawn(self, what: str, act: Callable[[], object]) -> threading.Thread:
        def run() -> None:
            try:
                act()
            finally:
                with self._lock:
                    working.discard(thread)
                    self._stirred.notify_all()

        working = self._working
        thread = threading.Thread(target=run, name=f"pool {self._name}: {what}", daemon=True)
        working.add(thread)
        try:
            thread.start()
        except RuntimeError:  # there can be no more threads, as when Python shuts down
            run()
        return thread

    def _start(self, core: Core[T], work: Work) -> None:
        entry: Any = work.entry
        if work.task is Task.CONNECT:
            self._spawn("connect", lambda: self._connect(core))
        elif work.task is Task.CHECK:
            self._spawn("check", lambda: self._check(core, entry))
        else:
            self._spawn("close", lambda: self._close(core, entry))

    def _connect(self, core: Core[T]) -> BaseException | None:
        """Open a connection; returns what a waiter is told if that fails."""
        try:
            connection = self._create()
            with self._lock:
                self._connected(core, connection)
        except BaseException as error:  # it is the waiter's; control flow is raised all the same
            with self._lock:
                told = self._not_connected(core, error)
            if not isinstance(error, Exception):
                raise
            return told
        return None

    def _create(self) -> T:
        connection = self._create_connection()
        good = not self._core.checks_always or connection is None
        try:
            good = good or self._valid(connection)
        finally:
            if not good:
                self._shut(connection)
        if not good:
            raise self._useless()
        return connection

    def _check(self, core: Core[T], entry: Entry[T]) -> None:
        good = False
        try:
            good = self._valid(entry.connection)
        finally:
            with self._lock:
                self._checked(core, entry, good=good)

    def _reset(self, core: Core[T], entry: Entry[T]) -> None:
        good = False
        try:
            good = self._attempt("reset", self._reset_connection, entry.connection)
        finally:
            with self._lock:
                self._settle(core, entry, good=good)

    def _close(self, core: Core[T], entry: Entry[T]) -> None:
        try:
            self._shut(entry.connection)
        finally:
            with self._lock:
                core.gone(entry)
                self._pump(core)

    def _valid(self, connection: T) -> bool:
        return self._attempt("validate", self._validate_connection, connection)

    def _shut(self, connection: T) -> None:
        self._attempt("close", self._close_connection, connection)

    def _attempt(self, what: str, hook: Callable[[T], object], connection: T) -> bool:
        """Whether *hook* came to an end and did not say no."""
        try:
            answer = hook(connection)
        except Exception as error:  # noqa: BLE001 - hooks may raise anything; it is counted and told
            with self._lock:
                self._failed(what, error)
            return False
        return self._verdict(what, answer)

    def _resets(self) -> bool:
        return overrides(self, ThreadWork, "_reset_connection")
