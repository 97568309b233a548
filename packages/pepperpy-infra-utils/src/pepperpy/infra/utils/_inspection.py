"""What runs in this process: objects that can say how they are, found without being slowed down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ._weakly import Weakly

if TYPE_CHECKING:
    from collections.abc import Mapping


@runtime_checkable
class Inspectable(Protocol):
    """Anything with an `inspect` method: a cache, a breaker, a pool, a log sink."""

    def inspect(self) -> Mapping[str, object]:
        """The object as it is now, in plain values, without secrets.

        Usual keys: ``kind`` ("cache"), ``name``, ``state`` ("ok"), ``facts`` (figures that
        change) and ``config`` (settings that do not).
        """
        ...


_registered: Weakly[Inspectable] = Weakly()


def register_inspectable(obj: Inspectable) -> None:
    """Let telemetry, exporters and consoles find *obj* for as long as it lives.

    Call it in a constructor.  Only a weak reference is kept, and registering twice counts once.

    Raises:
        TypeError: If *obj* has no `inspect` method or cannot be weakly referenced.

    Examples:
        >>> class Queue:
        ...     def inspect(self):
        ...         return {"kind": "queue", "name": "jobs", "facts": {"waiting": 3}}
        >>> queue = Queue()
        >>> register_inspectable(queue)
        >>> [found.inspect()["name"] for found in inspectables() if found is queue]
        ['jobs']
    """
    if not callable(getattr(obj, "inspect", None)):
        raise TypeError(f"an inspectable needs an inspect() method; {type(obj).__name__} has none")
    try:
        _registered.add(obj)
    except TypeError as error:
        raise TypeError(
            f"an inspectable is held weakly, which {type(obj).__name__} does not allow; "
            'add "__weakref__" to its __slots__'
        ) from error


def inspectables() -> list[Inspectable]:
    """Every registered object that is still alive, oldest first."""
    return _registered.alive()
