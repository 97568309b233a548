"""What every answer is checked against: the IANA time-zone database, read from the `tzdata` wheel.

The machine's own copy is not looked at, so providers and driver agree whatever is installed.
"""

from __future__ import annotations

import io
import struct
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import TypedDict
from zoneinfo import ZoneInfo


class Answer(TypedDict):
    """What the time is like in one zone at one instant."""

    zone: str
    at: str
    offset: int  # seconds east of UTC
    name: str  # as people abbreviate it: CET, EDT, +03
    next_transition: str | None  # when offset or name change next


class UnknownZoneError(LookupError):
    """No zone of the database has that name."""


def version() -> str:
    """Which edition of the database it is, like 2026a."""
    with files("tzdata").joinpath("zoneinfo", "tzdata.zi").open(encoding="utf-8") as source:
        return source.readline().split()[-1]  # "# version 2026a"


def all_zones() -> list[str]:
    """Every name in the database, old spellings too."""
    return files("tzdata").joinpath("zones").read_text("utf-8").split()


def exists(zone: str) -> bool:
    """Whether the database has *zone*."""
    return zone in _names()


def parse_instant(text: str) -> datetime:
    """The moment that *text* names in ISO 8601 with an offset.

    Raises:
        ValueError: If it is none, has no offset, or lies outside the years 1901 to 2199.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"an instant needs an offset, like 2026-07-01T12:00:00+00:00; got {text}")
    if not 1901 <= at.year <= 2199:
        raise ValueError(f"an instant lies between 1901 and 2199; got {text}")
    return at.astimezone(UTC).replace(microsecond=0)


def answer(zone: str, at: datetime) -> Answer:
    """The truth about *zone* at *at*, as a provider should tell it.

    Raises:
        UnknownZoneError: If the database has no such zone.

    Examples:
        >>> answer("Europe/Berlin", parse_instant("2026-07-01T12:00:00Z"))["name"]
        'CEST'
    """
    data = _load(zone)
    offset, name = data.state(at)
    change = data.next_transition(at)
    return {
        "zone": zone,
        "at": at.isoformat(),
        "offset": int(offset.total_seconds()),
        "name": name,
        "next_transition": change.isoformat() if change else None,
    }


class _Zone:
    """One zone: `zoneinfo` tells its state, its file tells when to look for a change."""

    def __init__(self, content: bytes) -> None:
        self._info = ZoneInfo.from_file(io.BytesIO(content))
        self._listed = listed_transitions(content)
        # The file ends with a rule such as CET-1CEST,M3.5.0,M10.5.0/3.  Only with a comma does
        # it change the clock after the last listed transition.
        self._has_yearly_rule = b"," in content.rsplit(b"\n", 2)[1]

    def state(self, at: datetime) -> tuple[timedelta, str]:
        local = at.astimezone(self._info)
        return local.utcoffset() or timedelta(0), local.tzname() or ""

    def next_transition(self, at: datetime) -> datetime | None:
        for second in self._listed[bisect_right(self._listed, at.timestamp()) :]:
            at = datetime.fromtimestamp(second, UTC)
            # Some listed transitions change only what offset and name do not show.
            if self.state(at) != self.state(at - timedelta(seconds=1)):
                return at
        return self._next_by_rule(at) if self._has_yearly_rule else None

    def _next_by_rule(self, at: datetime) -> datetime | None:
        week, before = timedelta(weeks=1), self.state(at)
        for _ in range(54):
            if self.state(at + week) != before:
                return self._halve(at, at + week)
            at += week
        return None

    def _halve(self, before: datetime, after: datetime) -> datetime:
        """The first second between the two that is unlike *before*."""
        old, start = self.state(before), before
        low, high = 0, int((after - before).total_seconds())
        while high - low > 1:
            middle = (low + high) // 2
            if self.state(start + timedelta(seconds=middle)) == old:
                low = middle
            else:
                high = middle
        return start + timedelta(seconds=high)


@cache
def _load(zone: str) -> _Zone:
    if not exists(zone):
        raise UnknownZoneError(zone)
    return _Zone(files("tzdata").joinpath("zoneinfo", *zone.split("/")).read_bytes())


@cache
def _names() -> frozenset[str]:
    return frozenset(all_zones())


def listed_transitions(content: bytes) -> list[int]:
    """Seconds since 1970 from a TZif file (RFC 8536): a 32-bit block, then all again in 64 bits."""
    isutc, isstd, leaps, times, types, letters = struct.unpack_from(">6l", content, 20)
    second = 44 + times * 5 + types * 6 + letters + leaps * 8 + isstd + isutc
    (count,) = struct.unpack_from(">l", content, second + 32)
    return list(struct.unpack_from(f">{count}q", content, second + 44))
