"""Answers to questions about zones: from a provider, or still good from the last time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import httpx2
from errors import OutOfTimeError, ProvidersFailedError
from names import ANSWERS
from settings import gateway_settings
from upstream import Provider, Visit
from zones import Answer

from pepperpy.infra import cached, get_logger
from pepperpy.infra.utils import deadline

log = get_logger("gateway")


class Loaded(NamedTuple):
    """An answer, which request got it from a provider, and when."""

    answer: Answer
    by: str
    ended: float  # on the clock of `time.perf_counter`


def time_to_keep(loaded: Loaded) -> float:
    """Seconds until the next transition of the answer's zone, but no more than is configured.

    An answer is never served beyond that transition; one whose transition is over is not kept.
    """
    longest = gateway_settings().keep_answers
    change = loaded.answer["next_transition"]
    if change is None:
        return longest
    left = datetime.fromisoformat(change) - datetime.now(UTC)
    return min(longest, left.total_seconds())


class Answers:
    """Asks the first provider, then the next; remembers what they said."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        self._providers = providers

    async def get(self, zone_id: str, at: str, visit: Visit) -> Answer:
        """The answer, wherever it is from; *visit* says where from in the end.

        Raises:
            GatewayError: If there is none; the class tells why.
        """
        visit.cache = "coalesced"  # unless we load it, or it is there; errors are not kept
        asked = time.perf_counter()
        loaded = await self._load(zone_id, at, visit)
        if loaded.ended < asked:
            visit.cache = "hit"
            visit.age = asked - loaded.ended
        visit.loaded_by = loaded.by
        return loaded.answer

    # A parameter that is called zone_id gives each answer the name "zone:Europe/Berlin", by which
    # it can be invalidated.  Requests that ask the same at once share one load.
    @cached(ttl=time_to_keep, ignore="visit", name=ANSWERS)
    async def _load(self, zone_id: str, at: str, visit: Visit) -> Loaded:
        """The answer of the first provider that has one."""
        visit.cache = "miss"
        failures = []
        for provider in self._providers:
            visit.providers.append(provider.name)
            try:
                answer = await provider.fetch(zone_id, at, visit)
                return Loaded(answer, visit.id, time.perf_counter())
            except (httpx2.HTTPError, ValueError) as error:  # a ValueError: it was no JSON
                failures.append(f"{provider.name}: {error!r}")
                log.info("provider gave up", provider=provider.name, error=repr(error))
            if not deadline.remaining():
                raise OutOfTimeError(f"the time is over; {'; '.join(failures)}")
        raise ProvidersFailedError("; ".join(failures))

    async def aclose(self) -> None:
        """Close the connections to providers."""
        for provider in self._providers:
            await provider.aclose()
