"""Who is told of changes, and what is still to be told."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import ForkSafeLock, Signal, emit, listening
from pepperpy.infra.utils.wrapping import Kind, kind_of

from ._changes import ConfigChange, tell
from ._errors import ConfigTypeError
from ._kinds import kind_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Subscribers:
    """The subscribers of one registry."""

    def __init__(self) -> None:
        # Single operations on both are atomic; the lock keeps the order of what is told.
        self._listeners: dict[object, tuple[str | None, Callable[[ConfigChange], object]]] = {}
        self._untold: deque[ConfigChange] = deque()
        self._telling: ForkSafeLock | None = None

    def add(
        self, name: str | None, listener: Callable[[ConfigChange], object]
    ) -> Callable[[], None]:
        """See `ConfigRegistry.subscribe_config`."""
        given: Any = listener
        if not callable(given) or kind_of(given) is not Kind.FUNCTION:
            raise ConfigTypeError(
                f"a subscriber must be a plain function of a ConfigChange; got {kind_name(given)}"
            )
        key = object()
        self._listeners[key] = (name, listener)

        def unsubscribe() -> None:
            self._listeners.pop(key, None)

        return unsubscribe

    def note(self, changes: Iterable[ConfigChange]) -> None:
        """Keep what is to be told, in the order of the swaps: call it under the store's lock."""
        self._untold.extend(changes)
        if self._telling is None and self._untold:
            self._telling = ForkSafeLock()

    def tell(self) -> None:
        """Tell what is not told yet.  Outside of the store's lock, as subscribers may wait."""
        # A subscriber that makes a change itself: whoever called it tells of that next.
        if not self._untold or self._telling is None or self._telling.is_mine():
            return
        # One thread at a time, whoever made the changes: else the last word might be an old one.
        with self._telling:
            while self._untold:
                change = self._untold.popleft()
                if listening():
                    facts = {"paths": change.paths}
                    emit(Signal(kind="config.reloaded", source=change.name, level=20, facts=facts))
                for key, (name, listener) in list(self._listeners.items()):
                    # One that was called before may have sent it away.
                    if key in self._listeners and name in (None, change.name):
                        tell(listener, change)
