"""Events: made from whatever was given, without secrets, and logged."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

from pepperpy.infra.utils import passes_through
from pepperpy.infra.utils.redaction import redact, redact_text

from ._log import log
from ._tags import MAX_TEXT, as_dict, flat, text
from ._types import Event, event_level

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_MESSAGE: Final = 20 * MAX_TEXT


def make_event(
    name: object,
    level: object,
    message: object,
    data: object,
    tags: object,
    *,
    own: Mapping[str, str] | None,
    now: float,
    logged: bool,
) -> Event:
    """The event; whatever the arguments are, this does not raise."""
    return Event(
        text(name),
        event_level(level),
        redact_text(text(message, MAX_MESSAGE)),
        _data(data),
        as_dict(flat(tags, own)),
        datetime.fromtimestamp(now, UTC),
        logged,
    )


def log_event(event: Event, depth: int) -> None:
    """Write *event* to the log, with what it holds under names that collide with nothing."""
    extra: dict[str, Any] = {"event.name": event.name}
    if event.data:
        extra["event.data"] = dict(event.data)
    if event.tags:
        extra["event.tags"] = dict(event.tags)
    log(event.level.number, event.message, extra, depth=depth + 1)


def _data(data: Any) -> dict[str, Any]:
    if data is None:
        return {}
    try:
        # A copy, so that what the caller changes later is not in it.
        copied = _without_errors(redact(dict(data)), set())
        return {text(name): value for name, value in copied.items()}
    except Exception as error:  # a boundary: anything can be given
        if passes_through(error):
            raise
        return {"data": redact_text(text(data))}


def _without_errors(given: object, seen: set[int]) -> Any:
    """*given*, which is ours, with text for the exceptions in it: theirs may hold secrets."""
    kind, value = type(given), cast("Any", given)
    if issubclass(kind, BaseException):
        return redact_text(f"{kind.__qualname__}: {text(value)}")
    if issubclass(kind, tuple):
        told = tuple([_without_errors(each, seen) for each in value])
        return value if told == value else told  # a named tuple stays one
    if kind in {dict, list} and id(value) not in seen:
        seen.add(id(value))
        items: Any = value.items() if kind is dict else enumerate(value)
        for key, each in list(items):
            value[key] = _without_errors(each, seen)
    return value
