"""What can be set about a manager."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from pepperpy.infra.utils import to_seconds

from ._errors import InvalidOptionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Limits and times; checked when they are made."""

    interval: float | timedelta = 10.0
    max_series: int = 2000
    max_names: int = 2000
    max_events: int = 1000
    flush_timeout: float | timedelta = 5.0
    log_events: bool = True

    def __post_init__(self) -> None:
        for name in ("interval", "flush_timeout"):
            value = getattr(self, name)
            seconds = to_seconds(value)
            if not 0 < seconds < math.inf:
                raise _invalid(name, "seconds above 0, or a timedelta", value)
            object.__setattr__(self, name, seconds)
        for name in ("max_series", "max_names", "max_events"):
            check_whole(name, getattr(self, name))
        check_bool("log_events", self.log_events)


def check_whole(name: str, value: object, least: int = 1, most: float = math.inf) -> None:
    """Refuse what is no whole number within these bounds."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        bounds = f"from {least} " + ("on" if most == math.inf else f"to {most}")
        raise _invalid(name, f"a whole number {bounds}", value)


def check_text(name: str, value: object) -> None:
    """Refuse what is no text."""
    if not isinstance(value, str):
        raise _invalid(name, "text", value)


def check_bool(name: str, value: object) -> None:
    """Refuse what is no truth value: ``"false"`` would count as true."""
    if not isinstance(value, bool):
        raise _invalid(name, "True or False", value)


def _invalid(name: str, wanted: str, value: object) -> InvalidOptionError:
    return InvalidOptionError(f"{name} must be {wanted}; got {value!r}", option=name)
