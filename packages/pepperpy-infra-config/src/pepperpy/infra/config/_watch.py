"""`Watcher`: reloads when a file has changed."""

from __future__ import annotations

import hashlib
import os
import threading
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.utils import BothFaces, passes_through, register_closer, to_seconds

from ._errors import ConfigError, ConfigTypeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta
    from types import TracebackType

    from ._changes import ConfigChange
    from ._registry import ConfigRegistry

_ENGINES: Final = ("auto", "poll", "watchfiles")
_CLOSES_AT: Final = 100  # before the pools and stores that a reload may reach

State = tuple[bytes, ...] | None


class Watcher(BothFaces):
    """Looks after the configuration's files in a thread of its own, until it is stopped.

    A file that is replaced in one step, removed and made again, or written slowly does no harm:
    while it is away or broken the old snapshots stay.  What is broken is reported once, by the
    signal ``config.reload_failed``, and in `error`.  A forked child has no watcher.

    It stops with the ``with`` block, by `stop()`, or when the closers run.
    """

    def __init__(
        self, registry: ConfigRegistry, interval: float | timedelta = 1.0, *, engine: str = "auto"
    ) -> None:
        seconds = to_seconds(interval)
        if not seconds > 0:
            raise ConfigTypeError(f"interval must be seconds > 0, or a timedelta; got {interval!r}")
        if engine not in _ENGINES:
            raise ConfigTypeError(f"engine must be one of {', '.join(_ENGINES)}; got {engine!r}")
        self._registry = registry
        self.error: ConfigError | None = None
        """Why the files as they are now could not be loaded; None if they could."""
        self._seen: dict[str, State] = self._look({})
        self._pid = os.getpid()
        self._stopped = threading.Event()
        wait = _waiter(engine, self._stopped, seconds)
        self._thread = threading.Thread(
            target=self._run, args=(wait,), name="pepperpy-config-watch", daemon=True
        )
        self._withdraw = register_closer(_CLOSES_AT, self.stop)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it still looks; never in a forked child."""
        return self._pid == os.getpid() and self._thread.is_alive() and not self._stopped.is_set()

    def check(self) -> tuple[ConfigChange, ...]:
        """Look once, now, and reload if a file has changed.

        Gives back what changed.  A failure is reported and kept in `error`, not raised.
        """
        seen = self._look(self._seen)
        if seen == self._seen:
            return ()
        self._seen = seen
        try:
            changes = self._registry.reload_config()
        except ConfigError as error:
            self.error = error
            return ()
        self.error = None
        return changes

    def stop(self) -> None:
        """Stop looking, and wait until that is so."""
        self._withdraw()
        if self._pid != os.getpid():
            return  # the thread was left behind, maybe while it held what `set` needs
        self._stopped.set()
        if threading.current_thread() is not self._thread:  # a subscriber may stop it
            self._thread.join()

    def _look(self, before: dict[str, State]) -> dict[str, State]:
        """The files as they are; one that is away for the moment is as it was."""
        seen: dict[str, State] = {}
        for path in self._paths():
            state = _state(path)
            seen[path] = before.get(path) if state is None else state
        return seen

    def _paths(self) -> tuple[str, ...]:
        try:
            return self._registry.watched_paths()
        except ConfigError:  # a broken .env, which may name the file
            return tuple(self._known_paths())

    def _known_paths(self) -> list[str]:
        seen: dict[str, State] = getattr(self, "_seen", {})
        return list(seen)

    def _run(self, wait: Callable[[list[str]], bool]) -> None:
        while wait(self._known_paths()):
            try:
                self.check()
            except Exception as error:  # a boundary: the next change must be seen as well
                if passes_through(error):
                    raise
                import logging

                logging.getLogger("pepperpy.infra.config").error(  # noqa: TRY400 - it may hold a value
                    "the configuration could not be looked at: %s", type(error).__name__
                )

    def __enter__(self) -> Watcher:  # noqa: PYI034 - a class that nobody derives from
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def _state(path: str) -> State:
    # The bytes, since two writes may have the same time and length; and only their digest is kept.
    try:
        with open(path, "rb") as file:
            return (hashlib.blake2b(file.read(), digest_size=16).digest(),)
    except (OSError, ValueError):
        return None


def _waiter(engine: str, stopped: threading.Event, seconds: float) -> Callable[[list[str]], bool]:
    """A function that waits for the next look, and tells whether there is to be one."""
    if engine != "poll":
        from ._watchfiles import waiter

        found: Any = waiter(stopped, seconds, required=engine == "watchfiles")
        if found is not None:
            return found  # type: ignore[no-any-return]
    return lambda _: not stopped.wait(seconds)
