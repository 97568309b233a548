"""The last answers, in a file or on a Redis: what a gateway that was started anew begins with.

Its memory is empty then, everybody asks at once, and providers may be slow or gone.  So for a while,
`warm_up` seconds, what the gateway before it had been told last is good enough, unless it is too old.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from errors import StoreUnavailableError
from guard import UNREACHABLE, guard
from settings import gateway_settings
from zones import Answer

from pepperpy.infra import FileStorageProvider, StorageProvider, get_logger

log = get_logger("gateway")

CHANGES = "changes of "


def answer_storage(file: Path) -> FileStorageProvider:
    """Where last answers are kept.

    With the durability "process": what was acknowledged is there however the process ends, `kill -9`
    too, and no request waits for the disk.  A power cut may take the last few; all that this costs is
    to ask a provider again.
    """
    return FileStorageProvider("answers", file, durability="process")


class Kept(NamedTuple):
    """An answer from the file."""

    answer: Answer
    by: str  # the request that got it from a provider
    age: float  # seconds since then


class LastAnswers:
    """Keeps the last answer to each question in *storage*, in the name of this *start*."""

    def __init__(self, storage: StorageProvider, start: str) -> None:
        self.storage = storage
        self._start = start
        self._began = time.monotonic()
        self._guard = guard("answers.store")

    def begin(self) -> None:
        """Count the time after the start from now on, when questions can come."""
        self._began = time.monotonic()

    async def left(self, zone: str, at: str) -> Kept | None:
        """What the gateway before this one, or another, has left, as long as that is good enough."""
        if time.monotonic() - self._began >= gateway_settings().warm_up:
            return None
        try:
            async with self._guard:
                kept = await self.storage.get(_key(zone, at), None)
                changes = await self.storage.get(_changes(zone), 0)
        except UNREACHABLE as error:
            log.warning("cannot read a last answer", zone=zone, error=repr(error))
            return None
        # One of our own may be too old already; how long those are good is up to the cache.
        if kept is None or kept["start"] == self._start or _is_over(kept["answer"]):
            return None
        if kept["changes"] != changes:  # it was on its way when somebody was told of a change
            return None
        return Kept(kept["answer"], kept["by"], time.time() - kept["told"])

    async def changes(self, zone: str) -> int | None:
        """How often the zone has changed so far, whoever was told; see `keep`."""
        try:
            async with self._guard:
                count: int = await self.storage.get(_changes(zone), 0)
        except UNREACHABLE as error:
            log.warning("cannot keep an answer", zone=zone, error=repr(error))
            return None
        return count

    async def keep(
        self, zone: str, at: str, answer: Answer, by: str, changes: int | None
    ) -> int | None:
        """Keep an answer, and return the version of this write: from now on it is not lost any more.

        `None` if it was not kept: the zone has changed since the question was put, when there had been
        so many *changes*; or the storage is of no use, which is no reason not to give the answer.
        """
        if changes is None or await self.changes(zone) != changes:
            return None
        kept = {
            "answer": answer,
            "by": by,
            "start": self._start,
            "told": time.time(),
            "changes": changes,
        }
        try:
            async with self._guard:
                return await self.storage.set(
                    _key(zone, at), kept, ttl=gateway_settings().keep_last
                )
        except UNREACHABLE as error:
            log.warning("cannot keep an answer", zone=zone, error=repr(error))
            return None

    async def forget(self, name: str) -> int:
        """Drop what carries *name*, like zone:Europe/Berlin; returns how many answers that were.

        Raises:
            StoreUnavailableError: If the storage cannot be reached: it may not be forgotten.
        """
        try:
            # First, so that what is being loaded now is not served either.
            await self.storage.increment(f"{CHANGES}{name}")
            return await self.storage.delete_many(await self._versions(f"{name} "))
        except UNREACHABLE as error:
            raise StoreUnavailableError(f"{name} is not forgotten: {error}") from error

    async def versions(self) -> dict[str, int]:
        """The version of each answer that is kept."""
        return await self._versions("zone:")

    async def _versions(self, prefix: str) -> dict[str, int]:
        found: dict[str, int] = {}
        cursor: Any = None
        while True:
            page = await self.storage.scan(prefix, cursor=cursor)
            found |= {key: entry.version for key, entry in page.entries.items()}
            cursor = page.cursor
            if cursor is None:
                return found


def _name(zone: str) -> str:
    return f"zone:{zone}"


def _changes(zone: str) -> str:
    return f"{CHANGES}{_name(zone)}"


def _key(zone: str, at: str) -> str:
    return f"{_name(zone)} {at}"


def _is_over(answer: Answer) -> bool:
    """Whether the next transition of the answer's zone has come: it is not true any more then."""
    change = answer["next_transition"]
    return change is not None and datetime.fromisoformat(change) <= datetime.now(UTC)
