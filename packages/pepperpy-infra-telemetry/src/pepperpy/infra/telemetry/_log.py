"""The log, for what telemetry has to say itself."""

from __future__ import annotations

import logging
import threading
from typing import Any, Final

from pepperpy.infra.utils import Signal, emit, listening, passes_through

LOGGER: Final = "pepperpy.telemetry"
COMPONENT: Final = "pepperpy.component.name"


_writing = threading.local()


def log(level: int, message: str, extra: dict[str, Any] | None = None, *, depth: int = 1) -> None:
    """Write a line; a handler or filter that fails harms nobody.

    Nothing is written where the log itself is what reports: each line would be cause for another.

    Args:
        level: On the scale of `logging`.
        message: Is not formatted.
        extra: Attributes of the record.
        depth: How many frames the line's place is above this call.
    """
    if getattr(_writing, "now", False):
        return
    logger = logging.getLogger(LOGGER)
    _writing.now = True
    try:
        if logger.isEnabledFor(level):
            logger.log(level, message, extra=extra, stacklevel=depth + 1)
    except Exception as error:  # a boundary: who reports must not suffer from who listens
        if passes_through(error):
            raise
    finally:
        _writing.now = False


def tell(kind: str, source: str, **facts: object) -> None:
    """Let people know of a rare thing: by a signal, or in the log if nobody hears that."""
    if listening():
        emit(Signal(kind=kind, source=source, facts=facts))
    else:
        shown = ", ".join(f"{name}={value}" for name, value in facts.items())
        log(logging.WARNING, f"{kind} of {source}: {shown}")


def reason(error: Exception) -> str:
    """What may be said of an error: its text may hold what was to be sent, and where to."""
    return type(error).__qualname__
