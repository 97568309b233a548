"""Signals: the rare things that happened, for whoever wants to hear of them."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ._errors import passes_through
from .wrapping import Kind, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One rare thing that happened: a circuit opened, a retry gave up, a queue dropped something.

    Examples:
        >>> Signal(kind="retry.gave_up", source="fetch", facts={"attempts": 3}).level
        30
    """

    kind: str
    """What happened, dotted, like ``retry.gave_up``."""
    source: str
    """The name of the object that it happened to."""
    level: int = 30
    """How bad it is, on the scale of `logging`; 30 is a warning."""
    facts: Mapping[str, object] = field(default_factory=dict[str, object])
    """What else is known.  Never a secret."""


# Guarded by no lock, so that a fork cannot inherit a held one: single operations on a dict are
# atomic, and readers take a tuple of the values first.
LISTENERS: dict[object, Callable[[Signal], object]] = {}

_listening: ContextVar[tuple[object, ...]] = ContextVar("pepperpy.signals.listening", default=())


def listening() -> bool:
    """Whether anybody hears a signal now; ask before collecting facts that take time."""
    return bool(LISTENERS)


def subscribe(listener: Callable[[Signal], object]) -> Callable[[], None]:
    """Call *listener* with every signal from now on; the function returned here ends that.

    It runs in the thread or task where the thing happened and must be quick.  An error that it
    raises is logged and harms nobody.  It does not hear the signals that it
    causes itself.

    Raises:
        TypeError: If *listener* is not a plain function: nobody would await or run it.

    Examples:
        >>> heard = []
        >>> unsubscribe = subscribe(heard.append)
        >>> emit(Signal(kind="demo.rang", source="bell"))
        >>> unsubscribe()
        >>> emit(Signal(kind="demo.rang", source="bell"))
        >>> [signal.source for signal in heard]
        ['bell']
    """
    _check(listener)
    key = object()
    LISTENERS[key] = listener

    def unsubscribe() -> None:
        LISTENERS.pop(key, None)

    return unsubscribe


def _check(listener: object) -> None:
    if not callable(listener) or kind_of(listener) is not Kind.FUNCTION:
        raise TypeError(f"a listener must be a plain function of a Signal; got {listener!r}")


def emit(signal: Signal) -> None:
    """Hand *signal* to every listener; with none of them this does nothing."""
    if not LISTENERS:
        return
    busy = _listening.get()
    for key, listener in tuple(LISTENERS.items()):
        if key in busy:
            continue
        token = _listening.set((*busy, key))
        try:
            listener(signal)
        except Exception as error:  # a boundary: what happened must not get worse by being told
            if passes_through(error):
                raise
            import logging

            logging.getLogger("pepperpy.infra.utils").exception(
                "a listener failed to hear of %s of %s: %r", signal.kind, signal.source, listener
            )
        finally:
            _listening.reset(token)
