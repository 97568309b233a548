"""The handlers of one manager: which there are, who hears of what, and when they are told."""

from __future__ import annotations

import atexit
import sys
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from pepperpy.infra.utils import did_you_mean, register_closer, to_seconds
from pepperpy.infra.utils.wrapping import Kind, kind_of

from ._delivery import Delivery, is_delivering
from ._errors import InvalidHandlerError, InvalidOptionError, UnknownHandlerError
from ._settings import check_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from ._delivery import Source
    from ._series import Series

CLOSES_AT: Final = 800  # after whatever reports, before the logs


def check_handler(handler: Any) -> None:
    """Refuse what cannot be a handler.

    Raises:
        InvalidHandlerError: If it lacks a method, one of them is a coroutine function, or it is a
            class.
    """
    if isinstance(handler, type):
        raise InvalidHandlerError(
            f"a handler is an object; got the class {handler.__name__}, of which to make one",
            handler=handler,
        )
    for method in ("handle_metric", "handle_event"):
        found = getattr(handler, method, None)
        if not callable(found) or kind_of(found) is not Kind.FUNCTION:
            raise InvalidHandlerError(
                f"a handler needs a plain method {method}; got {type(handler).__name__}",
                handler=handler,
            )


class Deliveries:
    """Handlers by name.  The public methods of the manager say what each of these does."""

    def __init__(self, source: Source) -> None:
        self.default: str | None = None
        self._source = source
        # By name; single operations only, so that no lock can be held over a fork.
        self._by_name: dict[str, Delivery] = {}
        # What handlers were told that have gone, by identity: one that comes back hears what came
        # since, or a server that adds up would count twice.
        self._told: dict[int, tuple[weakref.ref[Any], dict[Series, Any]]] = {}
        self._withdraw: Callable[[], None] | None = None
        self._ends_with_child = False

    def all(self) -> list[Delivery]:
        """Every one, in the order of registration."""
        return list(self._by_name.values())

    def known(self, name: str) -> Delivery:
        """The one of this name, or the error that tells which there are."""
        check_text("name", name)
        delivery = self._by_name.get(name)
        if delivery is None:
            hint = did_you_mean(name, self._by_name)
            raise UnknownHandlerError(
                f"no telemetry handler {name!r} is registered; {hint}", name=name
            )
        return delivery

    def receivers(self, route: str | None) -> list[Delivery]:
        """Those that hear of an event."""
        name = self.default if route is None else route
        if name is None:
            return self.all()
        delivery = self._by_name.get(name)
        return [] if delivery is None else [delivery]

    def set_default(self, name: str | None) -> None:
        if name is not None:
            self.known(name)
        self.default = name

    def add(self, name: str, handler: Any) -> None:
        check_text("name", name)
        check_handler(handler)
        registered = self._by_name.get(name)
        if registered is not None:
            if registered.handler is handler:
                return
            self.end(name)
        delivery = Delivery(name, handler, self._source)
        known = self._told.pop(id(handler), None)
        if known is not None and known[0]() is handler:
            delivery.told = known[1]
        self._by_name[name] = delivery
        if self._withdraw is None:
            self._withdraw = register_closer(CLOSES_AT, self._source.close)
            atexit.register(self._source.flush)
        self.start()

    def end(self, name: str, *, flush: bool = True) -> None:
        delivery = self._by_name[name]
        if flush and not is_delivering():
            delivery.finish(delivery.ask(), time.monotonic() + self._timeout)
        if self._by_name.get(name) is delivery:
            del self._by_name[name]
        delivery.close()
        self._remember(delivery)
        if self.default == name:
            self.default = None
        if not self._by_name and self._withdraw is not None:
            self._withdraw()
            self._withdraw = None
            atexit.unregister(self._source.flush)

    def _remember(self, delivery: Delivery) -> None:
        key = id(delivery.handler)
        with suppress(TypeError):  # it does not allow weak references
            handler = weakref.ref(delivery.handler, lambda _: self._told.pop(key, None))
            self._told[key] = handler, delivery.told

    def flush(self, timeout: float | timedelta | None = None) -> bool:
        wait = self._timeout if timeout is None else to_seconds(timeout)
        if not wait >= 0:
            raise InvalidOptionError(
                f"timeout must be seconds >= 0, or a timedelta; got {timeout!r}", option="timeout"
            )
        asked = [(each, each.ask()) for each in self.all()]
        if is_delivering():  # a handler that waited for others could wait for itself
            return False
        until = time.monotonic() + wait
        return all([delivery.finish(ticket, until) for delivery, ticket in asked])  # noqa: C419 - each one

    def close(self) -> None:
        for name in list(self._by_name):
            self.end(name, flush=False)

    def start(self) -> None:
        """Have every thread run, and flush also where no `atexit` is heard."""
        for delivery in self.all():
            delivery.start()
        # Children of multiprocessing end by `os._exit`, and forget at their start what was to be
        # done at the end; where nobody has imported it, we are in none.
        ends = sys.modules.get("multiprocessing.util")
        if ends is not None and self._by_name and not self._ends_with_child:
            self._ends_with_child = True
            ends.Finalize(None, self._source.flush, exitpriority=0)

    def renew(self) -> None:
        """Begin anew, in a child process."""
        self._ends_with_child = False
        self._told.clear()
        for delivery in self.all():
            delivery.renew()

    @property
    def _timeout(self) -> float:
        return to_seconds(self._source.settings.flush_timeout)
