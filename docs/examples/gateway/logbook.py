"""Reading what the processes wrote: logs and the metrics file, all of it JSON lines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from names import CHANGES

Line = dict[str, Any]

HASTE = timedelta(milliseconds=2)
"""By how much later a request may seem to have begun than it did: its line is written last."""


class LogFileError(Exception):
    """A line of a file is not one JSON object."""


def read_lines(path: Path) -> list[Line]:
    """Every line of a file of JSON objects.

    Raises:
        LogFileError: For the first line that is not one whole JSON object.
    """
    lines = []
    with path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            try:
                line = json.loads(text)
            except ValueError as error:
                raise LogFileError(f"{path}, line {number}: {error}: {text[:80]!r}") from error
            if not isinstance(line, dict) or not text.endswith(b"\n"):
                raise LogFileError(f"{path}, line {number} is no whole object: {text[:80]!r}")
            lines.append(line)
    return lines


@dataclass(frozen=True)  # without slots, since `starts` is kept
class Logbook:
    """The gateway's log, or a part of it."""

    lines: Sequence[Line] = ()

    def of(self, kind: str) -> list[Line]:
        """The lines about this: an event's name, else the message."""
        return [line for line in self.lines if _kind(line) == kind]

    @property
    def requests(self) -> list[Line]:
        """One line for each answer that was about to be sent."""
        return self.of("request")

    @property
    def retries(self) -> list[Line]:
        """One line for each attempt that was made again."""
        return self.of("retry.scheduled")

    @property
    def failures(self) -> Counter[str]:
        """How often which rule has failed, by its code."""
        return Counter(code for line in self.requests for _, code in line["invalid"])

    @property
    def loads(self) -> dict[str, int]:
        """What the cache of answers should have counted of those that asked a provider."""
        return {name: self.answers[name] for name in ("loads", "load_errors")}

    @property
    def answers(self) -> dict[str, int]:
        """What the cache of answers should have counted, under the names that it counts by."""
        called = Counter((line["cache"], line["problem"] is None) for line in self.requests)
        hits, misses = called["hit", True], called["miss", True] + called["miss", False]
        return {
            "hits": hits,
            "misses": misses + called["coalesced", True] + called["coalesced", False],
            "coalesced": called["coalesced", True],
            "loads": called["miss", True],
            "load_errors": called["miss", False],
            "removed.invalidated": sum(line["dropped"] for line in self.of("invalidated")),
        }

    def changes(self, provider: str) -> list[Line]:
        """How the circuit of a provider changed."""
        return [
            line
            for line in self.lines
            if line.get("message") in CHANGES and line["logger"] == provider
        ]

    @cached_property
    def starts(self) -> dict[str, Logbook]:
        """What each start of the gateway wrote, by the id of the start, in order."""
        parts: dict[str, list[Line]] = {}
        current: list[Line] = []  # before the first start; nothing should be there
        for line in self.lines:
            if _kind(line) == "gateway.started":
                current = parts.setdefault(line["event.data"]["start"], [])
            current.append(line)
        return {start: Logbook(lines) for start, lines in parts.items()}

    @property
    def last(self) -> tuple[str, Logbook]:
        """The id of the last start, and what was written since."""
        return list(self.starts.items())[-1] if self.starts else ("none", Logbook())


def _kind(line: Line) -> str:
    return str(line.get("event.name", line.get("message")))


def moment(line: Line) -> datetime:
    """When a line was written."""
    return datetime.fromisoformat(line["timestamp"])


def began(line: Line) -> datetime:
    """When the request began that a line is about."""
    return moment(line) - timedelta(milliseconds=line["ms"])
