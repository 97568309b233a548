"""Requests that are wrong on purpose, and what the gateway has to find in each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NOON = "2026-07-01T12:00:00Z"

Found = tuple[str, str]
"""The path of something that is not valid, and the code of what is wrong there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A way to ask wrongly."""

    query: Mapping[str, str | Sequence[str]]
    zone: str | None = None  # in place of the one that would have been asked about
    found: tuple[Found, ...]  # all that is wrong, in the order in which it is told


MISTAKES: dict[str, Mistake] = {
    "no instant": Mistake(query={}, found=(("query.at", "required"),)),
    "no offset": Mistake(query={"at": "2026-07-01T12:00:00"}, found=(("query.at", "instant"),)),
    "no such day": Mistake(query={"at": "2026-02-30T12:00:00Z"}, found=(("query.at", "instant"),)),
    "too long ago": Mistake(query={"at": "1066-10-14T09:00:00Z"}, found=(("query.at", "instant"),)),
    "two instants": Mistake(query={"at": [NOON, NOON]}, found=(("query.at", "instant"),)),
    "misspelt key": Mistake(
        query={"att": NOON}, found=(("query.at", "required"), ("query.att", "unknown"))
    ),
    "a key too many": Mistake(
        query={"at": NOON, "zone": "Asia/Tokyo"}, found=(("query.zone", "unknown"),)
    ),
    "zone with a space": Mistake(
        zone="Europe/Ber lin", query={"at": NOON}, found=(("zone", "zone"),)
    ),
    "zone too long": Mistake(
        zone="Europe/" + "Berlin" * 15, query={"at": NOON}, found=(("zone", "max_length"),)
    ),
    "nothing right": Mistake(
        zone=f"<{'Berlin' * 15}>",
        query={"at": "tomorrow", "tz": "de"},
        found=(
            ("zone", "max_length"),
            ("zone", "zone"),
            ("query.at", "instant"),
            ("query.tz", "unknown"),
        ),
    ),
}
