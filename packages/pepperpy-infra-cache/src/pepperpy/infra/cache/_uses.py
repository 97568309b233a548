"""What an entry is good for, at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ._entry import DEADLINE, DETAILS

if TYPE_CHECKING:
    from ._entry import Details, Entry

# Compared by identity, and no enum: its members cost 60 ns a look-up.
NONE: Final = object()
FRESH: Final = object()
RENEWED: Final = object()
"""To be served while one caller loads anew."""
RESCUE: Final = object()
"""To be served if loading anew fails."""


def use_of(entry: Entry | None, now: float) -> object:
    """One of the above."""
    if entry is None:
        return NONE
    if entry[DEADLINE] > now:
        return FRESH
    details: Details | None = entry[DETAILS]
    if details is None:
        return NONE
    if details.failed:
        return FRESH if details.fresh_until > now else NONE
    if details.fresh_until > now or details.stale_until > now:
        return RENEWED
    return RESCUE if details.error_until > now else NONE
