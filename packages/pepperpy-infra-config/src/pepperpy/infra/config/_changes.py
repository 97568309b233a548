"""What became different between two snapshots, and who is told."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pepperpy.infra.utils import Signal, emit, listening, passes_through

from ._kinds import is_a
from ._masking import MapKey, members, shown_path
from ._shape import bare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ._layers import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigChange:
    """A component has another snapshot now."""

    name: str
    """The component."""
    old: Any = field(repr=False)
    """The snapshot before."""
    new: Any = field(repr=False)
    """The snapshot that `get_config` gives now."""
    paths: tuple[str, ...]
    """The fields that changed, like ``db.port``."""


def changed_paths(old: Any, new: Any) -> tuple[str, ...]:
    """The fields that differ, in the order of the model."""
    return tuple(dict.fromkeys(shown_path(path) for path in _differences(old, new, ())))


def _differences(old: Any, new: Any, path: Path) -> Iterator[Path]:
    if old is new:
        return
    old, new = bare(old), bare(new)
    if is_a(old, Mapping) and is_a(new, Mapping):
        pairs = [(MapKey(key), key, old, new) for key in {**old, **new}]
        for shown, key, one, other in pairs:
            yield from _differences(one.get(key, _NONE), other.get(key, _NONE), (*path, shown))
        return
    before, after = _named(old), _named(new)
    if type(old) is not type(new) or before is None or after is None:
        if not _equal(old, new):
            yield path
        return
    for name in {**before, **after}:
        yield from _differences(before.get(name, _NONE), after.get(name, _NONE), (*path, name))


_NONE: Any = object()


def _named(value: Any) -> dict[str, Any] | None:
    named = members(value, hidden=True)
    return None if named is None else dict(named)


def _equal(old: Any, new: Any) -> bool:
    try:
        return bool(type(old) is type(new) and old == new)
    except Exception:  # noqa: BLE001 - arrays and the like: what cannot be compared has changed
        return False


def tell(listener: Callable[[ConfigChange], object], change: ConfigChange) -> None:
    """Call a subscriber; its failure is reported and harms nobody."""
    try:
        listener(change)
    except Exception as error:
        if passes_through(error):
            raise
        # Its message may tell a value, so only its type and place are told.
        report_failure(listener, change.name, error)


def report_failure(listener: object, component: str, error: Exception) -> None:
    """Tell of a subscriber's error: as a signal if anybody listens, else in the log."""
    name = getattr(listener, "__qualname__", type(listener).__name__)
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    code = traceback.tb_frame.f_code if traceback is not None else None
    line = traceback.tb_lineno if traceback is not None else 0
    place = f"{code.co_filename}:{line}" if code is not None else ""
    kind = type(error).__name__
    if listening():
        facts = {"subscriber": name, "error": kind, "place": place}
        emit(Signal(kind="config.subscriber_failed", source=component, level=40, facts=facts))
        return
    logging.getLogger("pepperpy.infra.config").error(
        "a subscriber of the configuration of %r failed: %s raised %s at %s",
        *(component, name, kind, place),
    )
